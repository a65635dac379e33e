"""Which requests were answered before: a repeated write, known by the client's own key, finds its first item again."""

from __future__ import annotations

from python_core.store.connection import Connection


def get_first_item(conn: Connection, client: str, key: str) -> str | None:
    """Return the id of the item that this client's key made, or None when the key is new."""
    row = conn.execute("SELECT item FROM answered WHERE client = ? AND key = ?", (client, key)).fetchone()
    return row[0] if row else None


def add_answer(conn: Connection, client: str, key: str, item: str, at_ms: int) -> None:
    """Remember what ``key`` made."""
    conn.execute("INSERT INTO answered VALUES (?, ?, ?, ?)", (client, key, item, at_ms))


def prune_answers(conn: Connection, before_ms: int) -> None:
    """Forget the keys of requests older than ``before_ms``."""
    conn.execute("DELETE FROM answered WHERE at < ?", (before_ms,))
