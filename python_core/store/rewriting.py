"""Rewrite stored items in place, without what a privacy rule takes out of them; their ids, rows and times stay."""

from __future__ import annotations

from typing import Any

import msgspec

from python_core.store import documents
from python_core.store.clips import ClipRow
from python_core.store.connection import Connection
from python_core.store.outputs import OutputRow
from python_core.store.visits import VisitRow

_TABLES = {"clip": "clips", "visit": "visits", "output": "outputs"}
KINDS = tuple(_TABLES)


def newest_rows(conn: Connection) -> dict[str, int]:
    """Return the newest row of each kind, 0 where there is none."""
    return {kind: _number(conn, f"SELECT coalesce(max(seq), 0) FROM {table}") for kind, table in _TABLES.items()}


def count_rows(conn: Connection, kind: str, upto: int) -> int:
    """Return how many rows of a kind there are up to one, from the span of their numbers: near enough for a bar."""
    return upto - _number(conn, f"SELECT coalesce(min(seq), 1) FROM {_TABLES[kind]}") + 1 if upto else 0


def list_rows(conn: Connection, kind: str, after: int, upto: int, limit: int) -> list[int]:
    """Return rows of a kind above one and up to another, oldest first."""
    sql = f"SELECT seq FROM {_TABLES[kind]} WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
    return [seq for (seq,) in conn.execute(sql, (after, upto, limit))]


def rewrite_clip(conn: Connection, clip: ClipRow, words: str) -> None:
    """Write what is left of a clip over it."""
    source = clip.source
    conn.execute(
        "UPDATE clips SET fingerprint = ?, window_title = ?, url = ?, site = ?, title = ? WHERE seq = ?",
        (clip.fingerprint, source.window_title, source.url, source.site, source.title, clip.seq),
    )
    conn.executemany(
        "UPDATE fragments SET digest = ?, bytes = ?, content = ?, type_id = ?, type_group = ?, type_confidence = ?, "
        "type_extension = ? WHERE clip = ? AND ordinal = ? AND content IS NOT NULL",
        ((*each[3:6], *each[7:], clip.seq, each.ordinal) for each in clip.fragments),
    )
    documents.rewrite_document(conn, clip.document, source.title or source.window_title or "", words)
    _unsay(conn, clip.id)


def rewrite_visit(conn: Connection, visit: VisitRow, words: str) -> None:
    """Write what is left of a visit over it."""
    conn.execute("UPDATE visits SET url = ?, title = ? WHERE seq = ?", (visit.url, visit.title, visit.seq))
    documents.rewrite_document(conn, visit.document, visit.title, words)
    _unsay(conn, visit.id)


def rewrite_output(conn: Connection, output: OutputRow, words: str) -> None:
    """Write what is left of an output over it."""
    payload = msgspec.json.encode(output.payload).decode()
    conn.execute("UPDATE outputs SET title = ?, payload = ? WHERE seq = ?", (output.title, payload, output.seq))
    documents.rewrite_document(conn, output.document, output.title or "", words)


def _unsay(conn: Connection, item: str) -> None:
    # The mark is a digest of a short text: whoever guesses the text could prove it.
    conn.execute("UPDATE output_sources SET seen = '' WHERE item = ?", (item,))


def _number(conn: Connection, sql: str) -> int:
    row: Any = conn.execute(sql).fetchone()
    return int(row[0])
