"""Context: the page, the clip and the outputs of a moment, and what else was done around it."""

from __future__ import annotations

import msgspec
import pytest

from python_core.errors import BadInput, NotFound
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.context import Context, get_context
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import HubWindowChange, change_hub_window
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store
from python_core.utils.timestamps import to_rfc3339
from tests.hubs import NOON_MS, Clock, caller, make_hub


def copy(hub: Hub, content: str) -> str:
    clip = msgspec.convert({"fragments": [{"type": "text", "content": content}]}, NewClip)
    return put_clip(hub, caller(), clip, None).id  # type: ignore[union-attr]


def read(hub: Hub, path: str) -> str:
    tab = TabInfo(url=f"https://example.com/{path}", title=path, event="activated", focused=True, browser="firefox")
    visit = record_tabs(hub, caller(), tab).results[0].visit_id
    assert visit is not None
    return visit


def make(hub: Hub, text: str) -> str:
    note = {"schema": "note/1", "payload": {"text": text}, "title": text}
    return put_output(hub, caller(), msgspec.convert(note, NewOutput), None).id


@pytest.fixture
def day(store: Store) -> tuple[Hub, Clock, dict[str, str]]:
    """Ten minutes of somebody's day, something every two minutes from noon."""
    clock = Clock()
    hub = make_hub(store, clock)
    ids = {}
    for name, act in (("a", read), ("b", copy), ("c", make), ("d", read), ("e", copy), ("f", copy)):
        ids[name] = act(hub, f"thing {name}" if act is not read else name)
        clock.pass_s(120)
    return hub, clock, ids


def names(ids: dict[str, str], context: Context) -> dict[str, str]:
    by_id = {item: name for name, item in ids.items()}
    told = {part: by_id[found.id] if (found := getattr(context, part)) else "" for part in ("item", "tab", "clip")}
    return {
        **told,
        **{part: "".join(by_id[each.id] for each in getattr(context, part)) for part in ("outputs", "around")},
    }


def test_a_moment_has_its_page_its_clip_its_outputs_and_the_rest_by_nearness(
    day: tuple[Hub, Clock, dict[str, str]],
) -> None:
    hub, _, ids = day
    context = get_context(hub, to_rfc3339(NOON_MS + 130_000), 3600, 20)
    assert names(ids, context) == {"item": "", "tab": "", "clip": "b", "outputs": "c", "around": "adef"}
    assert [each.off_seconds for each in context.around] == [-130, 230, 350, 470]
    assert not context.partial


def test_an_item_is_told_with_what_was_around_it(day: tuple[Hub, Clock, dict[str, str]]) -> None:
    hub, _, ids = day
    context = get_context(hub, ids["e"], 3600, 20)
    assert names(ids, context) == {"item": "e", "tab": "d", "clip": "b", "outputs": "c", "around": "fa"}
    assert context.at == to_rfc3339(NOON_MS + 480_000)
    assert names(ids, get_context(hub, ids["d"], 200, 20)) == {
        "item": "d", "tab": "d", "clip": "", "outputs": "c", "around": "e",
    }  # fmt: skip


def test_a_page_that_was_seen_until_later_is_the_one_in_front(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    ids = {"a": read(hub, "a")}
    clock.pass_s(20)
    read(hub, "a")
    context = get_context(hub, to_rfc3339(NOON_MS + 10_000), 60, 20)
    assert names(ids, context)["tab"] == "a"


def look(hub: Hub, path: str, **fields: object) -> None:
    tab = {"url": f"https://example.com/{path}", "event": "activated", "focused": True, "browser": "firefox", **fields}
    record_tabs(hub, caller(), msgspec.convert(tab, TabInfo))


def test_a_page_is_in_front_until_another_is_and_not_for_ever(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    ids = {"a": read(hub, "a")}
    clock.pass_s(20)
    assert names(ids, get_context(hub, None, 600, 20))["tab"] == "a"
    ids["b"] = read(hub, "b")
    clock.pass_s(hub.settings.web_listener.pulse_seconds)
    assert names(ids, get_context(hub, None, 600, 20))["tab"] == "b"
    clock.pass_s(1)
    assert names(ids, get_context(hub, None, 600, 20))["tab"] == ""


@pytest.mark.parametrize("left", [{"event": "updated", "focused": False}, {"event": "closed"}])
def test_a_page_that_was_left_or_closed_is_not_in_front(hub: Hub, left: dict[str, object]) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    read(hub, "a")
    clock.pass_s(10)
    look(hub, "a", **left)
    clock.pass_s(1)
    assert get_context(hub, None, 600, 20).tab is None


def test_without_a_time_it_is_now_and_the_window_narrows(day: tuple[Hub, Clock, dict[str, str]]) -> None:
    hub, _, ids = day
    assert names(ids, get_context(hub, None, 125, 20)) == {
        "item": "",
        "tab": "",
        "clip": "f",
        "outputs": "",
        "around": "",
    }
    assert get_context(hub, None, 60, 20).ids() == []


def test_more_than_fits_is_said(day: tuple[Hub, Clock, dict[str, str]]) -> None:
    hub, _, ids = day
    context = get_context(hub, ids["a"], 3600, 2)
    assert (len(context.around), context.partial) == (2, True)


@pytest.mark.parametrize("max_chars", [1_000, 1_500, 2_500, 100_000])
def test_a_budget_holds_whatever_the_texts_are(hub: Hub, max_chars: int) -> None:
    for n in range(20):
        copy(hub, f"{n} " + "\x01" * 500)
        make(hub, f"{n} " + "\x02" * 150)
        read(hub, str(n) * 500)
    context = get_context(hub, None, 3600, 50, max_chars)
    assert len(msgspec.json.encode({"status": "ok", **msgspec.to_builtins(context)}).decode()) <= max_chars
    assert context.partial


def test_the_hub_window_is_told_unless_it_has_changed_since(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    clock.pass_s(60)
    before = get_context(hub, None, 60, 20)
    assert before.hub_window is not None
    assert not before.hub_window.visible
    clock.pass_s(60)
    change_hub_window(hub, caller(), msgspec.convert({"window": {"visible": True}}, HubWindowChange), None)
    assert get_context(hub, before.at, 60, 20).hub_window is None
    now = get_context(hub, None, 60, 20)
    assert now.hub_window is not None
    assert now.hub_window.visible


@pytest.mark.parametrize("at", ["yesterday", "", "2026-01-01", "019b79be-0000-7000-8000"])
def test_what_is_no_moment_is_told(hub: Hub, at: str) -> None:
    with pytest.raises(BadInput, match="neither an item"):
        get_context(hub, at, 60, 20)


def test_an_item_that_is_not_stored_is_told(hub: Hub) -> None:
    with pytest.raises(NotFound):
        get_context(hub, "01a203bc-3d3d-7386-a7cb-0e26658b31e0", 60, 20)
