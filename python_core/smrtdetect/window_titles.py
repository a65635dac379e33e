"""Compare the title of a window with that of a page: does the one show the other?"""

from __future__ import annotations

import re
from typing import Literal

from python_core.smrtdetect.browsers import browser_family
from python_core.smrtdetect.plain_names import plain_title

TitleVerdict = Literal["holds", "resembles", "silent", "contradicts"]

_MIN_TELLING_CHARS = 8  # a shorter title ("Home", "Docs") is found in too many others
_MIN_PREFIX_CHARS = 12
_MIN_SHARED_WORDS = 2
_MIN_SHARED_PART = 0.6
_WORD = re.compile(r"\w+")
_BREAK = re.compile(r"\s[-\u2013\u2014|]\s")
# "(3) Inbox", "* notes", "● main": what pages and browsers put before a title and change while one reads.
_COUNT = re.compile(r"^(?:[(\[]\d{1,6}\+?[)\]]|[\u25cf\u2022*\u25b6\U0001f50a])\s*")


def compare_titles(window_title: str, page_title: str) -> TitleVerdict:
    """Tell how the title of a window (from ``plain_title``) fits a page's.

    ``silent`` where one of the two is empty or the window names nothing but a browser; ``resembles`` where
    most of the page's words stand in it, as when a counter in the title has moved on.
    """
    page = _COUNT.sub("", plain_title(page_title))
    window = _COUNT.sub("", window_title)
    if not page or not window or browser_family(window):
        return "silent"
    if _holds(window, page):
        return "holds"
    words = set(_WORD.findall(page))
    shared = len(words.intersection(_WORD.findall(window)))
    if shared >= _MIN_SHARED_WORDS and shared >= _MIN_SHARED_PART * len(words):
        return "resembles"
    return "contradicts"


def browser_in_title(window_title: str) -> str | None:
    """Return the family of the browser that a window's title (from ``plain_title``) ends in, or ``None``."""
    return browser_family(_BREAK.split(window_title)[-1])


def _holds(window: str, page: str) -> bool:
    stem = page.removesuffix("…")
    if len(stem) >= _MIN_TELLING_CHARS:
        if stem in window:
            return True
        shown = _BREAK.split(window)[0].partition("…")[0].removesuffix("...")
        is_cut = "…" in window or "..." in window
        return is_cut and len(shown) >= _MIN_PREFIX_CHARS and page.startswith(shown)
    return window == page or bool(_BREAK.match(window, len(page)) and window.startswith(page))
