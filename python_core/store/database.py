"""Open the hub's database; hand out read snapshots and run write acts."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import apsw

from python_core.errors import StorageFull
from python_core.store import tab_reports, whole_clips
from python_core.store.commits import Commits
from python_core.store.connection import Connection, connect, finding_of, note_frames
from python_core.store.forgettings import hide_forgotten
from python_core.store.group_commit import Writer
from python_core.store.news import News
from python_core.store.overwriting import fold_in_passing
from python_core.store.schema import DATABASE_NAME, StoreUnusable, bring_up_to_date

T = TypeVar("T")
#: Reads that a thread recalls at most: some dozens of bytes to some kilobytes each.
RECALLED_AT_MOST = 32
#: After a commit others are likely: so many reads of one statement are read, which takes no longer than to look for a commit.
SKIPPED = 8


def open_store(folder: Path, tell: Callable[[str], object] | None = None) -> Store:
    """Open the database in ``folder`` (made 0700, file 0600), bring its schema up to date, and return the store.

    :param tell: is given a line about what takes long.
    :raises StoreUnusable: it is damaged, of a newer version, or its folder cannot be written to.
    :raises StorageFull: the disk has no room to make it, or to bring it up to date.
    """
    try:
        bring_up_to_date(folder, tell=tell)
    except apsw.FullError as fault:
        raise StorageFull(f"The disk of {folder} is full: free some space, then start again.") from fault
    except (apsw.Error, OSError) as fault:
        raise StoreUnusable(
            f"The hub cannot use its database in {folder} ({type(fault).__name__}): check that folder's disk and rights."
        ) from fault
    return Store(folder)


class Store:
    """The hub's database and blobs in one folder; safe for threads, for processes, and across a fork."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        #: A read of this process has met a damaged page.
        self.is_damaged = False
        self.start_afresh()
        _stores.add(self)

    def start_afresh(self) -> None:
        """Begin without connections, and without those who waited: a forked child has neither."""
        self._readers = threading.local()
        self.news = News(self.reading, self.write)
        self._writer = Writer(self._connect_writer, self.news.tell_all, partial(fold_in_passing, path=self.path))

    def reading(self) -> _Snapshot:
        """Return a context manager whose connection sees one moment of the database until it is left."""
        return _Snapshot(self._reader().conn, self)

    def look(self, read: Callable[[Connection], T]) -> T:
        """Return what ``read`` finds by one statement: that sees one moment without a ``BEGIN`` and an ``END``."""
        try:
            return read(self._reader().conn)
        except apsw.Error as fault:
            raise self.note_fault(fault) from fault

    def note_fault(self, fault: Exception) -> Exception:
        """Say what a read met in the hub's terms, and keep that there is damage."""
        finding = finding_of(fault)
        self.is_damaged = self.is_damaged or isinstance(finding, StoreUnusable)
        return finding

    def recall(self, key: Hashable, read: Callable[[Connection], T], *, is_single: bool = False) -> T:
        """Return what ``read`` finds in a snapshot; from memory, while nobody has committed since this thread last read it.

        For what is asked for at each request and changes seldom: 4 µs instead of 15 and more. What is returned is shared and
        must not be changed.

        :param is_single: ``read`` is one statement, which needs no snapshot around it.
        """
        reader = self._reader()
        if is_single and reader.skips:
            reader.skips -= 1
            return self.look(read)
        try:
            version = reader.cursor.execute("PRAGMA data_version").get
        except apsw.Error as fault:
            raise finding_of(fault) from fault
        recalled = reader.recalled
        if version != reader.version or len(recalled) >= RECALLED_AT_MOST:
            reader.version, reader.recalled, reader.skips = version, (recalled := {}), SKIPPED
        if key not in recalled:  # what is read now may be newer than the version: then the next call reads again
            if is_single:
                recalled[key] = self.look(read)
            else:
                with _Snapshot(reader.conn, self):
                    recalled[key] = read(reader.conn)
        found: T = recalled[key]
        return found

    def _reader(self) -> _Reader:
        reader: _Reader | None = getattr(self._readers, "of_thread", None)
        if reader is None:
            try:
                reader = self._readers.of_thread = _Reader(connect(self.path))
            except apsw.Error as fault:
                raise finding_of(fault) from fault
        return reader

    def _connect_writer(self) -> Connection:
        conn = connect(self.path)
        whole_clips.prepare(conn)
        tab_reports.prepare(conn)
        conn.set_wal_hook(note_frames)  # in the place of SQLite's own folding
        return conn

    def write(self, act: Callable[[Connection], T], at_once: Callable[[Connection], T | None] | None = None) -> T:
        """Run ``act`` in a write transaction, shared with those that arrive with it; return its result once it is on disk.

        :param at_once: tried first: see ``Writer.write``.
        :raises Busy: another process held the database for longer than ``BUSY_TIMEOUT_MS``.
        :raises StorageFull: the disk has no room; nothing of the act is stored.
        """
        return self._writer.write(act, at_once)

    def gather_by(self, gather: Callable[[], None]) -> None:
        """Have the writes of the calling thread share their commits: see ``Writer.gather_by``."""
        self._writer.gather_by(gather)

    def alone(self) -> threading.Lock:
        """Return the lock under which no act of this process begins, for what is no act and is in their way; it is held shortly."""
        return self._writer.mutex

    @property
    def waiting(self) -> int:
        """How many acts wait for the next transaction."""
        return self._writer.waiting

    @property
    def commits(self) -> Commits:
        """How this process's commits went."""
        return self._writer.commits

    def close(self) -> None:
        """End the news, close the writer and this thread's reader; other threads' readers close with their threads."""
        self.news.end()
        with self._writer.mutex:
            self._close_idle()

    def _close_idle(self) -> None:
        self._writer.close_idle()
        reader: _Reader | None = getattr(self._readers, "of_thread", None)
        if reader is not None and not reader.conn.in_transaction:
            reader.conn.close()
            del self._readers.of_thread

    def before_fork(self) -> None:
        """Close the connections, which open again when they are needed, and let no write begin.

        A child may neither use nor close its parent's: SQLite's record of the locks that a process holds is copied with
        them, while the locks are not. The readers of other threads end with those threads, which a child does not have.
        """
        self._writer.mutex.acquire()
        self._close_idle()

    def after_fork_in_parent(self) -> None:
        """Let writes begin again."""
        self._writer.mutex.release()


class _Reader:
    """A thread's connection, and what it recalls: the state of the database that it was read in, and what was found by key.

    ``skips``: so many more reads of one statement are read without a look whether somebody has committed.
    """

    __slots__ = ("conn", "cursor", "recalled", "skips", "version")

    def __init__(self, conn: Connection) -> None:
        hide_forgotten(conn)
        self.conn = conn
        self.cursor = conn.cursor()  # one for all looks: 3.3 µs each instead of 4.3
        self.version: int | None = None
        self.recalled: dict[Hashable, Any] = {}
        self.skips = 0


class _Snapshot:
    """``BEGIN`` … ``END`` around a block of reads."""

    __slots__ = ("_conn", "_store")

    def __init__(self, conn: Connection, store: Store) -> None:
        self._conn = conn
        self._store = store

    def __enter__(self) -> Connection:
        self._conn.execute("BEGIN")
        return self._conn

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        fault = error if isinstance(error, apsw.Error) else None
        for _ in range(2):  # ending a statement that has failed tells its fault once more, and ends nothing else
            try:
                if self._conn.in_transaction:  # an I/O error can have ended it
                    self._conn.execute("END")
            except apsw.Error as late:
                fault = fault or late
        if fault is not None:
            finding = self._store.note_fault(fault)
            if finding is not error:
                raise finding from fault


_stores: weakref.WeakSet[Store] = weakref.WeakSet()
_forking: list[Store] = []


def _before_fork() -> None:
    _forking[:] = _stores
    for store in _forking:
        store.before_fork()


def _after_fork_in_parent() -> None:
    for store in _forking:
        store.after_fork_in_parent()
    _forking.clear()


def _after_fork_in_child() -> None:
    for store in _forking:
        store.start_afresh()
    _forking.clear()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
