"""Which requests were answered before: a repeated write, known by the client's own key, finds its first item again."""

from __future__ import annotations

from python_core.store.connection import Connection


def get_first_item(conn: Connection, client: str, kind: str, key: str | None) -> str | None:
    """Return the id of the item of this kind that this client's key made, or None when the key is new or none."""
    if key is None:
        return None
    row = conn.execute(
        "SELECT item FROM answered WHERE client = ? AND kind = ? AND key = ?", (client, kind, key)
    ).fetchone()
    return row[0] if row else None


def add_answer(conn: Connection, client: str, kind: str, key: str | None, item: str, at_ms: int) -> None:
    """Remember what ``key`` made, where there is one."""
    if key is not None:
        conn.execute("INSERT INTO answered VALUES (?, ?, ?, ?, ?)", (client, kind, key, item, at_ms))


def prune_answers(conn: Connection, before_ms: int) -> None:
    """Forget the keys of requests older than ``before_ms``."""
    conn.execute("DELETE FROM answered WHERE at < ?", (before_ms,))
