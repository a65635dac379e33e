"""Retention takes only what the settings name, a day after it was announced, with a receipt, and spares what is cited."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import ClipSearch, NewClip, list_clips, put_clip
from python_core.runtime.forgetting import go_on_forgetting, list_receipts
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import HubCommand, get_command, send_command
from python_core.runtime.retention import get_retention, keep_retention
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store
from python_core.store.visits import get_visit
from tests.hubs import Clock, caller, make_hub, page_of_events

DAY_S = 86_400


def put(hub: Hub, content: str) -> str:
    wanted = msgspec.convert({"fragments": [{"type": "text", "content": content}]}, NewClip)
    receipt = put_clip(hub, caller(), wanted, None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def kept(hub: Hub) -> set[str]:
    return {clip.id for clip in list_clips(hub, ClipSearch(), 200, None).items}


def kinds_told(hub: Hub) -> list[str]:
    told = [event.kind for event in page_of_events(hub, 0, 200, None).items]
    return [kind for kind in told if kind not in ("clipboard_processed", "tab_changed", "output_added")]


def run(hub: Hub) -> None:
    keep_retention(hub)
    assert go_on_forgetting(hub) == "done"


def test_without_a_setting_everything_stays(hub: Hub, clock: Clock) -> None:
    clip = put(hub, "a")
    for _ in range(3):
        clock.pass_s(1000 * DAY_S)
        run(hub)
    assert kept(hub) == {clip}
    assert (get_retention(hub).rules, get_retention(hub).next_run_at) == ([], None)


def test_a_page_that_is_still_read_is_not_old(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_visit_days": 1}, {"pulse_seconds": 3600})
    tabs = [TabInfo(url=f"https://{name}.example/", tab_id=name) for name in ("left", "read")]
    left, read = (str(record_tabs(hub, caller(), tab).results[0].visit_id) for tab in tabs)
    for _ in range(72):
        clock.pass_s(3600)
        record_tabs(hub, caller(), tabs[1])
        run(hub)
    with hub.store.reading() as conn:
        assert (get_visit(conn, left), get_visit(conn, read) is None) == (None, False)
    assert [rule.now for rule in get_retention(hub).rules] == [0]


def test_what_is_too_old_goes_a_day_after_it_was_announced(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_clip_days": 30})
    old = put(hub, "old")
    clock.pass_s(31 * DAY_S)
    new = put(hub, "new")
    run(hub)
    assert kept(hub) == {old, new}
    assert kinds_told(hub) == ["retention_due"]
    clock.pass_s(DAY_S - 1)
    run(hub)
    assert kept(hub) == {old, new}
    clock.pass_s(1)
    run(hub)
    assert kept(hub) == {new}
    assert kinds_told(hub) == ["retention_due", "clipboard_forgotten", "forgetting_finished"]
    [receipt] = list_receipts(hub, 10, None).items
    assert (receipt.cause, receipt.counts["clips"], receipt.pending) == ("retention", 1, False)


def test_it_runs_once_a_day_and_is_announced_again_for_other_settings(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_clips": 1})
    put(hub, "a"), put(hub, "b")
    run(hub)
    clock.pass_s(DAY_S)
    run(hub)
    put(hub, "c")
    run(hub)
    assert len(kept(hub)) == 2
    clock.pass_s(DAY_S)
    run(hub)
    assert len(kept(hub)) == 1
    put(hub, "d"), put(hub, "e")
    other = make_hub(store, clock, {"keep_clips": 2})
    clock.pass_s(2 * DAY_S)
    run(other)
    assert len(kept(hub)) == 3
    assert kinds_told(hub).count("retention_due") == 2


def test_a_preview_says_how_many_go_now_and_within_a_week(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_clip_days": 10, "keep_visits": 1})
    put(hub, "a")
    clock.pass_s(5 * DAY_S)
    for n in range(3):
        record_tabs(hub, caller(), TabInfo(url=f"https://example.com/{n}", title="T"))
    told = [(rule.setting, rule.kind, rule.now, rule.in_a_week) for rule in get_retention(hub).rules]
    assert told == [("keepClipDays", "clip", 0, 1), ("keepVisits", "visit", 2, 2)]
    assert list_receipts(hub, 10, None).items == []
    assert kinds_told(hub) == []


def test_what_an_output_cites_stays(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_clip_days": 1, "keep_clips": 1})
    cited, _, newest = put(hub, "cited"), put(hub, "b"), put(hub, "c")
    made = {"schema": "note/1", "payload": {"text": "x"}, "sources": [{"clip": cited}]}
    put_output(hub, caller(), msgspec.convert(made, NewOutput), None)
    run(hub)
    clock.pass_s(DAY_S)
    run(hub)
    assert kept(hub) == {cited, newest} or kept(hub) == {cited}


def test_a_size_takes_about_the_oldest_share(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_mib": 1})
    clips = [put(hub, f"{n} " + chr(97 + n % 26) * 60_000) for n in range(40)]
    clock.pass_s(1)
    keep_retention(hub)
    clock.pass_s(DAY_S)
    run(hub)
    left = kept(hub)
    assert 0 < len(left) < 30
    assert left == set(clips[-len(left) :])


def test_what_runs_and_shows_today_is_left_alone(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"keep_clip_days": 30, "keep_clips": 1})
    put(hub, "old"), put(hub, "older")
    old = command(hub)
    clock.pass_s(31 * DAY_S)
    new = command(hub)
    run(hub)
    clock.pass_s(DAY_S)
    run(hub)
    assert get_command(hub, new).args == {"text": "Saved."}
    assert get_command(hub, old).args == {}


def command(hub: Hub) -> str:
    return send_command(hub, caller(), HubCommand(command="notify", args={"text": "Saved."}), None).command.id


@pytest.mark.parametrize("setting", ["keep_visit_days", "keep_visits", "keep_output_days"])
def test_a_setting_takes_its_own_kind_alone(store: Store, clock: Clock, setting: str) -> None:
    settings: dict[str, Any] = {setting: 1}
    hub = make_hub(store, clock, settings)
    clip = put(hub, "a")
    for n in range(3):
        record_tabs(hub, caller(), TabInfo(url=f"https://example.com/{n}", title="T"))
    clock.pass_s(3 * DAY_S)
    run(hub)
    clock.pass_s(DAY_S)
    run(hub)
    assert kept(hub) == {clip}
