"""Where a copy came from: what the sender says, else the page that was in front at that moment."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import msgspec

from python_core.config import PRIVATE_WINDOW_ENDINGS
from python_core.errors import BadInput
from python_core.runtime.hub import Hub
from python_core.runtime.shapes import Body
from python_core.smrtdetect.plain_names import plain_title
from python_core.smrtdetect.provenance import SETTLE_MS, Copied, JoinRules, Sighting, judge_source
from python_core.smrtdetect.web_address import site_of
from python_core.store.clips import Source
from python_core.store.surroundings import get_surroundings
from python_core.store.visits import SeenPage

#: Sightings looked at for one clip, the newest: more within the window happen only in made-up input.
SIGHTINGS_AT_MOST = 256

#: What the address of a source begins with.
WEB_OR_FILE = ("http://", "https://", "file://")

_PRIVATE_ENDINGS = tuple(plain_title(ending) for ending in PRIVATE_WINDOW_ENDINGS)

Name = Annotated[str, msgspec.Meta(max_length=1024, pattern="^[^\\x00]*$")]
Address = Annotated[str, msgspec.Meta(max_length=8192, pattern="^[^\\x00]*$")]


class ClaimedSource(Body, frozen=True, kw_only=True):
    """Where the sender says the copy was made."""

    app: Name | None = None
    window_title: Name | None = None
    url: Address | None = None
    title: Name | None = None


class Surroundings(NamedTuple):
    """When a copy came and was made, whether the capture was paused then, and what browsers had in front at about that moment."""

    received_at_ms: int
    captured_at_ms: int
    is_kept_out: bool
    pages: list[SeenPage]


def look_around(hub: Hub, claimed_ms: int | None) -> Surroundings:
    """Look at what was around a copy that comes in now and was made at a time that its sender claims, if it does."""
    now_ms = hub.now()
    at_ms = now_ms if claimed_ms is None else min(claimed_ms, now_ms)
    window_ms = hub.settings.bridge.join_window_seconds * 1000
    is_kept_out, pages = hub.store.look(
        lambda conn: get_surroundings(conn, now_ms, at_ms, at_ms, window_ms, SETTLE_MS, SIGHTINGS_AT_MOST)
    )
    return Surroundings(now_ms, at_ms, is_kept_out, pages)


def source_of(hub: Hub, claimed: ClaimedSource, around: Surroundings, types: Collection[str]) -> Source:
    """Return a clip's source: the claimed URL as it is, else the tab that was active in a focused browser, if one was.

    :param types: those of its fragments: files come from no page, and a lone picture may be a screenshot.
    :raises BadInput: the claimed URL is none of the web or of a file.
    """
    if claimed.url is not None:
        if not claimed.url.lower().startswith(WEB_OR_FILE):
            raise BadInput.at("/encounter/source/url", "must be an http, https or file URL")
        return Source(claimed.app, claimed.window_title, claimed.url, _site_of_url(claimed.url), claimed.title)
    copied = Copied(
        captured_at_ms=around.captured_at_ms,
        app=claimed.app,
        window_title=claimed.window_title,
        has_text="text" in types,
        has_html="html" in types,
        has_files="files" in types,
    )
    rules = JoinRules(window_ms=hub.settings.bridge.join_window_seconds * 1000, private_endings=_PRIVATE_ENDINGS)
    found = judge_source(copied, map(sighting_of, around.pages), rules)
    if found is None:
        return Source(claimed.app, claimed.window_title, None, None, claimed.title)
    site = next(page.site for page in around.pages if page.visit_id == found.visit)
    return Source(
        claimed.app,
        claimed.window_title,
        found.url,
        site,
        found.title,
        found.visit,
        found.confidence,
        found.evidence,
    )


def sighting_of(page: SeenPage) -> Sighting:
    """Return what was seen as the judgement takes it."""
    return Sighting(
        visit=page.visit_id,
        at_ms=page.at_ms,
        until_ms=page.until_ms,
        focused=page.focused,
        browser=page.browser,
        client=page.client,
        url=page.url or "",
        title=page.title or "",
        closed_at_ms=page.closed_at_ms,
    )


def _site_of_url(url: str) -> str | None:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return site_of(host) if host else None
