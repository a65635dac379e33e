"""A clock that jumps back or forth loses nothing, repeats no id and leaves no order undefined."""

from __future__ import annotations

import msgspec
import pytest

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import ClipSearch, NewClip, list_clips, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.runtime.tabs import TabInfo, record_tabs
from tests.hubs import Clock, caller, page_of_events

DAY_MS = 86_400_000


def copy(hub: Hub, text: str) -> str:
    clip = msgspec.convert({"fragments": [{"type": "text", "content": text}]}, NewClip)
    receipt = put_clip(hub, caller(), clip, None)
    assert isinstance(receipt, ClipReceipt)
    assert not receipt.duplicate
    return receipt.id


@pytest.mark.parametrize("jump_ms", [-400 * DAY_MS, -DAY_MS, -1_000, 1_000, 400 * DAY_MS])
def test_what_is_copied_and_read_around_a_jump_is_kept_in_the_order_of_its_arrival(
    hub: Hub, clock: Clock, jump_ms: int
) -> None:
    copied = []
    for n in range(6):
        if n in (2, 4):
            clock.at_ms += jump_ms if n == 2 else -jump_ms
        copied.append(copy(hub, f"needle {n}"))
        [told] = record_tabs(hub, caller(), TabInfo(url=f"https://example.com/{n}", title=f"page {n}")).results
        assert told.stored
        clock.pass_s(1)
    assert [clip.id for clip in list_clips(hub, ClipSearch(), 50, None).items] == copied[::-1]
    assert {hit.id for hit in search(hub, "needle", SearchScope(), 50, None).items} == set(copied)
    events = page_of_events(hub, 0, 200, None).items
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert [event.data["id"] for event in events if event.kind == "clipboard_processed"] == copied
