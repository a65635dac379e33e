"""Find documents: by words, newest first and then the best of these, and by pieces of words; within a bound of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from python_core.store import ranking
from python_core.store.bounds import Deadline, Interrupted
from python_core.store.connection import Connection
from python_core.store.documents import span_of
from python_core.store.expressions import (
    DocumentFilter,
    grams_of,
    is_short,
    match_of,
    phrases_of,
    piece_of,
    titles_of,
)
from python_core.store.words import Term, Typed, folded, lowered, pattern_of

#: The newest matches among which the best are found, and, further back, the newest with all words in the title.
RANKED_AT_MOST, TITLES_AT_MOST = 200, 60
#: Rows that each look takes in, before all the rest. At a million documents FTS5 finds the first match above a row in
#: 0.2 ms; the last below one takes 4 ms for a common word, as it reads the whole list of the list's pages.
WINDOWS = (1_000, 4_000, 16_000, 64_000)
#: Matches that are enough once the last of these windows was looked at: the rest is searched only for what is rare.
FAR_ENOUGH = 50
#: What ranking and showing may take once the time for finding is up.
GRACE_S = 0.015
#: Texts that are read for a prefix that is too short for the index, and how many of them are enough.
READ_AT_MOST, ENOUGH_READ, READ_CHARS = 250, 60, 20_000
#: Of these texts so few, and the prefix is one of rare words: then the index joins their lists soon.
RARE_READ = 4
#: Word matches below which pieces of words are looked for too, and how many of these.
FEW, PIECES_AT_MOST = 10, 60
#: Groups of three characters that are looked for together: more are slower, and what is found is read again.
GRAMS = 3
#: What looking for titles further back may take.
TITLES_S = 0.003


class Candidate(NamedTuple):
    """A document that fits: documents of one ``fold`` say the same; ``is_piece``: found inside words."""

    score: int
    seq: int
    fold: int
    is_piece: bool = False
    is_together: bool = False


@dataclass
class Found:
    """Documents, best first; ``is_partial``: the time was up, or more would have had to be read."""

    candidates: list[Candidate]
    is_partial: bool


def find_documents(
    conn: Connection, typed: Typed, wanted: DocumentFilter, upto: int, now_ms: int, time_s: float
) -> Found:
    """Return the best of the newest matches up to row ``upto``; the same for the same rows, whatever is added above."""
    first, last = span_of(conn, wanted.from_ms, wanted.to_ms, upto)
    with Deadline(conn, time_s) as deadline:
        search = _Search(conn, deadline, typed, wanted, first, last, upto, now_ms)
        try:
            search.run()
        except Interrupted:
            search.is_partial = True
    ranked = sorted(search.found.values(), key=lambda each: (-each.score, -each.seq))
    return Found(ranked, search.is_partial)


@dataclass
class _Search:
    conn: Connection
    deadline: Deadline
    typed: Typed
    wanted: DocumentFilter
    first: int
    last: int
    upto: int
    now_ms: int
    found: dict[int, Candidate] = field(default_factory=dict)
    is_partial: bool = False

    def run(self) -> None:
        short = [term for term in self.typed.wanted if is_short(term)]
        if short:
            self._by_reading(short)
        else:
            self._by_words()
        if len(self.found) < FEW or any(term.is_dense for term in self.typed.wanted):
            self._by_pieces()

    def _by_words(self) -> None:
        """Rank the newest matches, and the newest further back whose title has all the words."""
        match = match_of(self.typed, self.wanted)
        weights = self._weights(self.typed)
        seqs = self._newest(match, self.last, RANKED_AT_MOST)
        if not seqs:
            return
        self._rank(match, weights, min(seqs), self.last)
        if len(seqs) >= FAR_ENOUGH:
            self._by_titles(min(seqs) - 1)

    def _by_titles(self, last: int) -> None:
        """Add what is further back and has all the words in its title; it is not looked into."""
        titles = titles_of(self.typed, self.wanted)
        if titles is None:
            return
        sql = "SELECT at, fold FROM document_places WHERE seq = ?"
        for seq in self._newest(titles, last, TITLES_AT_MOST, time_s=TITLES_S):
            for at_ms, fold in self.conn.execute(sql, (seq,)):
                score = ranking.score_of(ranking.IN_TITLE, self.now_ms - at_ms, is_together=False)
                self.found[seq] = Candidate(score, seq, fold)

    def _by_reading(self, short: list[Term]) -> None:
        """Find short prefixes by reading the newest texts that have the rest; by the index only where that finds few."""
        rest = Typed(tuple(term for term in self.typed.wanted if term not in short), self.typed.unwanted)
        match = match_of(rest, self.wanted)
        seqs = self._newest(match, self.last, READ_AT_MOST)
        sql = "SELECT title, body FROM documents WHERE seq = ?"
        patterns, good = [pattern_of(term) for term in short], list[int]()
        for seq in reversed(seqs):
            for title, body in self.conn.execute(sql, (seq,)):
                text = lowered(folded(f"{title}\n{body[:READ_CHARS]}"))
                if all(pattern.search(text) for pattern in patterns):
                    good.append(seq)
            if len(good) == ENOUGH_READ:
                break
        if good:
            self._rank(match, self._weights(rest), good[-1], self.last, only=set(good))
        is_rare = len(good) <= RARE_READ
        if is_rare and len(seqs) == READ_AT_MOST:
            self._by_words()
        self.is_partial |= not is_rare and (len(good) == ENOUGH_READ or len(seqs) == READ_AT_MOST)

    def _by_pieces(self) -> None:
        """Find what stands inside words, in the heads of documents."""
        pieces = [piece_of(term) for term in self.typed.wanted]
        grams = ranking.rarest(self.conn, grams_of(pieces), self.upto, GRAMS)
        if not grams:
            return
        unwanted = [piece_of(term) for term in self.typed.unwanted]
        sql = (
            "SELECT s.seq, s.head, d.kind, d.site, d.app, p.at, p.fold FROM searched s JOIN documents d USING (seq) "
            "JOIN document_places p USING (seq) WHERE s.seq = ?"
        )
        rows = self._newest(" AND ".join(grams), self.last, PIECES_AT_MOST, index="documents_pieces")
        for seq, head, kind, site, app, at_ms, fold in (hit for row in rows for hit in self.conn.execute(sql, (row,))):
            text = folded(head)
            fits = all(piece in text for piece in pieces) and not any(piece in text for piece in unwanted)
            if seq not in self.found and fits and self._is_in_scope(kind, site, app, at_ms):
                title = text.partition("\n")[0]
                share = 0.2 + 0.1 * sum(piece in title for piece in pieces) / len(pieces)
                score = ranking.score_of(share, self.now_ms - at_ms, is_together=False)
                self.found[seq] = Candidate(score, seq, fold, is_piece=True)

    def _newest(
        self, match: str, last: int, limit: int, index: str = "documents_index", time_s: float | None = None
    ) -> list[int]:
        """Return the newest rows up to ``last`` that match, in the order of rows, at most ``limit``.

        :param time_s: how long to look; not to have found all in that time is not partial.
        """
        with self.deadline.at_most(10.0 if time_s is None else time_s):
            seqs, is_cut = self._look(match, last, limit, index)
        if is_cut and time_s is None:
            self.is_partial = True
            self.deadline.allow(GRACE_S)
        return seqs

    def _look(self, match: str, last: int, limit: int, index: str) -> tuple[list[int], bool]:
        """Look window by window; say too whether the time was up."""
        seqs, is_cut = list[int](), False
        for low, high, is_rest in self._windows(last, has_prefix="*" in match):
            sql, values = self._select("i.rowid", index, match, low, high)
            if is_rest:
                sql += f" ORDER BY i.rowid DESC LIMIT {limit}"
            rows: list[int] = []
            try:
                rows += (row[0] for row in self.conn.execute(sql, values))
            except Interrupted:
                is_cut = True
            seqs = sorted(rows) + seqs
            if len(seqs) >= limit or is_cut or (high - low + 1 == WINDOWS[-1] and len(seqs) >= FAR_ENOUGH):
                break
        return seqs[-limit:], is_cut

    def _windows(self, last: int, *, has_prefix: bool) -> Iterator[tuple[int, int, bool]]:
        """Yield spans of rows, the newest first, and whether it is all the rest; one for a prefix, which is joined each time."""
        for size in () if has_prefix else WINDOWS:
            if last >= self.first:
                yield max(self.first, last - size + 1), last, False
            last -= size
        if last >= self.first:
            yield self.first, last, True

    def _select(self, columns: str, index: str, match: str, low: int, high: int) -> tuple[str, dict[str, str | int]]:
        """Build the query for rows in a span; a time is compared only where one is asked for."""
        values: dict[str, str | int] = {"match": match, "low": low, "high": high}
        joins, conditions = "", ""
        if "p." in columns or self.wanted.from_ms is not None or self.wanted.to_ms is not None:
            joins = "CROSS JOIN document_places p ON p.seq = i.rowid"
        if self.wanted.from_ms is not None:
            conditions, values["from"] = " AND p.at >= :from", self.wanted.from_ms
        if self.wanted.to_ms is not None:
            conditions, values["to"] = conditions + " AND p.at <= :to", self.wanted.to_ms
        return (
            f"SELECT {columns} FROM {index} i {joins} "
            f"WHERE {index} MATCH :match AND i.rowid BETWEEN :low AND :high{conditions}"
        ), values

    def _rank(self, match: str, weights: list[float], low: int, high: int, only: set[int] | None = None) -> None:
        """Score the matches in a span of rows, or of ``only`` these."""
        whole = sum(weights) or 1.0
        fit = f"fit(documents_index{''.join(f', {weight:.4f}' for weight in weights)})"
        sql, values = self._select(f"i.rowid, p.at, p.fold, {fit}", "documents_index", match, low, high)
        for seq, at_ms, fold, sum_of_fits in self.conn.execute(sql, values):
            if only is None or seq in only:
                is_together = sum_of_fits >= ranking.IS_TOGETHER
                fits = (sum_of_fits - ranking.IS_TOGETHER * is_together) / whole if weights else 0.5
                score = ranking.score_of(fits, self.now_ms - at_ms, is_together=is_together)
                self.found[seq] = Candidate(score, seq, fold, is_together=is_together)

    def _weights(self, typed: Typed) -> list[float]:
        """Return how much each phrase tells; where there is one, that is all the same."""
        phrases = [phrase for term in typed.wanted for phrase in phrases_of(term)]
        if len(phrases) <= 1:
            return [1.0] * len(phrases)
        return [1.0 if "*" in phrase else ranking.rarity(self.conn, phrase, self.upto) for phrase in phrases]

    def _is_in_scope(self, kind: str, site: str | None, app: str | None, at_ms: int) -> bool:
        wanted = self.wanted
        return (
            (wanted.kinds is None or kind in wanted.kinds)
            and (wanted.site is None or f".{site or ''}".endswith(f".{wanted.site}"))
            and (wanted.app is None or app == wanted.app)
            and (wanted.from_ms is None or at_ms >= wanted.from_ms)
            and (wanted.to_ms is None or at_ms <= wanted.to_ms)
        )
