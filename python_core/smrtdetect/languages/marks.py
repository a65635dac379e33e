"""The form in which a language's marks are written down."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_WORDS: Final = re.compile(r"[A-Za-z]\w*(?: \w+)*")


class Form(NamedTuple):
    """A form that speaks for a language, with a piece of program that holds it.

    ``gate`` is looked for first, as that costs a tenth of the pattern: any of these words where it consists of words,
    else this very text, which then holds a special character (after a ``~``, where it begins like a word). A pattern that begins with ``^`` begins with a line
    and its indentation; an empty one means that the gate is the form. ``weight`` counts whole for the first match and half
    for the second and third.
    """

    weight: float
    gate: str
    pattern: str
    example: str

    def words(self) -> list[str]:
        """Return the words one of which has to be there; none where the gate is a text."""
        return self.gate.split() if _WORDS.fullmatch(self.gate) else []

    def text(self) -> str:
        """Return the text that has to be there; empty where the gate consists of words."""
        return "" if _WORDS.fullmatch(self.gate) else self.gate.removeprefix("~")


class Language(NamedTuple):
    """A language's words, each counted once by its weight, and its forms."""

    words: dict[str, float]
    forms: tuple[Form, ...]


def weigh(**words: str) -> dict[str, float]:
    """Read word lists given by weight in quarters: ``w4="elif"`` gives ``{"elif": 1.0}``."""
    return {word: int(weight[1:]) / 4 for weight, listed in words.items() for word in listed.split()}
