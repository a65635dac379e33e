"""Which requests were answered before: a repeated write, known by the client's own key, finds its first item again.

Of a key only a digest is kept: it is the client's own text. The keys of what was forgotten are kept far longer than others, so
that a program that sends late what it had sent before brings nothing back.
"""

from __future__ import annotations

import hashlib
from typing import Any

from python_core.store.connection import Connection


def get_first_item(conn: Connection, client: str, kind: str, key: str | None) -> str | None:
    """Return the id of the item of this kind that this client's key made, or None when the key is new or none."""
    if key is None:
        return None
    row = conn.execute(
        "SELECT item FROM answered WHERE client = ? AND kind = ? AND key IN (?, ?)",
        (client, kind, key_digest(key), key),
    ).fetchone()
    return row[0] if row else None


def is_answered(client: str, kind: str, digest: str, key: str) -> str:
    """Return, in SQL, whether a key (and its digest), which may be NULL, has made an item of a kind for a client."""
    return f"EXISTS (SELECT 1 FROM answered WHERE client = {client} AND kind = '{kind}' AND key IN ({digest}, {key}))"


def add_answer(conn: Connection, client: str, kind: str, key: str | None, item: str, at_ms: int) -> None:
    """Remember what ``key`` made, where there is one."""
    if key is not None:
        conn.execute(
            "INSERT INTO answered(client, kind, key, item, at) VALUES (?, ?, ?, ?, ?)",
            (client, kind, key_digest(key), item, at_ms),
        )


def forget_answers(conn: Connection, item: str, at_ms: int) -> None:
    """Keep of an item's keys that they were answered, and no key as it came (versions before schema 2 kept it so)."""
    rows: list[Any] = conn.execute("SELECT client, kind, key FROM answered WHERE item = ?", (item,)).fetchall()
    for client, kind, key in rows:
        conn.execute(
            "UPDATE OR REPLACE answered SET key = ?, forgotten_at = ? WHERE client = ? AND kind = ? AND key = ?",
            (key if key.startswith(_MARK) else key_digest(key), at_ms, client, kind, key),
        )


def prune_answers(conn: Connection, before_ms: int, forgotten_before_ms: int) -> None:
    """Forget the keys of requests older than ``before_ms``; those of forgotten items go by when these went."""
    conn.execute("DELETE FROM answered WHERE at < ? AND forgotten_at IS NULL", (before_ms,))
    conn.execute("DELETE FROM answered WHERE at < ? AND forgotten_at < ?", (before_ms, forgotten_before_ms))


_MARK = "sha256:"


def key_digest(key: str) -> str:
    """Return what is kept of a key."""
    return _MARK + hashlib.sha256(key.encode()).hexdigest()
