"""The OpenAPI document is valid and whole, and the same whoever serves it."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from python_core import __version__
from python_core.net.endpoints import Endpoint, Routes
from python_core.net.examples import BODIES
from python_core.net.failures import STATUS_OF_CODE
from python_core.net.openapi import build_document, codes_of
from python_core.net.openapi_texts import ACCESS, CODE_MEANINGS, READ_BY
from python_core.runtime.clients import SCOPES
from tests.net.documented import DECLARED, SUBJECTS, operations, told

OPENAPI = Path(__file__).parent / "vendor" / "openapi-3.1.schema.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document(SUBJECTS)


def test_it_is_the_same_each_time(document: dict[str, Any]) -> None:
    assert json.dumps(build_document(SUBJECTS)) == json.dumps(document)


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    openapi = jsonschema_rs.Draft202012Validator(json.loads(OPENAPI.read_text("utf-8")), offline=True)
    faults = [f"{'/'.join(map(str, fault.instance_path))}: {fault.message}" for fault in openapi.iter_errors(document)]
    assert faults == []


def test_every_schema_is_valid_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, schema in schemas.items():
        jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]}, offline=True)
        assert schema.get("title", name) == name
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        kind, name = re.fullmatch(r"#/components/(\w+)/([\w.-]+)", reference).groups()
        assert name in document["components"][kind], reference


def test_every_route_of_both_servers_is_in_it_once(document: dict[str, Any]) -> None:
    listed = [(method, path) for method, path, _ in operations(document)]
    declared = {(endpoint.method, re.sub(r"<(?:int:)?(\w+)>", r"{\1}", endpoint.path)) for _, endpoint in DECLARED}
    assert set(listed) == declared
    assert len(listed) == len(declared)
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_a_path_says_which_server_has_it(document: dict[str, Any]) -> None:
    urls = {path: [server["url"] for server in item.get("servers", [])] for path, item in document["paths"].items()}
    assert urls["/clipboard"] == []
    assert urls["/tab-info"] == ["http://127.0.0.1:{port}"]
    assert urls["/ping"] == ["/", "http://127.0.0.1:{port}"]


def test_each_operation_tells_its_scope_and_who_may_call(document: dict[str, Any]) -> None:
    scopes = {endpoint.name: endpoint.scope for _, endpoint in DECLARED}
    for _, _, operation in operations(document):
        scope = scopes[operation["operationId"]]
        assert operation.get("x-scope") == scope
        assert {"bearer": [scope]} in operation["security"] if scope else operation["security"] == []
        assert f"`{scope}`" in operation["description"] if scope else "No token" in operation["description"]
        assert ACCESS[operation["x-access"]] in operation["description"]
        assert scope in SCOPES or scope is None
        assert operation["summary"].endswith((".", ";", "?")), operation["operationId"]


def test_every_error_code_has_its_meaning() -> None:
    assert set(STATUS_OF_CODE) - set(CODE_MEANINGS) == set()


def test_a_write_without_a_declaration_of_codes_can_be_refused_for_all_that_the_gate_looks_at() -> None:
    def post_thing() -> None:
        """Nothing."""

    endpoint = Endpoint("POST", "/thing/<part>", post_thing, "api", "admin", body=dict)  # type: ignore[arg-type]
    assert {
        "bad_input",
        "busy",
        "forbidden_origin",
        "forbidden_user",
        "insufficient_scope",
        "internal",
        "misdirected",
        "not_found",
        "rate_limited",
        "storage_full",
        "too_large",
        "unauthorized",
        "unsupported_media_type",
    } == set(codes_of(endpoint))


def test_the_headers_that_a_handler_reads_are_told() -> None:
    for _, endpoint in DECLARED:
        source = inspect.getsource(endpoint.handler)
        read = set(re.findall(r'call\.header\("([^"]+)"\)', source)) - {
            "Origin",
            "Accept",
        }  # a browser's own; told by the answers' types
        if "call.key()" in source:
            read.add("Idempotency-Key")
        assert read == set(READ_BY.get(endpoint.name, ())), endpoint.name


def test_what_a_caller_sends_is_closed(document: dict[str, Any]) -> None:
    schemas, seen = document["components"]["schemas"], set[str]()
    left = [
        json.dumps(operation["requestBody"]) for _, _, operation in operations(document) if "requestBody" in operation
    ]
    while left:
        for name in re.findall(r'"\$ref": "#/components/schemas/(\w+)"', left.pop()):
            if name not in seen:
                seen.add(name)
                left.append(json.dumps(schemas[name]))
    assert {"NewClip", "TextFragment", "TabInfo", "TabBatch"} <= seen
    assert [name for name in seen if schemas[name].get("additionalProperties") is not False] == []


def test_a_missing_member_of_a_reply_is_left_out_and_not_null(document: dict[str, Any]) -> None:
    members = document["components"]["schemas"]["SourceView"]["properties"]
    assert members["url"] == {"type": "string"}
    assert document["components"]["schemas"]["ClaimedSource"]["properties"]["url"]["anyOf"][1] == {"type": "null"}


def test_it_tells_nothing_of_the_hub_that_serves_it(document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False)
    assert __version__ not in text
    assert "``" not in text, "a docstring's mark was left in"


def test_a_path_part_and_a_parameter_are_told_as_they_are_taken() -> None:
    routes = Routes("Things")

    @routes.declare("GET", "/things/<name>/<int:number>", scope="admin")
    def get_thing(name: str, number: int) -> None:
        """Show a thing."""

    built = build_document({"bridge": [routes]})
    parts = built["paths"]["/things/{name}/{number}"]["get"]["parameters"]
    assert [(part["name"], part["in"], part["required"], part["schema"]["type"]) for part in parts] == [
        ("name", "path", True, "string"),
        ("number", "path", True, "integer"),
    ]


def test_every_route_that_takes_a_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    assert {endpoint.name for _, endpoint in DECLARED if endpoint.body is not None} == set(BODIES)
    for _, _, operation in operations(document):
        if "requestBody" in operation:
            media = operation["requestBody"]["content"]["application/json"]
            assert media["example"] == BODIES[operation["operationId"]]
            told(document, media["schema"]).validate(media["example"])
