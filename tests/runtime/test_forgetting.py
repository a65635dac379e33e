"""Forgetting takes what is wanted and nothing else, hides it at once, goes on after a crash, and says what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, NotFound
from python_core.runtime import ledger
from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import ClipSearch, NewClip, get_clip, list_clips, put_clip
from python_core.runtime.forgetting import (
    ForgetRequest,
    carry_out,
    forget,
    get_receipt,
    go_on_forgetting,
    list_receipts,
    preview,
    selection_of,
)
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.runtime.structured_output import NewOutput, get_output, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.runtime.triggers import NewRun, get_run, queue_run, run_next
from python_core.runtime.upkeep import tidy
from python_core.store import Store
from tests.hubs import Clock, caller, page_of_events


def put(hub: Hub, content: str, key: str | None = None, **source: str) -> str:
    wanted = {"fragments": [{"type": "text", "content": content}], "encounter": {"source": source}}
    receipt = put_clip(hub, caller(), msgspec.convert(wanted, NewClip), key)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def visit(hub: Hub, url: str, title: str = "A page", tab_id: str = "1", **more: Any) -> str:
    tab = TabInfo(url=url, title=title, tab_id=tab_id, browser="chrome", event="activated", focused=True, **more)
    [receipt] = record_tabs(hub, caller(), tab).results
    assert receipt.visit_id is not None
    return receipt.visit_id


def kept(hub: Hub) -> set[str]:
    return {clip.id for clip in list_clips(hub, ClipSearch(), 200, None).items}


def wanted(**said: Any) -> ForgetRequest:
    return msgspec.convert(said, ForgetRequest)


def test_ids_take_these_items_alone(hub: Hub) -> None:
    first, second, third = (put(hub, f"clip {n}") for n in range(3))
    receipt = forget(hub, caller(), wanted(ids=[first, third, "unknown"]))
    assert kept(hub) == {second}
    assert (receipt.pending, receipt.counts["clips"], receipt.counts["fragments"]) == (False, 2, 2)
    assert {item.id for item in receipt.items} == {first, third}
    assert search(hub, "clip", SearchScope(), 10, None).items[0].id == second


@pytest.mark.parametrize("site", ["example.com", "EXAMPLE.com.", "www.example.com"])
def test_a_site_takes_its_subdomains_and_no_namesake(hub: Hub, site: str) -> None:
    gone = [put(hub, "a", url="https://example.com/"), put(hub, "b", url="https://blog.example.com/x")]
    stays = [put(hub, "c", url="https://notexample.com/"), put(hub, "d", url="https://example.com.org/"), put(hub, "e")]
    forget(hub, caller(), wanted(site=site))
    assert kept(hub) == set(stays), gone


def test_a_site_without_a_name_is_given_by_its_address(hub: Hub) -> None:
    page = visit(hub, "http://[::1]:3000/")
    put(hub, "stays", url="http://10.0.0.1/")
    assert [item.id for item in forget(hub, caller(), wanted(site="[0:0::1]")).items] == [page]
    for refused in ("localhost:8000", "me@example.com", "[::1", "[::1]:3000"):
        with pytest.raises(BadInput):
            forget(hub, caller(), wanted(site=refused))


def test_a_span_takes_what_was_copied_or_arrived_within_it(hub: Hub, clock: Clock) -> None:
    put(hub, "old")
    clock.pass_s(3600)
    late = {"fragments": [{"type": "text", "content": "x"}], "encounter": {"capturedAt": "2025-01-01T00:00:00Z"}}
    put_clip(hub, caller(), msgspec.convert(late, NewClip), None)
    put(hub, "new")
    receipt = forget(hub, caller(), wanted(last="10m"))
    assert receipt.counts["clips"] == 2
    assert len(kept(hub)) == 1


def test_a_site_and_a_span_together_take_what_is_in_both(hub: Hub, clock: Clock) -> None:
    old = put(hub, "old", url="https://example.com/")
    clock.pass_s(3600)
    put(hub, "new", url="https://example.com/")
    other = put(hub, "other", url="https://example.org/")
    forget(hub, caller(), wanted(site="example.com", last="10m"))
    assert kept(hub) == {old, other}


def test_kinds_narrow_it_and_outputs_go_only_when_they_are_named(hub: Hub) -> None:
    clip = put(hub, "a")
    page = visit(hub, "https://example.com/")
    output = put_output(hub, caller(), NewOutput(schema="note/1", payload={"text": "x"}), None).id
    assert preview(hub, wanted(last="1h")).counts == {"clips": 1, "visits": 1, "outputs": 0}
    forget(hub, caller(), wanted(last="1h", kinds=["visit"]))
    assert kept(hub) == {clip}
    forget(hub, caller(), wanted(ids=[page, output]))
    with pytest.raises(NotFound):
        get_output(hub, output)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"ids": ["x"], "site": "example.com"},
        {"last": "10 minutes"},
        {"last": "0m"},
        {"last": "1h", "to": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-01T00:00:00Z"},
        {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
        {"site": "https://example.com/"},
        {"site": "example.com", "kinds": ["output"]},
    ],
)
def test_what_is_unclear_takes_nothing(hub: Hub, said: dict[str, Any]) -> None:
    clip = put(hub, "a", url="https://example.com/")
    with pytest.raises(BadInput):
        forget(hub, caller(), wanted(**said))
    assert kept(hub) == {clip}
    assert list_receipts(hub, 10, None).items == []


def test_a_dry_run_counts_and_changes_nothing(hub: Hub) -> None:
    clip = put(hub, "a", url="https://example.com/")
    counted = preview(hub, wanted(site="example.com"))
    assert (counted.counts["clips"], counted.oldest, counted.newest) == (1, *["2026-01-01T12:00:00.000Z"] * 2)
    assert kept(hub) == {clip}


def test_a_clip_joined_to_a_forgotten_visit_loses_the_join(hub: Hub) -> None:
    page = visit(hub, "https://example.com/secret", "The secret page")
    clip = put(hub, "kept text", app="chrome", windowTitle="The secret page - Google Chrome")
    assert get_clip(hub, clip).source.visit_id == page
    receipt = forget(hub, caller(), wanted(ids=[page]))
    source = get_clip(hub, clip).source
    assert (source.app, source.window_title, source.url, source.title, source.visit_id) == ("chrome", *[None] * 4)
    assert source.evidence == []
    assert receipt.counts["joins"] == 1
    assert search(hub, "secret", SearchScope(), 10, None).items == []
    assert [hit.id for hit in search(hub, "kept", SearchScope(), 10, None).items] == [clip]
    assert search(hub, "kept", SearchScope(site="example.com"), 10, None).items == []


def test_an_output_that_cited_it_is_marked_and_announced(hub: Hub) -> None:
    clip = put(hub, "a")
    made = {"schema": "note/1", "payload": {"text": "x"}, "sources": [{"clip": clip}]}
    output = put_output(hub, caller(), msgspec.convert(made, NewOutput), None).id
    receipt = forget(hub, caller(), wanted(ids=[clip]))
    assert receipt.outputs_marked == [output]
    assert [source.state for source in get_output(hub, output).sources] == ["forgotten"]
    told = [(event.kind, event.data["id"]) for event in page_of_events(hub, 0, 50, None).items][2:]
    assert told == [("clipboard_forgotten", clip), ("output_marked", output), ("forgetting_finished", receipt.id)]


def test_the_receipt_says_who_had_read_it_and_the_ledger_no_more(hub: Hub) -> None:
    clips = [put(hub, f"clip {n}") for n in range(2)]
    ledger.note_reads(hub, "agent", clips)
    ledger.note_reads(hub, "agent", clips[:1])
    receipt = forget(hub, caller(), wanted(ids=clips))
    [reader] = receipt.read_by
    assert (reader.client, reader.items, reader.times, reader.last_at) == ("agent", 2, 3, "2026-01-01T12:00:00.000Z")
    assert ledger.list_readers(hub, clips[0]).items == []


def test_a_late_repetition_brings_nothing_back(hub: Hub, clock: Clock) -> None:
    clip = put(hub, "a", "my key")
    page = visit(hub, "https://example.com/", id="report-1")
    forget(hub, caller(), wanted(ids=[clip, page]))
    clock.pass_s(86_400 * 30)
    assert put(hub, "a", "my key") == clip
    assert visit(hub, "https://example.com/", id="report-1") == page
    assert kept(hub) == set()
    assert preview(hub, wanted(last="100d")).counts == {"clips": 0, "visits": 0, "outputs": 0}


def test_nobody_sees_what_is_still_to_go(hub: Hub) -> None:
    clip = put(hub, "canary", url="https://example.com/")
    stays = put(hub, "another canary")
    search(hub, "canary", SearchScope(), 10, None)  # indexed
    hub.forgetting.acquire()  # nobody goes on with it
    receipt = carry_out(hub, caller(), selection_of(hub, wanted(site="example.com")), "asked", answer_within_s=0)
    assert (receipt.pending, receipt.state, receipt.counts) == (True, "removing", {})
    assert kept(hub) == {stays}
    assert [hit.id for hit in search(hub, "canary", SearchScope(), 10, None).items] == [stays]
    with pytest.raises(NotFound):
        get_clip(hub, clip)
    hub.forgetting.release()
    assert go_on_forgetting(hub) == "done"
    assert get_receipt(hub, receipt.id).counts["clips"] == 1
    assert kept(hub) == {stays}


def test_what_comes_meanwhile_stays(hub: Hub) -> None:
    put(hub, "before", url="https://example.com/")
    hub.forgetting.acquire()
    receipt = carry_out(hub, caller(), selection_of(hub, wanted(site="example.com")), "asked", answer_within_s=0)
    after = put(hub, "after", url="https://example.com/")
    hub.forgetting.release()
    assert go_on_forgetting(hub) == "done"
    assert kept(hub) == {after}
    assert get_receipt(hub, receipt.id).counts["clips"] == 1


def test_upkeep_keeps_the_keys_of_what_was_forgotten_for_a_year(hub: Hub, clock: Clock) -> None:
    forgotten, other = put(hub, "a", "forgotten"), put(hub, "b", "other")
    forget(hub, caller(), wanted(ids=[forgotten]))
    clock.pass_s(86_400 * 300)
    tidy(hub)
    assert put(hub, "a", "forgotten") == forgotten
    assert put(hub, "b", "other") != other
    clock.pass_s(86_400 * 100)
    tidy(hub)
    assert put(hub, "a", "forgotten") != forgotten


class Watched:
    """A store that calls back around each write; it is handed to a hub in the store's place."""

    def __init__(self, store: Store, around: Callable[[Callable[[], Any]], Any]) -> None:
        self._store = store
        self._around = around

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, *acts: Any) -> Any:
        return self._around(lambda: self._store.write(*acts))


def test_a_clip_judged_before_its_page_was_forgotten_is_stored_without_it(hub: Hub) -> None:
    page = visit(hub, "https://example.com/secret", "The secret page")

    def forget_first(write: Callable[[], Any]) -> Any:
        forget(hub, caller(), wanted(ids=[page]))
        return write()

    late = replace(hub, store=Watched(hub.store, forget_first))  # type: ignore[arg-type]
    source = get_clip(hub, put(late, "text", app="chrome")).source
    assert (source.app, source.url, source.title, source.visit_id) == ("chrome", None, None, None)


def test_others_write_and_read_while_very_much_goes(hub: Hub) -> None:
    for n in range(150):
        put(hub, f"clip {n} " * 50, url="https://example.com/")
    stays = put(hub, "stays")
    posted = list[str]()

    def post_after(write: Callable[[], Any]) -> Any:
        done = write()
        posted.append(put(hub, f"between {len(posted)}"))
        assert kept(hub) == {stays, *posted}
        return done

    watched = replace(hub, store=Watched(hub.store, post_after))  # type: ignore[arg-type]
    receipt = forget(watched, caller(), wanted(site="example.com"))
    assert receipt.counts["clips"] == 150
    assert len(posted) > 5
    assert kept(hub) == {stays, *posted}


def test_a_run_that_was_under_way_leaves_no_result(hub: Hub) -> None:
    clip = put(hub, "canary")
    run = queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"query": "canary", "open": False}), None).run
    forget(hub, caller(), wanted(ids=[clip]))
    assert not run_next(hub)
    ended = get_run(hub, run.id)
    assert (ended.state, ended.result) == ("cancelled", None)
