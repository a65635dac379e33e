"""Counts of what is stored, kept in the transactions that change them: reading them costs a few rows, whatever the size."""

from __future__ import annotations

from typing import Any

from python_core.store.connection import Connection


def add_to_tally(conn: Connection, kind: str, n: int) -> None:
    """Add ``n`` (or, negative, take it away) to the count of ``clips``, ``visits`` or ``outputs``."""
    conn.execute("UPDATE tallies SET n = n + ? WHERE kind = ?", (n, kind))


def get_tallies(conn: Connection) -> dict[str, int]:
    """Return ``{"clips": n, "outputs": n, "visits": n}``."""
    rows: list[Any] = conn.execute("SELECT kind, n FROM tallies WHERE kind <> 'blob_bytes'").fetchall()
    return dict(rows)


def count_stored_bytes(conn: Connection) -> int:
    """Count the bytes of the database's pages that are in use, and of the files that rows name."""
    pages = int(conn.pragma("page_count")) - int(conn.pragma("freelist_count"))
    row: Any = conn.execute("SELECT n FROM tallies WHERE kind = 'blob_bytes'").fetchone()
    return pages * int(conn.pragma("page_size")) + int(row[0])
