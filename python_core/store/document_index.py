"""What makes documents findable: the tables of FTS5 and SQL that stand beside them.

``documents_index`` has the words of title, text and ``document_terms``, ``documents_pairs`` each two words, as a number,
``documents_pieces`` each three characters of a document's head; ``document_places`` says when, and what says the same. All are
written when a document is put in, many at once, and emptied when it is taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from python_core.store.connection import Connection
from python_core.store.document_terms import fold_of, terms_of
from python_core.store.word_pairs import pairs_of

T = TypeVar("T")
#: Pages of each index that one call writes anew: some 25 ms.
MERGED_AT_ONCE = 80
INDEXES = ("documents_index", "documents_pieces", "documents_pairs")
DAY_MS = 86_400_000


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


COLUMNS = "seq, kind, item, at, site, app, title, body"


def index_documents(conn: Connection, at_most: int, enough_chars: int | None = None) -> int:
    """Put the oldest documents that are not in the index into it, none after ``enough_chars``; return how many.

    Together they cost a third of what they would one a transaction: each transaction makes a segment of its own.
    """
    sql = f"SELECT {COLUMNS} FROM documents WHERE seq > (SELECT upto FROM indexed) ORDER BY seq LIMIT ?"
    rows = _some(map(DocumentRow._make, conn.execute(sql, (at_most,))), lambda row: row.body, enough_chars)
    if rows:
        put_into_index(conn, rows)
        conn.execute("UPDATE indexed SET upto = ?", (rows[-1].seq,))
    return len(rows)


def has_unindexed(conn: Connection) -> bool:
    """Say whether there are documents that a search cannot find yet."""
    return conn.execute("SELECT 1 FROM documents WHERE seq > (SELECT upto FROM indexed) LIMIT 1").fetchone() is not None


def empty_index(conn: Connection) -> None:
    """Take all documents out of the index, as if they were new: what it is like does not matter."""
    for index in INDEXES:
        conn.execute(f"INSERT INTO {index}({index}) VALUES ('delete-all')")
    for table in ("document_terms", "document_places", "document_days"):
        conn.execute(f"DELETE FROM {table}")
    conn.execute("UPDATE indexed SET upto = 0, pairs_from = 1")


def index_older_pairs(conn: Connection, at_most: int, enough_chars: int | None = None) -> bool:
    """Put the pairs of the newest documents that have none yet into the index, as ``index_documents``; say whether there were any.

    Those are the documents of a store that was made before there were pairs.
    """
    if has_pairs_from(conn) == 1:  # as always but after an update: nothing is written for it
        return False
    columns = "SELECT seq, title, body, terms FROM searched"
    older = conn.execute(
        f"{columns} WHERE seq < (SELECT pairs_from FROM indexed) ORDER BY seq DESC LIMIT ?", (at_most,)
    )
    texts = _some(older, lambda row: row[2], enough_chars)
    _add_pairs(conn, texts[::-1])
    conn.execute("UPDATE indexed SET pairs_from = ?", (texts[-1][0] if texts else 1,))
    return bool(texts)


def _some(rows: Iterable[T], body_of: Callable[[T], str], enough_chars: int | None) -> list[T]:
    """Return rows up to the one with which their bodies have enough characters."""
    taken, chars = list[T](), 0
    for row in rows:
        taken.append(row)
        chars += len(body_of(row))
        if enough_chars is not None and chars >= enough_chars:
            break
    return taken


def has_pairs_from(conn: Connection) -> int:
    """Return the row from which on all documents of the index have their pairs in it."""
    [(row,)] = conn.execute("SELECT pairs_from FROM indexed")
    return int(row)


def list_with_pairs(conn: Connection, pairs: str, first: int, last: int, at_most: int) -> list[int]:
    """Return the newest documents from ``first`` to ``last`` that can have what ``pairs_in`` made an expression of."""
    sql = (
        "SELECT rowid FROM documents_pairs WHERE documents_pairs MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC"
    )
    return [seq for (seq,) in conn.execute(f"{sql} LIMIT ?", (pairs, first, last, at_most))]


def put_into_index(conn: Connection, rows: list[DocumentRow]) -> None:
    """Write what stands beside the documents first, their words and pieces last.

    A statement that can fail half-way (an upsert, INSERT … SELECT) begins a savepoint, at which FTS5 writes what it has gathered:
    in between it would make a segment a row, six times as slow.
    """
    texts = [(row.seq, row.title, row.body, terms_of(row.kind, row.site, row.app, row.title, row.body)) for row in rows]
    conn.executemany(
        "INSERT INTO document_terms(seq, terms) VALUES (?, ?)", [(seq, terms) for seq, _, _, terms in texts]
    )
    conn.executemany(
        "INSERT INTO document_places(seq, at, fold) VALUES (?, ?, ?)",
        [(row.seq, row.at_ms, fold_of(row.kind, row.title, row.body)) for row in rows],
    )
    conn.executemany(
        "INSERT INTO document_days(day, first, last) VALUES (?, ?, ?) "
        "ON CONFLICT(day) DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)",
        [(row.at_ms // DAY_MS, row.seq, row.seq) for row in rows],
    )
    heads = [head for row in rows for head in conn.execute("SELECT seq, head FROM searched WHERE seq = ?", (row.seq,))]
    conn.executemany("INSERT INTO documents_index(rowid, title, body, terms) VALUES (?, ?, ?, ?)", texts)
    conn.executemany("INSERT INTO documents_pieces(rowid, head) VALUES (?, ?)", heads)
    _add_pairs(conn, texts)


def _add_pairs(conn: Connection, texts: list[tuple[int, str, str, str]]) -> None:
    pairs = [(seq, pairs_of(title, body, terms)) for seq, title, body, terms in texts]
    conn.executemany("INSERT INTO documents_pairs(rowid, pairs) VALUES (?, ?)", pairs)


def take_from_index(conn: Connection, seq: int) -> bool:
    """Take a document's words, pairs and pieces out; say whether they were in. A day's span may stay wider than it need be."""
    row: Any = conn.execute("SELECT title, body, terms, head FROM searched WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        return False
    title, body, terms, head = row
    _delete(conn, "documents_index", "title, body, terms", (seq, title, body, terms))
    _delete(conn, "documents_pieces", "head", (seq, head))
    if seq >= has_pairs_from(conn):
        _delete(conn, "documents_pairs", "pairs", (seq, pairs_of(title, body, terms)))
    conn.execute("DELETE FROM document_terms WHERE seq = ?", (seq,))
    conn.execute("DELETE FROM document_places WHERE seq = ?", (seq,))
    return True


def _delete(conn: Connection, index: str, columns: str, values: tuple[Any, ...]) -> None:
    """Take a row out of an index that keeps no texts: it is told which words to take."""
    marks = ", ?" * len(values)
    conn.execute(f"INSERT INTO {index}({index}, rowid, {columns}) VALUES ('delete'{marks})", values)


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
