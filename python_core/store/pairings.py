"""Rows of pairings: programs that ask the user for a token, and what the user said."""

from __future__ import annotations

from typing import NamedTuple

from python_core.store.connection import Connection


class PairingRow(NamedTuple):
    """One request for a token; ``state`` is pending, approved, denied or collected. Of the device code only a hash is kept."""

    user_code: str
    device_hash: bytes
    name: str
    kind: str
    scopes: str
    origin: str | None
    state: str
    asked_at_ms: int
    expires_at_ms: int
    polled_at_ms: int


_COLUMNS = "user_code, device_hash, name, kind, scopes, origin, state, asked_at, expires_at, polled_at"


def add_pairing(conn: Connection, pairing: PairingRow) -> None:
    """Add a request."""
    conn.execute(f"INSERT INTO pairings({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", pairing)


def list_pairings(conn: Connection) -> list[PairingRow]:
    """Return the requests, oldest first."""
    return [PairingRow._make(row) for row in conn.execute(f"SELECT {_COLUMNS} FROM pairings ORDER BY asked_at")]


def get_pairing(conn: Connection, user_code: str) -> PairingRow | None:
    """Return a request by the code that both sides show."""
    return _where(conn, "user_code", user_code)


def get_pairing_of_device(conn: Connection, device_hash: bytes) -> PairingRow | None:
    """Return a request by the hash of the code that only its program knows."""
    return _where(conn, "device_hash", device_hash)


def _where(conn: Connection, column: str, value: str | bytes) -> PairingRow | None:
    row = conn.execute(f"SELECT {_COLUMNS} FROM pairings WHERE {column} = ?", (value,)).fetchone()
    return PairingRow._make(row) if row else None


def set_pairing_state(conn: Connection, user_code: str, state: str) -> None:
    """Note what became of a request."""
    conn.execute("UPDATE pairings SET state = ? WHERE user_code = ?", (state, user_code))


def set_pairing_polled(conn: Connection, user_code: str, at_ms: int) -> None:
    """Note when the program asked last."""
    conn.execute("UPDATE pairings SET polled_at = ? WHERE user_code = ?", (at_ms, user_code))


def remove_pending_of(conn: Connection, origin: str) -> None:
    """Forget the requests of an origin on which nobody has decided."""
    conn.execute("DELETE FROM pairings WHERE origin = ? AND state = 'pending'", (origin,))


def prune_pairings(conn: Connection, before_ms: int) -> None:
    """Forget the requests that expired before ``before_ms``."""
    conn.execute("DELETE FROM pairings WHERE expires_at < ?", (before_ms,))
