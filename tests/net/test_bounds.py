"""No list in an answer is without an end: each is a page with a ``limit``, or as long as something that is bounded itself."""

from __future__ import annotations

import types
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from python_core.runtime.hub import Hub
from python_core.runtime.ledger import list_readers
from python_core.runtime.pairing import PENDING_AT_MOST
from python_core.runtime.shapes import PAGE_AT_MOST, PAGE_DEFAULT
from tests.gate.doors import EXTENSION, house_of
from tests.hubs import Clock
from tests.net.documented import DECLARED, Servers

#: What bounds each list that is no page, by its place in the answers. A new list is a page, or comes with its bound here.
BOUNDED = {
    "GET /clipboard/<clip_id>/readers items": "200 clients at most",
    "GET /trigger items": "the built-in triggers",
    "GET /audit outcomes": "90 days, two servers, and the codes",
    "GET /audit changes": "200 at most",
    "GET /audit clients": "200 at most",
    "GET /pairing items": "one an origin and a few of programs wait; the user decided on the rest",
    "POST /pairing/window items": "as GET /pairing",
    "GET /confirmations items": "20 wait at most",
    "GET /retention rules": "the settings that forget, seven",
    "GET /context outputs": "10 at most",
    "GET /context around": "its own limit",
    "POST /rules/rehearse rules": "the rules that were sent, in a bounded body",
    "POST /rules/rehearse samples": "a few of each rule",
    "POST /rules/apply receipts": "one of each bounded part",
    "POST /tab-info results": "100 tabs at most in a request",
}
#: Lists that came in within a bounded request, and are shown as they came, in whatever answer.
PARTS = {
    "fragments": "64 in a clip",
    "paths": "1,000 in a fragment",
    "evidence": "a few sentences of the hub's own",
    "sources": "200 in an output",
    "scopes": "one of each",
    "marks": "within a snippet",
    "why": "one of each cause",
    "foldedIds": "10 of a hit",
    "marks/*": "two numbers",
    "items": "1,000 named in a receipt",
    "outputsMarked": "1,000 named in a receipt",
    "readBy": "the clients that read what is named",
    "parts": "eight in a bundle",
    "files": "the allow-list of a bundle",
    "notes": "two of each log in a bundle",
}


def lists_in(shape: Any, place: str = "", within: frozenset[type] = frozenset()) -> list[str]:
    """Give the place of each list in a struct."""
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return lists_in(inner[0], place, within)
    if origin in (Union, types.UnionType):
        return [found for each in inner for found in lists_in(each, place, within)]
    if origin in (list, tuple, set, frozenset):
        return [place, *lists_in(inner[0], f"{place}/*", within)]
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape not in within:
        hints = get_type_hints(shape, include_extras=True)
        return [
            found
            for member in msgspec.structs.fields(shape)
            for found in lists_in(hints[member.name], f"{place}/{member.encode_name}".lstrip("/"), within | {shape})
        ]
    return []


LISTS = sorted(
    {
        (f"{endpoint.method} {endpoint.path}", place)
        for _, endpoint in DECLARED
        for shape in endpoint.replies.values()
        for place in lists_in(shape)
    }
)
PAGED = [
    (service, endpoint)
    for service, endpoint in DECLARED
    if endpoint.query is not None and "limit" in {member.name for member in msgspec.structs.fields(endpoint.query)}
]


@pytest.mark.parametrize(("route", "place"), LISTS)
def test_each_list_of_an_answer_has_an_end(route: str, place: str) -> None:
    paged = {f"{endpoint.method} {endpoint.path}" for _, endpoint in PAGED}
    part = place.rpartition("/")[2] if not place.endswith("/*") else "/".join(place.split("/")[-2:])
    is_page = place == "items" and route in paged
    assert is_page or f"{route} {place}" in BOUNDED or ("/" in place and part in PARTS) or place in PARTS, place


def test_the_table_tells_of_no_list_that_is_not_there() -> None:
    assert set(BOUNDED) <= {f"{route} {place}" for route, place in LISTS}


@pytest.mark.parametrize(("service", "endpoint"), PAGED, ids=lambda each: getattr(each, "path", each))
def test_a_page_may_not_be_asked_for_longer_than_the_contract_says(hub: Hub, service: str, endpoint: Any) -> None:
    servers = Servers(hub)
    more = "&q=x" if endpoint.path == "/search" else ""
    for limit, status in ((0, 400), (1, 200), (PAGE_AT_MOST, 200), (PAGE_AT_MOST + 1, 400), (-1, 400)):
        reply = servers.ask(endpoint.method, f"{endpoint.path}?limit={limit}{more}", service=service)
        assert reply.status_code == status, (limit, reply.get_data())


def fill(hub: Hub, n: int) -> None:
    """Put so many clients, readers, schemas and decided requests into the tables."""

    def act(conn: Any) -> None:
        for k in range(n):
            conn.execute(
                "INSERT INTO clients(id, kind, name, secret_hash, scopes, created_at) VALUES (?, 'script', 'x', x'00', '', ?)",
                (f"client-{k:04}", k),
            )
            conn.execute("INSERT INTO reads VALUES ('read', ?, 0, ?, 1)", (f"client-{k:04}", k))
            conn.execute("INSERT INTO output_schemas VALUES (?, 1, '{}', 0)", (f"schema-{k:04}",))

    hub.store.write(act)


def all_of(servers: Servers, path: str, limit: int) -> list[Any]:
    """Read a list page by page."""
    items, cursor = list[Any](), ""
    while True:
        page = servers.ask("GET", f"{path}?limit={limit}{cursor}").json
        assert page is not None
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["nextCursor"] is None:
            return items
        cursor = f"&cursor={page['nextCursor']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
def test_clients_and_schemas_come_in_pages_each_once(hub: Hub, limit: int) -> None:
    servers = Servers(hub)
    fill(hub, 10)
    assert [item["id"] for item in all_of(servers, "/clients", limit)] == [
        "owner",
        *(f"client-{k:04}" for k in range(10)),
    ]
    names = [item["name"] for item in all_of(servers, "/structured-output/schemas", limit)]
    assert names[-10:] == [f"schema-{k:04}" for k in range(10)]
    assert len(set(names)) == len(names)


def test_without_a_limit_a_page_has_the_usual_length(hub: Hub) -> None:
    servers = Servers(hub)
    fill(hub, PAGE_AT_MOST + 10)
    for path in ("/clients", "/structured-output/schemas"):
        page = servers.ask("GET", path).json
        assert page is not None
        assert len(page["items"]) == PAGE_DEFAULT
    readers = list_readers(hub, "read").items
    assert len(readers) == PAGE_AT_MOST
    assert readers[0].client == f"client-{PAGE_AT_MOST + 9:04}"


def test_who_asks_again_and_again_to_be_paired_does_not_lengthen_the_list(hub: Hub, clock: Clock) -> None:
    with house_of(hub, telling=False) as house:
        house.own("POST", "/pairing/window", {"seconds": 600})
        wanted = {"name": "x", "kind": "extension", "scopes": ["tabs:write"]}
        statuses = set()
        for n in range(60):
            origin = EXTENSION[:-1] + "abcdefghijklmnop"[n % 16]
            statuses.add(house.ask("web-listener", "POST", "/pair", wanted, headers=[("Origin", origin)]).status)
            clock.pass_s(1)
        assert statuses == {201, 409}
        assert len(house.own("GET", "/pairing")["items"]) <= PENDING_AT_MOST
