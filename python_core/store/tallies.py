"""Counts of what is stored, kept in the transactions that change them: reading them costs three rows, whatever the size."""

from __future__ import annotations

from typing import Any

from python_core.store.connection import Connection


def add_to_tally(conn: Connection, kind: str, n: int) -> None:
    """Add ``n`` (or, negative, take it away) to the count of ``clips``, ``visits`` or ``outputs``."""
    conn.execute("UPDATE tallies SET n = n + ? WHERE kind = ?", (n, kind))


def get_tallies(conn: Connection) -> dict[str, int]:
    """Return ``{"clips": n, "outputs": n, "visits": n}``."""
    rows: list[Any] = conn.execute("SELECT kind, n FROM tallies").fetchall()
    return dict(rows)
