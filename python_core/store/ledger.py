"""Rows of the ledger: who has read which item, and what the gate counted; never any content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from python_core.store.connection import Connection


class ReadRow(NamedTuple):
    """One client's reads of one item: the first, the last, how many."""

    item: str
    client: str
    first_at_ms: int
    last_at_ms: int
    times: int


class ClientReads(NamedTuple):
    """How many items a client has read, how often in all, and when last."""

    client: str
    items: int
    times: int
    last_at_ms: int


class OutcomeRow(NamedTuple):
    """How often calls of one day (``2026-01-31``) met one outcome at one server."""

    day: str
    service: str
    code: str
    times: int


def add_reads(conn: Connection, rows: Iterable[ReadRow]) -> None:
    """Add reads to what is known."""
    conn.executemany(
        "INSERT INTO reads VALUES (?, ?, ?, ?, ?) ON CONFLICT(item, client) DO UPDATE SET "
        "last_at = max(last_at, excluded.last_at), times = times + excluded.times",
        rows,
    )


def list_readers(conn: Connection, item: str, limit: int) -> list[ReadRow]:
    """Return who has read an item, the latest first."""
    rows = conn.execute(
        "SELECT item, client, first_at, last_at, times FROM reads WHERE item = ? ORDER BY last_at DESC, client LIMIT ?",
        (item, limit),
    )
    return [ReadRow._make(row) for row in rows]


def list_reads_by_client(conn: Connection) -> list[ClientReads]:
    """Return how much each client has read. One pass over all reads: for a person who asks, now and then."""
    rows = conn.execute("SELECT client, count(*), sum(times), max(last_at) FROM reads GROUP BY client")
    return [ClientReads._make(row) for row in rows]


def add_outcomes(conn: Connection, rows: Iterable[OutcomeRow]) -> None:
    """Add outcomes to what is known."""
    conn.executemany(
        "INSERT INTO outcomes VALUES (?, ?, ?, ?) ON CONFLICT(day, service, code) DO UPDATE SET "
        "times = times + excluded.times",
        rows,
    )


def list_outcomes(conn: Connection, from_day: str) -> list[OutcomeRow]:
    """Return the outcomes of ``from_day`` and later, newest day first."""
    rows = conn.execute(
        "SELECT day, service, code, times FROM outcomes WHERE day >= ? ORDER BY day DESC, service, code", (from_day,)
    )
    return [OutcomeRow._make(row) for row in rows]


def prune_outcomes(conn: Connection, before_day: str) -> None:
    """Forget the outcomes of days before ``before_day``."""
    conn.execute("DELETE FROM outcomes WHERE day < ?", (before_day,))
