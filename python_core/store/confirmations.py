"""Rows of confirmations: side effects that wait for the user's word, known by the digest of exactly what was asked."""

from __future__ import annotations

from typing import NamedTuple

from python_core.store.connection import Connection


class ConfirmationRow(NamedTuple):
    """What a client wants to do; ``state`` is waiting, confirmed, denied or used; ``asked`` is what the user is shown."""

    id: str
    client: str
    digest: str
    operation: str
    asked: str
    state: str
    at_ms: int
    expires_at_ms: int


_COLUMNS = "id, client, digest, operation, asked, state, at, expires_at"


def add_confirmation(conn: Connection, row: ConfirmationRow) -> None:
    """Add one that waits."""
    conn.execute(f"INSERT INTO confirmations({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def get_confirmation(conn: Connection, confirmation_id: str) -> ConfirmationRow | None:
    """Return one by its id."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM confirmations WHERE id = ?", (confirmation_id,)).fetchone()
    return ConfirmationRow._make(row) if row else None


def get_confirmation_of(conn: Connection, client: str, digest: str) -> ConfirmationRow | None:
    """Return the newest one for exactly this request of this client."""
    row = conn.execute(
        f"SELECT {_COLUMNS} FROM confirmations WHERE client = ? AND digest = ? ORDER BY id DESC LIMIT 1",
        (client, digest),
    ).fetchone()
    return ConfirmationRow._make(row) if row else None


def list_confirmations(conn: Connection) -> list[ConfirmationRow]:
    """Return all, oldest first."""
    return [ConfirmationRow._make(row) for row in conn.execute(f"SELECT {_COLUMNS} FROM confirmations ORDER BY id")]


def set_confirmation_state(conn: Connection, confirmation_id: str, state: str) -> None:
    """Note what became of one."""
    conn.execute("UPDATE confirmations SET state = ? WHERE id = ?", (state, confirmation_id))


def prune_confirmations(conn: Connection, before_ms: int) -> None:
    """Forget those that expired before ``before_ms``."""
    conn.execute("DELETE FROM confirmations WHERE expires_at < ?", (before_ms,))
