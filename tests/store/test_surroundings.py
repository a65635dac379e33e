"""What is read around a copy is enough: the verdict on its page is the one that all sightings would give."""

from __future__ import annotations

import random
from typing import Any

import pytest

from python_core.runtime.provenance import SIGHTINGS_AT_MOST, sighting_of
from python_core.smrtdetect.provenance import SETTLE_MS, Copied, JoinRules, judge_source
from python_core.store import Connection, Store
from python_core.store.pauses import PauseRow, add_pause
from python_core.store.surroundings import get_surroundings
from python_core.store.visits import SeenPage, VisitRow, add_sighting, add_visit, list_sightings, set_sighting_until

AT_MS, WINDOW_MS = 1_000_000, 90_000
BROWSERS = ("chrome", "Chrome", "firefox", None)


def flood(conn: Connection, chance: random.Random, count: int) -> None:
    visits = [
        add_visit(
            conn, VisitRow(f"v{n}", "a", "1", None, f"https://{n}.example", f"{n}.example", f"title {n}", 0, 0, None)
        )
        for n in range(6)
    ]
    for _ in range(count):
        at_ms = AT_MS + chance.choice([0, 0, 1, -1, SETTLE_MS, -SETTLE_MS, chance.randrange(-120_000, 400)])
        visit = chance.choice([None, *(each.seq for each in visits)])
        add_sighting(
            conn, chance.choice("ab"), chance.choice(BROWSERS), visit, at_ms, chance.choice([True, False, None])
        )
        set_sighting_until(conn, conn.last_insert_rowid(), at_ms + chance.choice([0, 0, 500, 30_000]))


def around(store: Store, now_ms: int = AT_MS, seen_ms: int = AT_MS) -> tuple[bool, list[SeenPage]]:
    return store.look(
        lambda conn: get_surroundings(conn, now_ms, seen_ms, AT_MS, WINDOW_MS, SETTLE_MS, SIGHTINGS_AT_MOST)
    )


def verdict(pages: list[SeenPage], app: str | None) -> Any:
    rules = JoinRules(window_ms=WINDOW_MS, private_endings=())
    return judge_source(Copied(captured_at_ms=AT_MS, app=app), map(sighting_of, pages), rules)


@pytest.mark.parametrize("seed", range(40))
def test_the_verdict_is_that_of_all_sightings(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    store.write(lambda conn: flood(conn, chance, chance.choice([1, 3, 10, 400])))
    with store.reading() as conn:
        whole = list_sightings(conn, AT_MS - WINDOW_MS, AT_MS + SETTLE_MS, SIGHTINGS_AT_MOST)
    _, few = around(store)
    assert set(few) <= set(whole)
    assert len(few) <= len(whole)
    for app in (None, "chrome", "firefox"):
        assert verdict(few, app) == verdict(whole, app)


def test_texts_come_as_they_were_stored(store: Store) -> None:
    title = 'a\0b "quoted" \\ \U0001f600 null'

    def add(conn: Connection) -> None:
        visit = add_visit(conn, VisitRow("v", "a", "1", None, "https://a.example/", "a.example", title, 0, 0, 5))
        add_sighting(conn, "a", "null", visit.seq, AT_MS, None)

    store.write(add)
    _, [page] = around(store)
    assert page == SeenPage("a", "null", AT_MS, AT_MS, None, "v", "https://a.example/", "a.example", title, 5)


def test_a_pause_is_told_while_it_is_in_force_and_for_what_happened_in_it(store: Store) -> None:
    assert around(store) == (False, [])
    store.write(lambda conn: add_pause(conn, PauseRow(500, 600)))
    assert around(store, now_ms=700, seen_ms=700) == (False, [])
    assert around(store, now_ms=700, seen_ms=550) == (True, [])
    assert around(store, now_ms=550, seen_ms=550) == (True, [])
