"""The event log as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from python_core.runtime.events import EventPage
from python_core.runtime.followers import Reset, Told

MEDIA_TYPE = "text/event-stream"
#: A reader's wait before it connects again.
RETRY_MS = 1000


def is_wanted(accept: str | None) -> bool:
    """Say whether an ``Accept`` header names the media type."""
    ranges = [each.replace(" ", "").lower().split(";") for each in (accept or "").split(",")]
    return any(name == MEDIA_TYPE and "q=0" not in parameters for name, *parameters in ranges)


def chunks_of(told: Iterable[Told]) -> Iterator[bytes]:
    """Write what followers are told, one chunk each.

    A place alone is an ``id`` without data: a reader keeps it for its next ``Last-Event-ID`` and shows nothing. So nothing is
    missed when the connection ends before the first event, and little is read again where most events are of other kinds.
    """
    yield f"retry: {RETRY_MS}\n".encode()
    for each in told:
        if isinstance(each, EventPage):
            yield b"".join(
                b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.kind.encode(), msgspec.json.encode(event))
                for event in each.items
            )
        elif isinstance(each, Reset):
            yield b"id: %d\nevent: reset\ndata: %b\n\n" % (each.newest, msgspec.json.encode(each))
        else:
            yield b": still here\nid: %d\n\n" % each.after
