"""What counts as a word, for the index and for what is typed: folding, the parts of a name, Chinese and its like by twos."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

#: What FTS5's unicode61 makes words of: an underscore is none.
WORD = re.compile(r"[^\W_]+")
#: Scripts written without spaces: Han, kana and (its words bear endings) Hangul. unicode61 takes a run of them for one word.
DENSE = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
#: Letters with accents that unicode61 does not take off.
_FAR = re.compile("[\u0370-\u1dff]")
#: A name in camelCase, and where it is taken apart: ``parseHTTPReply2`` → parse HTTP Reply 2.
_CAMEL = re.compile(r"[^\W_]*[a-z][A-Z][^\W_]*")
_HAS_HUMP = re.compile("[a-z][A-Z]")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
#: Words of a phrase that a pattern compares, and places of a term in one text that are counted: more say nothing more.
PATTERN_WORDS, COUNTED = 8, 30
#: The capital whose small letter is two characters.
_WIDER = "\u0130"
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
#: Private characters mark words that nobody can type: unicode61 takes them for letters, and what is typed is rid of them.
PRIVATE = re.compile("[\ue000-\uf8ff]")


def folded(text: str) -> str:
    """Return a text as the index compares it: small letters without accents."""
    if text.isascii():
        return text.lower()
    plain = _BEYOND.sub(_unless_accent, _accents().sub("", unicodedata.normalize("NFD", text)))
    return unicodedata.normalize("NFC", plain).lower()


@cache
def _accents() -> re.Pattern[str]:
    """Compile what finds accents of the first plane: a class with one beyond it takes 20 times as long."""
    return re.compile(f"[{''.join(filter(unicodedata.combining, map(chr, range(0x300, 0x10000))))}]+")


def _unless_accent(found: re.Match[str]) -> str:
    return "" if unicodedata.combining(found[0]) else found[0]


def is_dense(text: str) -> bool:
    """Say whether a text holds a script that is written without spaces."""
    return not text.isascii() and _has_dense().search(text) is not None


def runs_of(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text that are one script's, and whether it is one without spaces; half-width kana as whole ones."""
    for run in _runs().findall(unicodedata.normalize("NFKC", text)):
        yield run, _has_dense().match(run) is not None


@cache
def _has_dense() -> re.Pattern[str]:
    """Compile what finds such a script: with its pieces 5 ms of a start that need not be."""
    return re.compile(f"[{DENSE}\uff66-\uff9d]")


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(f"[{DENSE}]+|[^\\W_{DENSE}]+")


def twos_of(run: str) -> list[str]:
    """Return each two characters that stand together, and the last alone: so the first of any is the beginning of a word."""
    return [run[n : n + 2] for n in range(len(run))]


def parts_of(text: str) -> list[str]:
    """Return the words within words: the parts of camelCase names, dense scripts by twos with the other words in between.

    Also words without their accents where unicode61 takes those for letters of their own (Cyrillic, Greek, Arabic).
    """
    parts: list[str] = []
    if _HAS_HUMP.search(text):
        for name in _CAMEL.findall(text):
            parts += _HUMPS.findall(name)
    if _FAR.search(text):
        parts += [plain for word in WORD.findall(text) if _FAR.search(word) and (plain := folded(word)) != word.lower()]
    if is_dense(text):
        for word in WORD.findall(text):
            if is_dense(word):
                for run, dense in runs_of(word):
                    parts += twos_of(run) if dense else [run]
    return parts


class Term(NamedTuple):
    """Words that are wanted one after the other, folded; with ``is_prefix`` the last may go on. ``text`` is as typed."""

    text: str
    words: tuple[str, ...]
    is_prefix: bool = False
    is_phrase: bool = False

    @property
    def is_dense(self) -> bool:
        """Say whether it holds a script that is written without spaces."""
        return is_dense(self.text)


class Typed(NamedTuple):
    """What is looked for: all of ``wanted`` and none of ``unwanted``."""

    wanted: tuple[Term, ...]
    unwanted: tuple[Term, ...]


def lowered(text: str) -> str:
    """Return a text for ``pattern_of``: small letters, a character for each, and NUL for an underscore, which is no letter."""
    small = text.lower()
    if len(small) != len(text):  # one capital has a small letter of two characters
        small = _WIDER.join(map(str.lower, text.split(_WIDER)))
    return small.replace("_", "\0")


def pattern_of(term: Term) -> re.Pattern[str]:
    """Compile what finds a term where it stands as words in a ``lowered`` text; in a script without spaces, anywhere.

    It begins with letters: where it began with a look behind, each character would be tried instead of skipped. A long phrase
    is found by its first ``PATTERN_WORDS``: in a text that repeats them each word more is looked for from each place.
    """
    if term.is_dense:
        return re.compile(re.escape(term.words[0]))
    first, *rest = (re.escape(word) for word in term.words[:PATTERN_WORDS])
    words = rf"{first}(?<=\b{first})" + "".join(rf"\W+{word}" for word in rest)
    return re.compile(words if term.is_prefix and len(term.words) <= PATTERN_WORDS else words + r"\b")


def counter_of(term: Term) -> Callable[[str], int]:
    """Return what counts the places of a term in a ``lowered`` text: of a long phrase one at most, of others ``COUNTED``."""
    pattern = pattern_of(term)
    if term.is_dense or len(term.words) <= PATTERN_WORDS:
        return lambda text: sum(1 for _ in islice(pattern.finditer(text), COUNTED))
    whole = f" {' '.join(term.words)}{'' if term.is_prefix else ' '}"
    return lambda text: int(pattern.search(text) is not None and whole in f" {' '.join(WORD.findall(text))} ")
