"""The OpenAPI document is valid, whole, and true: what it says of a route is what the route does."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from werkzeug.test import Client, TestResponse

from python_core import __version__
from python_core.net import bridge_server, web_listener
from python_core.net.endpoints import Endpoint, Routes
from python_core.net.examples import BODIES
from python_core.net.failures import STATUS_OF_CODE
from python_core.net.openapi import build_document, codes_of
from python_core.net.openapi_texts import ACCESS, CODE_MEANINGS, READ_BY
from python_core.net.routes import subjects_of
from python_core.runtime.clients import SCOPES, begin_owner_session
from python_core.store import open_store
from tests.hubs import Clock, make_hub

SERVERS = {"bridge": "http://127.0.0.1:5001", "web-listener": "http://127.0.0.1:5000"}
SUBJECTS = {service: subjects_of(service) for service in SERVERS}
DECLARED = [
    (service, endpoint) for service in SUBJECTS for routes in SUBJECTS[service] for endpoint in routes.endpoints
]
OPENAPI = Path(__file__).parent / "vendor" / "openapi-3.1.schema.json"
PUBLISHED = Path(__file__).parent / "published_api.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document(SUBJECTS)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    store = open_store(tmp_path)
    hub = make_hub(store, Clock(), bridge={"test_hooks": True})
    token = begin_owner_session(hub, None)
    apps = {"bridge": bridge_server.create_app, "web-listener": web_listener.create_app}
    yield Servers({service: Client(create(hub.settings, store, hub)) for service, create in apps.items()}, token)
    store.close()


class Servers:
    """Both apps, behind their gates, asked as the owner does."""

    def __init__(self, clients: dict[str, Client], token: str) -> None:
        self._clients = clients
        self._token = token

    def ask(
        self, method: str, path: str, body: Any = None, service: str = "bridge", token: str | None = None, **more: Any
    ) -> TestResponse:
        token = self._token if token is None else token
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | more.pop("headers", {})
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return self._clients[service].open(
            path, method=method, base_url=SERVERS[service], headers=headers, **sent, **more
        )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield method.upper(), path, operation


def told(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """A validator of one schema of the document, with its references."""
    return jsonschema_rs.Draft202012Validator(schema | {"components": document["components"]}, offline=True)


def check_reply(document: dict[str, Any], method: str, path: str, reply: TestResponse) -> None:
    """The reply is one of those that the document gives for this operation."""
    responses = document["paths"][path][method.lower()]["responses"]
    assert str(reply.status_code) in responses, (method, path, reply.status_code, reply.get_data())
    response = responses[str(reply.status_code)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    for name in response["headers"]:
        assert name in reply.headers or not document["components"]["headers"][name].get("required"), (path, name)
    if "application/json" in response.get("content", {}):
        told(document, response["content"]["application/json"].get("schema", {})).validate(reply.get_json())
    if "x-error-codes" in response:
        assert reply.get_json()["error"]["code"] in response["x-error-codes"]


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
        read = set(re.findall(r'call\.header\("([^"]+)"\)', source)) - {"Origin"}  # a browser's own
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


@pytest.mark.parametrize(
    ("name", "service", "path"),
    [
        ("post_clipboard", "bridge", "/clipboard"),
        ("patch_hub_window", "bridge", "/hub-window"),
        ("post_hub_window_command", "bridge", "/hub-window/commands"),
        ("post_trigger", "bridge", "/trigger"),
        ("post_structured_output", "bridge", "/structured-output"),
        ("post_clients", "bridge", "/clients"),
        ("post_tab_info", "web-listener", "/tab-info"),
    ],
)
def test_an_example_is_taken_and_answered_as_told(
    document: dict[str, Any], servers: Servers, name: str, service: str, path: str
) -> None:
    method = next(endpoint.method for _, endpoint in DECLARED if endpoint.name == name)
    for key in ("one", "one", "two"):  # as it was answered the first time, and anew
        reply = servers.ask(method, path, BODIES[name], service, headers={"Idempotency-Key": key})
        assert reply.status_code < 300, (name, reply.get_data())
        check_reply(document, method, path, reply)


def test_a_schema_is_kept_and_answered_as_told(document: dict[str, Any], servers: Servers) -> None:
    statuses = []
    for body in (BODIES["put_output_schema"], BODIES["put_output_schema"], {"type": "string"}):
        reply = servers.ask("PUT", "/structured-output/schemas/my-note/1", body)
        check_reply(document, "PUT", "/structured-output/schemas/{name}/{version}", reply)
        statuses.append(reply.status_code)
    assert statuses == [201, 200, 409]


def test_a_program_is_paired_and_asks_before_it_acts_as_told(document: dict[str, Any], servers: Servers) -> None:
    def ask(method: str, path: str, body: Any, template: str = "", **more: Any) -> dict[str, Any]:
        reply = servers.ask(method, path, body, **more)
        check_reply(document, method, template or path, reply)
        answer: dict[str, Any] = reply.get_json()
        return answer

    program = {"service": "web-listener", "token": ""}
    assert ask("POST", "/pair", BODIES["post_pair"], **program)["error"]["code"] == "access_denied"
    ask("POST", "/pairing/window", BODIES["post_pairing_window"])
    begun = ask("POST", "/pair", BODIES["post_pair"] | {"scopes": ["clipboard:read", "clipboard:write"]}, **program)
    code = {"deviceCode": begun["deviceCode"]}
    assert ask("POST", "/pair/token", code, **program)["error"]["code"] == "authorization_pending"
    assert ask("POST", "/pair/token", code, **program)["error"]["code"] == "slow_down"
    ask("POST", f"/pairing/{begun['userCode']}", BODIES["post_pairing"], "/pairing/{user_code}")
    token = ask("POST", "/pair/token", code, **program)["token"]
    refused = ask("POST", "/clipboard", BODIES["post_clipboard"], token=token)
    assert refused["error"]["code"] == "confirmation_required"
    path = f"/confirmations/{refused['error']['confirmationId']}"
    ask("POST", path, BODIES["post_confirmation"], "/confirmations/{confirmation_id}")
    assert ask("POST", "/clipboard", BODIES["post_clipboard"], token=token)["status"] == "ok"


def test_every_list_and_view_is_answered_as_told(document: dict[str, Any], servers: Servers) -> None:
    clip = servers.ask("POST", "/clipboard", BODIES["post_clipboard"]).get_json()["id"]
    output = servers.ask("POST", "/structured-output", BODIES["post_structured_output"]).get_json()["id"]
    run = servers.ask("POST", "/trigger", BODIES["post_trigger"]).get_json()["run"]["id"]
    command = servers.ask("POST", "/hub-window/commands", BODIES["post_hub_window_command"]).get_json()["command"]["id"]
    servers.ask("PATCH", "/hub-window", BODIES["patch_hub_window"])
    servers.ask("POST", "/tab-info", BODIES["post_tab_info"], "web-listener")
    parts = {
        "clip_id": clip,
        "ordinal": "0",
        "output_id": output,
        "run_id": run,
        "command_id": command,
        "folder": "apidocs",
        "name": "page.js",
    }
    queries = {"/search": "?q=sea", "/events": "?after=0", "/clipboard": "?limit=1&type=text"}
    for service, endpoint in DECLARED:
        if endpoint.method == "GET":
            path = re.sub(r"<(?:int:)?(\w+)>", r"{\1}", endpoint.path)
            reply = servers.ask("GET", path.format(**parts) + queries.get(path, ""), service=service)
            assert reply.status_code in (200, 308), (path, reply.get_data())
            check_reply(document, "GET", path, reply)


def test_every_removal_and_act_is_answered_as_told(document: dict[str, Any], servers: Servers) -> None:
    clip = servers.ask("POST", "/clipboard", BODIES["post_clipboard"]).get_json()["id"]
    output = servers.ask("POST", "/structured-output", BODIES["post_structured_output"]).get_json()["id"]
    run = servers.ask("POST", "/trigger", BODIES["post_trigger"]).get_json()["run"]["id"]
    command = servers.ask("POST", "/hub-window/commands", BODIES["post_hub_window_command"]).get_json()["command"]["id"]
    client = servers.ask("POST", "/clients", BODIES["post_clients"]).get_json()["client"]["id"]
    for method, path, item in (
        ("DELETE", "/clipboard/{clip_id}", clip),
        ("DELETE", "/structured-output/{output_id}", output),
        ("POST", "/trigger/runs/{run_id}/cancel", run),
        ("POST", "/hub-window/commands/{command_id}/ack", command),
        ("DELETE", "/clients/{client_id}", client),
    ):
        reply = servers.ask(method, re.sub(r"\{\w+\}", item, path))
        assert reply.status_code == 200, (path, reply.get_data())
        check_reply(document, method, path, reply)


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, {"body": {"fragments": []}}),
        (400, {"body": {"fragments": [{"type": "text", "content": "x"}], "more": 1}}),
        (401, {"body": {}, "token": "shb_nobody_0"}),
        (403, {"body": {}, "headers": {"Origin": "https://example.com"}}),
        (413, {"data": b"{}", "content_type": "application/json", "headers": {"Content-Length": "999999999"}}),
        (415, {"data": b"{}", "content_type": "text/plain"}),
        (421, {"body": {}, "headers": {"Host": "hub.example:5001"}}),
    ],
)
def test_a_refusal_has_the_shape_that_is_told(
    document: dict[str, Any], servers: Servers, status: int, ask: dict[str, Any]
) -> None:
    reply = servers.ask("POST", "/clipboard", **ask)
    assert reply.status_code == status
    check_reply(document, "POST", "/clipboard", reply)


def test_a_failure_that_no_operation_lists_has_the_same_shape(document: dict[str, Any], servers: Servers) -> None:
    error = told(document, document["components"]["schemas"]["Error"])
    for method, path, status in (
        ("GET", "/nothing", 404),
        ("PUT", "/clipboard", 405),
        ("GET", "/clipboard/no-such", 404),
    ):
        reply = servers.ask(method, path)
        assert reply.status_code == status
        error.validate(reply.get_json())


def test_an_unchanged_hub_window_answers_without_a_body(document: dict[str, Any], servers: Servers) -> None:
    etag = servers.ask("GET", "/hub-window").headers["ETag"]
    reply = servers.ask("GET", "/hub-window", headers={"If-None-Match": etag})
    assert (reply.status_code, reply.get_data(), reply.headers["ETag"]) == (304, b"", etag)
    check_reply(document, "GET", "/hub-window", reply)


# A published document keeps its promise: what it told stays, as long as apiVersion is the same.


def promise_of(document: dict[str, Any]) -> dict[str, Any]:
    """What programs build on: everything but the words."""

    def bare(value: Any, words: bool = True) -> Any:
        if isinstance(value, dict):
            dropped = {"description", "summary", "title", "example", "tags"} if words else set()
            return {key: bare(each, key != "properties") for key, each in sorted(value.items()) if key not in dropped}
        return [bare(each) for each in value] if isinstance(value, list) else value

    components = {kind: document["components"][kind] for kind in ("parameters", "schemas")}
    return {"apiVersion": document["info"]["version"], **bare({"paths": document["paths"], "components": components})}


def broken(promised: Any, kept: Any, at: str = "") -> Iterator[str]:
    """Each place at which what was promised is no more, or more is asked of a caller than was."""
    if isinstance(promised, dict) and isinstance(kept, dict):
        for key, value in promised.items():
            if key in kept:
                yield from broken(value, kept[key], f"{at}/{key}")
            elif key not in ("additionalProperties", "maxLength", "maxItems", "pattern"):  # fewer bounds break nobody
                yield f"{at}/{key} is gone"
        asks_more = promised.get("additionalProperties") is False and set(kept.get("required", ())) - set(
            promised["required"]
        )
        if asks_more:
            yield f"{at} needs {', '.join(sorted(asks_more))} now"
    elif isinstance(promised, list) and isinstance(kept, list):
        yield from (f"{at} lacks {each}" for each in promised if each not in kept)
    elif promised != kept:
        yield f"{at} was {promised!r} and is {kept!r}"


def test_what_was_published_is_still_so_unless_api_version_rises(document: dict[str, Any]) -> None:
    published, now = json.loads(PUBLISHED.read_text("utf-8")), promise_of(document)
    if published["apiVersion"] == now["apiVersion"]:
        found = list(broken(published, now))
        assert not found, "\n".join(["API_VERSION has to rise, or this has to stay:", *found])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda document: document["paths"].pop("/ping"), ["/paths/~ping is gone"]),
        (lambda document: document["paths"]["/status"].pop("get"), ["/paths/~status/get is gone"]),
        (
            lambda document: document["components"]["schemas"]["ClipView"]["properties"].pop("trust"),
            ["/components/schemas/ClipView/properties/trust is gone"],
        ),
        (
            lambda document: document["components"]["schemas"]["NewClip"]["required"].append("encounter"),
            ["/components/schemas/NewClip needs encounter now"],
        ),
        (lambda document: document["components"]["schemas"]["ClipView"]["properties"].update(more={}), []),
    ],
)
def test_a_change_that_breaks_a_program_is_found(change: Any, found: list[str]) -> None:
    document = build_document(SUBJECTS)
    published = json.loads(json.dumps(promise_of(document)))
    change(document)
    assert [each.replace("//", "/~") for each in broken(published, promise_of(document))] == found
