"""The search index: one document an item (clip, visit, output), findable by its words and by pieces of them.

Three tables of FTS5 and SQL stand beside the documents, all written by ``index_documents`` and emptied by ``remove_document``:
``documents_index`` (the words of title, text and ``document_terms``), ``documents_pieces`` (each three characters of a
document's head), ``document_places`` (when, and what says the same).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from python_core.store.connection import Connection
from python_core.store.document_terms import fold_of, terms_of

#: Pages of each index that one call writes anew: some 25 ms.
MERGED_AT_ONCE = 80
INDEXES = {"documents_index": "title, body, terms", "documents_pieces": "head"}
_DAY_MS = 86_400_000


class DocumentRow(NamedTuple):
    """A document with its row."""

    seq: int
    kind: str
    item: str
    at_ms: int
    site: str | None
    app: str | None
    title: str
    body: str


_COLUMNS = "seq, kind, item, at, site, app, title, body"


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


def index_documents(conn: Connection, at_most: int, enough_chars: int | None = None) -> int:
    """Put the oldest documents that are not in the index into it, none after ``enough_chars``; return how many.

    Together they cost a third of what they would one a transaction: each transaction makes a segment of its own.
    """
    sql = f"SELECT {_COLUMNS} FROM documents WHERE seq > (SELECT upto FROM indexed) ORDER BY seq LIMIT ?"
    rows, chars = list[DocumentRow](), 0
    for row in map(DocumentRow._make, conn.execute(sql, (at_most,))):
        rows.append(row)
        chars += len(row.body)
        if enough_chars is not None and chars >= enough_chars:
            break
    if rows:
        _put_into_index(conn, rows)
        conn.execute("UPDATE indexed SET upto = ?", (rows[-1].seq,))
    return len(rows)


def has_unindexed(conn: Connection) -> bool:
    """Say whether there are documents that a search cannot find yet."""
    return conn.execute("SELECT 1 FROM documents WHERE seq > (SELECT upto FROM indexed) LIMIT 1").fetchone() is not None


def get_document(conn: Connection, seq: int) -> DocumentRow | None:
    """Return one document."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM documents WHERE seq = ?", (seq,)).fetchone()
    return DocumentRow._make(row) if row else None


def get_documents(conn: Connection, seqs: list[int]) -> dict[int, DocumentRow]:
    """Return those of these documents that there are, by their rows."""
    sql = f"SELECT {_COLUMNS} FROM documents WHERE seq IN (SELECT value FROM json_each(?))"
    return {row[0]: DocumentRow._make(row) for row in conn.execute(sql, (str(seqs),))}


def get_items(conn: Connection, seqs: list[int]) -> dict[int, str]:
    """Return the ids of the items of those of these documents that there are, by the documents' rows."""
    sql = "SELECT seq, item FROM documents WHERE seq IN (SELECT value FROM json_each(?))"
    return dict(conn.execute(sql, (str(seqs),))) if seqs else {}


def set_document_title(conn: Connection, seq: int, title: str) -> None:
    """Give a document another title, in the index too."""
    row = get_document(conn, seq)
    if row is not None:
        _replace(conn, row, row._replace(title=title))


def rewrite_document(conn: Connection, seq: int, title: str, body: str) -> None:
    """Give a document other words, in the index too."""
    row = get_document(conn, seq)
    if row is not None:
        _replace(conn, row, row._replace(title=title, body=body))


def remove_document_site(conn: Connection, seq: int) -> None:
    """Let a document be of no site, in the index too."""
    row = get_document(conn, seq)
    if row is not None:
        _replace(conn, row, row._replace(site=None))


def _replace(conn: Connection, row: DocumentRow, wanted: DocumentRow) -> None:
    if row == wanted:
        return
    is_indexed = _take_from_index(conn, row.seq)
    conn.execute(
        "UPDATE documents SET title = ?, site = ?, body = ? WHERE seq = ?",
        (wanted.title, wanted.site, wanted.body, row.seq),
    )
    if is_indexed:
        _put_into_index(conn, [wanted])


def remove_document(conn: Connection, seq: int) -> None:
    """Take an item out of the index; ``secure-delete`` leaves none of its words in the index's pages."""
    _take_from_index(conn, seq)
    conn.execute("DELETE FROM documents WHERE seq = ?", (seq,))
    # SQLite gives the highest row's number away again: the next document must not count as indexed.
    conn.execute("UPDATE indexed SET upto = min(upto, coalesce((SELECT max(seq) FROM documents), 0))")


def _put_into_index(conn: Connection, rows: list[DocumentRow]) -> None:
    """Write what stands beside the documents first, their words and pieces last.

    A statement that can fail half-way (an upsert, INSERT … SELECT) begins a savepoint, at which FTS5 writes what it has gathered:
    in between it would make a segment a row, six times as slow.
    """
    terms = [(row.seq, terms_of(row.kind, row.site, row.app, row.title, row.body)) for row in rows]
    conn.executemany("INSERT INTO document_terms(seq, terms) VALUES (?, ?)", terms)
    conn.executemany(
        "INSERT INTO document_places(seq, at, fold) VALUES (?, ?, ?)",
        [(row.seq, row.at_ms, fold_of(row.kind, row.title, row.body)) for row in rows],
    )
    conn.executemany(
        "INSERT INTO document_days(day, first, last) VALUES (?, ?, ?) "
        "ON CONFLICT(day) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
        [(row.at_ms // _DAY_MS, row.seq, row.seq) for row in rows],
    )
    heads = [head for row in rows for head in conn.execute("SELECT seq, head FROM searched WHERE seq = ?", (row.seq,))]
    conn.executemany(
        "INSERT INTO documents_index(rowid, title, body, terms) VALUES (?, ?, ?, ?)",
        [(row.seq, row.title, row.body, words) for row, (_, words) in zip(rows, terms, strict=True)],
    )
    conn.executemany("INSERT INTO documents_pieces(rowid, head) VALUES (?, ?)", heads)


def _take_from_index(conn: Connection, seq: int) -> bool:
    """Take a document's words and pieces out; say whether they were in. A day keeps its span: it may be wider than it need be."""
    for table, columns in INDEXES.items():
        for row in conn.execute(f"SELECT seq, {columns} FROM searched WHERE seq = ?", (seq,)).fetchall():
            marks = ", ?" * len(row)
            conn.execute(f"INSERT INTO {table}({table}, rowid, {columns}) VALUES ('delete'{marks})", row)
    conn.execute("DELETE FROM document_terms WHERE seq = ?", (seq,))
    conn.execute("DELETE FROM document_places WHERE seq = ?", (seq,))
    return bool(conn.changes())


@contextmanager
def loosely_removing(conn: Connection) -> Iterator[None]:
    """Within this, of one transaction, ``remove_document`` only notes in the index that a document is gone: for very many.

    ``secure-delete`` seeks each word and piece of each document: some 50 ms a document of 120 words, against 0.1 ms. The
    words go when ``merge_index`` has written the whole index anew.
    """
    for index in INDEXES:
        conn.execute(f"INSERT INTO {index}({index}, rank) VALUES ('secure-delete', 0)")
    yield
    for index in INDEXES:
        conn.execute(f"INSERT INTO {index}({index}) VALUES ('flush')")  # else it is written as the next line says
        conn.execute(f"INSERT INTO {index}({index}, rank) VALUES ('secure-delete', 1)")


def merge_index(conn: Connection, *, begin: bool) -> bool:
    """Write a piece of the index anew, without what is gone (``begin``: from the start); say whether there is more to do."""
    has_more = False
    for index in INDEXES:
        before = conn.total_changes()
        pages = -MERGED_AT_ONCE if begin else MERGED_AT_ONCE
        conn.execute(f"INSERT INTO {index}({index}, rank) VALUES ('merge', ?)", (pages,))
        has_more |= conn.total_changes() - before >= 2  # as FTS5's documentation has it
    return has_more


def get_newest_document(conn: Connection) -> int:
    """Return the newest document's row that a search can find, 0 when there is none: a page of hits is taken below it."""
    [(upto,)] = conn.execute("SELECT upto FROM indexed")
    return int(upto)


def get_last_row(conn: Connection) -> int:
    """Return the row of the document that came last, whether a search can find it or not; 0 when there is none."""
    # Not by max(): over the view that hides what is being forgotten it would look at every row.
    row: Any = conn.execute("SELECT seq FROM documents ORDER BY seq DESC LIMIT 1").fetchone()
    return row[0] if row else 0


def span_of(conn: Connection, from_ms: int | None, to_ms: int | None, upto: int) -> tuple[int, int]:
    """Return the least and the greatest row that documents of a span of time can have; none: the greatest is the less.

    Rows follow each other in time but for clocks and imports, so that a span is a range of rows: intersecting words with
    it takes no time, while joining each match with its time takes twelve times as long.
    """
    if from_ms is None and to_ms is None:
        return 1, upto
    [(first, last)] = conn.execute(
        "SELECT min(first), max(last) FROM document_days WHERE day BETWEEN ? AND ?",
        (-(2**40) if from_ms is None else from_ms // _DAY_MS, 2**40 if to_ms is None else to_ms // _DAY_MS),
    )
    return (1, 0) if first is None else (first, min(last, upto))
