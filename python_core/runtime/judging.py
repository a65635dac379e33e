"""Put the privacy rules to what is captured, before any of it is hashed, stored, indexed or logged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from python_core.runtime.fragments import AnyFragment, FilesFragment, HtmlFragment, ImageFragment, TextFragment, row_of
from python_core.runtime.hub import Hub
from python_core.runtime.provenance import WEB_OR_FILE, ClaimedSource
from python_core.smrtdetect.rule_shapes import Judged, Place
from python_core.smrtdetect.websource import (
    RefusedTab,
    SeenTab,
    TabInfo,
    TabRules,
    ends_front,
    handle_tab_info,
)
from python_core.store.clips import Source

if TYPE_CHECKING:
    from python_core.smrtdetect.rule_book import RuleBook

#: Pages whose verdict is remembered: who reads a page copies from it several times.
PAGES_REMEMBERED = 16
_KINDS = {TextFragment: "t", HtmlFragment: "h"}


@dataclass(frozen=True)
class JudgedClip:
    """What is left of a clip; ``rule`` names the one that keeps all of it out."""

    fragments: list[AnyFragment]
    source: ClaimedSource
    rule: str | None = None
    marks: tuple[str, ...] = ()
    is_changed: bool = False


def judge_clip(hub: Hub, fragments: list[AnyFragment], source: ClaimedSource) -> JudgedClip:
    """Judge a copy by where it was made and by what it holds: texts, HTML, paths, titles, address."""
    rule = _excluded_site(hub, source)
    if rule is not None:
        return JudgedClip(fragments, source, rule)
    texts = [_text_of(fragment) for fragment in fragments]
    kinds = "".join(_KINDS.get(type(fragment), "t") for fragment in fragments) + "ttu"
    place = Place(
        app=source.app,
        window_title=source.window_title,
        page_title=source.title,
        url=source.url,
        host=host_of(source.url),
    )
    found = hub.rules.current().judge(place, (*texts, source.window_title, source.title, source.url), kinds)
    if found.dropped_by is not None:
        return JudgedClip(fragments, source, found.dropped_by)
    if found.texts == (*texts, source.window_title, source.title, source.url):
        return JudgedClip(fragments, source, marks=found.marks)
    *left, window_title, title, url = found.texts
    if url is not None and not url.lower().startswith(WEB_OR_FILE):
        url = None  # what was taken out made it an address
    return JudgedClip(
        fragments=[_with_text(fragment, text) for fragment, text in zip(fragments, left, strict=True)],
        source=ClaimedSource(app=source.app, window_title=window_title, title=title, url=url),
        marks=found.marks,
        is_changed=True,
    )


def check_digests(fragments: list[AnyFragment], digests: list[str]) -> None:
    """Check the caller's digests against what was sent, before a rule changes it.

    :raises BadInput: a fragment or a digest is not what it should be.
    """
    for n, (fragment, digest) in enumerate(zip(fragments, digests, strict=True)):
        row_of(fragment, n, digest)


def judge_page(hub: Hub, source: Source) -> tuple[Source, str | None, tuple[str, ...]]:
    """Judge the page that a copy was joined to, which was stored under the rules of its own time."""
    if source.visit is None:
        return source, None, ()
    found = _judge_page(hub.rules.current(), source.title, source.url)
    if found.dropped_by is not None:
        return source, found.dropped_by, ()
    title, url = found.texts
    if (title, url) == (source.title, source.url):
        return source, None, found.marks
    return source._replace(title=title, url=url), None, found.marks


@lru_cache(maxsize=PAGES_REMEMBERED)
def _judge_page(rules: RuleBook, title: str | None, url: str | None) -> Judged:
    return rules.judge(Place(page_title=title, url=url, host=host_of(url)), (title, url), "tu")


def judge_tab(hub: Hub, tab: TabInfo, seen: SeenTab | RefusedTab) -> SeenTab | RefusedTab:
    """Judge a tab that may be recorded by the rules: by its site, address and title, and by what stands in them."""
    if isinstance(seen, RefusedTab):
        return seen
    place = Place(page_title=seen.title, url=seen.url, host=host_of(seen.url))
    found = hub.rules.current().judge(place, (seen.title, seen.url, seen.selection), "tut")
    if found.dropped_by is not None:
        return RefusedTab(
            reason="excluded",
            ends_front=ends_front(tab),
            observed_at_ms=seen.observed_at_ms,
            browser=seen.browser,
            rule=found.dropped_by,
        )
    if not found.marks:
        return seen
    title, url, selection = found.texts
    return msgspec.structs.replace(seen, title=title or "", url=url or "", selection=selection, marks=found.marks)


def judge_payload(hub: Hub, payload: Any, title: str | None) -> tuple[Any, str | None, str | None, tuple[str, ...]]:
    """Judge an output by the texts in it, keys included; return payload, title, the rule that keeps it out, and marks."""
    texts = list(texts_in(payload))
    found = hub.rules.current().judge_many(Place(), [*texts, title or ""])
    if found.dropped_by is not None or not found.marks:
        return payload, title, found.dropped_by, ()
    *left, new_title = found.texts
    if [*left, new_title] == [*texts, title or ""]:
        return payload, title, None, found.marks
    return _with_texts(payload, iter([text or "" for text in left])), new_title or None, None, found.marks


def _excluded_site(hub: Hub, source: ClaimedSource) -> str | None:
    if source.url is None:
        return None
    rules = TabRules(excluded_sites=hub.settings.web_listener.excluded_sites)
    judged = handle_tab_info(TabInfo(url=source.url), rules, hub.now())
    return "excluded_site" if isinstance(judged, RefusedTab) and judged.reason == "excluded_site" else None


def host_of(url: str | None) -> str | None:
    """Return the host that a browser would speak to."""
    if url is None:
        return None
    judged = handle_tab_info(TabInfo(url=url), TabRules(), 0)
    return judged.site if isinstance(judged, SeenTab) else None


def _text_of(fragment: AnyFragment) -> str | None:
    if isinstance(fragment, ImageFragment):
        return None
    return "\n".join(fragment.paths) if isinstance(fragment, FilesFragment) else fragment.content


def _with_text(fragment: AnyFragment, text: str | None) -> AnyFragment:
    if text is None or isinstance(fragment, ImageFragment):
        return fragment
    if isinstance(fragment, FilesFragment):
        return FilesFragment(paths=text.split("\n"))
    return msgspec.structs.replace(fragment, content=text)


def texts_in(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON value in the order in which ``_with_texts`` puts them back; at most 100 levels deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def _with_texts(value: Any, texts: Iterator[str]) -> Any:
    if isinstance(value, str):
        return next(texts)
    if isinstance(value, dict):
        return {next(texts): _with_texts(inner, texts) for inner in value.values()}
    if isinstance(value, list):
        return [_with_texts(inner, texts) for inner in value]
    return value
