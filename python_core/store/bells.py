"""Rows of doorbells: where each process listens that wants to know when another one has written to the event log."""

from __future__ import annotations

from typing import NamedTuple

from python_core.store.connection import Connection


class BellRow(NamedTuple):
    """A port on 127.0.0.1, what to send there, and until when: a process that was killed leaves its row behind."""

    port: int
    secret: bytes
    until_ms: int


def set_bell(conn: Connection, bell: BellRow, now_ms: int) -> None:
    """Add a bell or renew it, and drop those that nobody has renewed."""
    conn.execute("DELETE FROM bells WHERE until <= ?", (now_ms,))
    conn.execute("INSERT OR REPLACE INTO bells(port, secret, until) VALUES (?, ?, ?)", bell)


def remove_bell(conn: Connection, port: int) -> None:
    """Remove a bell."""
    conn.execute("DELETE FROM bells WHERE port = ?", (port,))


def list_bells(conn: Connection) -> list[BellRow]:
    """Return all bells, of this process too."""
    return [BellRow(*row) for row in conn.execute("SELECT port, secret, until FROM bells")]
