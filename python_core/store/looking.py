"""Look for the newest rows that match, in windows of rows that grow as far as matches are rare.

FTS5 finds the first match above a row in 0.2 ms, but the last below one in 2 to 5 ms where a word is in a third of a million
documents, as it reads the whole list of the list's pages. So rows are read upwards, in a window that is likely to hold as
many as are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from python_core.store.bounds import Interrupted

#: Rows of the first window, and how many times what was looked at the next one is at most.
FIRST_WINDOW, FURTHER = 256, 32
#: Matches that are enough where more are likely to stand further back than so many rows: less is read for what is rare.
FAR, ENOUGH = 64_000, ((50, 300_000), (30, 2**63))
#: Of what is wanted so much is enough, as a further look takes longer than what it finds is worth; and is aimed at.
ENOUGH_OF_WANTED, AIMED_AT = 0.7, 0.85
#: A window that has so many times what is wanted was too large, and is read from above.
TOO_MANY = 4

Row = tuple[Any, ...]
#: Reads the rows between two that match: the newest first, or the oldest.
Reader = Callable[[int, int, bool], Iterable[Row]]


@dataclass
class Looked:
    """Rows, the oldest first; below ``low`` nothing was looked at; ``is_cut``: the time was up."""

    low: int
    rows: list[Row] = field(default_factory=list)
    is_cut: bool = False


def look(
    rows_in: Reader,
    first: int,
    last: int,
    most: int,
    window: int = FIRST_WINDOW,
    *,
    tries: int = 2,
    is_slow: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> Looked:
    """Return the newest rows from ``last`` down to ``first``, ``most`` or some less; fewer where they are rare.

    :param window: the rows that are looked at first.
    :param tries: windows that may have none before all the rest is looked at.
    :param is_slow: where the first window has none the rest is read from above: what is found when the time is up is the newest.
    :param is_over: says whether the time is up; FTS5 can look for a match for long without asking.
    """
    found, size, looks = Looked(last + 1), window, 0
    while size and found.low > first and not found.is_cut:
        low, high, rows = max(first, found.low - size), found.low - 1, list[Row]()
        if is_slow and looks and not found.rows:
            return look_from_above(rows_in, first, high, most)
        try:
            rows += islice(rows_in(low, high, False), TOO_MANY * most)
            if len(rows) == TOO_MANY * most and high - low >= most:
                rows = list(islice(rows_in(low, high, True), most))[::-1]
        except Interrupted:
            found.is_cut = True
        found.low, found.rows, looks = low, rows + found.rows, looks + 1
        size = _next_window(len(found.rows), last + 1 - low, most, is_rest=looks >= tries)
        found.is_cut |= size > 0 and low > first and is_over()
    if len(found.rows) >= most:
        found.rows = found.rows[-most:]
        found.low = found.rows[0][0]
    return found


def look_from_above(rows_in: Reader, first: int, last: int, most: int) -> Looked:
    """Return the newest rows from ``last`` down to ``first``, at most ``most``, one after the other; fewer where they are rare."""
    found = Looked(first)
    try:
        for row in rows_in(first, last, True):
            found.rows.append(row)
            if len(found.rows) == most or _is_far_enough(len(found.rows), last + 1 - row[0]):
                found.low = row[0]
                break
    except Interrupted:
        found.is_cut = True
    found.rows.reverse()
    return found


def _is_far_enough(count: int, looked_at: int) -> bool:
    (many, further), (few, _) = ENOUGH
    return (looked_at > FAR and count >= many) or (looked_at > further and count >= few)


def _next_window(count: int, looked_at: int, most: int, *, is_rest: bool) -> int:
    """Return how many more rows to look at, 0 when ``count`` of ``looked_at`` are enough.

    Where some windows had none it is all the rest: in each window FTS5 first looks for the first match of all and
    last for the first above the window, which takes as long as looking through all of it where matches are rare.
    """
    if not count:
        return 2**63 if is_rest else looked_at * FURTHER
    a_match = looked_at / count
    if count >= most * ENOUGH_OF_WANTED:
        return 0
    wanted = next(n for n, within in ((int(most * AIMED_AT), FAR), *ENOUGH) if n * a_match <= within)
    return min(looked_at * FURTHER, max(FIRST_WINDOW, int((wanted - count) * a_match))) if count < wanted else 0
