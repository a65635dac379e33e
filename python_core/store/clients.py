"""Rows of clients: who may call, with the hash of the secret, never the secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from python_core.store.connection import Connection


class ClientRow(NamedTuple):
    """A program that holds a token: ``scopes`` are space-separated, ``origin`` is the only one it may call from."""

    id: str
    kind: str
    name: str
    secret_hash: bytes
    scopes: str
    origin: str | None
    created_at_ms: int
    expires_at_ms: int | None
    revoked_at_ms: int | None
    last_used_at_ms: int | None


class UseRow(NamedTuple):
    """When a client has called last."""

    id: str
    at_ms: int


_COLUMNS = "id, kind, name, secret_hash, scopes, origin, created_at, expires_at, revoked_at, last_used_at"


def get_client(conn: Connection, client_id: str) -> ClientRow | None:
    """Return one client, revoked or not."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM clients WHERE id = ?", (client_id,)).fetchone()
    return ClientRow(*row) if row else None


def list_clients(conn: Connection) -> list[ClientRow]:
    """Return all clients, the owner first, then oldest first."""
    return page_of_clients(conn, -1, 0)


def page_of_clients(conn: Connection, limit: int, offset: int) -> list[ClientRow]:
    """Return a part of that list; where a client stands in it never changes, since none is removed."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM clients ORDER BY id <> 'owner', created_at, id LIMIT ? OFFSET ?", (limit, offset)
    )
    return [ClientRow(*row) for row in rows]


def set_client(conn: Connection, client: ClientRow) -> None:
    """Add a client or replace the one of that id."""
    conn.execute(f"INSERT OR REPLACE INTO clients({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", client)


def set_client_secret(conn: Connection, client_id: str, secret_hash: bytes) -> None:
    """Have another token be the client's, and no longer the one before."""
    conn.execute("UPDATE clients SET secret_hash = ? WHERE id = ?", (secret_hash, client_id))


def set_clients_used(conn: Connection, uses: Iterable[UseRow]) -> None:
    """Note when clients have called last; an earlier time than the known one changes nothing."""
    conn.executemany(
        "UPDATE clients SET last_used_at = max(coalesce(last_used_at, 0), ?2) WHERE id = ?1",
        uses,
    )


def set_client_origin(conn: Connection, client_id: str, origin: str) -> bool:
    """Bind a client that has no origin yet to one; say whether it is bound to that one now."""
    conn.execute("UPDATE clients SET origin = ? WHERE id = ? AND origin IS NULL", (origin, client_id))
    row = conn.execute("SELECT origin FROM clients WHERE id = ?", (client_id,)).fetchone()
    return row is not None and row[0] == origin


def is_trusted(conn: Connection, client_id: str) -> bool:
    """Say whether the user lets a client act without asking."""
    row = conn.execute("SELECT trusted FROM clients WHERE id = ?", (client_id,)).fetchone()
    return row is not None and bool(row[0])


def set_trusted(conn: Connection, client_id: str) -> None:
    """Let a client act without asking."""
    conn.execute("UPDATE clients SET trusted = 1 WHERE id = ?", (client_id,))


def set_client_revoked(conn: Connection, client_id: str, at_ms: int) -> bool:
    """Revoke a client; say whether it was not so before."""
    conn.execute("UPDATE clients SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at_ms, client_id))
    return conn.changes() == 1


def has_origin(conn: Connection, origin: str, now_ms: int) -> bool:
    """Say whether a client that is neither revoked nor expired is bound to this origin."""
    row = conn.execute(
        "SELECT 1 FROM clients WHERE origin = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        (origin, now_ms),
    ).fetchone()
    return row is not None
