"""Following the log: pages go on without gaps, kinds are known, and nothing captured is in them."""

from __future__ import annotations

import pytest

from python_core.errors import BadInput
from python_core.runtime.event_kinds import EVENT_KINDS
from python_core.runtime.events import announce
from python_core.runtime.hub import Hub
from python_core.store.events import SCANNED_AT_MOST, add_event
from tests.hubs import TRACE, caller, page_of_events

MEMBERS: dict[str, dict[str, object]] = {
    "hub_window_changed": {"revision": 0},
    "tab_changed": {"id": None, "event": "activated"},
}


def tell(hub: Hub, kind: str = "hub_window_changed", n: int = 1) -> None:
    hub.store.write(lambda conn: [announce(conn, hub, caller(), kind, **MEMBERS[kind]) for _ in range(n)])


def test_who_asks_for_nothing_in_particular_learns_where_to_begin(hub: Hub) -> None:
    tell(hub, n=3)
    page = page_of_events(hub, None, 50, None)
    assert (page.items, page.next_after, page.oldest, page.newest) == ([], 3, 1, 3)
    tell(hub)
    assert [event.id for event in page_of_events(hub, page.next_after, 50, None).items] == [4]


def test_an_event_says_what_when_through_which_server_and_in_which_trace(hub: Hub) -> None:
    tell(hub)
    [event] = page_of_events(hub, 0, 50, None).items
    assert (event.id, event.kind, event.source, event.timestamp, event.trace_id, event.data) == (
        *(1, "hub_window_changed", "bridge", "2026-01-01T12:00:00.000Z", TRACE, {"revision": 0}),
    )


def test_pages_of_any_size_hold_every_event_once_in_order(hub: Hub) -> None:
    tell(hub, n=25)
    for limit in (1, 7, 25, 200):
        told, after = [], 0
        while (page := page_of_events(hub, after, limit, None)).items:
            told += [event.id for event in page.items]
            after = page.next_after
        assert told == list(range(1, 26))


def test_an_empty_log_can_be_followed(hub: Hub) -> None:
    page = page_of_events(hub, 0, 50, None)
    assert (page.items, page.next_after, page.oldest, page.newest) == ([], 0, 1, 0)


@pytest.mark.parametrize("after", [26, 10**6, 2**62])
def test_a_place_beyond_the_end_stays_where_it_is(hub: Hub, after: int) -> None:
    tell(hub, n=25)
    page = page_of_events(hub, after, 50, None)
    assert (page.items, page.next_after, page.newest) == ([], after, 25)


def test_kinds_are_found_behind_a_long_stretch_of_others_in_bounded_steps(hub: Hub) -> None:
    others = 2 * SCANNED_AT_MOST + 5
    hub.store.write(lambda conn: [add_event(conn, "heartbeat", "bridge", 0, TRACE, {}) for _ in range(others)])
    tell(hub, "tab_changed")
    told, after, pages = [], 0, 0
    while not told:
        page = page_of_events(hub, after, 50, "tab_changed,client_paired")
        told, after, pages = page.items, page.next_after, pages + 1
    assert ([event.id for event in told], pages) == ([others + 1], 3)


@pytest.mark.parametrize(
    "kinds", ["", "canary", "heartbeat,canary", "heartbeat,", "Heartbeat", "heartbeat ,tab_changed"]
)
def test_a_kind_that_does_not_exist_is_told_with_those_that_do(hub: Hub, kinds: str) -> None:
    with pytest.raises(BadInput) as found:
        page_of_events(hub, 0, 50, kinds)
    assert [detail.at for detail in found.value.details] == ["?kinds"]
    assert "canary" not in found.value.message
    assert all(kind in found.value.message for kind in EVENT_KINDS)
