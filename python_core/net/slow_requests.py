"""An end for those who keep a server waiting: requests that do not get whole, answers that nobody takes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any


class SlowRequests:
    """Cuts what is not whole in time, however slowly it drips: Waitress has an idle timer only.

    A connection that has never sent anything counts as such a request: 110 of those block a server that waits for them.
    So does an answer that is not taken. From 16 MiB of them on a thread waits for their reader, and Waitress never ends that
    wait: they have to become fewer in time, whether something of them is read or not.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._since: dict[Any, tuple[object, float]] = {}

    def cut(self, channels: Iterable[Any]) -> int:
        """End the connections that have kept us waiting for too long; return how many. Called every second or so."""
        now, waiting, cut = time.monotonic(), dict[Any, tuple[object, float]](), 0
        for channel in channels:
            owed = _owed_by(channel)
            if owed is None:
                continue
            before = self._since.get(channel)
            since = before[1] if before is not None and before[0] == owed else now
            if now - since > self._timeout_s:
                channel.handle_close()
                cut += 1
            else:
                waiting[channel] = (owed, since)
        self._since = waiting
        return cut


def _owed_by(channel: Any) -> object | None:
    """Return what we wait for: that an answer is read, the rest of a request, a first one; None for nothing."""
    if channel.total_outbufs_len > channel.adj.outbuf_high_watermark:
        return "answers"  # a thread waits for it
    owed: object = None
    if channel.total_outbufs_len:
        owed = channel.last_activity  # rises with each part of the answer that is read
    elif channel.request is not None:
        owed = channel.request
    if owed is not None:
        return owed
    is_fresh = not channel.requests and channel.last_activity == channel.creation_time
    return "request" if is_fresh else None
