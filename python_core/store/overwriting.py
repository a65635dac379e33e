"""Leave nothing of removed rows in a database's files: fold the write-ahead log in and cut it, overwrite the slack of pages.

``secure_delete`` overwrites what is deleted where it lies. But when SQLite splits a page or evens two out, it copies rows to
another page and leaves the old bytes in the first one's slack, between its list of cells and the cells: of 4,000 rows deleted
from a table of 20,000 whose rows had grown, 25 could still be read there. Only ``VACUUM`` takes these away, which writes
everything anew while nobody may write; this overwrites the slack in place, a few pages at a time.

Who has overwritten the slack of every page once need not look at them again: since then only pages were written that stand in the
log. So each folding of it overwrites the slack of these, as long as it is sure that the log has all of them: it begins with the
commit of the last overwriting, or still is the one that was there then. Whoever folds it by other means, or an end of
the hub, breaks that chain, and the next overwriting looks at all pages again.

Whether the medium keeps older versions of a block (SSDs, copy-on-write file systems, snapshots) is not in a program's hands.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import apsw

from python_core.store.connection import Connection, connect, finding_of
from python_core.store.log_frames import Log, read_log

#: How long overwriting waits for one who writes.
TURN_WAIT_MS = 500
#: Pages that one turn holds the writer for: 4 MiB, some 5 ms.
PAGES_AT_ONCE = 1_024
_READ_AT_ONCE = 64
#: In ``meta``: the log's salts at the last overwriting, a word of chance, and the page below which all slack was overwritten.
#: Whoever writes to that table otherwise removes it, and no copy has it: a log that begins with that table's page is to be ours.
OVERWRITTEN = "overwritten"
#: Types of b-tree pages, by the size of their header. A page that continues a long row begins with the number of the next one,
#: whose first byte is 0 up to this many pages (64 GiB).
_HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}
_PAGES_AT_MOST = 1 << 24


class _Turn(NamedTuple):
    """What a turn did: where to go on (None: all is done), and whether the log begins anew with its commit."""

    following: int | None
    is_log_cut: bool


def fold_log(path: Path) -> bool:
    """Write all of the write-ahead log into the database and cut off what was in it; say whether that was possible now.

    It is not while a reader still holds an older moment, whatever its process. Nobody else has to wait meanwhile.
    """
    with _two_connections(path) as (conn, other):
        try:
            turn = _take_turn(conn, other, path, None)
            if turn is not None:
                return turn.is_log_cut
            conn.set_busy_timeout(0)  # a checkpoint that waits for readers lets nobody write
            frames, _ = conn.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except (apsw.BusyError, apsw.LockedError):
            return False
        return frames <= 0  # below 0: this database has no log


def fold_in_passing(conn: Connection, path: Path) -> None:
    """Fold the log as far as readers allow, after a commit that has made it long; it never raises, and the log may grow on."""
    try:
        if conn.execute("SELECT 1 FROM meta WHERE key = ?", (OVERWRITTEN,)).fetchone() is not None:
            with _two_connections(path) as (own, other):
                own.set_busy_timeout(0)
                if _take_turn(own, other, path, None) is not None:
                    return
        conn.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    except Exception:  # noqa: BLE001, S110  # what was committed is committed, and the log grows on
        pass


def overwrite_slack(path: Path, first: int) -> int | None:
    """Overwrite the slack of some pages from page ``first`` (0 is the first); return where to go on, None at the end.

    The same number again means: not now, a reader holds an older moment or somebody writes.
    """
    with _two_connections(path) as (conn, other):
        try:
            turn = _take_turn(conn, other, path, first)
        except (apsw.BusyError, apsw.LockedError):
            return first
        return first if turn is None else turn.following


@contextmanager
def _two_connections(path: Path) -> Iterator[tuple[Connection, Connection]]:
    """Open one for the turn, whose commit cuts the log to what it writes, and one that folds it meanwhile."""
    try:
        conn = connect(path)
        try:
            other = connect(path)
            try:
                conn.set_busy_timeout(TURN_WAIT_MS)
                conn.wal_autocheckpoint(0)
                conn.execute("PRAGMA journal_size_limit = 0")
                yield conn, other
            finally:
                other.close()
        finally:
            conn.close()
    except apsw.Error as fault:
        raise finding_of(fault) from fault


def _take_turn(conn: Connection, other: Connection, path: Path, first: int | None) -> _Turn | None:
    """Write under the writer's lock with the whole log folded in: then the file alone holds every page, and nobody writes it.

    The bytes that change mean nothing to a reader. But a process may hold a page as it was in memory and write it again with
    what its slack held: a change at the end of the transaction makes all of them read anew.

    :param first: where to go on; None: only with the pages of the log, if all that were written since are in it.
    :return: None: nothing was done.
    """
    other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)  # else the log cannot begin anew with the commit
    conn.execute("BEGIN IMMEDIATE")
    try:
        frames, folded = other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        page_bytes, pages = int(conn.pragma("page_size")), int(conn.pragma("page_count"))
        log = read_log(path, frames)
        done = _done_below(conn, log)
        if done is None and first is None:
            return None
        if frames != folded:
            return _Turn(first, is_log_cut=False)
        if pages >= _PAGES_AT_MOST:
            return _Turn(None, is_log_cut=False)
        start = pages if first is None else min(max(first, done or 0), pages)
        upto = min(start + PAGES_AT_ONCE, pages)
        wanted = {*range(start, upto), *(page for page in log.pages if done is not None and page < pages)}
        _overwrite(path, page_bytes, sorted(wanted))
        if first is not None:
            done = 0 if start > (done or 0) else (_PAGES_AT_MOST if upto == pages else upto)
        said = f"{log.salts} {os.urandom(8).hex()} {done}"
        conn.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (OVERWRITTEN, said))
        conn.execute("COMMIT")
        is_log_cut = read_log(path, 1).salts != log.salts
        return _Turn(None if upto >= pages else upto, is_log_cut)
    finally:
        if conn.in_transaction:
            conn.execute("ROLLBACK")


def _done_below(conn: Connection, log: Log) -> int | None:
    """Return the page below which no slack has anything in it but in pages of the log; None: that is not known."""
    said: str | None = conn.execute("SELECT value FROM meta WHERE key = ?", (OVERWRITTEN,)).get
    if said is None or said.count(" ") != 2 or not log.salts:
        return None
    salts, word, done = said.split(" ")
    return int(done) if salts == log.salts or word.encode() in log.first else None


def _overwrite(path: Path, page_bytes: int, pages: list[int]) -> None:
    """Overwrite the slack of pages, in their order."""
    zeros, found = bytes(page_bytes), False
    file = apsw.VFSFile("", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0])
    try:
        for start, count in _runs_of(pages):
            block = file.xRead(count * page_bytes, start * page_bytes)
            for n in range(count):
                at = n * page_bytes
                low, high = slack_of(block[at : at + page_bytes], is_first=start + n == 0)
                if block[at + low : at + high] != zeros[: high - low]:
                    file.xWrite(zeros[: high - low], start * page_bytes + at + low)
                    found = True
        if found:
            file.xSync(apsw.SQLITE_SYNC_FULL)
    finally:
        file.xClose()


def _runs_of(pages: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Put pages that follow each other together: each run's first and how many, ``_READ_AT_ONCE`` at most."""
    start = count = 0
    for page in pages:
        if count and page == start + count and count < _READ_AT_ONCE:
            count += 1
            continue
        if count:
            yield start, count
        start, count = page, 1
    if count:
        yield start, count


def slack_of(page: bytes, *, is_first: bool) -> tuple[int, int]:
    """Return from where to where a page holds nothing; an empty span for a page that is none of a b-tree.

    https://www.sqlite.org/fileformat2.html#b_tree_pages
    """
    head = 100 if is_first else 0
    header_bytes = _HEADER_BYTES.get(page[head])
    if header_bytes is None:
        return 0, 0
    cells, content = struct.unpack_from(">HH", page, head + 3)
    low, high = head + header_bytes + 2 * cells, content or 65_536
    return (low, high) if low <= high <= len(page) else (0, 0)
