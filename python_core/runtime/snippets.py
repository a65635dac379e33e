"""Show where a text matches: a piece of it around the first match, and the places of the matches in that piece.

FTS5's own ``snippet()`` takes time by the square of the matches: for one text of 50,000 equal words 24 seconds. This
looks at each character a few times at most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from python_core.store.expressions import piece_of
from python_core.store.words import Term, folded, lowered, pattern_of

#: Characters before the first match, and in the whole piece.
BEFORE_CHARS, PIECE_CHARS = 60, 240
#: Characters in which a word is looked for that is spelled with other accents.
FOLDED_AT_MOST = 5_000
#: Characters in which words are looked for before they are in the whole text: most stand there.
NEAR_CHARS = 2_000
#: Characters of whole texts that one marker looks through, each once a term: a term that begins at every place of a text takes
#: 20 ns a character. What comes after that is shown from its beginning, unless a term stands near it.
LOOKED_THROUGH = 4_000_000


class Marker:
    """Finds terms in texts: as words where they stand as words, else inside words; dense scripts always anywhere."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._terms = [term for term in terms if not term.is_dense]
        self._dense = {word for term in terms if term.is_dense for word in term.words}
        self._words = [pattern_of(term) for term in self._terms] + _compiled(self._dense)
        self._left = LOOKED_THROUGH

    @cached_property
    def _inner(self) -> list[re.Pattern[str]]:
        return _compiled({lowered(piece_of(term)) for term in self._terms} | self._dense)

    def snippet_of(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """Return a piece of the text, and where in it terms stand, as ``[start, end)``."""
        at = self._first_place(text)
        start = _edge(text, max(0, at - BEFORE_CHARS), at)
        end = len(text) if start + PIECE_CHARS >= len(text) else start + PIECE_CHARS
        head, tail = "…" if start > 0 else "", "…" if end < len(text) else ""
        piece = text[start:end]
        return head + piece + tail, [(first + len(head), last + len(head)) for first, last in self.places_of(piece)]

    def stands_in(self, text: str) -> bool:
        """Say whether a term stands in a short text."""
        flat = _flat(text)[0]
        return _first_of(self._words, flat) is not None or _first_of(self._inner, flat) is not None

    def places_of(self, text: str) -> list[tuple[int, int]]:
        """Return where terms stand in a short text, as ``[start, end)``."""
        flat, origins = _flat(text)
        small = lowered(flat)
        found = _matches(self._words, small) or _matches(self._inner, small)
        return [(origins[first], origins[last - 1] + 1) for first, last in found]

    def _first_place(self, text: str) -> int:
        at = _first_of(self._words, text[:NEAR_CHARS])
        if at is None and len(text) > NEAR_CHARS and self._may_look_through(text):
            at = _first_of(self._words, text)
        if at is None and not text.isascii():
            flat, origins = _flat(text[:FOLDED_AT_MOST])
            in_flat = _first_of(self._words, flat)
            at = None if in_flat is None else origins[in_flat]
        if at is None:
            at = _first_of(self._inner, text if self._may_look_through(text) else text[:NEAR_CHARS])
        return at or 0

    def _may_look_through(self, text: str) -> bool:
        may = self._left > 0
        self._left -= len(text) * len(self._words) * may
        return may


def _compiled(pieces: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(re.escape(piece)) for piece in pieces]


def _first_of(patterns: Sequence[re.Pattern[str]], text: str) -> int | None:
    """Return where the first match is. Each pattern by itself, and not ``IGNORECASE``, is looked for 20 times as fast."""
    small = lowered(text)
    return min((found.start() for pattern in patterns if (found := pattern.search(small))), default=None)


def _matches(patterns: Sequence[re.Pattern[str]], text: str) -> list[tuple[int, int]]:
    """Return the matches of all the patterns, the longest where several begin, none over another."""
    spans = [found.span() for pattern in patterns for found in pattern.finditer(text)]
    chosen = list[tuple[int, int]]()
    for first, last in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not chosen or first >= chosen[-1][1]:
            chosen.append((first, last))
    return chosen


def _flat(text: str) -> tuple[str, Sequence[int]]:
    """Return a text without accents, and which character of the text each of its characters came from."""
    if text.isascii():
        return text, range(len(text))
    plain = [each if each < "\x80" else _plain(each) for each in text]
    flat = "".join(plain)
    if len(flat) == len(text) and "" not in plain:
        return flat, range(len(text))
    return flat, [at for at, each in enumerate(plain) for _ in each]


@lru_cache(maxsize=4_096)
def _plain(character: str) -> str:
    return folded(character)


def _edge(text: str, wanted: int, at_most: int) -> int:
    """Return where a word begins at ``wanted`` or soon after."""
    if wanted == 0:
        return 0
    space = text.find(" ", wanted, at_most)
    return wanted if space < 0 else space + 1
