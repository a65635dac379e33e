"""Judge what was captured by the user's privacy rules: keep it out, take parts out of it, or mark it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from python_core.smrtdetect.plain_names import plain_app, plain_title
from python_core.smrtdetect.rule_patterns import content_pattern, glob
from python_core.smrtdetect.secret_kinds import find_secrets
from python_core.smrtdetect.secret_numbers import Given, Span, given_of
from python_core.smrtdetect.websource import is_in_sites

Action = Literal["drop", "redact", "mark"]
#: Secrets that are looked for in the other forms of the same copy, each in a pass of its own; of more, no HTML is kept.
SOUGHT_AT_MOST: Final = 64
_TAG: Final = re.compile(r"<[^<>]{0,65536}+>?")


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


class RuleBook:
    """Rules, in their order: the first that keeps something out is named."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)

    @cached_property
    def _places(self) -> list[tuple[Rule, Callable[[Place], bool]]]:
        return [(rule, _place_test(rule)) for rule in self.rules]

    @cached_property
    def _contents(self) -> list[tuple[Rule, list[re.Pattern[str]]]]:
        found = [(rule, [content_pattern(text) for text in rule.contents]) for rule in self.rules]
        return [(rule, patterns) for rule, patterns in found if patterns or rule.secrets]

    def judge(self, place: Place, texts: Iterable[str | None] = (), kinds: str = "") -> Judged:
        """Judge what was captured at a place with its texts.

        :param kinds: of each text a letter: ``t`` plain, ``h`` HTML, ``u`` an address; those without one are plain.
        """
        given = tuple(texts)
        hits = self.hits(place, given, kinds)
        dropped = self._dropping(hits)
        if dropped is not None:
            return Judged(texts=tuple(None for _ in given), dropped_by=dropped)
        marks = tuple(dict.fromkeys(hit.rule.name for hit in hits))
        taken = [hit for hit in hits if hit.rule.action == "redact"]
        if not taken:
            return Judged(texts=given, marks=marks)
        secrets = {text[hit.start : hit.end]: hit.rule.name for hit in taken if (text := given[hit.n])}
        if len(secrets) > SOUGHT_AT_MOST:
            taken += [
                Hit(taken[0].rule, n, 0, len(text)) for n, text in enumerate(given) if text and kinds[n : n + 1] == "h"
            ]
            secrets = {}
        left = tuple(
            None if text is None else self._taken_out(text, n, taken, secrets, kinds[n : n + 1])
            for n, text in enumerate(given)
        )
        return Judged(texts=left, marks=marks)

    def judge_many(self, place: Place, texts: Sequence[str]) -> Judged:
        """Judge short texts as one, a line each, in one pass: a list may have very many."""
        hits = self.hits(place, ["\n".join(texts)])
        if not hits:
            return Judged(texts=tuple(texts))
        dropped = self._dropping(hits)
        marks = tuple(dict.fromkeys(hit.rule.name for hit in hits))
        spans = sorted((hit.start, hit.end, hit.rule.name) for hit in hits if hit.rule.action == "redact")
        left, at, n = list[str](), 0, 0
        for text in texts:
            here = list[tuple[int, int, str]]()
            while n < len(spans) and spans[n][0] < at + len(text):
                here.append((max(0, spans[n][0] - at), min(len(text), spans[n][1] - at), spans[n][2]))
                if spans[n][1] > at + len(text):
                    break  # it goes on in the next one
                n += 1
            left.append(_without(text, here, "t"))
            at += len(text) + 1
            while n < len(spans) and spans[n][1] <= at:
                n += 1
        return Judged(texts=() if dropped else tuple(left), dropped_by=dropped, marks=marks)

    def _dropping(self, hits: list[Hit]) -> str | None:
        concerned = {hit.rule.name for hit in hits if hit.rule.action == "drop"}
        return next((rule.name for rule in self.rules if rule.name in concerned), None)

    def hits(self, place: Place, texts: Iterable[str | None], kinds: str = "") -> list[Hit]:
        """Return every rule that concerns it, with the places in the texts."""
        found = [Hit(rule, -1) for rule, fits in self._places if fits(place)]
        for n, text in enumerate(texts):
            if text:
                whole = given_of(text)
                shown = given_of(text_of_html(text)) if kinds[n : n + 1] == "h" else None
                for rule, patterns in self._contents:
                    spans = _spans(rule, patterns, whole)
                    found += [Hit(rule, n, start, end) for start, end in spans]
                    if shown and len(_spans(rule, patterns, shown)) > len(spans):
                        found.append(Hit(rule, n, 0, len(text)))  # broken up by tags: it cannot be told apart
        return found

    def _taken_out(self, text: str, n: int, hits: list[Hit], secrets: dict[str, str], kind: str) -> str:
        """Put ``[redacted: rule]`` in the place of each hit, and of the same secret where it stands in another form."""
        left = _without(text, sorted((hit.start, hit.end, hit.rule.name) for hit in hits if hit.n == n), kind)
        for secret, name in secrets.items():
            for form in {secret, html.escape(secret)} if kind == "h" else {secret}:
                left = left.replace(form, _mark_of(name, kind))
        return left


def _without(text: str, spans: list[tuple[int, int, str]], kind: str) -> str:
    """Return a text with marks in the place of its spans, which are in order and may overlap."""
    parts, done = list[str](), 0
    for start, end, name in spans:
        if start >= done and start < end:
            parts += (text[done:start], _mark_of(name, kind))
        done = max(done, end)
    return "".join([*parts, text[done:]])


def text_of_html(markup: str) -> str:
    """Return what a page would show of its markup, tags taken out without a space: so a secret is whole again."""
    return html.unescape(_TAG.sub("", markup))


def _mark_of(rule: str, kind: str) -> str:
    mark = f"[redacted: {rule}]"
    return quote(mark) if kind == "u" else mark


def _spans(rule: Rule, patterns: list[re.Pattern[str]], given: Given) -> list[Span]:
    found = [span for kind in rule.secrets for span in find_secrets(kind, given)]
    return found + [each.span() for pattern in patterns for each in pattern.finditer(given.text)]


def _place_test(rule: Rule) -> Callable[[Place], bool]:
    apps = frozenset(plain_app(app) for app in rule.apps)
    windows, pages = _titles_test(rule.window_titles), _titles_test(rule.page_titles)
    urls = [(glob(url.lower()), "://" in url) for url in rule.urls]

    def fits(place: Place) -> bool:
        url = (place.url or "").lower()
        bare = url.partition("://")[2].removeprefix("www.")
        return (
            bool(place.app and apps and plain_app(place.app) in apps)
            or windows(place.window_title)
            or pages(place.page_title)
            or bool(place.host and rule.sites and is_in_sites(place.host, rule.sites))
            or any(test(url if is_whole else bare) for test, is_whole in urls if url)
        )

    return fits


def _titles_test(titles: tuple[str, ...]) -> Callable[[str | None], bool]:
    """A title with ``*`` must fit as a whole; words alone must stand in it as words."""
    globs = [glob(plain_title(title)) for title in titles if "*" in title]
    words = "|".join(re.escape(plain) for title in titles if "*" not in title and (plain := plain_title(title)))
    keywords = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None

    def fits(title: str | None) -> bool:
        if not title or not titles:
            return False
        plain = plain_title(title)
        return any(test(plain) for test in globs) or bool(keywords and keywords.search(plain))

    return fits
