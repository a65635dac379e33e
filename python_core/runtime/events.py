"""The event log as callers see it: what is announced, in which shape, and how to follow it."""

from __future__ import annotations

from typing import Any

from python_core.errors import BadInput
from python_core.runtime.event_kinds import EVENT_KINDS, told_by
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.shapes import View
from python_core.store import Connection
from python_core.store import events as log
from python_core.utils.timestamps import to_rfc3339


class EventView(View, frozen=True, kw_only=True, omit_defaults=False):
    """One event; ``id`` rises by one from event to event and survives restarts."""

    id: int
    kind: str
    source: str
    timestamp: str
    trace_id: str
    data: dict[str, Any]


class EventPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Events after a place; ask again with ``after`` = ``nextAfter``. ``oldest`` and ``newest`` are what is kept."""

    items: list[EventView]
    next_after: int
    oldest: int
    newest: int


def announce(conn: Connection, hub: Hub, caller: Caller, kind: str, **members: object) -> int:
    """Append an event of the caller's act, in the act's own transaction, and return its id.

    :param members: the kind's own, by their names in JSON: see ``event_kinds``.
    """
    return log.add_event(conn, kind, caller.service, hub.now(), caller.trace_id, told_by(kind, members))


def next_page(hub: Hub, after: int | None, limit: int, kinds: frozenset[str] | None) -> EventPage:
    """Return the next events after an id (None: after the newest, which says where to begin), oldest first."""
    with hub.store.reading() as conn:
        newest = log.get_last_event_id(conn)
        start = newest if after is None else after
        rows, next_after = log.list_events(conn, start, limit, kinds)
        oldest = log.get_oldest_event_id(conn)
    items = [
        EventView(
            id=row.id,
            kind=row.kind,
            source=row.source,
            timestamp=to_rfc3339(row.at_ms),
            trace_id=row.trace_id,
            data=row.data,
        )
        for row in rows
    ]
    return EventPage(items=items, next_after=next_after, oldest=oldest, newest=newest)


def kinds_of(kinds: str | None) -> frozenset[str] | None:
    """Read a list of kinds with commas; None stands for all.

    :raises BadInput: one does not exist.
    """
    if kinds is None:
        return None
    names = frozenset(kinds.split(","))
    unknown = names - EVENT_KINDS.keys()
    if unknown:
        raise BadInput.at("?kinds", f"names a kind that does not exist; there are: {', '.join(EVENT_KINDS)}")
    return names
