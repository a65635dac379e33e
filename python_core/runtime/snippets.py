"""Show where a text matches: a piece of it around the first match, and the places of the matches in that piece.

FTS5's own ``snippet()`` takes time by the square of the matches: for one text of 50,000 equal words 24 seconds. This
looks at each character a few times at most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from python_core.store.words import Term, folded

#: Characters before the first match, and in the whole piece.
BEFORE_CHARS, PIECE_CHARS = 60, 240
#: Characters in which a word is looked for that is spelled with other accents.
FOLDED_AT_MOST = 5_000
_NEVER = re.compile(r"(?!)")


class Marker:
    """Finds terms in texts: as words where they stand as words, else inside words; dense scripts always anywhere."""

    def __init__(self, terms: Sequence[Term]) -> None:
        dense = {word for term in terms if term.is_dense for word in term.words}
        words = {_as_words(term) for term in terms if not term.is_dense}
        inner = {folded(term.text.rstrip("*") if term.is_prefix else term.text) for term in terms if not term.is_dense}
        self._words = _any_of(words | {re.escape(word) for word in dense})
        self._inner = _any_of({re.escape(piece) for piece in inner | dense})

    def snippet_of(self, text: str) -> tuple[str, list[tuple[int, int]]]:
        """Return a piece of the text, and where in it terms stand, as ``[start, end)``."""
        at = self._first_place(text)
        start = _edge(text, max(0, at - BEFORE_CHARS), at)
        end = len(text) if start + PIECE_CHARS >= len(text) else start + PIECE_CHARS
        head, tail = "…" if start > 0 else "", "…" if end < len(text) else ""
        piece = text[start:end]
        return head + piece + tail, [(first + len(head), last + len(head)) for first, last in self.places_of(piece)]

    def places_of(self, text: str) -> list[tuple[int, int]]:
        """Return where terms stand in a short text, as ``[start, end)``."""
        flat, origins = _flat(text)
        found = list(self._words.finditer(flat)) or list(self._inner.finditer(flat))
        return [(origins[each.start()], origins[each.end() - 1] + 1) for each in found]

    def _first_place(self, text: str) -> int:
        found = self._words.search(text)
        if found is None and not text.isascii():
            flat, origins = _flat(text[:FOLDED_AT_MOST])
            found = self._words.search(flat)
            if found is not None:
                return origins[found.start()]
        found = found or self._inner.search(text)
        return found.start() if found else 0


def _as_words(term: Term) -> str:
    words = r"[\W_]+".join(re.escape(word) for word in term.words)
    return rf"(?<![^\W_]){words}" + ("" if term.is_prefix else r"(?![^\W_])")


def _any_of(patterns: set[str]) -> re.Pattern[str]:
    """Compile what matches any of the patterns, the longest where several would."""
    return re.compile("|".join(sorted(patterns, key=len, reverse=True)), re.IGNORECASE) if patterns else _NEVER


def _flat(text: str) -> tuple[str, Sequence[int]]:
    """Return a text folded, and which character of the text each of its characters came from."""
    if text.isascii():
        return text, range(len(text))
    flat, origins = list[str](), list[int]()
    for at, character in enumerate(text):
        plain = character if character.isascii() else folded(character)
        flat.append(plain)
        origins += [at] * len(plain)
    return "".join(flat), origins


def _edge(text: str, wanted: int, at_most: int) -> int:
    """Return where a word begins at ``wanted`` or soon after."""
    if wanted == 0:
        return 0
    space = text.find(" ", wanted, at_most)
    return wanted if space < 0 else space + 1
