"""How well a document fits: an auxiliary function of FTS5, BM25 with the title above the text, without its count of all matches.

FTS5's own ``bm25()`` counts every match of every word of the index for each query: 15 ms for common words at a million documents.
"""

from __future__ import annotations

import math
from collections.abc import Collection
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
#: Newest documents by which it is told how rare a group of three characters is.
FEW_GRAMS = 16
#: How much more a document is worth that has all words one after the other, and one that is new; days after which it is half new.
TOGETHER, NEW, HALF_DAYS = 0.35, 0.25, 30


#: What ``fit`` adds where all the words stand one after the other: more than it can be without.
IS_TOGETHER = 1_000.0


def fit(api: apsw.FTS5ExtensionApi, /, *phrases: Any) -> float:
    """Return BM25 of the first phrases of the query; ``IS_TOGETHER`` more where they follow each other.

    :param phrases: for each phrase its weight and its words.
    """
    words, total, places = api.column_size(1), 0.0, list[list[list[int]]]()
    for weight in phrases[::2]:
        place = api.phrase_locations(len(places))
        title, body, terms = place
        times = TITLE * len(title) + len(body) or len(terms)
        total += weight * saturated(times, words)
        places.append(place)
    if len(places) > 1 and (_follow_each_other(places, phrases, 1) or _follow_each_other(places, phrases, 0)):
        total += IS_TOGETHER
    return total


def saturated(times: int, words: float) -> float:
    """Return what so many times in a text of so many words are worth, of 1."""
    return times / (times + K1 * (1 - B) + K1 * B / USUAL_WORDS * words)


def _follow_each_other(places: list[list[list[int]]], phrases: tuple[Any, ...], column: int) -> bool:
    """Say whether, in one column, a place of each phrase comes right after one of the phrase before."""
    reached: Collection[int] = places[0][column]
    for n in range(1, len(places)):
        if not reached or not places[n][column]:
            return False
        length = phrases[2 * n - 1]
        reached = {start + length for start in reached}.intersection(places[n][column])
    return bool(reached)


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
    """Return the groups of three characters that are the rarest, by how far back the newest few documents with each reach.

    They are counted from above: the index of pieces keeps no list of a list's pages, and is read from its beginning else.
    """
    if len(grams) <= most:
        return grams
    sql = (
        "SELECT count(*), min(rowid) FROM (SELECT rowid FROM documents_pieces WHERE documents_pieces MATCH ? "
        "AND rowid <= ? ORDER BY rowid DESC LIMIT ?)"
    )
    reaches: list[tuple[float, str]] = []
    for gram in grams:
        [(count, lowest)] = conn.execute(sql, (gram, upto, FEW_GRAMS))
        reaches.append((count / (upto - lowest + 1) if count == FEW_GRAMS else count / (upto + 1), gram))
    return [gram for _, gram in sorted(reaches)[:most]]


def score_of(relevance: float, age_ms: int, *, is_together: bool) -> int:
    """Blend how well a document fits with how new it is, to a whole number: a place in a list that a cursor can name."""
    newness = 0.5 ** (max(0, age_ms) / 86_400_000 / HALF_DAYS)
    return int(10_000 * relevance * (1 + TOGETHER * is_together) * (1 + NEW * newness))
