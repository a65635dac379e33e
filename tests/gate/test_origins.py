"""Origin and Fetch-Metadata: each class of routes admits what the table in docs/security.md says, compared as whole strings."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from tests.gate.doors import (
    CANARY,
    DOORS,
    EXTENSION,
    FIREFOX_EXTENSION,
    OTHER_EXTENSION,
    Door,
    House,
    faults_of,
)

NOBODY: frozenset[str] = frozenset()
#: What the bridge's own page may reach: routes of the bridge.
PAGE = frozenset({"bridge open", "bridge api", "bridge page"})
#: What a program may reach with the owner's token or, where none is needed, with none.
PROGRAM = PAGE | {"web-listener open", "web-listener extension", "web-listener pairing"}
#: What an extension that nobody has paired may reach: is this the hub, and is it ready?
OPEN = frozenset({"bridge open", "web-listener open"})


class Row(NamedTuple):
    """What is sent, with ``{own}`` for the server's host and port, ``{other}`` for the other server's; who is let in."""

    sent: tuple[tuple[str, str], ...]
    let_in: frozenset[str]


def row(let_in: frozenset[str], *origins: str, **fetch: str) -> Row:
    """Write a row: each origin is a header of its own, ``site=…`` is ``Sec-Fetch-Site``."""
    metadata = ((f"Sec-Fetch-{name.title()}", value) for name, value in fetch.items())
    return Row((*(("Origin", origin) for origin in origins), *metadata), let_in)


LINK = {"site": "cross-site", "mode": "navigate", "dest": "document", "user": "?1"}
TABLE = {
    "none": row(PROGRAM),
    "own": row(PAGE, "http://{own}"),
    "own, as a page sends it": row(PAGE, "http://{own}", site="same-origin", mode="cors", dest="empty"),
    "own, typed in": row(PAGE, "http://{own}", site="none"),
    "own by another name": row(NOBODY, "http://localhost:{port}"),
    "own in capitals": row(NOBODY, "HTTP://{own}"),
    "own with a slash": row(NOBODY, "http://{own}/"),
    "own without the port": row(NOBODY, "http://127.0.0.1"),
    "own over TLS": row(NOBODY, "https://{own}"),
    "own without the scheme": row(NOBODY, "{own}"),
    "own with a user": row(NOBODY, f"http://{CANARY}@{{own}}"),
    "own and more": row(NOBODY, f"http://{{own}}.{CANARY}.example"),
    "own and more digits": row(NOBODY, "http://{own}0"),
    "own twice": row(NOBODY, "http://{own}", "http://{own}"),
    "own and another": row(NOBODY, "http://{own}", f"http://{CANARY}.example"),
    "another and own": row(NOBODY, f"http://{CANARY}.example", "http://{own}"),
    "own in a list": row(NOBODY, "http://{own} http://{own}"),
    "the other server": row(NOBODY, "http://{other}"),
    "another port": row(NOBODY, "http://127.0.0.1:8080"),
    "a page": row(NOBODY, f"https://{CANARY}.example"),
    "a page that looks like ours": row(NOBODY, f"http://localhost.{CANARY}.example"),
    "null": row(NOBODY, "null"),
    "empty": row(NOBODY, ""),
    "a star": row(NOBODY, "*"),
    "a file": row(NOBODY, "file://"),
    "a port pattern": row(NOBODY, "http://localhost:*"),
    "own, but cross-site": row(NOBODY, "http://{own}", site="cross-site"),
    "own, but same-site": row(NOBODY, "http://{own}", site="same-site"),
    "an extension": row(OPEN, EXTENSION),
    "an extension, as it sends it": row(OPEN, EXTENSION, site="cross-site", mode="cors", dest="empty"),
    "an extension of Firefox": row(OPEN, FIREFOX_EXTENSION, site="cross-site"),
    "an extension, but same-site": row(NOBODY, EXTENSION, site="same-site"),
    "an extension twice": row(NOBODY, EXTENSION, EXTENSION),
    "an extension and another": row(NOBODY, EXTENSION, OTHER_EXTENSION),
    "an extension with a slash": row(NOBODY, EXTENSION + "/"),
    "an extension in capitals": row(NOBODY, EXTENSION.upper()),
    "an extension of too few letters": row(NOBODY, EXTENSION[:-1]),
    "an extension of too many letters": row(NOBODY, EXTENSION + "a"),
    "an extension of letters that none has": row(NOBODY, EXTENSION[:-1] + "q"),
    "an extension and more": row(NOBODY, f"{EXTENSION}.{CANARY}.example"),
    "an extension of Firefox without a UUID": row(NOBODY, "moz-extension://smrthub"),
    "an extension of another kind": row(NOBODY, EXTENSION.replace("chrome", "ms-browser")),
    "site none": row(PROGRAM, site="none", mode="navigate", dest="document"),
    "site same-origin": row(PROGRAM, site="same-origin", mode="no-cors", dest="script"),
    "site same-site": row(NOBODY, site="same-site", mode="cors"),
    "site cross-site": row(NOBODY, site="cross-site", mode="no-cors", dest="image"),
    "site in capitals": row(NOBODY, site="Same-Origin"),
    "site empty": row(NOBODY, site=""),
    "site unheard of": row(NOBODY, site=CANARY),
    "two sites": row(NOBODY, site="none, same-origin"),
    "a link followed": row(frozenset({"bridge page"}), **LINK),
    "a link followed in a frame": row(NOBODY, **LINK | {"dest": "iframe"}),
    "a link followed for an object": row(NOBODY, **LINK | {"dest": "object"}),
    "a link fetched": row(NOBODY, **LINK | {"mode": "no-cors"}),
    "a link followed from another port": row(frozenset({"bridge page"}), **LINK | {"site": "same-site"}),
    "a form sent": row(NOBODY, "null", **LINK),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_each_class_of_routes_admits_whom_it_may(house: House, row: Row) -> None:
    faults, ran = {}, []
    for door in DOORS:
        answer = house.send(door.service, house.knock(door, [*spelled(house, door, row), *house.bearer(door)]))
        if f"{door.service} {door.endpoint.access}" in row.let_in:
            ran.append(door.key)
            found = [] if answer is not None and answer.status == 200 else [answer]
        else:
            found = faults_of(answer, 403, "forbidden_origin", service=door.service)
        if found:
            faults[door.name] = found
    assert (faults, house.took()) == ({}, ran)


def test_the_classes_are_those_of_the_table() -> None:
    assert {f"{door.service} {door.endpoint.access}" for door in DOORS} == PROGRAM


def spelled(house: House, door: Door, row: Row) -> list[tuple[str, str]]:
    own, other = house.host(door.service), house.host("bridge" if door.service == "web-listener" else "web-listener")
    return [(name, value.format(own=own, other=other, port=house.port(door.service))) for name, value in row.sent]
