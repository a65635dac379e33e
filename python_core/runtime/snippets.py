"""Show where a text matches: a piece of it around the first match, and the places of the matches in that piece.

FTS5's own ``snippet()`` takes time by the square of the matches: for one text of 50,000 equal words 24 seconds. This
looks at each character a few times at most.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

#: Characters before the first match, and in the whole piece.
BEFORE_CHARS, PIECE_CHARS = 60, 240
#: Characters in which a word is looked for that is spelled with other accents.
FOLDED_AT_MOST = 20_000
#: What FTS5's unicode61 makes words of: an underscore is none.
WORD = re.compile(r"[^\W_]+")


class Term(NamedTuple):
    """Words that are wanted one after the other, folded; with ``is_prefix`` the last may go on."""

    words: tuple[str, ...]
    is_prefix: bool


def term_of(text: str, *, is_prefix: bool) -> Term:
    """Make a term of what was typed."""
    return Term(tuple(_folded(word) for word in WORD.findall(text)), is_prefix)


def snippet_of(text: str, terms: list[Term]) -> tuple[str, list[tuple[int, int]]]:
    """Return a piece of the text, and where in it terms stand, as ``[start, end)``."""
    at = _first_place(text, terms)
    start = _edge(text, max(0, at - BEFORE_CHARS), at)
    end = len(text) if start + PIECE_CHARS >= len(text) else start + PIECE_CHARS
    head, tail = "…" if start > 0 else "", "…" if end < len(text) else ""
    piece = text[start:end]
    return head + piece + tail, [(first + len(head), last + len(head)) for first, last in _places(piece, terms)]


def _first_place(text: str, terms: list[Term]) -> int:
    found = re.compile("|".join(_pattern_of(term) for term in terms), re.IGNORECASE).search(text) if terms else None
    if found is not None:
        return found.start()
    beginnings = {term.words[0] for term in terms}
    for word in WORD.finditer(text, 0, FOLDED_AT_MOST):
        if _folded(word[0]) in beginnings:
            return word.start()
    return 0


def _pattern_of(term: Term) -> str:
    words = r"[\W_]+".join(re.escape(word) for word in term.words)
    return rf"(?<![^\W_]){words}" + ("" if term.is_prefix else r"(?![^\W_])")


def _edge(text: str, wanted: int, at_most: int) -> int:
    """Return where a word begins at ``wanted`` or soon after."""
    if wanted == 0:
        return 0
    space = text.find(" ", wanted, at_most)
    return wanted if space < 0 else space + 1


def _places(piece: str, terms: list[Term]) -> list[tuple[int, int]]:
    words = [(word.start(), word.end(), _folded(word[0])) for word in WORD.finditer(piece)]
    places, n = list[tuple[int, int]](), 0
    while n < len(words):
        fitting = [
            len(term.words) for term in terms if _fits([word for _, _, word in words[n : n + len(term.words)]], term)
        ]
        if fitting:
            places.append((words[n][0], words[n + max(fitting) - 1][1]))
        n += max(fitting, default=1)
    return places


def _fits(words: list[str], term: Term) -> bool:
    if len(words) < len(term.words) or tuple(words[:-1]) != term.words[:-1]:
        return False
    return words[-1].startswith(term.words[-1]) if term.is_prefix else words[-1] == term.words[-1]


def _folded(word: str) -> str:
    """Return a word as the index compares it: small letters without accents."""
    if word.isascii():
        return word.lower()
    plain = (each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
    return "".join(plain).lower()
