"""The search index: one document an item (clip, visit, output), found by words with FTS5."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from python_core.store.connection import Connection

#: Ranking looks at this many of the newest matches: bm25 over all matches of a common word takes 300 ms at a million
#: documents, over the newest thousand 15 ms (performance.md, "Search at 1,000,000 texts").
RANKED_AT_MOST = 1_000
#: Pages of the index that one call writes anew: some 25 ms.
MERGED_AT_ONCE = 150


@dataclass(frozen=True)
class DocumentFilter:
    """What a document must be, beside matching: None means any."""

    kinds: tuple[str, ...] | None = None
    site: str | None = None
    app: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class DocumentHit(NamedTuple):
    """A match: ``rank`` is bm25 (lower is better)."""

    kind: str
    item: str
    at_ms: int
    title: str
    body: str
    rank: float


def add_document(
    conn: Connection,
    kind: str,
    item: str,
    at_ms: int,
    site: str | None,
    app: str | None,
    title: str,
    body: str,
) -> int:
    """Add an item's document and return its row; ``index_documents`` makes it findable, many at once."""
    conn.execute(
        "INSERT INTO documents(kind, item, at, site, app, title, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, item, at_ms, site, app, title, body),
    )
    return conn.last_insert_rowid()


def index_documents(conn: Connection, at_most: int) -> int:
    """Put the oldest documents that are not in the index into it; return how many.

    Together they cost a third of what they would one a transaction: each transaction makes a segment of its own.
    """
    rows = conn.execute(
        "SELECT seq, title, body FROM documents WHERE seq > (SELECT upto FROM indexed) ORDER BY seq LIMIT ?", (at_most,)
    ).fetchall()
    if rows:
        conn.executemany("INSERT INTO documents_index(rowid, title, body) VALUES (?, ?, ?)", rows)
        conn.execute("UPDATE indexed SET upto = ?", (rows[-1][0],))
    return len(rows)


def has_unindexed(conn: Connection) -> bool:
    """Say whether there are documents that a search cannot find yet."""
    return conn.execute("SELECT 1 FROM documents WHERE seq > (SELECT upto FROM indexed) LIMIT 1").fetchone() is not None


def set_document_title(conn: Connection, seq: int, title: str) -> None:
    """Give a document another title, in the index too."""
    row = conn.execute("SELECT title, body FROM documents WHERE seq = ?", (seq,)).fetchone()
    if row is None or row[0] == title:
        return
    is_indexed = _take_from_index(conn, seq, row[0], row[1])
    conn.execute("UPDATE documents SET title = ? WHERE seq = ?", (title, seq))
    if is_indexed:
        conn.execute("INSERT INTO documents_index(rowid, title, body) VALUES (?, ?, ?)", (seq, title, row[1]))


def remove_document_site(conn: Connection, seq: int) -> None:
    """Let a document be of no site."""
    conn.execute("UPDATE documents SET site = NULL WHERE seq = ?", (seq,))


def remove_document(conn: Connection, seq: int) -> None:
    """Take an item out of the index; ``secure-delete`` leaves none of its words in the index's pages."""
    row = conn.execute("SELECT title, body FROM documents WHERE seq = ?", (seq,)).fetchone()
    if row is not None:
        _take_from_index(conn, seq, row[0], row[1])
        conn.execute("DELETE FROM documents WHERE seq = ?", (seq,))
        # SQLite gives the highest row's number away again: the next document must not count as indexed.
        conn.execute("UPDATE indexed SET upto = min(upto, coalesce((SELECT max(seq) FROM documents), 0))")


def _take_from_index(conn: Connection, seq: int, title: str, body: str) -> bool:
    """Take a document's words out; say whether they were in."""
    is_indexed = conn.execute("SELECT 1 FROM indexed WHERE upto >= ?", (seq,)).fetchone() is not None
    if is_indexed:
        conn.execute(
            "INSERT INTO documents_index(documents_index, rowid, title, body) VALUES ('delete', ?, ?, ?)",
            (seq, title, body),
        )
    return is_indexed


@contextmanager
def loosely_removing(conn: Connection) -> Iterator[None]:
    """Within this, of one transaction, ``remove_document`` only notes in the index that a document is gone: for very many.

    ``secure-delete`` seeks each word of each document: 2 to 14 ms a document of 120 words, against 0.05 ms. The words go when
    ``merge_index`` has written the whole index anew.
    """
    conn.execute("INSERT INTO documents_index(documents_index, rank) VALUES ('secure-delete', 0)")
    yield
    conn.execute(
        "INSERT INTO documents_index(documents_index) VALUES ('flush')"
    )  # else it is written as the next line says
    conn.execute("INSERT INTO documents_index(documents_index, rank) VALUES ('secure-delete', 1)")


def merge_index(conn: Connection, *, begin: bool) -> bool:
    """Write a piece of the index anew, without what is gone (``begin``: from the start); say whether there is more to do."""
    before = conn.total_changes()
    sql = "INSERT INTO documents_index(documents_index, rank) VALUES ('merge', ?)"
    conn.execute(sql, (-MERGED_AT_ONCE if begin else MERGED_AT_ONCE,))
    return conn.total_changes() - before >= 2  # as FTS5's documentation has it


def get_newest_document(conn: Connection) -> int:
    """Return the newest document's row, 0 when there is none: a page of hits is taken below it."""
    row = conn.execute("SELECT max(seq) FROM documents").fetchone()
    return (row[0] if row else 0) or 0


def find_documents(
    conn: Connection, match: str, wanted: DocumentFilter, upto: int, limit: int, offset: int
) -> list[DocumentHit]:
    """Return hits for an FTS5 expression, best first, among the newest ``RANKED_AT_MOST`` matches up to row ``upto``."""
    conditions, values = _conditions(wanted)
    best = conn.execute(
        f"""
        SELECT i.rowid, i.rank
        FROM documents_index i JOIN documents d ON d.seq = i.rowid
        WHERE documents_index MATCH :match AND i.rowid <= :upto AND i.rowid >= coalesce((
            SELECT min(seq) FROM (
                SELECT d.seq FROM documents_index i JOIN documents d ON d.seq = i.rowid
                WHERE documents_index MATCH :match AND i.rowid <= :upto {conditions}
                ORDER BY i.rowid DESC LIMIT {RANKED_AT_MOST}
            )), 0) {conditions}
        ORDER BY i.rank, i.rowid DESC LIMIT :limit OFFSET :offset
        """,
        {
            "match": match,
            "upto": upto,
            "limit": limit,
            "offset": offset,
            **values,
        },
    ).fetchall()
    sql = "SELECT kind, item, at, title, body FROM documents WHERE seq = ?"
    return [DocumentHit._make((*row, rank)) for seq, rank in best for row in conn.execute(sql, (seq,))]


def _conditions(wanted: DocumentFilter) -> tuple[str, dict[str, str | int]]:
    """Build the SQL of a filter; values are always bound, only our own column names stand in the text."""
    parts: list[str] = []
    values: dict[str, str | int] = {}
    if wanted.kinds is not None:
        names = [f"kind{n}" for n in range(len(wanted.kinds))]
        parts.append(f"AND d.kind IN ({', '.join(':' + name for name in names)})")
        values.update(zip(names, wanted.kinds, strict=True))
    for column, sign, value in (
        ("site", "=", wanted.site),
        ("app", "=", wanted.app),
        ("at", ">=", wanted.from_ms),
        ("at", "<=", wanted.to_ms),
    ):
        if value is not None:
            name = f"v{len(values)}"
            parts.append(f"AND d.{column} {sign} :{name}")
            values[name] = value
    return " ".join(parts), values
