"""Remove items with all that the store holds of them: rows, index entries, keys, joins, and what ran since they came.

Nothing here knows the hub: the same functions clean a copy of the database.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from python_core.store import answered, documents
from python_core.store.blobs import doom_blobs
from python_core.store.connection import Connection
from python_core.store.forgettings import Span
from python_core.store.tallies import add_to_tally


class Removed(NamedTuple):
    """An item that went; ``outputs`` are those that cited it, ``readers`` ``(client, times, last_at_ms)``."""

    kind: str
    id: str
    counts: dict[str, int]
    outputs: list[str]
    readers: list[tuple[str, int, int]]


def remove_item(conn: Connection, kind: str, seq: int, at_ms: int, *, keeps_readers: bool = False) -> Removed | None:
    """Remove one item; None when it has gone already.

    :param keeps_readers: leave in the ledger who had read it.
    """
    removed = {"clip": _remove_clip, "visit": _remove_visit, "output": _remove_output}[kind](conn, seq, at_ms)
    if removed is not None and not keeps_readers:
        conn.execute("DELETE FROM reads WHERE item = ?", (removed.id,))
    return removed


def _remove_clip(conn: Connection, seq: int, at_ms: int) -> Removed | None:
    row: Any = conn.execute("SELECT id, document FROM clips WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        return None
    fragments: list[Any] = conn.execute(
        "SELECT digest, bytes, content IS NULL FROM fragments WHERE clip = ?", (seq,)
    ).fetchall()
    documents.remove_document(conn, row[1])
    conn.execute("DELETE FROM clips WHERE seq = ?", (seq,))
    digests = {digest for digest, _, in_blob in fragments if in_blob}
    doom_blobs(conn, digests)
    kept = "SELECT 1 FROM fragments WHERE digest = ? AND content IS NULL"
    counts = {
        "clips": 1,
        "fragments": len(fragments),
        "blobs": sum(conn.execute(kept, (digest,)).fetchone() is None for digest in digests),
        "bytes": sum(size for _, size, _ in fragments),
    }
    return _forget_mentions(conn, "clip", row[0], counts, at_ms)


def _remove_visit(conn: Connection, seq: int, at_ms: int) -> Removed | None:
    row: Any = conn.execute("SELECT id, document, title FROM visits WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        return None
    documents.remove_document(conn, row[1])
    sightings: Any = conn.execute("SELECT count(*) FROM sightings WHERE visit = ?", (seq,)).fetchone()
    conn.execute("DELETE FROM visits WHERE seq = ?", (seq,))  # its sightings stay, as blanks: no copy is joined there
    joined: list[Any] = conn.execute(
        "SELECT seq, document, window_title FROM clips WHERE visit = ?", (row[0],)
    ).fetchall()
    for clip, document, window_title in joined:
        # A browser's window bears its page's title.
        kept = None if row[2] and window_title and row[2] in window_title else window_title
        conn.execute(
            "UPDATE clips SET window_title = ?, url = NULL, site = NULL, title = NULL, visit = NULL, confidence = NULL, "
            "evidence = '[]' WHERE seq = ?",
            (kept, clip),
        )
        documents.set_document_title(conn, document, kept or "")
        documents.remove_document_site(conn, document)
    counts = {"visits": 1, "sightings": sightings[0], "joins": len(joined)}
    return _forget_mentions(conn, "visit", row[0], counts, at_ms)


def _remove_output(conn: Connection, seq: int, at_ms: int) -> Removed | None:
    row: Any = conn.execute("SELECT id, document, length(payload) FROM outputs WHERE seq = ?", (seq,)).fetchone()
    if row is None:
        return None
    documents.remove_document(conn, row[1])
    conn.execute("DELETE FROM outputs WHERE seq = ?", (seq,))
    return _forget_mentions(conn, "output", row[0], {"outputs": 1, "bytes": row[2]}, at_ms)


def _forget_mentions(conn: Connection, kind: str, item: str, counts: dict[str, int], at_ms: int) -> Removed:
    add_to_tally(conn, f"{kind}s", -1)
    answered.forget_answers(conn, item, at_ms)
    sql = "SELECT DISTINCT o.id FROM output_sources s JOIN outputs o ON o.seq = s.output WHERE s.item = ?"
    outputs: list[Any] = [output for (output,) in conn.execute(sql, (item,))]
    # The mark is a digest of a short text: whoever guesses the text could prove it.
    conn.execute("UPDATE output_sources SET seen = '' WHERE item = ?", (item,))
    readers: list[Any] = conn.execute("SELECT client, times, last_at FROM reads WHERE item = ?", (item,)).fetchall()
    return Removed(kind, item, counts, outputs, readers)


#: Runs that one transaction clears.
RUNS_AT_ONCE = 500


def list_runs_within(conn: Connection, span: Span) -> list[tuple[str, str]]:
    """Return ``(id, trigger)`` of the runs of a span that have not ended."""
    sql = "SELECT id, trigger FROM runs WHERE state IN ('queued', 'running') AND queued_at BETWEEN ? AND ?"
    return [(run, trigger) for run, trigger in conn.execute(sql, span)]


def clear_runs_within(conn: Connection, span: Span) -> int:
    """Take the texts out of some of the runs of a span; return how many, 0 when none is left."""
    conn.execute(
        "UPDATE runs SET args = '{}', result = NULL, error = NULL WHERE seq IN (SELECT seq FROM runs WHERE queued_at "
        "BETWEEN ? AND ? AND (args <> '{}' OR result IS NOT NULL OR error IS NOT NULL) LIMIT ?)",
        (*span, RUNS_AT_ONCE),
    )
    return conn.changes()


def clear_asides_within(conn: Connection, span: Span) -> None:
    """Take the texts out of window commands, badges and confirmations of a span; a badge of an unknown time counts to it."""
    conn.execute("UPDATE hub_commands SET args = '{}' WHERE at BETWEEN ? AND ? AND args <> '{}'", span)
    conn.execute("DELETE FROM confirmations WHERE at BETWEEN ? AND ?", span)
    conn.execute("UPDATE indicators SET text = '' WHERE (at BETWEEN ? AND ? OR at = 0) AND text <> ''", span)


def remove_sightings_within(conn: Connection, from_ms: int, to_ms: int) -> int:
    """Remove who had what in front in a span of time; return how many."""
    conn.execute("DELETE FROM sightings WHERE at BETWEEN ? AND ?", (from_ms, to_ms))
    return conn.changes()
