"""All captured items, oldest first, for one who takes them all; what a damaged page hides is passed over and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import apsw

from python_core.store import clips, outputs, visits
from python_core.store.blobs import blob_files
from python_core.store.clips import ClipRow
from python_core.store.connection import Connection, connect, finding_of
from python_core.store.database import Store
from python_core.store.forgettings import hide_forgotten
from python_core.store.outputs import OutputRow
from python_core.store.visits import VisitRow

T = TypeVar("T")


@dataclass(frozen=True)
class Wanted:
    """Which items are taken: None means any; a visit counts from its beginning to its end."""

    site: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


class Lost(NamedTuple):
    """The number of a row that cannot be read; there need not have been a row of it."""

    row: int


class Sighted(NamedTuple):
    """When a page was in front."""

    at_ms: int
    until_ms: int
    focused: bool | None
    client: str
    browser: str | None


class WalkedVisit(NamedTuple):
    """A visit with its words in the search index and its sightings; both empty where a damaged page hides them."""

    row: VisitRow
    words: str
    sightings: list[Sighted]
    is_whole: bool = True


_CLIPS = """SELECT seq FROM clips WHERE seq > :after AND (:site IS NULL OR site = :site)
    AND (:from_ms IS NULL OR captured_at >= :from_ms) AND (:to_ms IS NULL OR captured_at <= :to_ms) ORDER BY seq"""
_VISITS = """SELECT seq FROM visits WHERE seq > :after AND (:site IS NULL OR site = :site)
    AND (:from_ms IS NULL OR last_seen_at >= :from_ms) AND (:to_ms IS NULL OR started_at <= :to_ms) ORDER BY seq"""
_OUTPUTS = """SELECT seq FROM outputs o WHERE seq > :after
    AND (:from_ms IS NULL OR at >= :from_ms) AND (:to_ms IS NULL OR at <= :to_ms)
    AND (:site IS NULL OR EXISTS (
        SELECT 1 FROM output_sources s LEFT JOIN clips c ON s.kind = 'clip' AND c.id = s.item
        LEFT JOIN visits v ON s.kind = 'visit' AND v.id = s.item
        WHERE s.output = o.seq AND (c.site = :site OR v.site = :site))) ORDER BY seq"""

_BLOBS = """SELECT DISTINCT digest FROM clips JOIN fragments ON clip = seq WHERE content IS NULL
    AND (:site IS NULL OR site = :site) AND (:from_ms IS NULL OR captured_at >= :from_ms)
    AND (:to_ms IS NULL OR captured_at <= :to_ms) ORDER BY digest"""


@contextmanager
def one_moment(store: Store) -> Iterator[Connection]:
    """Open a connection of its own that sees one moment, and nothing that is being forgotten.

    A snapshot of ``store.reading()`` would tell of a damaged page once more when it ends.
    """
    try:
        conn = connect(store.path)
        try:
            hide_forgotten(conn)
            conn.execute("BEGIN")
            yield conn
        finally:
            conn.close()
    except apsw.Error as fault:
        raise finding_of(fault) from fault


def walk_clips(conn: Connection, wanted: Wanted) -> Iterator[ClipRow | Lost]:
    """Give the clips with their contents."""
    return _walk(conn, "clips", _CLIPS, wanted, lambda seq: clips.get_clip_in_row(conn, seq))


def walk_visits(conn: Connection, wanted: Wanted) -> Iterator[WalkedVisit | Lost]:
    """Give the visits, each with the times at which it was in front."""
    return _walk(conn, "visits", _VISITS, wanted, lambda seq: _visit(conn, seq))


def walk_outputs(conn: Connection, wanted: Wanted) -> Iterator[OutputRow | Lost]:
    """Give the outputs; with a site, those that cite an item of it."""
    return _walk(conn, "outputs", _OUTPUTS, wanted, lambda seq: outputs.get_output_in_row(conn, seq))


def list_blobs(store: Store, conn: Connection, wanted: Wanted) -> list[str]:
    """Return the digests of the files that these clips name; where the rows are damaged, of all files."""
    try:
        rows: list[Any] = conn.execute(_BLOBS, vars(wanted)).fetchall()
    except apsw.CorruptError:
        return sorted(blob_files(store.folder))
    return [digest for (digest,) in rows]


def walked_visit(conn: Connection, row: VisitRow) -> WalkedVisit:
    """Return a visit with its words and sightings."""
    try:
        words = conn.execute("SELECT body FROM documents WHERE seq = ?", (row.document,)).fetchone()
        sightings = conn.execute(
            "SELECT at, until, focused, client, browser FROM sightings WHERE visit = ? ORDER BY seq", (row.seq,)
        )
        told = [Sighted(at, until, None if seen is None else bool(seen), *who) for at, until, seen, *who in sightings]
    except apsw.CorruptError:
        return WalkedVisit(row, "", [], is_whole=False)
    return WalkedVisit(row, words[0] if words else "", told)


def _visit(conn: Connection, seq: int) -> WalkedVisit:
    return walked_visit(conn, visits.get_visit_in_row(conn, seq))


def _walk(conn: Connection, table: str, sql: str, wanted: Wanted, read: Callable[[int], T]) -> Iterator[T | Lost]:
    """Go through a table; after a damaged page, one row number at a time until a readable one comes."""
    after, last = 0, None
    while True:
        rows = conn.cursor()
        try:
            for (seq,) in rows.execute(sql, {"after": after, **vars(wanted)}):
                after = seq - 1  # so that what cannot be read behind it is told by its number
                item = read(seq)
                after = seq
                yield item
        except apsw.CorruptError:
            rows.close(force=True)  # else the transaction's end tells of it again
            last = _last_row(conn, table) if last is None else last
            after += 1
            yield Lost(after)
            if after >= last:
                return
        else:
            return


def _last_row(conn: Connection, table: str) -> int:
    """Return the last row's number, as far as it can be read."""
    try:
        row: Any = conn.execute(f"SELECT max(seq) FROM {table}").fetchone()
        return int(row[0] or 0)
    except apsw.CorruptError:
        return 0
