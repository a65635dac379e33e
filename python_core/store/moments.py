"""What was stored around a moment, nearest first, and when an item was."""

from __future__ import annotations

from itertools import chain
from typing import Any

from python_core.store.connection import Connection
from python_core.store.document_index import DocumentRow
from python_core.store.documents import get_document

_WHEN = {
    "clip": "SELECT captured_at, document FROM clips WHERE id = ?",
    "visit": "SELECT started_at, document FROM visits WHERE id = ?",
    "output": "SELECT at, document FROM outputs WHERE id = ?",
}


def find_item(conn: Connection, item: str) -> DocumentRow | None:
    """Return the document of an item of any kind, or None."""
    for sql in _WHEN.values():
        for _, document in conn.execute(sql, (item,)):
            return get_document(conn, document)
    return None


def list_near(conn: Connection, at_ms: int, window_ms: int, limit: int) -> list[DocumentRow]:
    """Return documents at most so far from a moment, nearest first; of each side at most ``limit``."""
    before = conn.execute(
        "SELECT seq FROM document_places WHERE at BETWEEN ? AND ? ORDER BY at DESC, seq DESC LIMIT ?",
        (at_ms - window_ms, at_ms, limit),
    ).fetchall()
    after = conn.execute(
        "SELECT seq FROM document_places WHERE at > ? AND at <= ? ORDER BY at, seq LIMIT ?",
        (at_ms, at_ms + window_ms, limit),
    ).fetchall()
    seqs: Any = chain(before, after)
    rows = (get_document(conn, seq) for (seq,) in seqs)
    return sorted((row for row in rows if row is not None), key=lambda row: (abs(row.at_ms - at_ms), -row.seq))
