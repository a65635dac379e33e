"""The built-in trigger SmrtSearch: find the newest clip's text in the hub, and open it in the browser."""

from __future__ import annotations

import os
import re
import sys
import webbrowser
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote_plus

import msgspec

from python_core.errors import BadInput
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.runtime.shapes import Body
from python_core.store import clips

#: Characters of a clip that are searched for: a person looks for words, not for pages of text.
QUERY_AT_MOST = 200
HITS = 10
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)


class SmrtSearchArgs(Body, frozen=True, kw_only=True):
    """``query`` instead of the newest clip's text; ``open`` false: only search the hub."""

    query: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)] | None = None
    open: bool = True


def run_smrtsearch(hub: Hub, args: SmrtSearchArgs, dry: bool) -> dict[str, Any]:
    """Return ``query``, ``url`` (where the browser goes), local ``hits``, and whether it ``opened`` or why not.

    :raises BadInput: no query was given and the newest clip has no text.
    """
    text = (args.query or _newest_text(hub)).strip()
    if not text:
        raise BadInput("There is nothing to search for: copy some text, or give args.query.")
    query = _first_words(text)
    is_url = _URL.fullmatch(text) is not None
    url = text if is_url else hub.settings.bridge.search_url.replace("{query}", quote_plus(query))
    hits = search(hub, query, SearchScope(), HITS, None).items
    opened, reason = (False, "dry run") if dry else _open(url, args.open)
    return {
        "query": query,
        "isUrl": is_url,
        "url": url,
        "hits": msgspec.to_builtins(hits),
        "opened": opened,
        "notOpenedBecause": reason,
    }


def _first_words(text: str) -> str:
    """Return as many whole words as fit: half a word at the end would find nothing."""
    words = " ".join(text[: QUERY_AT_MOST * 4].split())
    if len(words) <= QUERY_AT_MOST:
        return words
    return words[: QUERY_AT_MOST + 1].rpartition(" ")[0] or words[:QUERY_AT_MOST]


def _newest_text(hub: Hub) -> str:
    with hub.store.reading() as conn:
        clip = clips.get_newest_clip(conn)
    for fragment in clip.fragments if clip else ():
        if fragment.type == "text" and fragment.content is not None:
            return fragment.content.decode()
    return ""


def _open(url: str, wanted: bool) -> tuple[bool, str | None]:
    if not wanted:
        return False, "args.open is false"
    if not has_display(os.environ, sys.platform):
        return False, "no display"
    return (True, None) if webbrowser.open(url) else (False, "no browser was found")


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Say whether this session can show a window: elsewhere a console browser would take the terminal."""
    return platform in ("win32", "darwin") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
