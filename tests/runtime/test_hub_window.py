"""The hub window: one revision for all that changes, commands that are carried out once, a bounded copy of the state."""

from __future__ import annotations

import re
import threading
from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, NotFound, PreconditionFailed
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import (
    INDICATORS_AT_MOST,
    SHARED_STATE_AT_MOST,
    CommandReceipt,
    HubCommand,
    HubWindowChange,
    ack_command,
    change_hub_window,
    get_command,
    get_etag,
    get_hub_window,
    send_command,
)
from python_core.runtime.shared_state import Results
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.runtime.triggers import NewRun, queue_run
from tests.hubs import caller, page_of_events


def change(hub: Hub, if_match: str | None = None, **said: Any) -> None:
    change_hub_window(hub, caller(), msgspec.convert(said, HubWindowChange), if_match)


def command(hub: Hub, key: str | None = None, **said: Any) -> CommandReceipt:
    return send_command(hub, caller(), msgspec.convert({"command": "show"} | said, HubCommand), key)


def put_text(hub: Hub, content: str, **source: str) -> None:
    clip = {"fragments": [{"type": "text", "content": content}], "encounter": {"source": source}}
    put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)


def test_a_new_hub_shows_a_hidden_window_without_anything(hub: Hub) -> None:
    view = get_hub_window(hub)
    assert (view.window.visible, view.window.pinned, view.window.revision) == (False, False, 0)
    assert view.indicators == {}
    assert view.shared_state == {
        "capture": {"state": "running"},
        "clipboard": None,
        "source": None,
        "space": None,
        "lastTrigger": None,
        "lastOutput": None,
        "counts": {"clips": 0, "outputs": 0, "visits": 0},
    }


def test_each_change_is_one_revision_and_one_event(hub: Hub) -> None:
    change(
        hub, window={"visible": True}, indicators={"mail": {"level": "ok"}, "sync": {"level": "error", "confidence": 5}}
    )
    change(hub, window={"pinned": True}, indicators={"mail": None, "none": None})
    view = get_hub_window(hub)
    assert (view.window.visible, view.window.pinned, view.window.revision) == (True, True, 2)
    assert {name: (badge.level, badge.text, badge.confidence) for name, badge in view.indicators.items()} == {
        "sync": ("error", "", 5)
    }
    events = page_of_events(hub, 0, 10, None).items
    assert [(event.kind, event.data) for event in events] == [
        ("hub_window_changed", {"revision": 1}),
        ("hub_window_changed", {"revision": 2}),
    ]


def test_a_change_is_made_only_at_the_revision_it_was_meant_for(hub: Hub) -> None:
    seen = get_etag(hub)
    change(hub, seen, window={"visible": True})
    with pytest.raises(PreconditionFailed):
        change(hub, seen, window={"visible": False})
    assert get_hub_window(hub).window.visible
    put_text(hub, "other things that happen change the tag, but not the window")
    change(hub, seen.replace("r0", "r1"), window={"visible": False})
    change(hub, "*", window={"pinned": True})


@pytest.mark.parametrize(
    "tag", ["", "r0", '"r0"', '"r0.e0', '"r-1.e0"', '"x"', '"r0.e0", "r1.e0"', '"' + "9" * 5000 + '"', "é"]
)
def test_a_tag_that_is_none_of_ours_fits_no_revision(hub: Hub, tag: str) -> None:
    with pytest.raises(PreconditionFailed):
        change(hub, tag, window={"visible": True})
    assert get_hub_window(hub).window.revision == 0


def test_of_changes_for_the_same_revision_one_is_made(hub: Hub) -> None:
    seen, refused = get_etag(hub), []

    def try_it() -> None:
        try:
            change(hub, seen, window={"visible": True})
        except PreconditionFailed as finding:
            refused.append(finding)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    assert get_hub_window(hub).window.revision == 1


def test_there_are_only_so_many_indicators(hub: Hub) -> None:
    full = {f"badge{n}": {"level": "info"} for n in range(INDICATORS_AT_MOST)}
    change(hub, indicators=full)
    with pytest.raises(BadInput):
        change(hub, window={"visible": True}, indicators={"more": {"level": "info"}})
    assert get_hub_window(hub).window.revision == 1
    change(hub, indicators={"badge0": None, "more": {"level": "info"}})


@pytest.mark.parametrize(
    "said",
    [
        {"indicators": {"Upper": {"level": "ok"}}},
        {"indicators": {"a" * 65: {"level": "ok"}}},
        {"indicators": {"": {"level": "ok"}}},
        {"indicators": {"a": {"level": "fatal"}}},
        {"indicators": {"a": {"level": "ok", "text": "x" * 201}}},
        {"indicators": {"a": {"level": "ok", "confidence": 101}}},
        {"indicators": {f"a{n}": None for n in range(65)}},
        {"window": {"visible": 1}},
        {"window": {"revision": 5}},
    ],
)
def test_a_change_of_another_shape_is_none(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, HubWindowChange)


def test_the_tag_changes_with_whatever_the_window_shows(hub: Hub) -> None:
    tags = [get_etag(hub)]
    for act in (
        lambda: change(hub, window={"visible": True}),
        lambda: put_text(hub, "a clip"),
        lambda: record_tabs(hub, caller(), TabInfo(url="https://example.com/")),
        lambda: queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None),
        lambda: put_output(hub, caller(), NewOutput(schema="note/1", payload={"text": "x"}), None),
        lambda: command(hub),
    ):
        act()
        tags.append(get_etag(hub))
    assert len(set(tags)) == len(tags)
    assert get_etag(hub) == tags[-1]
    assert all(re.fullmatch(r'"r\d+\.e\d+"', tag) for tag in tags)


def test_the_shared_state_is_the_newest_of_each(hub: Hub) -> None:
    put_text(hub, "first")
    put_text(hub, "second", url="https://example.com/", title="A page")
    queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None)
    put_output(hub, caller(), NewOutput(schema="note/1", payload={"text": "x"}, title="T"), None)
    state = get_hub_window(hub).shared_state
    assert state["clipboard"]["fragments"][0]["preview"] == "second"
    assert state["source"] == {"url": "https://example.com/", "title": "A page"}
    assert (state["lastTrigger"]["trigger"], state["lastTrigger"]["state"]) == ("smrtsearch", "queued")
    assert (state["lastOutput"]["schema"], state["lastOutput"]["title"]) == ("note/1", "T")
    assert state["counts"] == {"clips": 2, "outputs": 1, "visits": 0}


def test_the_shared_state_is_a_copy_of_bounded_size(hub: Hub) -> None:
    fragments = [{"type": "text", "content": "é" * 100_000}] * 64
    put_clip(hub, caller(), msgspec.convert({"fragments": fragments}, NewClip), None)
    first, second = get_hub_window(hub).shared_state, get_hub_window(hub).shared_state
    assert len(msgspec.json.encode(first)) <= SHARED_STATE_AT_MOST
    first["counts"]["clips"] = 99
    assert second["counts"]["clips"] == 1


def test_results_are_read_only_and_read_when_they_are_asked_for(hub: Hub) -> None:
    results = Results(hub)
    assert not hasattr(results, "__setitem__")
    assert (len(results), next(iter(results))) == (7, "capture")
    put_text(hub, "x")
    assert results["counts"]["clips"] == 1
    with pytest.raises(KeyError):
        results["more"]


def test_a_command_is_on_the_event_log_without_its_arguments(hub: Hub) -> None:
    receipt = command(hub, command="notify", args={"text": "canary"})
    [event] = page_of_events(hub, 0, 10, None).items
    assert (event.kind, event.data) == ("hub_window_command", {"id": receipt.command.id, "command": "notify"})
    assert get_command(hub, receipt.command.id).args == {"text": "canary"}


def test_a_command_is_carried_out_once(hub: Hub, clock: Any) -> None:
    receipt = command(hub)
    assert receipt.command.acked_at is None
    acked = ack_command(hub, caller(), receipt.command.id)
    clock.pass_s(60)
    assert ack_command(hub, caller(), receipt.command.id) == acked
    assert [event.kind for event in page_of_events(hub, 0, 10, None).items] == [
        "hub_window_command",
        "hub_window_changed",
    ]
    for ask in (get_command, lambda hub, command_id: ack_command(hub, caller(), command_id)):
        with pytest.raises(NotFound):
            ask(hub, "none")


def test_a_key_answers_with_the_first_command(hub: Hub) -> None:
    first = command(hub, "k")
    again = command(hub, "k", command="hide")
    assert (again.command, again.duplicate) == (first.command, True)


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("args", [{"a": "x" * 4100}, deep(100), deep(500)])
def test_arguments_that_are_too_much_are_refused(hub: Hub, args: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as found:
        command(hub, args=args)
    assert [detail.at for detail in found.value.details] == ["/args"]


@pytest.mark.parametrize("args", [{"n": 10**300}, {"n": -1.5e300}, {"\0": "\0"}, deep(90), {"a": None}])
def test_any_other_arguments_come_back_as_they_were(hub: Hub, args: dict[str, Any]) -> None:
    assert get_command(hub, command(hub, args=args).command.id).args == args
