"""Following the event log: a page that waits for its first event, and a stream without an end.

Each holds a thread of the server for as long as it lasts. So both take a place, of which there are ``eventStreams`` in a process.
A follower waits for the store's news. What is not told, whether its client is still there and its token still valid, is looked
at for all followers by the thread that listens for news of other processes. What it is given was stored while the token was
valid: the token is looked at after the log.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from python_core.errors import Busy
from python_core.runtime.events import EventPage, next_page
from python_core.runtime.hub import Hub
from python_core.runtime.shapes import PAGE_AT_MOST, View

#: What a reader may leave unread before it is given more, and between two looks whether it has read.
UNREAD_BYTES, UNREAD_LOOK_S = 65_536, 0.05
RETRY_AFTER_S = 5


def _stays() -> bool:
    return True


@dataclass(frozen=True)
class Reader:
    """What is known of a follower's client: is it connected, is its token valid, how much of its answer has it not read."""

    is_there: Callable[[], bool] = _stays
    is_admitted: Callable[[], bool] = _stays
    unread_bytes: Callable[[], int] = field(default=lambda: 0)


class Reset(View, frozen=True, kw_only=True):
    """The place to go on from is not in the log: what happened since is not known, so read anew what you show.

    The stream goes on after ``newest``.
    """

    oldest: int
    newest: int


@dataclass(frozen=True)
class Still:
    """Nothing new: the place to go on from."""

    after: int


Told = EventPage | Reset | Still


def take_place(hub: Hub) -> None:
    """Take one of the places for followers; ``hub.followers.free()`` gives it back.

    :raises Busy: all are taken.
    """
    if not hub.followers.take(hub.settings.bridge.event_streams):
        raise Busy("As many follow the events already as may: the setting eventStreams.", retry_after_s=RETRY_AFTER_S)


def await_page(
    hub: Hub, reader: Reader, after: int | None, limit: int, kinds: frozenset[str] | None, timeout_s: float
) -> EventPage:
    """Return the next page as soon as it holds an event; an empty one when the time is over, or its reader has gone.

    :raises Busy: all places are taken.
    """
    page = next_page(hub, after, limit, kinds)
    if page.items or not timeout_s:
        return page
    take_place(hub)
    try:
        end, news, goes_on = time.monotonic() + timeout_s, hub.store.news, partial(_goes_on, hub, reader)
        while True:
            rings = news.rings
            page = next_page(hub, page.next_after, limit, kinds)
            left_s = end - time.monotonic()
            if page.items or left_s <= 0 or not goes_on():
                return page
            if page.next_after >= page.newest:
                news.wait(rings, left_s, goes_on)
    finally:
        hub.followers.free()


def follow(hub: Hub, reader: Reader, after: int | None, kinds: frozenset[str] | None) -> Iterator[Told]:
    """Yield what happens after an id (None: from now on), and every ``heartbeat_s`` without news that it is still there.

    First it tells the place that it begins at. It ends when the token does, the client has gone, or the hub ends.
    """
    news, told_at, read_at, goes_on = hub.store.news, time.monotonic(), -1, partial(_goes_on, hub, reader)
    if after is None:
        after = next_page(hub, None, 1, None).newest
    yield Still(after)
    while True:
        rings = news.rings
        told: Told | None = None
        has_read = reader.unread_bytes() <= UNREAD_BYTES
        if has_read and rings != read_at:  # else nothing was written since the log was read to its end
            told, after, is_end = _judged(next_page(hub, after, PAGE_AT_MOST, kinds), after)
            read_at = rings if is_end else read_at
        if not goes_on():
            return
        silent_for_s = told_at + hub.heartbeat_s - time.monotonic()
        if told is None and silent_for_s <= 0:
            told = Still(after)
        if told is not None:
            told_at = time.monotonic()
            yield told
        elif rings == read_at or not has_read:
            news.wait(rings, silent_for_s if has_read else UNREAD_LOOK_S, goes_on)


def _judged(page: EventPage, after: int) -> tuple[Told | None, int, bool]:
    """Return what a page has to tell, the place to go on from, and whether it is the end of the log."""
    if after + 1 < page.oldest or after > page.newest:
        return Reset(oldest=page.oldest, newest=page.newest), page.newest, False
    return page if page.items else None, page.next_after, page.next_after >= page.newest


def _goes_on(hub: Hub, reader: Reader) -> bool:
    """Say whether to go on; a host that is not ours tells nobody that it ends, but its main thread does."""
    is_serving = not hub.store.news.is_over and threading.main_thread().is_alive()
    return is_serving and reader.is_there() and reader.is_admitted()
