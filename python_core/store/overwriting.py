"""Leave nothing of removed rows in a database's files: fold the write-ahead log in and cut it, overwrite the slack of pages.

``secure_delete`` overwrites what is deleted where it lies. But when SQLite splits a page or evens two out, it copies rows to
another page and leaves the old bytes in the first one's slack, between its list of cells and the cells: of 4,000 rows deleted
from a table of 20,000 whose rows had grown, 25 could still be read there. Only ``VACUUM`` takes these away, which writes
everything anew while nobody may write; this overwrites the slack in place, a few pages at a time.

Whether the medium keeps older versions of a block (SSDs, copy-on-write file systems, snapshots) is not in a program's hands.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

import apsw

from python_core.store.connection import connect, finding_of

FOLD_PAUSE_S = 0.02
#: How long overwriting waits for one who writes.
TURN_WAIT_MS = 500
#: Pages that one turn holds the writer for: 4 MiB, some 5 ms.
PAGES_AT_ONCE = 1_024
_READ_AT_ONCE = 64
#: Types of b-tree pages, by the size of their header. A page that continues a long row begins with the number of the next one,
#: whose first byte is 0 up to this many pages (64 GiB).
_HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}
_PAGES_AT_MOST = 1 << 24


def fold_log(path: Path, within_s: float) -> bool:
    """Write all of the write-ahead log into the database and cut it to nothing; say whether that was possible in time.

    It is not while a reader still holds an older moment, whatever its process. Nobody else has to wait meanwhile.
    """
    end = time.monotonic() + within_s
    try:
        conn = connect(path)
        try:
            conn.set_busy_timeout(0)  # a checkpoint that waits for readers lets nobody write
            while not _fold(conn):
                if time.monotonic() >= end:
                    return False
                time.sleep(FOLD_PAUSE_S)
            return True
        finally:
            conn.close()
    except apsw.Error as fault:
        raise finding_of(fault) from fault


def _fold(conn: apsw.Connection) -> bool:
    try:
        frames, _ = conn.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    return frames <= 0  # below 0: this database has no log


def overwrite_slack(path: Path, first: int) -> int | None:
    """Overwrite the slack of some pages from page ``first`` (0 is the first); return where to go on, None at the end.

    The same number again means: not now, a reader holds an older moment or somebody writes.
    """
    try:
        conn = connect(path)
        try:
            conn.set_busy_timeout(TURN_WAIT_MS)
            return _overwrite(conn, path, first)
        finally:
            conn.close()
    except (apsw.BusyError, apsw.LockedError):
        return first
    except apsw.Error as fault:
        raise finding_of(fault) from fault


def _overwrite(conn: apsw.Connection, path: Path, first: int) -> int | None:
    """Write under the writer's lock with the whole log folded in: then the file alone holds every page, and nobody writes it.

    The bytes that change mean nothing to a reader. But a process may hold a page as it was in memory and write it again with
    what its slack held: a change at the end of the transaction makes all of them read anew.
    """
    conn.execute("BEGIN IMMEDIATE")
    try:
        if not _is_folded(path):
            return first
        page_bytes, pages = int(conn.pragma("page_size")), int(conn.pragma("page_count"))
        if pages >= _PAGES_AT_MOST:
            return None
        upto = min(first + PAGES_AT_ONCE, pages)
        file = apsw.VFSFile("", str(path), [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READWRITE, 0])
        try:
            if _clear_pages(file, page_bytes, first, upto):
                file.xSync(apsw.SQLITE_SYNC_FULL)
        finally:
            file.xClose()
        conn.execute("INSERT OR REPLACE INTO meta VALUES ('overwritten', ?)", (f"{upto} {time.monotonic_ns()}",))
        conn.execute("COMMIT")
        return None if upto >= pages else upto
    finally:
        if conn.in_transaction:
            conn.execute("ROLLBACK")


def _is_folded(path: Path) -> bool:
    other = connect(path)
    try:
        frames, folded = other.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    finally:
        other.close()
    return frames == folded


def _clear_pages(file: apsw.VFSFile, page_bytes: int, first: int, upto: int) -> bool:
    """Overwrite the slack of pages; say whether any had something in it."""
    zeros, found = bytes(page_bytes), False
    for start in range(first, upto, _READ_AT_ONCE):
        count = min(_READ_AT_ONCE, upto - start)
        block = file.xRead(count * page_bytes, start * page_bytes)
        for n in range(count):
            at = n * page_bytes
            low, high = slack_of(block[at : at + page_bytes], is_first=start + n == 0)
            if block[at + low : at + high] != zeros[: high - low]:
                file.xWrite(zeros[: high - low], start * page_bytes + at + low)
                found = True
    return found


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
