"""A pause: nothing is kept of what is copied and browsed in it, by any process, also over a restart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from python_core.runtime.capture import Pause, get_capture, pause_capture, resume_capture
from python_core.runtime.clip_views import ClipReceipt, ClipRefusal
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import get_etag, get_hub_window
from python_core.runtime.status import get_status, record_beat
from python_core.runtime.tabs import TabBatch, TabInfo, record_tabs
from python_core.store import open_store
from python_core.utils.timestamps import to_rfc3339
from tests.hubs import NOON_MS, Clock, caller, make_hub, page_of_events
from tests.runtime.test_clipboard import files_of, image

CANARY = "zqx-canary-7731"


def copy(hub: Hub, content: str = CANARY, **encounter: Any) -> ClipReceipt | ClipRefusal:
    body = {"fragments": [{"type": "text", "content": content}], "encounter": encounter}
    return put_clip(hub, caller(), msgspec.convert(body, NewClip), None)


def see(hub: Hub, name: str = CANARY, **more: Any) -> str | None:
    tab = TabInfo(url=f"https://example.com/{name}", title=name, **{"focused": True, "browser": "chrome", **more})
    return record_tabs(hub, caller("chrome"), tab).results[0].reason


def kinds(hub: Hub) -> list[str]:
    return [event.kind for event in page_of_events(hub, 0, 200, None).items]


def bytes_of(hub: Hub) -> bytes:
    return b"".join(path.read_bytes() for path in hub.store.folder.rglob("*") if path.is_file())


def test_while_paused_nothing_of_a_clip_or_a_tab_reaches_the_disk(hub: Hub) -> None:
    pause_capture(hub, caller(), Pause())
    before = kinds(hub)
    refusal = copy(hub, source={"url": f"https://example.com/{CANARY}", "title": CANARY})
    assert (refusal, see(hub)) == (ClipRefusal(stored=False, reason="paused"), "paused")
    assert see(hub, event="closed") == see(hub, incognito=True) == "paused"
    picture = msgspec.convert({"fragments": [image()]}, NewClip)
    assert isinstance(put_clip(hub, caller(), picture, None), ClipRefusal)
    assert kinds(hub) == before == ["capture_paused"]
    assert get_status(hub, "bridge").counts == {"clips": 0, "visits": 0, "outputs": 0}
    assert files_of(hub) == []
    assert CANARY.encode() not in bytes_of(hub)


def test_every_tab_of_a_batch_is_refused_and_one_that_cannot_be_read_is_told_as_such(hub: Hub) -> None:
    pause_capture(hub, caller(), Pause())
    tabs = [msgspec.Raw(msgspec.json.encode({"id": "1", "url": "https://example.com/"})), msgspec.Raw(b"{}")]
    results = record_tabs(hub, caller(), TabBatch(tabs=tabs)).results
    assert [(each.id, each.stored, each.reason) for each in results] == [
        ("1", False, "paused"),
        (None, False, "bad_input"),
    ]


def test_it_is_shown_everywhere_and_ends_when_it_is_resumed(hub: Hub) -> None:
    running = get_etag(hub)
    told = pause_capture(hub, caller(), Pause())
    assert (told.state, told.since, told.until) == ("paused", "2026-01-01T12:00:00.000Z", None)
    assert get_status(hub, "bridge").capture == "paused"
    assert get_hub_window(hub).shared_state["capture"] == {"state": "paused", "since": told.since}
    assert get_etag(hub) != running
    assert resume_capture(hub, caller()).state == get_status(hub, "bridge").capture == "running"
    assert isinstance(copy(hub), ClipReceipt)
    resume_capture(hub, caller())
    assert kinds(hub) == ["capture_paused", "capture_resumed", "clipboard_processed"]


def test_it_ends_by_itself_and_that_is_told_once(hub: Hub, clock: Clock) -> None:
    pause_capture(hub, caller(), Pause(seconds=600))
    assert get_status(hub, "bridge").capture == "paused until 2026-01-01T12:10:00.000Z"
    clock.pass_s(599.999)
    paused = get_etag(hub)
    assert isinstance(copy(hub), ClipRefusal)
    clock.pass_s(0.001)
    assert get_etag(hub) != paused
    assert isinstance(copy(hub), ClipReceipt)
    for _ in range(2):
        record_beat(hub, "bridge", 15, "healthy", "")
    assert kinds(hub).count("capture_resumed") == 1


def test_a_further_pause_sets_the_end_anew_sooner_or_later(hub: Hub, clock: Clock) -> None:
    pause_capture(hub, caller(), Pause())
    assert pause_capture(hub, caller(), Pause(seconds=60)).until == "2026-01-01T12:01:00.000Z"
    clock.pass_s(30)
    pause_capture(hub, caller(), Pause(seconds=10))
    clock.pass_s(10)
    assert get_capture(hub).state == "running"
    assert kinds(hub) == ["capture_paused"] * 3


def test_another_process_and_the_next_start_know_of_it(hub: Hub, clock: Clock) -> None:
    pause_capture(hub, caller(), Pause(seconds=600))
    other = make_hub(open_store(hub.store.folder), clock)
    assert isinstance(copy(other), ClipRefusal)
    resume_capture(other, caller())
    assert isinstance(copy(hub), ClipReceipt)
    other.store.close()


def test_what_was_captured_in_a_pause_stays_out_when_it_comes_later(hub: Hub, clock: Clock) -> None:
    clock.pass_s(60)
    pause_capture(hub, caller(), Pause())
    clock.pass_s(60)
    resume_capture(hub, caller())
    clock.pass_s(60)
    within, before = to_rfc3339(NOON_MS + 90_000), to_rfc3339(NOON_MS + 30_000)
    assert (isinstance(copy(hub, capturedAt=within), ClipRefusal), see(hub, observed_at=within)) == (True, "paused")
    assert CANARY.encode() not in bytes_of(hub)
    assert (isinstance(copy(hub, capturedAt=before), ClipReceipt), see(hub, observed_at=before)) == (True, None)
    assert isinstance(copy(hub, "now"), ClipReceipt)


def test_a_clock_that_is_set_back_ends_no_pause_and_begins_none(hub: Hub, clock: Clock) -> None:
    pause_capture(hub, caller(), Pause(seconds=600))
    clock.pass_s(-3600)
    assert isinstance(copy(hub), ClipRefusal)
    resume_capture(hub, caller())
    clock.pass_s(3601)
    assert isinstance(copy(hub), ClipReceipt)


def test_a_copy_right_after_a_pause_is_not_joined_to_the_page_from_before(hub: Hub, clock: Clock) -> None:
    see(hub, "a-page")
    clock.pass_s(5)
    pause_capture(hub, caller(), Pause())
    clock.pass_s(5)
    see(hub)
    resume_capture(hub, caller())
    clock.pass_s(1)
    receipt = copy(hub, "text", source={"app": "chrome"})
    assert isinstance(receipt, ClipReceipt)
    assert receipt.source.url is None
    see(hub, "a-page", event="heartbeat")
    clock.pass_s(1)
    joined = copy(hub, "other text", source={"app": "chrome"})
    assert isinstance(joined, ClipReceipt)
    assert joined.source.url == "https://example.com/a-page"


@pytest.mark.parametrize("seconds", [0, -1, 366 * 86_400 + 1, 1.5, "10"])
def test_a_span_that_is_none_is_refused(seconds: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"seconds": seconds}, Pause)
