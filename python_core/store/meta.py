"""What all processes on one store must agree on: who this hub is and the secret that its tokens come from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from python_core.store.connection import Connection
from python_core.store.database import Store
from python_core.store.overwriting import OVERWRITTEN
from python_core.utils.ids import new_id


@dataclass(frozen=True)
class Identity:
    """``instance`` and ``device`` are ids made at the first start and kept (never the host's name); ``secret`` is 64 hex digits."""

    instance: str
    device: str
    secret: str


def identity_of(store: Store) -> Identity:
    """Return the hub's identity, made at the first call ever; every process gets the same."""
    with store.reading() as conn:
        found = _read(conn)
    return found or store.write(_make)


def _read(conn: Connection) -> Identity | None:
    rows: list[Any] = conn.execute(
        "SELECT key, value FROM meta WHERE key IN ('instance', 'device', 'secret')"
    ).fetchall()
    return Identity(**dict(rows)) if len(rows) == 3 else None


def _make(conn: Connection) -> Identity:
    found = _read(conn)
    if found is not None:
        return found
    made = Identity(new_id(), new_id(), secrets.token_hex(32))
    conn.executemany("INSERT INTO meta VALUES (?, ?)", vars(made).items())
    return made


def get_value(conn: Connection, key: str) -> str | None:
    """Return one agreed value, or None."""
    row = conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def set_value(conn: Connection, key: str, value: str) -> None:
    """Agree on a value."""
    # By this table's page a log is known to begin with an overwriting: after another change of it that is to be done anew.
    conn.execute("DELETE FROM meta WHERE key = ?", (OVERWRITTEN,))
    conn.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", (key, value))
