"""Documents: what search finds, one an item (clip, visit, output); how it finds them is in ``document_index``."""

from __future__ import annotations

from typing import Any

from python_core.store.connection import Connection
from python_core.store.document_index import COLUMNS, DAY_MS, DocumentRow, put_into_index, take_from_index


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


def get_document(conn: Connection, seq: int) -> DocumentRow | None:
    """Return one document."""
    row = conn.execute(f"SELECT {COLUMNS} FROM documents WHERE seq = ?", (seq,)).fetchone()
    return DocumentRow._make(row) if row else None


def get_documents(conn: Connection, seqs: list[int]) -> dict[int, DocumentRow]:
    """Return those of these documents that there are, by their rows."""
    sql = f"SELECT {COLUMNS} FROM documents WHERE seq IN (SELECT value FROM json_each(?))"
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
    is_indexed = take_from_index(conn, row.seq)
    conn.execute(
        "UPDATE documents SET title = ?, site = ?, body = ? WHERE seq = ?",
        (wanted.title, wanted.site, wanted.body, row.seq),
    )
    if is_indexed:
        put_into_index(conn, [wanted])


def remove_document(conn: Connection, seq: int) -> None:
    """Take an item out of the index; ``secure-delete`` leaves none of its words in the index's pages."""
    take_from_index(conn, seq)
    conn.execute("DELETE FROM documents WHERE seq = ?", (seq,))
    # SQLite gives the highest row's number away again: the next document must not count as indexed.
    conn.execute("UPDATE indexed SET upto = min(upto, coalesce((SELECT max(seq) FROM documents), 0))")
    conn.execute("UPDATE indexed SET pairs_from = min(pairs_from, upto + 1)")


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
        (-(2**40) if from_ms is None else from_ms // DAY_MS, 2**40 if to_ms is None else to_ms // DAY_MS),
    )
    return (1, 0) if first is None else (first, min(last, upto))
