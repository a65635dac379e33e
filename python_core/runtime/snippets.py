"""Show where a text matches: a piece of it around the first match, and the places of the matches in that piece.

FTS5's own ``snippet()`` takes time by the square of the matches: for one text of 50,000 equal words 24 seconds. This
looks at each character a few times at most.
"""

from __future__ import annotations

import re

from python_core.store.words import WORD, Term, folded, is_dense

#: Characters before the first match, and in the whole piece.
BEFORE_CHARS, PIECE_CHARS = 60, 240
#: Characters in which a word is looked for that is spelled with other accents.
FOLDED_AT_MOST = 20_000


def snippet_of(text: str, terms: list[Term]) -> tuple[str, list[tuple[int, int]]]:
    """Return a piece of the text, and where in it terms stand, as ``[start, end)``."""
    at = _first_place(text, terms)
    start = _edge(text, max(0, at - BEFORE_CHARS), at)
    end = len(text) if start + PIECE_CHARS >= len(text) else start + PIECE_CHARS
    head, tail = "…" if start > 0 else "", "…" if end < len(text) else ""
    piece = text[start:end]
    return head + piece + tail, [(first + len(head), last + len(head)) for first, last in places_of(piece, terms)]


def places_of(text: str, terms: list[Term]) -> list[tuple[int, int]]:
    """Return where terms stand in a short text, as ``[start, end)``; inside words only where none stands as a word."""
    as_words = [term for term in terms if term.words and not term.is_dense]
    places = _places(text, as_words) if as_words else []
    if not places or len(as_words) < len(terms):
        places = _inner_places(text, [term for term in terms if not places or term.is_dense], places)
    return places


def _first_place(text: str, terms: list[Term]) -> int:
    if not terms:
        return 0
    as_words = [term for term in terms if term.words and not term.is_dense]
    for pattern in ("|".join(_pattern_of(term) for term in as_words), "|".join(_inside(term) for term in terms)):
        found = re.compile(pattern, re.IGNORECASE).search(text) if pattern else None
        if found is not None:
            return found.start()
    beginnings = {term.words[0] for term in as_words}
    for word in WORD.finditer(text, 0, FOLDED_AT_MOST):
        if folded(word[0]) in beginnings:
            return word.start()
    return 0


def _inside(term: Term) -> str:
    return re.escape(term.text.rstrip("*"))


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
    words = [(word.start(), word.end(), folded(word[0])) for word in WORD.finditer(piece)]
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


def _inner_places(text: str, terms: list[Term], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Add places of terms anywhere in a text, also inside words, where no other place is."""
    flat, origins = "", list[int]()
    for at, character in enumerate(text):
        plain = folded(character)
        flat += plain
        origins += [at] * len(plain)
    places = list(taken)
    for needle in sorted({piece for term in terms for piece in _pieces_of(term)}, key=len, reverse=True):
        at = flat.find(needle)
        while at >= 0:
            place = origins[at], origins[at + len(needle) - 1] + 1
            if all(place[1] <= start or end <= place[0] for start, end in places):
                places.append(place)
            at = flat.find(needle, at + len(needle))
    return sorted(places)


def _pieces_of(term: Term) -> tuple[str, ...]:
    whole = folded(term.text.rstrip("*") if term.is_prefix else term.text)
    return term.words if is_dense(whole) else (whole,)
