"""Threads for requests that are quick: one for reads and one for writes, beside Waitress's own for all others.

Python runs one thread at a time. Eight of them that have a fifth of a millisecond to do each spend more on taking the interpreter
from each other than on their requests; and the 16 posts that one thread has before it share one commit (docs/decisions.md).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from waitress.task import ThreadedTaskDispatcher

from python_core.net.endpoints import Endpoint

#: A request with a longer body is for the other threads: it takes as long as some hundred others.
SHORT_BODY = 65_536
#: Requests that share a commit at most: each is served within the one before it, some 30 of Python's 1,000 calls deeper.
AT_ONCE = 16


class Lane(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress ships no types
    """One thread that answers what comes in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.set_thread_count(1)


class WriteLane(Lane):
    """One that takes up the next request before it commits what the one before writes.

    :param gather_by: has a function called whenever the thread that asks for it is about to commit (``Store.gather_by``).
    """

    def __init__(self, gather_by: Callable[[Callable[[], None]], None]) -> None:
        self._gather_by = gather_by
        self._depth = 1
        super().__init__()

    def handler_thread(self, thread_no: int) -> None:
        """Serve until the end."""
        self._gather_by(self._serve_another)
        super().handler_thread(thread_no)

    def _serve_another(self) -> None:
        with self.lock:
            channel = self.queue.popleft() if self.queue and self._depth < AT_ONCE else None
        if channel is None:
            return
        self._depth += 1
        try:
            channel.service()
        except BaseException:  # as in Waitress's own loop, whose place this takes
            self.logger.exception("A request broke")
        finally:
            self._depth -= 1


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress ships no types
    """Hands requests to the lane that their endpoint names, and all others to ``threads`` threads."""

    def __init__(
        self, endpoints: Iterable[Endpoint], threads: int, gather_by: Callable[[Callable[[], None]], None]
    ) -> None:
        super().__init__()
        # Waitress tells its queue's depth at every request that waits: under load a fifth of all Python time went there.
        self.queue_logger.setLevel(logging.ERROR)
        lanes: dict[str, Lane] = {"reads": Lane(), "writes": WriteLane(gather_by)}
        self._lanes = tuple(lanes.values())
        self._lane_of = {(each.method, each.path): lanes[each.lane] for each in endpoints if each.lane is not None}
        self.set_thread_count(threads)

    def add_task(self, task: Any) -> None:
        """Queue a connection with a request."""
        lane = self._lane_for(task.requests[0])
        if lane is None:
            super().add_task(task)
        else:
            lane.add_task(task)

    def _lane_for(self, request: Any) -> Lane | None:
        if request.error or request.content_length > SHORT_BODY:  # of what is no HTTP not even the method is known
            return None
        return self._lane_of.get((request.command, request.path))

    def is_idle(self) -> bool:
        """Say whether no request waits or is answered."""
        threads: tuple[Any, ...] = (self, *self._lanes)
        return not any(each.queue or each.active_count for each in threads)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:  # Waitress's own
        """End all threads, within ``timeout`` seconds together; return whether what waited was dropped."""
        end = time.monotonic() + timeout
        for lane in self._lanes:
            lane.set_thread_count(0)
        ended = [super().shutdown(cancel_pending, timeout)]
        ended += [lane.shutdown(cancel_pending, max(0.0, end - time.monotonic())) for lane in self._lanes]
        return all(ended)
