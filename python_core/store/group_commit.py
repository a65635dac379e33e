"""Run write acts, many to one commit.

``Writer.write(act)`` queues the act. The first caller leads: it begins one transaction, runs every act queued by then
(each in a savepoint, so that one failing act does not sink the others), commits once, and passes the lead on to the next
waiting caller. Requests that arrive together thus share one fsync, no thread is needed, and it works in any process of
any host; between processes SQLite's own lock decides who is next.

An act returns only after its transaction is on disk (``synchronous=FULL``).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from python_core.errors import Busy
from python_core.store.commits import Commits
from python_core.store.connection import Connection, finding_of

T = TypeVar("T")

#: Acts in one transaction at most: bounds how long the first of them waits.
GROUP_SIZE = 64
#: Pages in the write-ahead log from which it is folded, SQLite's own number, and after how many more that is tried again.
FOLD_FROM, FOLD_AGAIN = 1_000, 250


class Writer:
    """The one write connection of a process, shared by all its threads.

    ``mutex`` guards who waits and who leads; ``close_idle`` wants it held.

    :param connect: opens it, when the first write comes.
    :param on_news: called, with the connection, as soon as events are on disk; it never raises.
    :param fold: called with it when the log has become long, while nobody of this process writes; it never raises.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        on_news: Callable[[Connection], None],
        fold: Callable[[Connection], None],
    ) -> None:
        self.mutex = threading.Lock()
        self._connect = connect
        self._on_news = on_news
        self._fold, self._fold_from = fold, FOLD_FROM
        self._conn: Connection | None = None
        self._waiting: deque[_Job[Any]] = deque()
        self._own = threading.local()
        self._led = False
        self._leader: int | None = None
        self.commits = Commits()

    @property
    def waiting(self) -> int:
        """How many acts wait for the next transaction."""
        return len(self._waiting)

    def write(self, act: Callable[[Connection], T], at_once: Callable[[Connection], T | None] | None = None) -> T:
        """Run ``act`` in a write transaction and return its result once that is on disk.

        :param at_once: tried first: writes by one statement, which SQLite undoes if it fails, or returns None and has written
            nothing. It needs no savepoint.

        :raises Busy: another process held the database for longer than ``BUSY_TIMEOUT_MS``.
        :raises StorageFull: the disk has no room; nothing of the act is stored.
        """
        if self._leader == threading.get_ident():
            raise RuntimeError("an act of a write transaction may not begin another: it would wait for itself")
        job: _Job[T] = _Job(act, at_once)
        gather: Callable[[], None] | None = getattr(self._own, "gather", None)
        with self.mutex:
            self._waiting.append(job)
            if gather is None:
                self._take_turn(job)
        if gather is not None:
            gather()
            with self.mutex:
                if not job.is_done:
                    self._take_turn(job)
        if not (job.leads or job.is_done):
            self._await_turn(job)
        if job.leads:
            self._lead()
        return job.outcome()

    def gather_by(self, gather: Callable[[], None]) -> None:
        """Have ``gather`` called by each write of this thread, once its act is queued and before it is committed.

        What ``gather`` itself writes shares the commit. It never raises, and the writes of this thread hold no lock.
        """
        self._own.gather = gather

    def close_idle(self) -> None:
        """Close the connection, unless a group is under way; the next write opens another."""
        if not self._led and self._conn is not None:
            self._conn.close()
            self._conn = None

    def _take_turn(self, job: _Job[Any]) -> None:
        """Have a queued job lead if nobody does, else wait; under the mutex."""
        job.is_awaited = True
        job.leads = not self._led
        self._led = True

    def _await_turn(self, job: _Job[Any]) -> None:
        try:
            job.turn.acquire()
        except BaseException:  # Ctrl-C: nobody may wait for the lead of a caller that has gone
            with self.mutex:
                if job in self._waiting:
                    self._waiting.remove(job)
                    if job.leads:
                        self._pass_lead()
            raise

    def _lead(self) -> None:
        """Commit what waits as one group, then give the lead to the caller that waits longest, if any."""
        with self.mutex:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_SIZE))]
        self._leader = threading.get_ident()
        try:
            self._commit(group)
        finally:
            self._leader = None
            with self.mutex:
                for job in group:
                    job.is_done = True
                self._pass_lead()
            for job in group:
                if not job.leads:
                    job.turn.release()

    def _pass_lead(self) -> None:
        """Let the caller that waits longest lead, if one waits; one that gathers still does so when it comes; under the mutex."""
        heir = next((job for job in self._waiting if job.is_awaited), None)
        self._led = heir is not None
        if heir is not None:
            heir.leads = True
            heir.turn.release()

    def _commit(self, group: list[_Job[Any]]) -> None:
        began = self.commits.monotonic()
        try:
            if self._conn is not None and not self._conn.is_in_place():
                self._conn.close(True)  # nobody would find what is written there
                self._conn = None
            if self._conn is None:
                self._conn = self._connect()
            conn = self._conn
            conn.has_news = False
            conn.execute("BEGIN IMMEDIATE")
            try:
                for job in group:
                    job.run(conn)
                conn.execute("COMMIT")
            except BaseException:
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise
        except Exception as fault:  # noqa: BLE001  # each caller of the group raises it
            for job in group:
                job.error = finding_of(fault)
            self.commits.note_fault(finding_of(fault))
            self._drop_what_did_not_end()
            return
        except BaseException:
            for job in group:
                job.error = Busy("The writer was interrupted: nothing was stored; try again.")
            raise
        self.commits.note(began)
        if conn.has_news:
            self._on_news(conn)
        if conn.frames >= self._fold_from:
            self._fold_from = conn.frames + FOLD_AGAIN
            self._fold(conn)
        elif conn.frames < FOLD_FROM:
            self._fold_from = FOLD_FROM

    def _drop_what_did_not_end(self) -> None:
        """Close a connection whose transaction a fault has left open: no other could begin on it."""
        if self._conn is not None and self._conn.in_transaction:
            self._conn.close(True)
            self._conn = None


class _Job(Generic[T]):
    """One act on its way through a group commit."""

    __slots__ = ("act", "at_once", "error", "is_awaited", "is_done", "leads", "result", "turn")

    def __init__(self, act: Callable[[Connection], T], at_once: Callable[[Connection], T | None] | None) -> None:
        self.act = act
        self.at_once = at_once
        self.leads = self.is_awaited = self.is_done = False
        self.turn = threading.Lock()
        self.turn.acquire()
        self.result: T
        self.error: Exception | None = None

    def run(self, conn: Connection) -> None:
        """Run the act, at once or in a savepoint; raise only when the whole transaction is lost."""
        if self.at_once is not None and self._ran_at_once(conn, self.at_once):
            return
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

    def _ran_at_once(self, conn: Connection, at_once: Callable[[Connection], T | None]) -> bool:
        try:
            result = at_once(conn)
        except Exception as fault:
            if not conn.in_transaction:
                raise
            self.error = finding_of(fault)
            return True
        if result is not None:
            self.result = result
        return result is not None

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.result
