"""Find documents: by words, newest first and then the best of these, and by pieces of words; within a bound of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from python_core.store import ranking
from python_core.store.bounds import Deadline, Interrupted
from python_core.store.connection import Connection
from python_core.store.document_index import has_pairs_from, list_with_pairs
from python_core.store.documents import span_of
from python_core.store.expressions import (
    DocumentFilter,
    grams_of,
    is_short,
    match_of,
    phrases_of,
    piece_of,
    titles_of,
    words_in,
)
from python_core.store.looking import FAR, FIRST_WINDOW, Looked, Reader, Row, look, look_from_above
from python_core.store.reading import Fitting, ReadRow, read_documents, read_until, rows_with_short
from python_core.store.word_pairs import pairs_in
from python_core.store.words import Term, Typed, folded

#: The newest matches among which the best are found, and, further back, the newest with all words in the title.
RANKED_AT_MOST, TITLES_AT_MOST = 200, 60
#: Where a phrase is typed, the newest matches so: it says more than its words do, and FTS5 takes ten times as long to find one.
PHRASES_AT_MOST = 80
#: What pieces may take once the time for finding is up.
GRACE_S = 0.015
#: Texts that are read for phrases, or for a prefix that is too short for the index, and how many that have it are enough.
READ_AT_MOST, ENOUGH_READ = 250, 60
#: Of these texts so few, and the prefix is one of rare words: then the index joins their lists soon.
RARE_READ = 4
#: Word matches below which pieces of words are looked for too, and how many of these.
FEW, PIECES_AT_MOST = 10, 60
#: Groups of three characters that are looked for together: more are slower, and what is found is read again.
GRAMS = 3
#: A phrase of so many words takes FTS5 so long to find that the time can be up before it is.
SLOW_WORDS = 3
#: Rows in which the last matches up to a time stand: rows are found by days.
A_DAY = 1_024
#: What looking for titles further back may take, how much rarer each word is there than in texts, and in how many rows it begins.
TITLES_S, TITLES_RARER, TITLES_WINDOW = 0.0015, 10, (1_000, 64_000)


class Phrase(NamedTuple):
    """How much a phrase of the query tells, and how many words it has."""

    weight: float
    words: int


class Candidate(NamedTuple):
    """A document that fits, the greater the better: those of one ``fold`` say the same; ``is_piece``: found inside words."""

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
    return Found(sorted(search.found.values(), reverse=True), search.is_partial)


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
        elif not self._by_pairs():
            self._by_words()
        if len(self.found) < FEW or any(term.is_dense for term in self.typed.wanted):
            self._by_pieces()

    def _by_pairs(self) -> bool:
        """Read what can have the phrases, by their pairs of words; False where looking for words is as good, or all there is."""
        pairs = pairs_in(self.typed)
        if pairs is None or has_pairs_from(self.conn) > self.first:
            return False
        seqs = list_with_pairs(self.conn, pairs, self.first, self.last, READ_AT_MOST)
        has_more = len(seqs) == READ_AT_MOST
        if has_more and self.last - seqs[-1] < FAR:
            return False
        phrases = self._weighed(self.typed)
        fitting = Fitting(self.typed, [phrase.weight for phrase in phrases])

        def judge(row: ReadRow) -> Row | None:
            fits = fitting.of(row) if self.wanted.takes(row.kind, row.site, row.app, row.at_ms) else None
            return None if fits is None else (row.seq, row.at_ms, row.fold, fits)

        rows, is_cut = read_until(read_documents(self.conn, seqs), judge, ENOUGH_READ, self.deadline.is_over)
        self.is_partial |= is_cut or (has_more and len(rows) < ENOUGH_READ)
        self._rank(rows, phrases)
        return True

    def _by_words(self) -> None:
        """Rank the newest matches, and the newest further back whose title has all the words."""
        phrases = self._weighed(self.typed)
        most = PHRASES_AT_MOST if any(phrase.words > 1 for phrase in phrases) else RANKED_AT_MOST
        looked = self._newest(match_of(self.typed, self.wanted), phrases, most)
        self._rank(looked.rows, phrases)
        if looked.rows and looked.low > self.first and not looked.is_cut:
            self._by_titles(looked)

    def _by_titles(self, above: Looked) -> None:
        """Add what is further back and has all the words in its title; it is not looked into."""
        titles = titles_of(self.typed, self.wanted)
        if titles is None:
            return
        least, most = TITLES_WINDOW
        rarer: int = TITLES_RARER ** sum(len(term.words) for term in self.typed.wanted)
        window = rarer * TITLES_AT_MOST * (self.last + 1 - above.low) // len(above.rows)
        window = min(max(least, window), most)
        with self.deadline.at_most(TITLES_S):  # not to have found all in that time is not partial
            reader, last, is_over = self._reader(titles), above.low - 1, self.deadline.is_over
            looked = look(reader, self.first, last, TITLES_AT_MOST, window, is_over=is_over)
        for seq, at_ms, fold in looked.rows:
            score = ranking.score_of(ranking.IN_TITLE, self.now_ms - at_ms, is_together=False)
            self.found[seq] = Candidate(score, seq, fold)

    def _by_reading(self, short: list[Term]) -> None:
        """Find short prefixes by reading the newest texts that have the rest; by the index only where that finds few."""
        rest = Typed(tuple(term for term in self.typed.wanted if term not in short), self.typed.unwanted)
        phrases = self._weighed(rest)
        is_any = not rest.wanted and not rest.unwanted and self.wanted.is_of_any
        looked = self._newest(None if is_any else match_of(rest, self.wanted), phrases, READ_AT_MOST)
        seqs = [row[0] for row in looked.rows]
        good, is_cut = rows_with_short(self.conn, seqs, short, ENOUGH_READ, self.deadline.is_over)
        if is_cut:
            self.is_partial = True
            self.deadline.allow(GRACE_S)
        self._rank([row for row in looked.rows if row[0] in good], phrases)
        is_rare, has_more = len(good) <= RARE_READ, looked.low > self.first
        if is_rare and has_more:
            self._by_words()
        self.is_partial |= not is_rare and (len(good) == ENOUGH_READ or has_more)

    def _by_pieces(self) -> None:
        """Find what stands inside words, in the heads of documents."""
        pieces = [piece_of(term) for term in self.typed.wanted]
        grams = ranking.rarest(self.conn, grams_of(pieces), self.upto, GRAMS)
        if not grams:
            return
        unwanted = [piece_of(term) for term in self.typed.unwanted]
        # From above: the index of pieces keeps no list of a list's pages, so that it is read from its beginning else.
        sql = (
            "SELECT i.rowid, s.head, d.kind, d.site, d.app, p.at, p.fold FROM documents_pieces i "
            "CROSS JOIN document_places p ON p.seq = i.rowid CROSS JOIN searched s ON s.seq = i.rowid "
            "CROSS JOIN documents d ON d.seq = i.rowid "
            "WHERE documents_pieces MATCH ? AND i.rowid BETWEEN ? AND ? ORDER BY i.rowid DESC LIMIT ?"
        )
        values = (" AND ".join(grams), self.first, self.last, PIECES_AT_MOST)
        for seq, head, kind, site, app, at_ms, fold in self.conn.execute(sql, values):
            text = folded(head)
            fits = all(piece in text for piece in pieces) and not any(piece in text for piece in unwanted)
            if seq not in self.found and fits and self.wanted.takes(kind, site, app, at_ms):
                title = text.partition("\n")[0]
                share = 0.2 + 0.1 * sum(piece in title for piece in pieces) / len(pieces)
                score = ranking.score_of(share, self.now_ms - at_ms, is_together=False)
                self.found[seq] = Candidate(score, seq, fold, is_piece=True)

    def _newest(self, match: str | None, phrases: list[Phrase], most: int) -> Looked:
        """Return the newest rows that match, each with its time, what says the same, and how well it fits."""
        reader = self._reader(match, phrases)
        if match is None or "*" in match:  # the lists of all words that begin so are joined each time: once, then
            looked = look_from_above(reader, self.first, self.last, most)
        else:
            window = FIRST_WINDOW if self.wanted.to_ms is None else A_DAY
            words, is_over = max((phrase.words for phrase in phrases), default=1), self.deadline.is_over
            tries, is_slow = 3 if words == 2 else 2, words >= SLOW_WORDS  # two words of a phrase are seldom nowhere
            looked = look(reader, self.first, self.last, most, window, tries=tries, is_slow=is_slow, is_over=is_over)
        if looked.is_cut:
            self.is_partial = True
            self.deadline.allow(GRACE_S)
        return looked

    def _reader(self, match: str | None, phrases: list[Phrase] | None = None) -> Reader:
        """Build what reads the rows in a span that match, or all; with ``phrases`` they are told how well they fit."""
        ends = [("at >= ?", self.wanted.from_ms), ("at <= ?", self.wanted.to_ms)]
        when = "".join(f" AND p.{condition}" for condition, at_ms in ends if at_ms is not None)
        given = [at_ms for _, at_ms in ends if at_ms is not None]
        if match is None:
            sql = f"SELECT p.seq, p.at, p.fold, 0 FROM document_places p WHERE p.seq BETWEEN ? AND ?{when} ORDER BY p.seq DESC"
            return lambda low, high, _: self.conn.execute(sql, (low, high, *given))
        of_fit = [each for phrase in phrases or () for each in phrase]
        fit = "" if phrases is None else f", fit(documents_index{', ?' * len(of_fit)})"
        sql = (
            f"SELECT i.rowid, p.at, p.fold{fit} FROM documents_index i CROSS JOIN document_places p ON p.seq = i.rowid "
            f"WHERE documents_index MATCH ? AND i.rowid BETWEEN ? AND ?{when} ORDER BY i.rowid"
        )
        return lambda low, high, newest_first: self.conn.execute(
            f"{sql} DESC" if newest_first else sql, (*of_fit, match, low, high, *given)
        )

    def _rank(self, rows: list[Row], phrases: list[Phrase]) -> None:
        """Score rows by how well they fit and how new they are."""
        whole = sum(phrase.weight for phrase in phrases) or 1.0
        for seq, at_ms, fold, sum_of_fits in rows:
            is_together = sum_of_fits >= ranking.IS_TOGETHER
            fits = (sum_of_fits - ranking.IS_TOGETHER * is_together) / whole if phrases else 0.5
            score = ranking.score_of(fits, self.now_ms - at_ms, is_together=is_together)
            self.found[seq] = Candidate(score, seq, fold, is_together=is_together)

    def _weighed(self, typed: Typed) -> list[Phrase]:
        """Return the phrases, each with how much it tells; where there is one, that is all the same."""
        texts = [text for term in typed.wanted for text in phrases_of(term)]
        return [
            Phrase(
                1.0 if "*" in text or len(texts) == 1 else ranking.rarity(self.conn, text, self.upto), words_in(text)
            )
            for text in texts
        ]
