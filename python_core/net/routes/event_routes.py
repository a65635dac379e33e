"""``/events``: follow what changes."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.events import EventPage, page_of_events
from python_core.runtime.shapes import PAGE_DEFAULT, Limit, Query

routes = Routes("Events")


class EventQuery(Query, frozen=True, kw_only=True):
    """From where, and which kinds."""

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


@routes.declare("GET", "/events", scope="events:read", query=EventQuery, replies={200: EventPage})
def get_events(call: Call, query: EventQuery) -> Reply:
    """List the events after an id, oldest first; ask again with ``after`` = ``nextAfter``.

    Ids rise by one without gaps and survive restarts. Events hold ids, kinds, sizes and digests, never captured text.
    """
    return Reply(page_of_events(call.hub, query.after, query.limit, query.kinds))
