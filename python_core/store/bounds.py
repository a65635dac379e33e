"""A bound in time on what a connection reads: SQLite asks every thousand steps whether it should go on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import apsw

from python_core.store.connection import Connection

_STEPS = 1_000
Interrupted = apsw.InterruptError


class Deadline:
    """``with Deadline(conn, seconds)``: a query that runs longer raises ``Interrupted``; the transaction stays."""

    def __init__(self, conn: Connection, seconds: float) -> None:
        self._conn = conn
        self._end = time.monotonic() + seconds

    def is_over(self) -> bool:
        """Say whether the time is up."""
        return time.monotonic() >= self._end

    def allow(self, seconds: float) -> None:
        """Let it go on for so long from now."""
        self._end = time.monotonic() + seconds

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Give what runs within this so long, of the time that is left; afterwards the time is as it was."""
        end = self._end
        self._end = min(end, time.monotonic() + seconds)
        try:
            yield
        finally:
            self._end = end

    def __enter__(self) -> Deadline:
        self._conn.set_progress_handler(self.is_over, _STEPS)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._conn.set_progress_handler(None)
