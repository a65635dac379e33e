"""What Waitress's connections get of ours: who is at the other end, and an end for requests that never get whole."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from python_core.net.peers import PEER_UID, uid_of_peer


class Task(WSGITask):  # type: ignore[misc]  # waitress ships no types
    """A request that knows whose connection it came by."""

    def get_environment(self) -> dict[str, Any]:
        """Return Waitress's environ with ``PEER_UID``."""
        environ: dict[str, Any] = super().get_environment()
        environ[PEER_UID] = self.channel.peer_uid()
        return environ


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress ships no types
    """A connection of ours."""

    task_class = Task
    _uid: tuple[int | None] | None = None

    def peer_uid(self) -> int | None:
        """Return the caller's user id, asked for at the first request."""
        if self._uid is None:
            self._uid = (uid_of_peer(self.addr[:2], self.socket.getsockname()[:2]),)
        return self._uid[0]


class SlowRequests:
    """Cuts what is not whole in time, however slowly it drips: Waitress has an idle timer only (security.md, 6).

    A connection that has never sent anything counts as such a request: 110 of those block a server that waits for them.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._since: dict[Any, tuple[object, float]] = {}

    def cut(self, channels: Iterable[Any]) -> int:
        """End the connections whose request has been unfinished for too long; return how many. Called every second or so."""
        now, unfinished, cut = time.monotonic(), dict[Any, tuple[object, float]](), 0
        for channel in channels:
            request = channel.request
            is_fresh = request is None and not channel.requests and channel.last_activity == channel.creation_time
            if request is None and not is_fresh:
                continue
            before = self._since.get(channel)
            since = before[1] if before is not None and before[0] is request else now
            if now - since > self._timeout_s:
                channel.handle_close()
                cut += 1
            else:
                unfinished[channel] = (request, since)
        self._since = unfinished
        return cut
