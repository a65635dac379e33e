"""Where an item is from, whatever its kind: read without its contents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from python_core.store.connection import Connection


class Origin(NamedTuple):
    """The program (of an output: who made it) and the address, as far as they are known."""

    app: str | None
    url: str | None


_SQL = {
    "clip": "SELECT id, app, url FROM clips",
    "visit": "SELECT id, browser, url FROM visits",
    "output": "SELECT id, producer, NULL FROM outputs",
}


def get_origin(conn: Connection, kind: str, item: str) -> Origin | None:
    """Return an item's origin, or None when there is none of that id."""
    row: Any = conn.execute(f"{_SQL[kind]} WHERE id = ?", (item,)).fetchone()
    return Origin._make(row[1:]) if row else None


def get_origins(conn: Connection, items: Iterable[tuple[str, str]]) -> dict[str, Origin]:
    """Return the origins of those of these items that there are, by their ids; an item is its kind and its id."""
    by_kind = dict[str, list[str]]()
    for kind, item in items:
        by_kind.setdefault(kind, []).append(item)
    found = dict[str, Origin]()
    for kind, ids in by_kind.items():
        sql = f"{_SQL[kind]} WHERE id IN (SELECT value FROM json_each(?))"
        found |= {row[0]: Origin._make(row[1:]) for row in conn.execute(sql, (json.dumps(ids),))}
    return found
