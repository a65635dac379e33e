"""Rules and the history: rehearsed without a change, applied without a byte left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from python_core.config import PrivacyRules
from python_core.errors import BadInput
from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import ClipSearch, NewClip, get_clip, list_clips, put_clip
from python_core.runtime.forgetting import ForgetRequest, forget, get_receipt, go_on_forgetting
from python_core.runtime.hub import Hub
from python_core.runtime.privacy import LiveRules
from python_core.runtime.rule_review import Application, Rehearsal, apply_rules, rehearse
from python_core.runtime.search import SearchScope, search
from python_core.runtime.structured_output import NewOutput, OutputReceipt, get_output, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import clips, visits
from python_core.store.marks import get_marks
from tests.hubs import Clock, caller, make_hub
from tests.runtime.test_forgetting import Watched
from tests.runtime.test_privacy import RULES, bytes_of

CANARY = "zqxcanary"


@pytest.fixture
def hub(store: Any, clock: Clock) -> Hub:
    """A hub that has no rules yet."""
    made = make_hub(store, clock)
    object.__setattr__(made, "rules", LiveRules(PrivacyRules()))
    return made


def rule_in(hub: Hub) -> None:
    object.__setattr__(hub, "rules", LiveRules(msgspec.convert(RULES, PrivacyRules)))


def copy(hub: Hub, *fragments: dict[str, Any], **source: str) -> str:
    body = {"fragments": fragments, "encounter": {"source": {"app": "Editor", **source}}}
    receipt = put_clip(hub, caller(), msgspec.convert(body, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def history(hub: Hub) -> dict[str, str]:
    """Store items of each kind, some of which the rules concern."""
    ids = {
        "plain": copy(hub, text("nothing to see")),
        "redacted": copy(
            hub, text(f"a {CANARY} b"), {"type": "html", "content": f"<i>{CANARY}</i>"}, title=f"T {CANARY}"
        ),
        "files": copy(hub, {"type": "files", "paths": [f"/home/{CANARY}/x", "/y"]}),
        "dropped": copy(hub, text(f"of project falcon, {CANARY}")),
        "marked": copy(hub, text("a heron")),
    }
    for n in range(30):
        copy(hub, text(f"text {n}"))
    for name, tab in (
        ("visit", {"url": f"https://a.example/{CANARY}", "title": f"V {CANARY}", "selection": f"S {CANARY}"}),
        ("falcon", {"url": f"https://falcon.example/{CANARY}", "title": "F"}),
    ):
        ids[name] = str(record_tabs(hub, caller("chrome"), TabInfo(**{"tab_id": name, **tab})).results[0].visit_id)
    output = put_output(
        hub,
        caller(),
        msgspec.convert(
            {
                "schema": "note/1",
                "payload": {"text": f"N {CANARY}"},
                "title": "O",
                "sources": [{"clip": ids["redacted"]}],
            },
            NewOutput,
        ),
        None,
    )
    assert isinstance(output, OutputReceipt)
    ids["output"] = output.id
    search(hub, CANARY, SearchScope(), 5, None)  # all of it is in the index by now
    return ids


def walk(hub: Hub, rules: Any = None, samples: int = 3) -> tuple[dict[str, int], list[Any], int]:
    counts, samples_seen, looked, cursor = dict[str, int](), list[Any](), 0, None
    while True:
        page = rehearse(hub, Rehearsal(rules=rules, samples=samples, cursor=cursor))
        looked += page.looked
        for each in page.rules:
            counts[each.name] = counts.get(each.name, 0) + each.items
        samples_seen += page.samples
        cursor = page.next_cursor
        if cursor is None:
            return counts, samples_seen, looked


def apply_all(hub: Hub) -> tuple[dict[str, int], list[str]]:
    done, receipts, cursor = {"looked": 0, "dropped": 0, "redacted": 0, "marked": 0}, list[str](), None
    while True:
        page = apply_rules(hub, caller(), Application(cursor=cursor))
        done = {name: count + getattr(page, name) for name, count in done.items()}
        receipts += page.receipts
        cursor = page.next_cursor
        if cursor is None:
            return done, receipts


def test_a_rehearsal_counts_and_shows_what_the_rules_would_do_and_changes_nothing(hub: Hub) -> None:
    history(hub)
    before = page_of(hub)
    counts, samples, looked = walk(hub, RULES["rules"])
    assert (counts, looked) == ({"falcon": 2, "tokens": 6, "heron": 1}, 38)
    [first] = [sample for sample in samples if sample.rule == "heron"]
    [(start, end)] = first.marks
    assert first.excerpt[start:end] == "heron"
    assert {sample.kind for sample in samples} == {"clip", "visit"} | {
        sample.kind for sample in samples if sample.kind == "output"
    }
    assert page_of(hub) == before
    assert walk(hub, RULES["rules"], samples=0)[1] == []


def page_of(hub: Hub) -> Any:
    return msgspec.to_builtins(list_clips(hub, ClipSearch(), 200, None))


def test_a_rule_that_cannot_be_used_is_told_with_its_place(hub: Hub) -> None:
    with pytest.raises(BadInput) as told:
        rehearse(hub, Rehearsal(rules=[{"name": "a", "action": "drop", "on": {"site": ["x"]}}]))
    assert told.value.details[0].at == "/rules/0/on"
    for cursor in ("nonsense", "WzksMCwwLDAsMF0"):
        with pytest.raises(BadInput):
            rehearse(hub, Rehearsal(cursor=cursor))


def test_after_the_rules_are_applied_no_byte_of_what_they_take_out_is_in_any_file(hub: Hub) -> None:
    ids = history(hub)
    assert CANARY.encode() in bytes_of(hub.store.folder)
    rule_in(hub)
    done, receipts = apply_all(hub)
    assert done == {"looked": 38, "dropped": 2, "redacted": 4, "marked": 1}
    while go_on_forgetting(hub) != "done":
        pass
    hub.store.close()
    assert CANARY.encode() not in bytes_of(hub.store.folder)
    assert not any(get_receipt(hub, receipt).pending for receipt in receipts)
    clip = get_clip(hub, ids["redacted"])
    assert [each.content for each in clip.fragments] == ["a [redacted: tokens] b", "<i>[redacted: tokens]</i>"]
    assert (clip.source.title, clip.marks) == ("T [redacted: tokens]", ["tokens"])
    assert get_clip(hub, ids["files"]).fragments[0].paths == ["/home/[redacted: tokens]/x", "/y"]
    assert get_clip(hub, ids["marked"]).marks == ["heron"]
    output = get_output(hub, ids["output"])
    assert (output.payload, output.sources[0].state) == ({"text": "N [redacted: tokens]"}, "changed")
    left = {clip["id"] for clip in page_of(hub)["items"]}
    assert ids["dropped"] not in left
    assert ids["plain"] in left


def test_search_finds_what_is_left_and_nothing_of_what_was_taken_out(hub: Hub) -> None:
    ids = history(hub)
    rule_in(hub)
    apply_all(hub)
    assert search(hub, CANARY, SearchScope(), 5, None).items == []
    assert ids["redacted"] in {hit.id for hit in search(hub, "redacted", SearchScope(), 20, None).items}


def test_applying_again_changes_nothing_more(hub: Hub) -> None:
    history(hub)
    rule_in(hub)
    apply_all(hub)
    after = page_of(hub)
    done, receipts = apply_all(hub)
    assert (done["dropped"], done["redacted"], receipts) == (0, 0, [])
    assert page_of(hub) == after


def test_what_was_forgotten_or_changed_since_it_was_judged_does_not_come_back(hub: Hub) -> None:
    tab = {"tab_id": "1", "browser": "chrome", "event": "activated", "focused": True}
    page = TabInfo(url=f"https://a.example/{CANARY}", title="Hidden page", **tab)  # type: ignore[arg-type]
    [seen] = record_tabs(hub, caller("chrome"), page).results
    joined = copy(hub, text(f"a {CANARY} b"), app="chrome")
    gone = copy(hub, text(f"c {CANARY} d"))
    other = TabInfo(url="https://b.example/", title=f"Before {CANARY}", **tab | {"tab_id": "2"})  # type: ignore[arg-type]
    [titled] = record_tabs(hub, caller("chrome"), other).results
    with hub.store.reading() as conn:
        assert clips.get_clip(conn, joined).source.visit == seen.visit_id  # type: ignore[union-attr]
    rule_in(hub)

    def change_first(write: Callable[[], Any]) -> Any:
        if not changed:
            changed.append(True)
            forget(hub, caller(), ForgetRequest(ids=[str(seen.visit_id), gone]))
            record_tabs(hub, caller("chrome"), msgspec.structs.replace(other, title="After"))
        return write()

    changed = list[bool]()
    apply_rules(replace(hub, store=Watched(hub.store, change_first)), caller(), Application())  # type: ignore[arg-type]
    with hub.store.reading() as conn:
        clip = clips.get_clip(conn, joined)
        assert clip is not None
        assert (clip.source.url, clip.source.title, clip.source.site) == (None, None, None)
        assert CANARY.encode() not in (clip.fragments[0].content or b"")
        assert get_marks(conn, gone) == []
        assert visits.get_visit(conn, str(titled.visit_id)).title == "After"  # type: ignore[union-attr]
