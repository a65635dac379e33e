"""Where an item is from, whatever its kind: read without its contents."""

from __future__ import annotations

from typing import NamedTuple

from python_core.store.connection import Connection


class Origin(NamedTuple):
    """The program (of an output: who made it) and the address, as far as they are known."""

    app: str | None
    url: str | None


_SQL = {
    "clip": "SELECT app, url FROM clips WHERE id = ?",
    "visit": "SELECT browser, url FROM visits WHERE id = ?",
    "output": "SELECT producer, NULL FROM outputs WHERE id = ?",
}


def get_origin(conn: Connection, kind: str, item: str) -> Origin | None:
    """Return an item's origin, or None when there is none of that id."""
    row = conn.execute(_SQL[kind], (item,)).fetchone()
    return Origin._make(row) if row else None
