"""Looking for the newest matches misses none between the first and the last it tells, and ends soon where they are many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from random import Random

import pytest

from python_core.store.bounds import Interrupted
from python_core.store.looking import ENOUGH, FIRST_WINDOW, TOO_MANY, Looked, Row, look, look_from_above

LAST = 300_000


class Rows:
    """Matches among many rows, and how many of them were read."""

    def __init__(self, matches: list[int], *, cut_after: int = 10**9) -> None:
        self._matches = sorted(matches)
        self._left = cut_after
        self.read = 0
        self.spans = list[tuple[int, int]]()

    def __call__(self, low: int, high: int, newest_first: bool) -> Iterator[Row]:
        self.spans.append((low, high))
        inside = self._matches[bisect_left(self._matches, low) : bisect_left(self._matches, high + 1)]
        for match in reversed(inside) if newest_first else inside:
            if not self._left:
                raise Interrupted
            self._left -= 1
            self.read += 1
            yield (match,)


def spread(count: int, last: int = LAST) -> list[int]:
    return Random(count).sample(range(1, last + 1), count)


def newest(matches: list[int], looked: Looked, most: int) -> list[Row]:
    return [(match,) for match in sorted(matches) if match >= looked.low][-most:]


@pytest.mark.parametrize("count", [0, 1, 7, 49, 200, 3_000, 20_000, 200_000])
@pytest.mark.parametrize("most", [1, 60, 200])
def test_the_newest_are_found_in_a_few_looks(count: int, most: int) -> None:
    matches = spread(count)
    looked = look(rows := Rows(matches), 1, LAST, most)
    assert looked.rows == newest(matches, looked, most)
    assert len(looked.rows) >= min(count, most, ENOUGH[-1][0])
    assert len(rows.spans) <= 7
    assert rows.read <= (TOO_MANY + 1) * most + 300


def test_all_is_looked_at_where_little_is_found() -> None:
    matches = spread(20)
    looked = look(Rows(matches), 1, LAST, 200)
    assert (looked.low, looked.rows, looked.is_cut) == (1, [(match,) for match in sorted(matches)], False)


@pytest.mark.parametrize(("first", "last"), [(1, 0), (5, 4), (7, 7), (3, 500)])
def test_only_the_span_is_looked_at(first: int, last: int) -> None:
    rows = Rows(list(range(1, 1_000)))
    looked = look(rows, first, last, 50)
    assert looked.rows == [(n,) for n in range(max(first, last - 49), last + 1)]
    assert all(first <= low <= high <= last for low, high in rows.spans)


def test_matches_that_stand_close_together_far_back_are_not_all_read() -> None:
    matches = list(range(50_000, 200_000))
    rows = Rows(matches)
    looked = look(rows, 1, LAST, 200)
    assert looked.rows == newest(matches, looked, 200)
    assert len(looked.rows) == 200
    assert rows.read <= (TOO_MANY + 1) * 200


def test_what_was_found_when_the_time_was_up_is_told() -> None:
    matches = spread(40)
    looked = look(Rows(matches, cut_after=10), 1, LAST, 200)
    assert looked.is_cut
    assert len(looked.rows) == 10


def test_what_is_slow_to_find_is_read_from_above_so_that_the_newest_are_found_first() -> None:
    matches = list(range(1, LAST // 2, 1_000))
    rows = Rows(matches, cut_after=3)
    looked = look(rows, 1, LAST, 200, is_slow=True)
    assert rows.spans == [(LAST - FIRST_WINDOW + 1, LAST), (1, LAST - FIRST_WINDOW)]
    assert (looked.rows, looked.is_cut) == ([(match,) for match in matches[-3:]], True)
    assert 30 <= len(look(Rows(matches), 1, LAST, 200, is_slow=True).rows) <= 60


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_after_so_many_windows_without_one_all_the_rest_is_looked_at(tries: int) -> None:
    rows = Rows([5, 9])
    assert look(rows, 1, LAST, 200, tries=tries).rows == [(5,), (9,)]
    assert len(rows.spans) == tries + 1


def test_once_the_time_is_up_no_further_window_is_begun() -> None:
    rows = Rows(spread(300))
    looked = look(rows, 1, LAST, 200, is_over=lambda: True)
    assert (looked.is_cut, len(rows.spans)) == (True, 1)
    assert not look(Rows([LAST]), 1, 1, 200, is_over=lambda: True).is_cut


@pytest.mark.parametrize(
    ("count", "found", "is_all"), [(3, 3, True), (20, 20, True), (200, 50, False), (20_000, 100, False)]
)
def test_what_is_read_from_above_is_the_newest(count: int, found: int, is_all: bool) -> None:
    matches = spread(count)
    looked = look_from_above(Rows(matches), 1, LAST, 100)
    assert looked.rows == [(match,) for match in sorted(matches)[-len(looked.rows) :]]
    assert abs(len(looked.rows) - found) <= 5
    assert looked.low == (1 if is_all else looked.rows[0][0])
