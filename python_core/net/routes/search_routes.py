"""``/search``: find clips, visits and outputs by words."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.search import SearchPage, SearchScope, search
from python_core.runtime.shapes import Cursor, Instant, Limit, Query

routes = Routes("Search")


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
    max_chars: (
        Annotated[int, msgspec.Meta(ge=1_000, le=1_000_000, description="Of the whole reply, as JSON, at most.")] | None
    ) = None


@routes.declare("GET", "/search", scope="search:read", query=SearchQuery, replies={200: SearchPage})
def get_search(call: Call, query: SearchQuery) -> Reply:
    """Find clips, visits and outputs, best first; what is typed is never a syntax error.

    Words are found whatever their case and accents, and, where that finds little, inside other words. What says the same is one
    hit. No hit stands on two pages, whatever is stored meanwhile.
    """
    wanted = SearchScope(kind=query.kind, site=query.site, app=query.app, from_time=query.from_, to_time=query.to)
    page = search(call.hub, query.q, wanted, query.limit, query.cursor, query.max_chars)
    call.note_reads(*(item for hit in page.items for item in (hit.id, *hit.folded_ids)))
    return Reply(page)
