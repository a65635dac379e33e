"""What the OpenAPI document says of a route is what the route takes and answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python_core.net.examples import BODIES
from python_core.net.openapi import build_document
from python_core.store import open_store
from tests.hubs import Clock, make_hub
from tests.net.documented import DECLARED, SUBJECTS, Servers, check_reply, told
from tests.whole.hub_home import wait_for


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document(SUBJECTS)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    store = open_store(tmp_path)
    yield Servers(make_hub(store, Clock(), bridge={"test_hooks": True, "max_clip_bytes": 1_024}))
    store.close()


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


def make_bundle(document: dict[str, Any], servers: Servers) -> None:
    """Have a bundle made as the owner who confirms it."""
    statuses = []
    for _ in range(3):
        reply = servers.ask("POST", "/support-bundle", BODIES["post_support_bundle"])
        check_reply(document, "POST", "/support-bundle", reply)
        statuses.append(reply.status_code)
        if reply.status_code == 403:
            servers.ask("POST", f"/confirmations/{reply.get_json()['error']['confirmationId']}", {"decision": "once"})
    assert statuses == [403, 202, 403]
    view = wait_for(lambda: (told := servers.ask("GET", "/support-bundle").get_json())["state"] != "making" and told)
    assert view["state"] == "made"


def test_every_list_and_view_is_answered_as_told(document: dict[str, Any], servers: Servers) -> None:
    clip = servers.ask("POST", "/clipboard", BODIES["post_clipboard"]).get_json()["id"]
    output = servers.ask("POST", "/structured-output", BODIES["post_structured_output"]).get_json()["id"]
    run = servers.ask("POST", "/trigger", BODIES["post_trigger"]).get_json()["run"]["id"]
    command = servers.ask("POST", "/hub-window/commands", BODIES["post_hub_window_command"]).get_json()["command"]["id"]
    servers.ask("PATCH", "/hub-window", BODIES["patch_hub_window"])
    servers.ask("POST", "/tab-info", BODIES["post_tab_info"], "web-listener")
    receipt = servers.ask("POST", "/forget", {"last": "1s", "kinds": ["visit"]}).get_json()["receipt"]["id"]
    make_bundle(document, servers)
    parts = {
        "receipt_id": receipt,
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
    make_bundle(document, servers)
    for method, path, item in (
        ("POST", "/trigger/runs/{run_id}/cancel", run),  # before the removals, which cancel it too
        ("DELETE", "/clipboard/{clip_id}", clip),
        ("DELETE", "/structured-output/{output_id}", output),
        ("POST", "/hub-window/commands/{command_id}/ack", command),
        ("DELETE", "/clients/{client_id}", client),
        ("DELETE", "/support-bundle", ""),
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
        (413, {"body": {"fragments": [{"type": "text", "content": "x" * 2000}]}}),
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
