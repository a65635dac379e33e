"""``/events``: follow what changes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.errors import BadInput
from python_core.net import sse
from python_core.net.endpoints import Call, RawReply, Reply, Routes, StreamReply
from python_core.net.failures import Refusal
from python_core.runtime.events import EventPage, kinds_of
from python_core.runtime.followers import await_page, follow, take_place
from python_core.runtime.shapes import PAGE_DEFAULT, Limit, Query

routes = Routes("Events")


class EventQuery(Query, frozen=True, kw_only=True):
    """From where, which kinds, and whether to wait."""

    after: (
        Annotated[
            int,
            msgspec.Meta(ge=0, le=2**62, description="The id to go on after; without it, only where the log is now."),
        ]
        | None
    ) = None
    kinds: (
        Annotated[str, msgspec.Meta(max_length=1000, description="Only these kinds, separated by commas.")] | None
    ) = None
    limit: Limit = PAGE_DEFAULT
    timeout: Annotated[
        int, msgspec.Meta(ge=0, le=60, description="Wait so many seconds for the first event; a stream waits anyway.")
    ] = 0


@routes.declare(
    "GET", "/events", scope="events:read", query=EventQuery, replies={200: EventPage}, streams=sse.MEDIA_TYPE
)
def get_events(call: Call, query: EventQuery) -> Reply | RawReply | StreamReply:
    """List the events after an id, oldest first; ask again with ``after`` = ``nextAfter``. Or follow them.

    ``timeout=30`` waits for the first one. ``Accept: text/event-stream`` is answered with Server-Sent Events, which go on
    after ``Last-Event-ID``, else ``after``, else with what happens from now on; ``reset`` comes first when that place is not
    in the log. Streams and those who wait are ``eventStreams`` at most: one more is answered ``busy``. Ids rise by one
    without gaps and survive restarts. Events hold ids, kinds, sizes and digests, never captured text.
    """
    kinds, reader = kinds_of(query.kinds), call.reader()
    last_seen = _id_in(call.header("Last-Event-ID") or "")
    after = query.after if last_seen is None else last_seen
    if not sse.is_wanted(call.header("Accept")):
        page = await_page(call.hub, reader, after, query.limit, kinds, query.timeout)
        if query.timeout and not reader.is_admitted():
            raise Refusal("unauthorized", "This token is no longer valid.", {"WWW-Authenticate": "Bearer"})
        return Reply(page)
    if call.environ["REQUEST_METHOD"] == "HEAD":
        return RawReply(b"", sse.MEDIA_TYPE)
    take_place(call.hub)
    told = follow(call.hub, reader, after, kinds)
    return StreamReply(sse.chunks_of(told), sse.MEDIA_TYPE, call.hub.followers.free)


def _id_in(text: str) -> int | None:
    """Return the place that a reader which connects again is at; it wins over the address, which stays the same."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise BadInput("Last-Event-ID is no id of an event.")
    return int(text)
