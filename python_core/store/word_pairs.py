"""Which two words follow each other in a document: what finds a phrase of common words at once.

Each of the words of "one of the" is in a third of all documents, the three one after the other in four of a million; FTS5
looks at the places of the words in all of them, 35 ms at a million. So each two words are a number besides: the index of
these is short lists without places. A number stands for a few other twos of words as well, so that what it finds is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from zlib import crc32

from python_core.store.words import WORD, Typed, folded

#: Numbers there are: of a million documents of 150 words some 30 have that of a pair which they do not have.
NUMBERS = 1 << 22
_PLAIN_WORD = re.compile(b"[0-9a-z]+")
#: Numbers of one phrase that are looked for.
LOOKED_FOR = 8


def pairs_of(*texts: str) -> str:
    """Return the numbers of all twos of words in some texts, as words of the index of pairs; the same texts give the same."""
    numbers = set[int]()
    for text in texts:
        numbers |= _numbers_of(_words_in(text))
    return "%x " * len(numbers) % tuple(numbers)  # in half the time that a format for each takes


def pairs_in(typed: Typed) -> str | None:
    """Return the expression for documents that can have what is wanted; None where there are no two words to tell by.

    A script without spaces has no words.
    """
    numbers = dict[int, None]()
    if any(term.is_dense for term in (*typed.wanted, *typed.unwanted)):
        return None
    for term in typed.wanted:
        whole = term.words[:-1] if term.is_prefix else term.words
        numbers |= dict.fromkeys(sorted(_numbers_of(_encoded(whole[: LOOKED_FOR + 1]))))
    return " AND ".join(f'"{number:x}"' for number in numbers) or None


def _words_in(text: str) -> list[bytes]:
    plain = folded(text)
    if plain.isascii():  # as most texts are
        return _PLAIN_WORD.findall(plain.encode())
    return _encoded(WORD.findall(plain))


def _encoded(words: Iterable[str]) -> list[bytes]:
    return [word.encode(errors="replace") for word in words]


def _numbers_of(words: Iterable[bytes]) -> set[int]:
    return {(31 * first + second) % NUMBERS for first, second in pairwise(map(crc32, words))}
