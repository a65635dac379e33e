"""How well a document fits: an auxiliary function of FTS5, BM25 with the title above the text, without its count of all matches.

FTS5's own ``bm25()`` counts every match of every word of the index for each query: 15 ms for common words at a million documents.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import apsw

#: BM25's own two numbers, and the words of a usual text: a fixed one, so that a score is the same while rows are added.
K1, B, USUAL_WORDS = 1.2, 0.75, 150
#: How many times a word in the title counts.
TITLE = 4
#: What a document is worth, of 1, that has all words in a title of usual length and is not looked into.
IN_TITLE = TITLE / (TITLE + K1)
#: Newest documents in which a word's rarity is looked up.
SAMPLE = 500
#: How much more a document is worth that has all words one after the other, and one that is new; days after which it is half new.
TOGETHER, NEW, HALF_DAYS = 0.35, 0.25, 30


#: What ``fit`` adds where all the words stand one after the other: more than it can be without.
IS_TOGETHER = 1_000.0


def fit(api: apsw.FTS5ExtensionApi, /, *weights: Any) -> float:
    """Return BM25 of the first phrases of the query, each with its weight; ``IS_TOGETHER`` more where they follow each other."""
    usual = K1 * (1 - B + B * api.column_size(1) / USUAL_WORDS)
    total = 0.0
    places: list[list[list[int]]] = []
    for n, weight in enumerate(weights):
        title, body = api.phrase_column_offsets(n, 0), api.phrase_column_offsets(n, 1)
        times = TITLE * len(title) + len(body) or len(api.phrase_column_offsets(n, 2))
        total += weight * times / (times + usual)
        places.append([title, body])
    if len(places) > 1 and any(_follow_each_other(api, column) for column in zip(*places, strict=True)):
        total += IS_TOGETHER
    return total


def _follow_each_other(api: apsw.FTS5ExtensionApi, places: tuple[list[int], ...]) -> bool:
    """Say whether, in one column, a place of each phrase comes right after one of the phrase before."""
    ends: set[int] | None = None
    for n, starts in enumerate(places):
        reached = starts if ends is None else ends.intersection(starts)
        if not reached:
            return False
        ends = {start + len(api.phrases[n]) for start in reached}
    return True


def register(conn: apsw.Connection) -> None:
    """Make ``fit`` known to a connection."""
    conn.register_fts5_function("fit", fit)


def rarity(conn: apsw.Connection, phrase: str, upto: int) -> float:
    """Return how much a phrase tells (BM25's inverse frequency), by how many of the newest documents have it."""
    first = max(0, upto - SAMPLE)
    sql = "SELECT count(*) FROM documents_index WHERE documents_index MATCH ? AND rowid BETWEEN ? AND ?"
    [(count,)] = conn.execute(sql, (phrase, first + 1, upto))
    return math.log(1 + (upto - first - count + 0.5) / (count + 0.5))


def rarest(conn: apsw.Connection, grams: list[str], upto: int, most: int) -> list[str]:
    """Return the groups of three characters that the fewest of the newest documents have."""
    sql = "SELECT count(*) FROM documents_pieces WHERE documents_pieces MATCH ? AND rowid BETWEEN ? AND ?"
    counts: list[tuple[Any, str]] = []
    for gram in grams:
        [(count,)] = conn.execute(sql, (gram, max(1, upto - SAMPLE + 1), upto))
        counts.append((count, gram))
    return [gram for _, gram in sorted(counts)[:most]]


def score_of(relevance: float, age_ms: int, *, is_together: bool) -> int:
    """Blend how well a document fits with how new it is, to a whole number: a place in a list that a cursor can name."""
    newness = 0.5 ** (max(0, age_ms) / 86_400_000 / HALF_DAYS)
    return int(10_000 * relevance * (1 + TOGETHER * is_together) * (1 + NEW * newness))
