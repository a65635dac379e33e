"""The event log: ids without gaps, pages that go on, kinds that are looked for with a bound."""

from __future__ import annotations

import pytest

from python_core.errors import Conflict
from python_core.store import Connection, Store, open_store
from python_core.store.events import (
    SCANNED_AT_MOST,
    add_event,
    get_last_event_id,
    get_oldest_event_id,
    list_events,
    prune_events,
)


def add(conn: Connection, kind: str = "heartbeat", n: int = 1) -> list[int]:
    return [add_event(conn, kind, "bridge", 0, "", {"n": each}) for each in range(n)]


def test_an_act_that_fails_takes_its_ids_back(store: Store) -> None:
    def fail(conn: Connection) -> None:
        add(conn, n=3)
        raise Conflict("after all")

    assert store.write(add) == [1]
    with pytest.raises(Conflict):
        store.write(fail)
    assert store.write(add) == [2]


def test_ids_go_on_after_a_restart_even_when_the_newest_events_were_pruned(store: Store) -> None:
    store.write(lambda conn: add(conn, n=3))
    store.write(lambda conn: conn.execute("DELETE FROM events"))
    store.close()
    again = open_store(store.folder)
    with again.reading() as conn:
        assert (get_last_event_id(conn), get_oldest_event_id(conn)) == (3, 4)
    assert again.write(add) == [4]
    again.close()


def test_an_empty_log_ends_at_zero_and_begins_at_one(store: Store) -> None:
    with store.reading() as conn:
        assert (get_last_event_id(conn), get_oldest_event_id(conn)) == (0, 1)
        assert list_events(conn, 0, 10, None) == ([], 0)


def test_a_page_goes_on_where_the_one_before_ended(store: Store) -> None:
    store.write(lambda conn: add(conn, n=5))
    with store.reading() as conn:
        first, after = list_events(conn, 0, 3, None)
        second, end = list_events(conn, after, 3, None)
    assert [row.id for row in first + second] == [1, 2, 3, 4, 5]
    assert (after, end) == (3, 5)


def test_a_page_of_kinds_passes_over_the_others_and_says_how_far_it_looked(store: Store) -> None:
    def fill(conn: Connection) -> None:
        add(conn, "heartbeat", SCANNED_AT_MOST + 10)
        add(conn, "tab_changed")
        add(conn, "heartbeat", 5)

    store.write(fill)
    with store.reading() as conn:
        rows, after = list_events(conn, 0, 10, {"tab_changed"})
        assert (rows, after) == ([], SCANNED_AT_MOST)
        rows, after = list_events(conn, after, 10, {"tab_changed"})
    assert [row.kind for row in rows] == ["tab_changed"]
    assert after == SCANNED_AT_MOST + 16  # all of it was looked at: nothing is asked for twice


def test_a_full_page_of_kinds_skips_nothing_behind_its_last_event(store: Store) -> None:
    store.write(lambda conn: [add(conn, kind) for kind in ("tab_changed", "heartbeat", "tab_changed")])
    with store.reading() as conn:
        rows, after = list_events(conn, 0, 1, {"tab_changed"})
        assert ([row.id for row in rows], after) == ([1], 1)
        rows, after = list_events(conn, after, 1, {"tab_changed"})
    assert ([row.id for row in rows], after) == ([3], 3)


def ids(store: Store) -> list[int]:
    with store.reading() as conn:
        return [row.id for row in list_events(conn, 0, 100, None)[0]]


def fill(store: Store, times: list[int]) -> None:
    store.write(lambda conn: [add_event(conn, "heartbeat", "bridge", at_ms, "", {}) for at_ms in times])


@pytest.mark.parametrize(
    ("before_ms", "keep", "at_most", "left"),
    [
        (0, 100, 100, [1, 2, 3, 4, 5, 6]),
        (20, 100, 100, [3, 4, 5, 6]),
        (21, 100, 100, [4, 5, 6]),
        (100, 100, 100, []),
        (0, 2, 100, [5, 6]),
        (0, 0, 100, []),
        (100, 100, 2, [3, 4, 5, 6]),
        (10, 3, 100, [4, 5, 6]),
    ],
)
def test_the_oldest_events_go_by_age_and_by_number(
    store: Store, before_ms: int, keep: int, at_most: int, left: list[int]
) -> None:
    fill(store, [10, 15, 20, 30, 40, 50])
    removed = store.write(lambda conn: prune_events(conn, before_ms, keep, at_most))
    assert (ids(store), removed) == (left, 6 - len(left))
    with store.reading() as conn:
        assert (get_last_event_id(conn), get_oldest_event_id(conn)) == (6, 7 - len(left))


def test_what_a_wrong_clock_told_leaves_no_gap_and_goes_by_number(store: Store) -> None:
    fill(store, [10, 99_999, 10, 10])
    store.write(lambda conn: prune_events(conn, 20, 100, 100))
    assert ids(store) == [2, 3, 4]
    store.write(lambda conn: prune_events(conn, 20, 2, 100))
    assert ids(store) == []


def test_an_empty_log_can_be_pruned(store: Store) -> None:
    assert store.write(lambda conn: prune_events(conn, 20, 100, 100)) == 0
