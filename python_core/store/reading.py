"""Read texts for what no index tells soon: phrases of common words, and prefixes that stand for very many words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from python_core.store import ranking
from python_core.store.bounds import Interrupted
from python_core.store.connection import Connection
from python_core.store.document_terms import plain_terms
from python_core.store.words import Term, Typed, counter_of, folded, lowered

T = TypeVar("T")
#: Characters of a text that are read for a short prefix, and characters of a usual word with the space after it.
READ_CHARS, WORD_CHARS = 20_000, 6


class ReadRow(NamedTuple):
    """A document with what is looked for in it, and its place."""

    seq: int
    kind: str
    site: str | None
    app: str | None
    title: str
    body: str
    terms: str
    at_ms: int
    fold: int


def rows_with_short(
    conn: Connection, seqs: list[int], short: list[Term], enough: int, is_over: Callable[[], bool]
) -> tuple[set[int], bool]:
    """Return those of some documents that have words which begin so; and whether the time was up before that was known."""
    counters = [counter_of(term) for term in short]
    sql = (
        f"SELECT seq, title, substr(body, 1, {READ_CHARS}) FROM documents "
        "WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC"
    )

    def judge(row: tuple[int, str, str]) -> int | None:
        seq, title, body = row
        text = lowered(folded(f"{title}\n{body}"))
        return seq if all(count(text) for count in counters) else None

    found, is_cut = read_until(conn.execute(sql, (str(seqs),)), judge, enough, is_over)
    return set(found), is_cut


def read_documents(conn: Connection, seqs: list[int]) -> Iterable[ReadRow]:
    """Read documents one after the other, in the order in which they are asked for."""
    sql = (
        "SELECT d.seq, d.kind, d.site, d.app, d.title, d.body, t.terms, p.at, p.fold FROM json_each(?) j "
        "CROSS JOIN documents d ON d.seq = j.value CROSS JOIN document_terms t ON t.seq = d.seq "
        "CROSS JOIN document_places p ON p.seq = d.seq"
    )
    return map(ReadRow._make, conn.execute(sql, (str(seqs),)))


def read_until(
    rows: Iterable[tuple[object, ...]], judge: Callable[..., T | None], enough: int, is_over: Callable[[], bool]
) -> tuple[list[T], bool]:
    """Return what ``judge`` makes of rows, without None, until it is enough; and whether the time was up before."""
    found = list[T]()
    try:
        for row in rows:
            made = judge(row)
            if made is not None:
                found.append(made)
            if len(found) == enough:
                break
            if is_over():  # SQLite asks so every thousand steps, and takes a few for a text
                return found, True
    except Interrupted:
        return found, True
    return found, False


class Fitting:
    """Tells how well a text fits that is read, as ``ranking.fit`` does of one that the index finds.

    :param weights: how much each wanted term tells.
    """

    def __init__(self, typed: Typed, weights: Sequence[float]) -> None:
        self._wanted = [(counter_of(term), weight) for term, weight in zip(typed.wanted, weights, strict=True)]
        self._unwanted = [counter_of(term) for term in typed.unwanted]
        words = tuple(word for term in typed.wanted for word in term.words)
        last = typed.wanted[-1].is_prefix
        self._together = counter_of(Term(" ".join(words), words, last)) if len(typed.wanted) > 1 else None

    def of(self, row: ReadRow) -> float | None:
        """Return how well a document fits, None where it does not."""
        title, body, terms = (lowered(folded(text)) for text in (row.title, row.body, plain_terms(row.terms)))
        total = 0.0
        for count, weight in self._wanted:
            times = ranking.TITLE * count(title) + count(body) or count(terms)
            if not times:
                return None
            total += weight * ranking.saturated(times, len(body) / WORD_CHARS)
        if any(count(text) for count in self._unwanted for text in (title, body, terms)):
            return None
        is_together = self._together is not None and (self._together(title) or self._together(body)) > 0
        return total + ranking.IS_TOGETHER * is_together
