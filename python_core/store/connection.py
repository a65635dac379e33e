"""Open the hub's database; hand out read snapshots and run write acts, many to one commit.

**Group commit.** ``Store.write(act)`` queues the act. The first caller leads: it begins one transaction, runs every
act queued by then (each in a savepoint, so that one failing act does not sink the others), commits once, and passes the
lead on to the next waiting caller. Requests that arrive together thus share one fsync, no thread is needed, and it
works in any process of any host; between processes SQLite's own lock decides who is next.

An act returns only after its transaction is on disk (``synchronous=FULL``).
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

import apsw

from python_core.errors import Busy, HubError, StorageFull
from python_core.store.schema import DATABASE_NAME, bring_up_to_date

Connection = apsw.Connection
T = TypeVar("T")

#: How long a writer waits for another process's transaction before the caller is told ``busy``.
BUSY_TIMEOUT_MS = 5_000
#: Acts in one transaction at most: bounds how long the first of them waits.
GROUP_SIZE = 64
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
)


def open_store(folder: Path) -> Store:
    """Open the database in ``folder`` (made 0700, file 0600), bring its schema up to date, and return the store."""
    bring_up_to_date(folder)
    return Store(folder)


def connect(path: Path) -> Connection:
    """Return a connection with the hub's settings; the file must exist (it is made with mode 0600 before)."""
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    conn.set_busy_timeout(BUSY_TIMEOUT_MS)
    for pragma in _PRAGMAS:
        conn.execute(pragma)
    return conn


class Store:
    """The hub's database and blobs in one folder; safe for threads, for processes, and across a fork."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / DATABASE_NAME
        self._pid = os.getpid()
        self._forget_parent()

    def _forget_parent(self) -> None:
        """Start without connections. After a fork the parent's are left unused, never closed: SQLite forbids both."""
        self._readers = threading.local()
        self._writer: Connection | None = None
        self._mutex = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._led = False
        self._leader: int | None = None

    def _check_fork(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._forget_parent()

    def reading(self) -> _Snapshot:
        """Return a context manager whose connection sees one moment of the database until it is left."""
        self._check_fork()
        conn: Connection | None = getattr(self._readers, "conn", None)
        if conn is None:
            conn = self._readers.conn = connect(self.path)
        return _Snapshot(conn)

    def write(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` in a write transaction and return its result once that is on disk.

        :raises Busy: another process held the database for longer than ``BUSY_TIMEOUT_MS``.
        :raises StorageFull: the disk has no room; nothing of the act is stored.
        """
        self._check_fork()
        if self._leader == threading.get_ident():
            raise RuntimeError("an act of a write transaction may not begin another: it would wait for itself")
        job: _Job[T] = _Job(act)
        with self._mutex:
            self._waiting.append(job)
            job.leads = not self._led
            self._led = True
        if not job.leads:
            job.turn.acquire()
        if job.leads:
            self._lead()
        return job.outcome()

    def _lead(self) -> None:
        """Commit what waits as one group, then give the lead to the caller that waits longest, if any."""
        with self._mutex:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_SIZE))]
        self._leader = threading.get_ident()
        try:
            self._commit(group)
        finally:
            self._leader = None
            with self._mutex:
                heir = self._waiting[0] if self._waiting else None
                self._led = heir is not None
            if heir is not None:
                heir.leads = True
                heir.turn.release()
            for job in group:
                if not job.leads:
                    job.turn.release()

    def _commit(self, group: list[_Job[Any]]) -> None:
        try:
            if self._writer is None:
                self._writer = connect(self.path)
            conn = self._writer
            conn.execute("BEGIN IMMEDIATE")
            try:
                for job in group:
                    job.run(conn)
                conn.execute("COMMIT")
            except BaseException:
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise
        except BaseException as fault:
            for job in group:
                job.error = finding_of(fault)
            if not isinstance(fault, Exception):
                raise

    def close(self) -> None:
        """Close the writer and this thread's reader; other threads' readers close with their threads."""
        self._check_fork()
        with self._mutex:
            writer, self._writer = self._writer, None
        for conn in (writer, getattr(self._readers, "conn", None)):
            if conn is not None:
                conn.close()
        self._readers = threading.local()


class _Snapshot:
    """``BEGIN`` … ``END`` around a block of reads."""

    __slots__ = ("_conn",)

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def __enter__(self) -> Connection:
        self._conn.execute("BEGIN")
        return self._conn

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._conn.execute("END")
        if isinstance(error, apsw.Error):
            raise finding_of(error) from error


class _Job(Generic[T]):
    """One act on its way through a group commit."""

    __slots__ = ("act", "error", "leads", "result", "turn")

    def __init__(self, act: Callable[[Connection], T]) -> None:
        self.act = act
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()
        self.result: T
        self.error: BaseException | None = None

    def run(self, conn: Connection) -> None:
        """Run the act in a savepoint; raise only when the whole transaction is lost."""
        conn.execute("SAVEPOINT act")
        try:
            self.result = self.act(conn)
            conn.execute("RELEASE act")
        except Exception as fault:
            # A full disk or an I/O error can end the whole transaction by itself: then nothing of the group is stored.
            if not conn.in_transaction:
                raise
            conn.execute("ROLLBACK TO act")
            conn.execute("RELEASE act")
            self.error = finding_of(fault)

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result


def finding_of(fault: BaseException) -> BaseException:
    """Say a SQLite failure in the hub's terms; anything else is returned as it is."""
    if isinstance(fault, (apsw.BusyError, apsw.LockedError)):
        finding: HubError = Busy("The database is in use by another process; try again.")
    elif isinstance(fault, apsw.FullError):
        finding = StorageFull("The disk is full: nothing was stored. Free some space and try again.")
    elif isinstance(fault, (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)):
        finding = Busy("The database cannot be reached or written at the moment: check its disk and folder.")
    else:
        return fault
    finding.__cause__ = fault
    return finding
