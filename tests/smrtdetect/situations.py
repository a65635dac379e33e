"""Copies as they are made: what was told before and after, and the page each came from."""

from __future__ import annotations

from typing import Any, NamedTuple

from python_core.smrtdetect.provenance import MIN_CONFIDENCE, Copied, JoinRules, Sighting

COPY_AT = 1_760_000_000_000
RULES = JoinRules(window_ms=30_000, private_endings=("mozilla firefox private browsing",))
TITLES = {
    "rust": "Ownership - The Rust Book",
    "news": "Morning news and weather",
    "mail": "(3) Inbox for ann - Example Mail",
    "docs": "Docs",
    "blank title": "",
}


class Situation(NamedTuple):
    name: str
    copied: Copied
    sightings: list[Sighting]
    page: str | None  # the visit it must be joined to
    at_least: float = MIN_CONFIDENCE
    at_most: float = 1.0


def copied(app: str | None = None, window: str | None = None, **fields: Any) -> Copied:
    return Copied(captured_at_ms=COPY_AT, app=app, window_title=window, **fields)


def front(page: str | None, since_s: float, until_s: float | None = None, **fields: Any) -> Sighting:
    """Build a sighting that began ``since_s`` before the copy and was last confirmed ``until_s`` before it."""
    told: dict[str, Any] = {"focused": True, "browser": "chrome", "client": "extension-1"} | fields
    return Sighting(
        visit=page,
        at_ms=COPY_AT - round(since_s * 1000),
        until_ms=COPY_AT - round((since_s if until_s is None else until_s) * 1000),
        url=f"https://{page}.example/" if page else "",
        title=TITLES.get(page or "", ""),
        **told,
    )


def blank(since_s: float, **fields: Any) -> Sighting:
    return front(None, since_s, **({"focused": None} | fields))


def closed(page: str, since_s: float, closed_s: float, **fields: Any) -> Sighting:
    return front(page, since_s, closed_s, closed_at_ms=COPY_AT - round(closed_s * 1000), **fields)


FIREFOX: dict[str, Any] = {"browser": "firefox", "client": "extension-2"}

SITUATIONS = [
    # The ordinary copy.
    Situation("a focused tab, activated a second before", copied(), [front("rust", 1.0)], "rust", 0.8, 0.9),
    Situation("the app is that browser", copied("chrome.exe"), [front("rust", 1.0)], "rust", 0.9),
    Situation(
        "app and window title agree",
        copied("Google Chrome", "Ownership - The Rust Book - Google Chrome"),
        [front("rust", 1.0)],
        "rust",
        0.97,
    ),
    Situation("HTML, as pages give it", copied(has_html=True), [front("rust", 1.0)], "rust", 0.86),
    Situation("a long read, confirmed by heartbeats", copied(), [front("rust", 1800, 5)], "rust", 0.7),
    Situation("a heartbeat after the copy confirms the page", copied(), [front("rust", 600, -3)], "rust", 0.85),
    Situation("a client that does not tell the focus", copied(), [front("rust", 1.0, focused=None)], "rust", 0.5, 0.7),
    Situation(
        "a client that tells neither focus nor browser, and an app that is a browser",
        copied("firefox"),
        [front("rust", 1.0, focused=None, browser=None)],
        "rust",
        0.5,
        0.6,
    ),
    Situation("a page without a title", copied("chrome"), [front("blank title", 1.0)], "blank title", 0.9),
    Situation("macOS: no window title at all", copied("Safari"), [front("rust", 1, browser="safari")], "rust", 0.9),
    Situation("an image copied on a page", copied("chrome", has_text=False), [front("rust", 1.0)], "rust", 0.9),
    Situation(
        "an image alone, of no app: a screenshot, more likely",
        copied(has_text=False),
        [front("rust", 1)],
        "rust",
        0.5,
        0.6,
    ),
    # Nothing, or nothing that is fresh.
    Situation("nothing was seen", copied(), [], None),
    Situation("nothing was seen, though the app is a browser", copied("chrome"), [], None),
    Situation("a stale heartbeat", copied(), [front("rust", 600, 31)], None),
    Situation("stale, though the app is that browser", copied("chrome"), [front("rust", 600, 300)], None),
    Situation(
        "nearly stale, and nothing speaks for it but the focus", copied(), [front("rust", 29)], "rust", 0.5, 0.55
    ),
    Situation("nearly stale, and the focus is not told", copied(), [front("rust", 29, focused=None)], None),
    Situation("a page that came later", copied(), [front("rust", -5)], None),
    Situation(
        "an old clip, replayed: the tabs of today say nothing of it", copied("chrome"), [front("rust", -86_400)], None
    ),
    Situation(
        "an old clip, replayed, with the sightings of its own day",
        copied("chrome"),
        [front("rust", 40, 2), front("news", -86_400, focused=True)],
        "rust",
        0.9,
    ),
    Situation("a clip whose clock runs five seconds ahead", copied(), [front("rust", 9, 5)], "rust", 0.7, 0.85),
    Situation("a clip whose clock runs three seconds late", copied(), [front("rust", -3)], None),
    Situation("a clip whose clock runs an hour ahead", copied("chrome"), [front("rust", 3601, 3600)], None),
    # Other programs.
    Situation("an editor, while a browser is open", copied("Code.exe"), [front("rust", 1.0)], None),
    Situation(
        "an editor, told by its window only",
        copied(None, "main.rs - hub - Visual Studio Code"),
        [front("rust", 1)],
        None,
    ),
    Situation("a file manager", copied("explorer.exe", has_files=True), [front("rust", 1.0)], None),
    Situation("files never come from a page", copied(has_text=False, has_files=True), [front("rust", 1.0)], None),
    Situation(
        "the browser lost the focus before", copied(), [front("rust", 60, 4), front("rust", 4, focused=False)], None
    ),
    Situation(
        "the browser lost the focus before, and the app says otherwise",  # its developer tools, or a window unseen
        copied("chrome"),
        [front("rust", 60, 4), front("rust", 4, focused=False)],
        None,
    ),
    Situation(
        "the browser was told to have lost the focus, but app and title name the page",
        copied("chrome", "Ownership - The Rust Book - Google Chrome"),
        [front("rust", 60, 4), front("rust", 1.0, focused=False)],
        "rust",
        0.5,
        0.6,
    ),
    Situation("back from the editor", copied(), [front("rust", 9, focused=False), front("rust", 1.0)], "rust", 0.8),
    Situation(
        "from the editor to the browser at that very moment: who knows",
        copied(),
        [front("rust", 9, focused=False), front("rust", 0.1)],
        None,
    ),
    Situation(
        "from the editor to the browser at that very moment, and the app is the browser",
        copied("chrome"),
        [front("rust", 9, focused=False), front("rust", 0.1)],
        "rust",
        0.6,
        0.8,
    ),
    Situation(
        "from the browser to the editor right after the key",
        copied(),
        [front("rust", 9, 1), front("rust", 0.2, focused=False)],
        "rust",
        0.6,
        0.7,
    ),
    # Tabs that change.
    Situation("two tabs, one after the other", copied(), [front("rust", 9, 2), front("news", 2)], "news", 0.8),
    Situation("a copy, then another tab", copied(), [front("rust", 9, 0), front("news", -0.1)], "rust", 0.8),
    Situation(
        "a copy and a fast switch, told of late", copied(), [front("rust", 5), front("news", 0.1)], "rust", 0.5, 0.7
    ),
    Situation(
        "a fast switch, and the window already shows the other page",
        copied("chrome", "Morning news and weather - Google Chrome"),
        [front("rust", 5), front("news", 0.2)],
        "news",
        0.8,
        0.98,
    ),
    Situation(
        "navigation under the copy", copied("chrome"), [front("rust", 60, 0.2), front("news", 0.2)], "rust", 0.6, 0.8
    ),
    Situation(
        "navigation a while before the copy", copied("chrome"), [front("rust", 60, 1), front("news", 0.9)], "news", 0.9
    ),
    Situation("first told of right after the copy", copied("chrome"), [front("rust", -0.2)], "rust", 0.5, 0.7),
    Situation(
        "right after the copy, where a page was known before", copied(), [front("news", 9), front("rust", -0.2)], "news"
    ),
    Situation("the tab was closed before", copied("chrome"), [closed("rust", 60, 2)], None),
    Situation("the tab was closed right after the key", copied("chrome"), [closed("rust", 60, 0.1)], "rust", 0.6, 0.8),
    Situation("the tab was closed after the copy", copied("chrome"), [closed("rust", 60, -2)], "rust", 0.9),
    Situation(
        "another tab was closed in the background", copied(), [closed("news", 60, 5), front("rust", 9, 1)], "rust", 0.8
    ),
    Situation("two pages at one and the same moment", copied("chrome"), [front("rust", 2), front("news", 2)], None),
    # What must stay private.
    Situation("incognito in front", copied("chrome"), [front("rust", 9, 2), blank(2)], None),
    Situation(
        "incognito in front, and an old heartbeat of the page comes late",
        copied(),
        [front("rust", 9, 1), blank(2)],
        None,
    ),
    Situation("back from incognito", copied("chrome"), [blank(9), front("rust", 2)], "rust", 0.9),
    Situation("back from incognito at that very moment", copied("chrome"), [blank(9), front("rust", 0.1)], None),
    Situation(
        "a private window of another browser came in front", copied(), [front("rust", 9, 3), blank(2, **FIREFOX)], None
    ),
    Situation(
        "a private window of another browser, and the page is confirmed later",
        copied(),
        [front("rust", 9, 1), blank(2, **FIREFOX)],
        None,
    ),
    Situation(
        "a private window of another browser, and the app is this one",
        copied("chrome"),
        [front("rust", 9, 1), blank(2, **FIREFOX)],
        "rust",
        0.9,
    ),
    Situation(
        "a private window that no extension sees, told by the window's title",
        copied("firefox", "Ownership - The Rust Book — Mozilla Firefox Private Browsing"),
        [front("rust", 1.0, **FIREFOX)],
        None,
    ),
    # Several browsers.
    Situation(
        "two browsers, both with the focus", copied(), [front("rust", 9, 1), front("news", 5, 1, **FIREFOX)], None
    ),
    Situation(
        "two browsers, and the app tells them apart",
        copied("firefox-esr"),
        [front("rust", 9, 1), front("news", 5, 1, **FIREFOX)],
        "news",
        0.9,
    ),
    Situation(
        "two browsers, and the page's title tells them apart",
        copied(None, "Ownership - The Rust Book"),
        [front("rust", 9, 1), front("news", 5, 1, **FIREFOX)],
        "rust",
        0.9,
    ),
    Situation(
        "two browsers, and the window's ending tells them apart",
        copied(None, "Some page that changed its title — Mozilla Firefox"),
        [front("rust", 9, 1), front("blank title", 5, 1, **FIREFOX)],
        "blank title",
        0.8,
    ),
    Situation(
        "two browsers, one without the focus",
        copied(),
        [front("rust", 9, 1, focused=False), front("news", 5, 1, **FIREFOX)],
        "news",
        0.8,
    ),
    Situation(
        "two browsers: the one was last confirmed before the other came",
        copied(),
        [front("rust", 20, 10), front("news", 1.0, **FIREFOX)],
        "news",
        0.6,
        0.7,
    ),
    Situation(
        "two browsers, and only the one tells its focus",
        copied(),
        [front("rust", 9, 1), front("news", 5, 1, **(FIREFOX | {"focused": None}))],
        "rust",
        0.5,
        0.7,
    ),
    Situation("a browser that has no extension", copied("vivaldi.exe"), [front("rust", 1.0)], None),
    Situation(
        "Chromium, whose extension takes itself for Chrome", copied("chromium"), [front("rust", 1.0)], "rust", 0.9
    ),
    Situation(
        "two profiles of one browser, both with the focus",
        copied("chrome"),
        [front("rust", 9, 1), front("news", 5, 1, client="extension-3")],
        None,
    ),
    Situation(
        "two profiles of one browser, and the title tells them apart",
        copied("chrome", "Morning news and weather - Google Chrome"),
        [front("rust", 9, 1), front("news", 5, 1, client="extension-3")],
        "news",
        0.95,
    ),
    # Titles.
    Situation(
        "the window shows another page", copied("chrome", "Bank of Ann - Google Chrome"), [front("rust", 1.0)], None
    ),
    Situation(
        "the counter in the title has moved on",
        copied("chrome", "(4) Inbox for ann - Example Mail - Google Chrome"),
        [front("mail", 1.0)],
        "mail",
        0.95,
    ),
    Situation(
        "the title has changed a little",
        copied("chrome", "Ownership, borrowing - The Rust Book - Google Chrome"),
        [front("rust", 1.0)],
        "rust",
        0.9,
        0.95,
    ),
    Situation(
        "the window's title is cut",
        copied("chrome", "Morning news and w… - Google Chrome"),
        [front("news", 1.0)],
        "news",
        0.95,
    ),
    Situation(
        "a short title at the window's beginning",
        copied("chrome", "Docs - Google Chrome"),
        [front("docs", 1)],
        "docs",
        0.95,
    ),
    Situation(
        "a short title inside another", copied("chrome", "Google Docs - Google Chrome"), [front("docs", 1)], None
    ),
    Situation(
        "the window names only the browser",
        copied("firefox", "Mozilla Firefox"),
        [front("rust", 1, **FIREFOX)],
        "rust",
        0.9,
        0.95,
    ),
    Situation(
        "Edge, with its pages counted and its name's invisible space",
        copied("msedge.exe", "Morning news and weather and 3 more pages - Work - Microsoft\u200b Edge"),
        [front("news", 1.0, browser="edge")],
        "news",
        0.97,
    ),
]
