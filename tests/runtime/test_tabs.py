"""Tabs: an hour on one page is one visit, a bad tab loses no other, and a replay changes nothing."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from python_core.runtime.capture import Pause, pause_capture
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.runtime.tabs import TabBatch, TabInfo, TabReceipt, record_tabs
from python_core.store import Store, open_store
from python_core.store.visits import VisitRow, get_visit
from python_core.utils.timestamps import to_rfc3339
from tests.hubs import NOON_MS, Clock, caller, make_hub, page_of_events
from tests.stepwise import Stepwise, told_of

PAGE = "https://example.com/page"


def tell(hub: Hub, url: str = PAGE, *, at_s: float | None = None, client: str = "ext", **said: Any) -> TabReceipt:
    """Tell of one tab; ``at_s`` in seconds after noon."""
    if at_s is not None:
        said["observedAt"] = to_rfc3339(NOON_MS + int(at_s * 1000))
    [receipt] = record_tabs(hub, caller(client), msgspec.convert({"url": url, "tabId": 1, **said}, TabInfo)).results
    return receipt


def visits_of(hub: Hub) -> list[VisitRow]:
    """Return what is stored, oldest first."""
    with hub.store.reading() as conn:
        ids = conn.execute("SELECT id FROM visits ORDER BY seq").fetchall()
        return [visit for (visit_id,) in ids if (visit := get_visit(conn, visit_id))]


def spans_of(hub: Hub) -> list[tuple[str, float, float]]:
    """Return the last part of each page's address, and from when to when it was open, in seconds after noon."""
    return [
        (visit.url.rpartition("/")[2], (visit.started_at_ms - NOON_MS) / 1000, (visit.last_seen_at_ms - NOON_MS) / 1000)
        for visit in visits_of(hub)
    ]


def kinds(hub: Hub) -> list[tuple[Any, Any]]:
    return [(event.data["id"], event.data["event"]) for event in page_of_events(hub, 0, 200, "tab_changed").items]


def test_an_address_and_a_title_alone_are_enough(hub: Hub) -> None:
    [receipt] = record_tabs(hub, caller(), TabInfo(url=PAGE, title="A page")).results
    assert receipt.stored
    assert receipt.id == receipt.visit_id
    [visit] = visits_of(hub)
    assert (visit.id, visit.url, visit.site, visit.title) == (receipt.visit_id, PAGE, "example.com", "A page")
    assert visit.started_at_ms == NOON_MS


def test_an_hour_of_heartbeats_is_one_visit_and_one_event(hub: Hub, clock: Clock) -> None:
    first = tell(hub, event="activated")
    for _ in range(60):
        clock.pass_s(60)
        assert tell(hub, event="heartbeat").visit_id == first.visit_id
    assert spans_of(hub) == [("page", 0, 3600)]
    assert kinds(hub) == [(first.visit_id, "activated")]


def test_a_page_that_was_not_seen_for_longer_than_the_pulse_is_visited_anew(hub: Hub, clock: Clock) -> None:
    tell(hub)
    clock.pass_s(120)
    tell(hub)
    clock.pass_s(120.001)
    tell(hub)
    assert spans_of(hub) == [("page", 0, 120), ("page", 240.001, 240.001)]


def test_tabs_browsers_and_clients_have_visits_of_their_own(hub: Hub) -> None:
    tell(hub)
    tell(hub, tabId=2)
    tell(hub, browser="firefox")
    tell(hub, client="other")
    tell(hub, url=PAGE + "2")
    assert len(visits_of(hub)) == 5


def test_the_same_page_under_another_spelling_is_the_same_visit(hub: Hub) -> None:
    first = tell(hub, "https://user:secret@EXAMPLE.com:443/page?utm_source=x#top")
    assert tell(hub).visit_id == first.visit_id
    assert visits_of(hub)[0].url == PAGE


def test_a_new_title_is_kept_and_found(hub: Hub, clock: Clock) -> None:
    tell(hub, title="Loading")
    clock.pass_s(1)
    tell(hub, title="Sundials")
    clock.pass_s(1)
    tell(hub)  # tells none: the one before stays
    assert visits_of(hub)[0].title == "Sundials"
    assert len(search(hub, "sundials", SearchScope(), 10, None).items) == 1
    assert search(hub, "loading", SearchScope(), 10, None).items == []


def test_a_bad_tab_in_a_batch_never_loses_the_others(hub: Hub) -> None:
    tabs = [
        {"url": PAGE, "id": "good"},
        {"url": 5},
        {"title": "no url"},
        [],
        None,
        {"url": "https://example.com/x", "unknown": 1},
        {"url": "chrome://settings", "id": "own"},
        {"url": "ftp://example.com/"},
        {"url": "nonsense"},
        {"url": "https://example.com/", "incognito": True, "id": "private"},
        {"url": "https://example.com/", "title": "a\0b"},
        {"url": "https://example.com/", "observedAt": "yesterday"},
        {"url": "https://example.com/", "tabId": 10**30},
        {"url": "https://example.com/", "id": "x" * 129},
        {"url": PAGE + "2", "id": "last"},
    ]
    batch = msgspec.json.decode(msgspec.json.encode({"tabs": tabs}), type=TabBatch)
    results = record_tabs(hub, caller(), batch).results
    assert [result.stored for result in results] == [True, *[False] * 13, True]
    assert [result.reason for result in results[1:-1]] == [
        *["bad_input"] * 5,
        *("browser_page", "scheme", "bad_url", "incognito", "nul_in_title", "bad_observed_at", "bad_id", "bad_id"),
    ]
    assert [results[n].id for n in (0, 6, 9, -1)] == ["good", "own", "private", "last"]
    assert len(visits_of(hub)) == 2


@pytest.mark.parametrize("tabs", [[], [{"url": PAGE}] * 101])
def test_a_batch_holds_one_to_a_hundred(tabs: list[dict[str, str]]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"tabs": tabs}), type=TabBatch)


def test_a_replay_by_id_changes_nothing(hub: Hub, clock: Clock) -> None:
    first = tell(hub, id="e1", event="activated")
    clock.pass_s(600)
    again = tell(hub, id="e1", event="activated")
    assert again == TabReceipt(id="e1", stored=True, visit_id=first.visit_id, duplicate=True)
    assert not tell(hub, id="e1", client="other").duplicate
    assert len(kinds(hub)) == 2
    assert spans_of(hub)[0] == ("page", 0, 0)


def test_an_id_twice_in_one_batch_counts_once_and_an_empty_one_is_none(hub: Hub) -> None:
    batch = {"tabs": [{"url": PAGE, "id": "e1"}] * 2 + [{"url": PAGE, "id": ""}] * 2}
    results = record_tabs(hub, caller(), msgspec.json.decode(msgspec.json.encode(batch), type=TabBatch)).results
    assert [result.duplicate for result in results] == [False, True, False, False]


def test_a_closed_tab_ends_its_visit_and_the_next_page_in_it_is_another(hub: Hub) -> None:
    first = tell(hub, at_s=-6, event="activated")
    tell(hub, at_s=-1, event="closed")
    again = tell(hub, at_s=0, event="activated")
    assert visits_of(hub)[0].closed_at_ms == NOON_MS - 1000
    assert again.visit_id != first.visit_id
    assert kinds(hub)[:2] == [(first.visit_id, "activated"), (first.visit_id, "closed")]


@pytest.mark.parametrize("said", [{"event": "closed"}, {"event": "updated", "focused": False}])
def test_a_tab_that_is_first_heard_of_when_it_is_not_in_front_begins_no_visit(hub: Hub, said: dict[str, Any]) -> None:
    assert tell(hub, **said) == TabReceipt(id=None, stored=False, reason="not_in_front")
    assert visits_of(hub) == []
    assert kinds(hub) == []


def test_a_visit_that_is_left_grows_by_its_last_sign_of_life(hub: Hub) -> None:
    tell(hub, at_s=-50, event="activated", focused=True)
    tell(hub, at_s=0, event="updated", focused=False)
    assert spans_of(hub) == [("page", -50, 0)]


def test_something_that_is_not_recorded_ends_what_was_in_front(hub: Hub) -> None:
    first = tell(hub, event="activated")
    assert tell(hub, "https://example.com/", incognito=True, event="activated").reason == "incognito"
    tell(hub, event="activated")
    assert kinds(hub) == [(first.visit_id, "activated"), (None, "activated"), (first.visit_id, "activated")]


def test_an_excluded_site_leaves_no_trace(store: Store) -> None:
    hub = make_hub(store, Clock(), listener={"excluded_sites": ("bank.example",)})
    assert tell(hub, "https://www.bank.example/account", title="canary").reason == "excluded_site"
    assert visits_of(hub) == []
    assert page_of_events(hub, 0, 10, None).items == []
    assert search(hub, "canary", SearchScope(), 10, None).items == []


def test_long_addresses_and_titles_are_cut_with_a_mark(hub: Hub) -> None:
    tell(hub, PAGE + "x" * 10_000, title="t" * 5_000)
    [visit] = visits_of(hub)
    assert (len(visit.url), visit.url[-1]) == (8192, "…")
    assert (len(visit.title), visit.title[-1]) == (1024, "…")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 3, 0), (1, 0, 2, 3), (1, 2, 3, 0)])
def test_events_that_come_late_and_in_any_order_make_the_same_visit(
    hub: Hub, clock: Clock, order: tuple[int, ...]
) -> None:
    clock.pass_s(600)
    told = [
        {"at_s": 0, "event": "activated", "title": "Loading"},
        {"at_s": 10, "event": "updated", "title": "Sundials"},
        {"at_s": 60, "event": "heartbeat"},
        {"at_s": 100, "event": "closed"},
    ]
    for n in order:
        tell(hub, id=str(n), **told[n])  # type: ignore[arg-type]
    assert spans_of(hub) == [("page", 0, 100)]
    [visit] = visits_of(hub)
    assert (visit.title, visit.closed_at_ms) == ("Sundials", NOON_MS + 100_000)


def test_an_old_event_does_not_join_a_visit_that_began_much_later(hub: Hub, clock: Clock) -> None:
    clock.pass_s(3600)
    tell(hub, at_s=3600, event="activated")
    tell(hub, at_s=0, event="activated")
    assert spans_of(hub) == [("page", 3600, 3600), ("page", 0, 0)]
    clock.pass_s(10)
    tell(hub, at_s=3610, event="heartbeat")
    assert spans_of(hub) == [("page", 3600, 3610), ("page", 0, 0)]


def history(hub: Hub, clock: Clock, chance: random.Random) -> list[Any]:
    """Tell of tabs at random: early, late, repeated, private, marked, in two browsers."""
    told: list[Any] = []
    for n in range(150):
        clock.pass_s(chance.choice([0, 0.1, 1, 30, 100, 700]))
        said: dict[str, Any] = {"url": chance.choice(["https://a.example/1", "https://b.example/", "chrome://x"])}
        for member, values in {
            "title": ["A", "B", "password: hunter2x!A9"],
            "event": ["activated", "updated", "heartbeat", "closed"],
            "tabId": [1, 2],
            "browser": ["chrome", "firefox"],
            "focused": [True, True, False],
            "incognito": [False, False, True],
            "id": ["one", "two", f"own {n}"],
            "observedAt": [to_rfc3339(clock() - chance.randrange(chance.choice([100, 5_000, 600_000])))],
            "selection": ["some words"],
        }.items():
            if chance.random() < 0.6:
                said[member] = chance.choice(values)
        if chance.random() < 0.1:
            pause_capture(hub, caller(), Pause(seconds=5))
        told.append(record_tabs(hub, caller(), msgspec.convert(said, TabInfo)))
    return told


@pytest.mark.parametrize("seed", range(4))
def test_one_statement_records_what_the_steps_record(tmp_path: Path, seed: int) -> None:
    found = []
    for kind in (Store, Stepwise):
        clock = Clock()
        open_store(tmp_path / kind.__name__).close()
        hub = make_hub(kind(tmp_path / kind.__name__), clock)
        found.append(told_of(hub.store, history(hub, clock, random.Random(seed))))
        hub.store.close()
    assert found[0] == found[1]
