"""``/search`` and ``/context``: find clips, visits and outputs by words, and what was around a moment."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.context import Context, get_context
from python_core.runtime.search import SearchPage, SearchScope, search
from python_core.runtime.shapes import Cursor, Instant, Limit, Query

routes = Routes("Search")


MaxChars = Annotated[int, msgspec.Meta(ge=1_000, le=1_000_000, description="Of the whole reply, as JSON, at most.")]


class SearchQuery(Query, frozen=True, kw_only=True):
    """What to find, and what narrows it."""

    q: Annotated[str, msgspec.Meta(max_length=2000, description='Words, "phrases", prefix*, -not. Any text is safe.')]
    kind: (
        Annotated[
            str, msgspec.Meta(pattern="^(clip|visit|output)(,(clip|visit|output)){0,2}$", description="Of these kinds.")
        ]
        | None
    ) = None
    site: Annotated[str, msgspec.Meta(max_length=253, description="From this site, or one under it.")] | None = None
    app: Annotated[str, msgspec.Meta(max_length=1024, description="From this program.")] | None = None
    from_: Annotated[Instant, msgspec.Meta(description="From this time or later.")] | None = msgspec.field(
        name="from", default=None
    )
    to: Annotated[Instant, msgspec.Meta(description="From this time or before.")] | None = None
    limit: Limit = 20
    cursor: Cursor | None = None
    max_chars: MaxChars | None = None


@routes.declare("GET", "/search", hot=True, scope="search:read", query=SearchQuery, replies={200: SearchPage})
def get_search(call: Call, query: SearchQuery) -> Reply:
    """Find clips, visits and outputs, best first; what is typed is never a syntax error.

    Words are found whatever their case and accents, and, where that finds little, inside other words. What says the same is one
    hit. No hit stands on two pages, whatever is stored meanwhile.
    """
    wanted = SearchScope(kind=query.kind, site=query.site, app=query.app, from_time=query.from_, to_time=query.to)
    page = search(call.hub, query.q, wanted, query.limit, query.cursor, query.max_chars)
    call.note_reads(*(item for hit in page.items for item in (hit.id, *hit.folded_ids)))
    return Reply(page)


class ContextQuery(Query, frozen=True, kw_only=True):
    """Which moment, and how much around it."""

    at: (
        Annotated[str, msgspec.Meta(max_length=64, description="RFC 3339 time, or the id of an item; else now.")] | None
    ) = None
    window: Annotated[int, msgspec.Meta(ge=1, le=86_400, description="Seconds before and after.")] = 600
    limit: Limit = 20
    max_chars: MaxChars | None = None


@routes.declare(
    "GET", "/context", scope="search:read", query=ContextQuery, replies={200: Context}, codes=("not_found",)
)
def get_context_of_moment(call: Call, query: ContextQuery) -> Reply:
    """Tell what was on the screen at a moment, and what else was copied, read and made around it, nearest first."""
    context = get_context(call.hub, query.at, query.window, query.limit, query.max_chars)
    call.note_reads(*context.ids())
    return Reply(context)
