"""The form in which a language's marks are written down."""

from __future__ import annotations

from typing import NamedTuple


class Form(NamedTuple):
    """A form that speaks for a language, with a piece of program that holds it.

    ``gate`` is looked for first, as that costs a tenth of the pattern: any of these words where it consists of words,
    else this very text (after a ``~``, where that looks like words). A pattern that begins with ``^`` begins with a line
    and its indentation; an empty one means that the gate is the form. ``weight`` counts whole for the first match and half
    for the second and third.
    """

    weight: float
    gate: str
    pattern: str
    example: str


class Language(NamedTuple):
    """A language's words, each counted once by its weight, and its forms."""

    words: dict[str, float]
    forms: tuple[Form, ...]


def weigh(**words: str) -> dict[str, float]:
    """Read word lists given by weight in quarters: ``w4="elif"`` gives ``{"elif": 1.0}``."""
    return {word: int(weight[1:]) / 4 for weight, listed in words.items() for word in listed.split()}
