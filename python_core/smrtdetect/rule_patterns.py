"""What a privacy rule is written in: patterns for contents, globs for titles and addresses. Linear, whoever wrote them.

No pattern here goes back: each part takes as much as it can and keeps it. So one place of a text costs at most a pattern's length,
and there is nothing to write that takes longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_PART = re.compile(
    r"\\(?P<escaped>.)|\[(?P<set>[^\]]+)\](?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\})?|(?P<star>\*$)|(?P<plain>.)", re.S
)
#: What a closing ``*`` of a pattern takes: the rest of the word.
_REST = r"\S{0,256}+"


def content_pattern(text: str) -> re.Pattern[str]:
    """Compile a pattern for contents: whole words, whatever the case; ``[0-9]{8,10}`` a set, repeated; a final ``*`` the rest."""
    parts = [_part_of(found) for found in _PART.finditer(text)]
    # A pattern that begins or ends in the middle of a word would be found in words that have nothing to do with it.
    before = r"(?<!\w)(?=\w)|(?=\W)"
    after = "" if text.endswith("*") and not text.endswith("\\*") else r"(?:(?<=\w)(?!\w)|(?<=\W))"
    return re.compile(f"(?:{before}){''.join(parts)}{after}", re.IGNORECASE)


def _part_of(found: re.Match[str]) -> str:
    if found["set"]:
        least = found["least"] or "1"
        inner = "".join(each if each == "-" else re.escape(each) for each in found["set"])
        return f"[{inner}]{{{least},{found['most'] or least}}}+"
    if found["star"]:
        return _REST
    plain = found["escaped"] or found["plain"]
    return r"\s{1,8}+" if plain == " " else re.escape(plain)


def glob(text: str) -> Callable[[str], bool]:
    """Return what tells whether a whole text fits a glob: ``*`` stands for anything, all else for itself."""
    first, *rest = text.split("*")
    if not rest:
        return lambda given: given == text
    *middle, last = rest

    def fits(given: str) -> bool:
        if not given.startswith(first) or len(given) < len(first) + len(last) or not given.endswith(last):
            return False
        at, end = len(first), len(given) - len(last)
        for part in middle:
            at = given.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True

    return fits
