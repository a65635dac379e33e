"""Say what a text is, by rules that look at its beginning only and give up where the evidence is thin."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from python_core.smrtdetect.kinds import KINDS

MAX_CHARS: Final = 16_384


class Detection(msgspec.Struct, frozen=True, rename="camel"):
    """What a text is; ``extension`` is without a dot, ``confidence`` 0…1."""

    type_id: str
    group: str
    confidence: float
    extension: str


def detect(text: str) -> Detection:
    """Return the type of a text by its first 16 Ki characters; ``text`` where nothing is plain.

    Linear in what it looks at, whatever that holds.
    """
    head = text[:MAX_CHARS].lstrip("\ufeff").strip()
    if not head:
        return _detection("text", 0.3)
    if "\r" in head:  # as on every clipboard of Windows
        head = head.replace("\r\n", "\n").replace("\r", "\n")
    return _detection(*_rules()(head, is_whole=len(text) <= MAX_CHARS))


@lru_cache(maxsize=1)
def _rules() -> Callable[..., tuple[str, float]]:
    """Import the rules when the first text comes: to compile their patterns would slow every start by 20 ms."""
    from python_core.smrtdetect.text_rules import name_text

    return name_text


@lru_cache(maxsize=256)
def _detection(type_id: str, confidence: float) -> Detection:
    kind = KINDS[type_id]
    return Detection(type_id=type_id, group=kind.group, confidence=confidence, extension=kind.extension)
