"""Judge what was captured by the user's privacy rules: keep it out, take parts out of it, or mark it."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Final, NamedTuple
from urllib.parse import quote

from python_core.smrtdetect.plain_names import plain_app, plain_title
from python_core.smrtdetect.rule_patterns import content_pattern, glob
from python_core.smrtdetect.rule_shapes import Hit, Judged, Place, Rule
from python_core.smrtdetect.secret_kinds import KINDS, NEED_RUN, Finder
from python_core.smrtdetect.secret_numbers import Given, Span, given_of
from python_core.smrtdetect.websource import is_in_sites

#: Secrets that are looked for in the other forms of the same copy, each in a pass of its own; of more, no HTML is kept.
SOUGHT_AT_MOST: Final = 64
#: Stands between texts that are looked through as one: no pattern goes over it.
_BETWEEN: Final = "\n\0\n"
#: A reference to a character that there is not: Python refuses to read a number of thousands of digits.
_NO_CHARACTER: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
_TAG: Final = re.compile(r"<[^<>]{0,65536}+>?")


class RuleBook:
    """Rules, in their order: the first that keeps something out is named."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)

    @cached_property
    def _places(self) -> _Places:
        return _Places(self.rules)

    @cached_property
    def _contents(self) -> list[_Contents]:
        return [_contents_of(rule) for rule in self.rules if rule.contents or rule.secrets]

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
        spans = defaultdict[int, list[tuple[int, int, str]]](list)
        for hit in taken:
            spans[hit.n].append((hit.start, hit.end, hit.rule.name))
        left = tuple(
            None if text is None else _taken_out(text, sorted(spans[n]), secrets, kinds[n : n + 1])
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
        found = self._places.rules_at(place)
        if not self._contents:
            return found
        given = [(n, text, kinds[n : n + 1] == "h") for n, text in enumerate(texts) if text]
        found += self._hits_in([(n, text) for n, text, is_html in given if not is_html])
        for n, text, is_html in given:
            if is_html:
                whole, shown = given_of(text), given_of(text_of_html(text))
                for contents in self._contents:
                    spans = _spans(contents, whole)
                    found += [Hit(contents.rule, n, start, end) for start, end in spans]
                    if len(_spans(contents, shown)) > len(spans):
                        found.append(Hit(contents.rule, n, 0, len(text)))  # broken up by tags: it cannot be told apart
        return found

    def _hits_in(self, texts: list[tuple[int, str]]) -> list[Hit]:
        """Look through texts in one pass, each at its number: most are short, and each pass costs some 20 µs by itself."""
        if not texts:
            return []
        found, starts = list[Hit](), [0]
        for _, text in texts:
            starts.append(starts[-1] + len(text) + len(_BETWEEN))
        given = given_of(_BETWEEN.join(text for _, text in texts))
        for contents in self._contents:
            for start, end in _spans(contents, given):
                at = bisect_right(starts, start) - 1
                n, text = texts[at]
                if start - starts[at] < len(text):  # else it begins in what stands between two
                    found.append(Hit(contents.rule, n, start - starts[at], min(end - starts[at], len(text))))
        return found


def _taken_out(text: str, spans: list[tuple[int, int, str]], secrets: dict[str, str], kind: str) -> str:
    """Put ``[redacted: rule]`` in the place of each span, and of the same secret where it stands in another form."""
    left = _without(text, spans, kind)
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
    return html.unescape(_NO_CHARACTER.sub("\ufffd", _TAG.sub("", markup)))


def _mark_of(rule: str, kind: str) -> str:
    mark = f"[redacted: {rule}]"
    return quote(mark) if kind == "u" else mark


class _Contents(NamedTuple):
    """What one rule looks for in texts; ``find_short`` are those that are worth a look where there is no long run."""

    rule: Rule
    patterns: list[re.Pattern[str]]
    find: list[Finder]
    find_short: list[Finder]


def _contents_of(rule: Rule) -> _Contents:
    patterns = [content_pattern(text) for text in rule.contents]
    short = [KINDS[kind] for kind in rule.secrets if kind not in NEED_RUN]
    return _Contents(rule, patterns, [KINDS[kind] for kind in rule.secrets], short)


def _spans(contents: _Contents, given: Given) -> list[Span]:
    finders = contents.find if given.has_run else contents.find_short
    found = [span for find in finders for span in find(given)]
    if contents.patterns:
        found += [each.span() for pattern in contents.patterns for each in pattern.finditer(given.text)]
    return found


class _Places:
    """What the rules say of places, each name and title brought into its comparable form once."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._apps = [(rule, frozenset(plain_app(app) for app in rule.apps)) for rule in rules if rule.apps]
        self._windows = [(rule, _titles_test(rule.window_titles)) for rule in rules if rule.window_titles]
        self._pages = [(rule, _titles_test(rule.page_titles)) for rule in rules if rule.page_titles]
        self._sites = [rule for rule in rules if rule.sites]
        self._urls = [(rule, glob(url.lower()), "://" in url) for rule in rules for url in rule.urls]

    def rules_at(self, place: Place) -> list[Hit]:
        """Return the rules that a place fits."""
        found = list[Rule]()
        if place.app and self._apps:
            app = plain_app(place.app)
            found += [rule for rule, apps in self._apps if app in apps]
        for title, tests in ((place.window_title, self._windows), (place.page_title, self._pages)):
            if title and tests:
                plain = plain_title(title)
                found += [rule for rule, fits in tests if fits(plain)]
        if place.host:
            found += [rule for rule in self._sites if is_in_sites(place.host, rule.sites)]
        if place.url and self._urls:
            url = place.url.lower()
            bare = url.partition("://")[2].removeprefix("www.")
            found += [rule for rule, fits, is_whole in self._urls if fits(url if is_whole else bare)]
        return [Hit(rule, -1) for rule in found]


def _titles_test(titles: tuple[str, ...]) -> Callable[[str], bool]:
    """A title with ``*`` must fit as a whole; words alone must stand in it as words."""
    globs = [glob(plain_title(title)) for title in titles if "*" in title]
    words = "|".join(re.escape(plain) for title in titles if "*" not in title and (plain := plain_title(title)))
    keywords = re.compile(rf"(?<!\w)(?:{words})(?!\w)") if words else None
    return lambda plain: any(test(plain) for test in globs) or bool(keywords and keywords.search(plain))
