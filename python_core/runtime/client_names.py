"""What a client may be called: a name that the user reads as it is, in the moment in which they decide on access."""

from __future__ import annotations

import re
import unicodedata

#: Controls, formats (marks of direction, zero width, tags), half surrogates, private and unassigned characters, separators of
#: lines; the two joiners are needed by Persian, Hindi and emoji.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = "\u200c\u200d"
#: Letters and marks that show nothing.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
#: Alphabets that share the looks of many letters: a word of one of them may hold none of another.
_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE")
#: Names by which the hub itself calls others.
_TAKEN = frozenset({"the user", "owner", "same-user", "the hub", "hub", "smrthub"})


def fault_in_name(name: str) -> str | None:
    """Say why a client may not be called so, or None."""
    if any((unicodedata.category(c) in _UNSEEN and c not in _JOINERS) or c in _BLANK for c in name):
        return "must hold no control characters and none that cannot be seen"
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if not plain.strip(_JOINERS):
        return "must hold something that can be seen"
    if plain in _TAKEN:
        return "is a name that the hub uses itself"
    if any(len(_alphabets_of(word)) > 1 for word in re.findall(r"\w+", name)):
        return "must not mix alphabets within a word: their letters look alike"
    return None


def _alphabets_of(word: str) -> set[str]:
    return {alphabet for c in word for alphabet in _ALIKE if unicodedata.name(c, "").startswith(alphabet)}
