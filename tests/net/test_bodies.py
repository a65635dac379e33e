"""Bodies and queries: whatever is sent, the answer is a finding with its place, never a failure, and echoes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_core.net.endpoints import Endpoint
from python_core.net.examples import BODIES
from python_core.store import open_store
from tests.hubs import Clock, make_hub
from tests.net.documented import DECLARED, Servers

CANARY = "Zq7canary"
WITH_BODY = [(service, endpoint) for service, endpoint in DECLARED if endpoint.body is not None]
NO_JSON = {
    "nothing": b"",
    "half": b'{"fragments": [',
    "two values": b"{}{}",
    "a byte-order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "no UTF-8": b'{"a": "\xff"}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": Infinity}',
    "nested too deep": b'{"a": ' + b"[" * 3_000,
    "single quotes": b"{'a': 1}",
    "a comment": b"{} // no",
}
NO_OBJECT = {"a list": b"[]", "a text": b'"x"', "null": b"null", "a number": b"1", "true": b"true"}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    store = open_store(Path(tmp_path_factory.mktemp("bodies")))
    yield Servers(make_hub(store, Clock(), bridge={"test_hooks": True}))
    store.close()


def path_of(endpoint: Endpoint) -> str:
    return re.sub(r"<\w+>", "x", re.sub(r"<int:\w+>", "1", endpoint.path))


def refused(servers: Servers, service: str, endpoint: Endpoint, content: bytes, kind: str = "application/json") -> str:
    reply = servers.ask(
        endpoint.method, path_of(endpoint), None, service, data=content, content_type=kind, headers={"X-Any": CANARY}
    )
    assert 400 <= reply.status_code < 500, (endpoint.name, content[:60], reply.status_code, reply.get_data())
    assert CANARY.encode() not in reply.get_data()
    return str(reply.get_json()["error"]["code"])


@pytest.mark.parametrize("content", [*NO_JSON.values(), *NO_OBJECT.values()], ids=[*NO_JSON, *NO_OBJECT])
def test_what_is_no_json_object_is_bad_input_at_every_route(servers: Servers, content: bytes) -> None:
    for service, endpoint in WITH_BODY:
        assert refused(servers, service, endpoint, content) == "bad_input", endpoint.name


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
    ],
)
def test_another_media_type_is_refused_at_every_route(servers: Servers, kind: str) -> None:
    for service, endpoint in WITH_BODY:
        assert refused(servers, service, endpoint, b"{}", kind) == "unsupported_media_type", endpoint.name


def test_a_member_that_is_not_known_is_refused_and_not_echoed(servers: Servers) -> None:
    free = {"put_output_schema"}  # a JSON Schema may hold any member
    for service, endpoint in WITH_BODY:
        if endpoint.name not in free:
            assert refused(servers, service, endpoint, b'{"%s": 1}' % CANARY.encode()) == "bad_input", endpoint.name


def test_a_body_for_a_route_that_takes_none_is_refused(servers: Servers) -> None:
    for service, endpoint in DECLARED:
        if endpoint.body is None:
            assert refused(servers, service, endpoint, b"{}") == "bad_input", endpoint.name


def test_a_body_over_its_limit_is_too_large_and_stores_nothing(servers: Servers) -> None:
    big = b'{"a": "' + b"x" * (17 * 1024 * 1024) + b'"}'
    for service, endpoint in WITH_BODY:
        assert refused(servers, service, endpoint, big) == "too_large", endpoint.name


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (b'{"fragments": []}', "/fragments"),
        (b'{"fragments": [{"type": "text"}]}', "/fragments/0"),
        (b'{"fragments": [{"type": "Zq7canary", "content": "x"}]}', "/fragments/0/type"),
        (b'{"fragments": [{"type": "text", "content": 5}]}', "/fragments/0/content"),
        (b'{"fragments": [{"type": "image", "content": "!!"}]}', "/fragments/0/content"),
        (b'{"fragments": [{"type": "text", "content": "a"}, {"type": "image", "content": "aGFsbG8="}]}', "/fragments/1/content"),
        (b'{"fragments": [{"type": "text", "content": "a"}], "encounter": {"capturedAt": "Zq7canary"}}', "/encounter/capturedAt"),
        (b'{"fragments": [{"type": "text", "content": "a"}], "encounter": {"digests": []}}', "/encounter/digests"),
        (b'{"fragments": [{"type": "files", "paths": ["/a", "/b\\u0000c"]}]}', "/fragments/0/paths/1"),
        (b'{"fragments": [{"type": "text", "content": "a"}], "encounter": {"source": {"url": "javascript:Zq7canary"}}}',
         "/encounter/source/url"),
    ],
)  # fmt: skip
def test_a_fault_of_a_clip_is_told_at_its_place(servers: Servers, body: bytes, at: str) -> None:
    reply = servers.ask("POST", "/clipboard", None, data=body, content_type="application/json")
    assert reply.status_code == 400
    assert [detail["at"] for detail in reply.get_json()["error"]["details"]] == [at]
    assert CANARY.encode() not in reply.get_data()


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**64, 1e300, 2**53 + 1])
def test_numbers_of_any_size_in_free_parts_never_break_anything(servers: Servers, number: float) -> None:
    for path, body in (
        ("/hub-window/commands", {"command": "notify", "args": {"n": number}}),
        ("/trigger", {"trigger": "smrtsearch", "args": {"query": number}}),
        ("/structured-output", {"schema": "table/1", "payload": {"columns": ["n"], "rows": [[number]]}}),
    ):
        assert servers.ask("POST", path, body).status_code < 500, path


WRONG_QUERIES = ["limit=0", "limit=201", "limit=x", "limit=", "unknown=1", "limit=1&limit=2", "limit", "%ff=1"]
WRONG_QUERIES += ["limit=null", "cursor=null", "cursor=%F0", "cursor=a", "cursor=W10"]


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_a_wrong_query_is_bad_input_at_every_list(servers: Servers, query: str) -> None:
    lists = [endpoint for _, endpoint in DECLARED if endpoint.query is not None and endpoint.method == "GET"]
    for endpoint in lists:
        if endpoint.name in ("get_ping_reply", "get_search") or ("cursor" in query and endpoint.name == "get_events"):
            continue  # they have no such parameter, or another that must be given
        reply = servers.ask("GET", f"{path_of(endpoint)}?{query}")
        assert (reply.status_code, reply.get_json()["error"]["code"]) == (400, "bad_input"), (endpoint.name, query)


def test_examples_are_there_for_every_body() -> None:
    assert {endpoint.name for _, endpoint in WITH_BODY} <= set(BODIES), "python_core/net/examples.py lacks a body"
