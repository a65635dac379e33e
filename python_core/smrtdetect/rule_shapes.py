"""What privacy rules are made of and answer; apart from what compiles them, which no start has to wait for."""

from __future__ import annotations

from typing import Literal

import msgspec

Action = Literal["drop", "redact", "mark"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: it concerns what one of its conditions fits; ``contents`` and ``secrets`` look into the texts."""

    name: str
    action: Action
    apps: tuple[str, ...] = ()
    window_titles: tuple[str, ...] = ()
    page_titles: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    contents: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where something was captured, as far as that is known; ``url`` as it came, ``host`` of it."""

    app: str | None = None
    window_title: str | None = None
    page_title: str | None = None
    url: str | None = None
    host: str | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of texts, None where a rule keeps all of it out (``dropped_by``), and whose rules had a say."""

    texts: tuple[str | None, ...]
    dropped_by: str | None = None
    marks: tuple[str, ...] = ()


class Hit(msgspec.Struct, frozen=True):
    """A rule that concerns something: at ``[start, end)`` of text ``n``, or by its place, where ``n`` is -1."""

    rule: Rule
    n: int
    start: int = 0
    end: int = 0
