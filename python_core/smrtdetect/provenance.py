"""Judge which page a copy came from, by what was in front in the browsers at that moment.

No join is better than a wrong one: whatever contradicts, is too old or fits two pages gives none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from python_core.smrtdetect.browsers import browser_family
from python_core.smrtdetect.plain_names import plain_title
from python_core.smrtdetect.window_titles import TitleVerdict, browser_in_title, compare_titles

# A clipboard monitor notices a copy after the key was pressed (it polls, or waits for the owner to render),
# and an extension's worker tells of a tab when it has woken up. So two events this close have no order that
# can be trusted. What was in front before them is the better guess: no hand switches, selects and copies
# within it, but copy and switch it may.
SETTLE_MS: Final = 300
FRESH_MS: Final = 2_000
MIN_CONFIDENCE: Final = 0.5
MAX_CONFIDENCE: Final = 0.99


class JoinRules(msgspec.Struct, frozen=True, kw_only=True):
    """How old a sighting may be, and how the titles of private windows end (as ``plain_title`` writes it)."""

    window_ms: int
    private_endings: tuple[str, ...]


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """A copy as the clipboard's monitor tells of it, ``app`` and ``window_title`` of where it was made."""

    captured_at_ms: int
    app: str | None = None
    window_title: str | None = None
    has_text: bool = True
    has_html: bool = False
    has_files: bool = False


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """What one browser showed from ``at_ms``, last confirmed at ``until_ms``, till its next sighting.

    ``visit`` is ``None`` for a blank: something private or unknown came in front. A window that loses the
    focus is a new sighting of the same visit with ``focused=False``. ``focused=None``: the client does not
    tell.
    """

    visit: str | None
    at_ms: int
    until_ms: int
    focused: bool | None = None
    browser: str | None = None
    client: str | None = None
    url: str = ""
    title: str = ""
    closed_at_ms: int | None = None


class PageSource(msgspec.Struct, frozen=True, kw_only=True):
    """The page a copy came from, how sure that is (0…1), and why, in fixed phrases."""

    visit: str
    url: str
    title: str
    confidence: float
    evidence: tuple[str, ...]


class _Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What one browser says was in front at the copy, and how much of the saying holds."""

    seen: Sighting
    age_ms: int
    titles: TitleVerdict
    is_settling: bool = False
    is_late: bool = False


def judge_source(copied: Copied, sightings: Iterable[Sighting], rules: JoinRules) -> PageSource | None:
    """Return the page that the copy was made on, or ``None`` where that is not well founded.

    ``sightings``, in any order, are those that began up to ``SETTLE_MS`` after the copy and were in front or
    confirmed within ``rules.window_ms`` before it, blanks and losses of focus among them; others do no harm.
    """
    app = (copied.app or "").strip()
    window = plain_title(copied.window_title or "")
    family = browser_family(app) if app else browser_in_title(window)
    if copied.has_files or (app and family is None) or window.endswith(rules.private_endings):
        return None
    claims = []
    for seen in _by_browser(sightings, family):
        claim = _claim(copied.captured_at_ms, seen, window, is_app_told=bool(app))
        if claim is not None and claim.age_ms <= rules.window_ms:
            claims.append(claim)
    best, is_contested = _choose(claims)
    if best is None or best.seen.visit is None:
        return None
    return _weigh(copied, best, rules.window_ms, is_contested=is_contested)


def _by_browser(sightings: Iterable[Sighting], family: str | None) -> Iterable[list[Sighting]]:
    """Group by client and browser, within the family where one is known.

    Sightings whose client does not name its browser stand in only where no one names that family.
    """
    groups: dict[tuple[str, str], list[Sighting]] = {}
    for seen in sightings:
        name = browser_family(seen.browser) or plain_title(seen.browser or "")
        groups.setdefault((seen.client or "", name), []).append(seen)
    if family is None:
        return groups.values()
    named = [group for (_, name), group in groups.items() if name == family]
    return named or [group for (_, name), group in groups.items() if not name]


def _in_front(group: list[Sighting], at_ms: int) -> Sighting | None:
    """Return what this browser showed then: ``None`` where nothing is known, or the tab was closed."""
    begun = [seen for seen in group if seen.at_ms <= at_ms]
    if not begun:
        return None
    newest_ms = max(seen.at_ms for seen in begun)
    newest = [seen for seen in begun if seen.at_ms == newest_ms]
    if len({(seen.visit, seen.focused) for seen in newest}) > 1:  # which of them came last is not known
        return Sighting(visit=None, at_ms=newest_ms, until_ms=max(seen.until_ms for seen in newest))
    last = max(newest, key=lambda seen: (seen.until_ms, seen.url, seen.title))
    closed = [seen.closed_at_ms for seen in newest if seen.closed_at_ms is not None]
    return None if closed and min(closed) <= at_ms else last


def _claim(captured_at_ms: int, group: list[Sighting], window: str, *, is_app_told: bool) -> _Claim | None:
    now = _in_front(group, captured_at_ms)
    before = _in_front(group, captured_at_ms - SETTLE_MS)
    known = now if before is None else before
    if known is None:
        # A key press in a page makes the extension tell of it, and so be heard first right after the copy.
        after = _in_front(group, captured_at_ms + SETTLE_MS)
        return None if after is None else _as_claim(after, captured_at_ms, window, is_late=True)
    if before is None or now is None:
        return _as_claim(known, captured_at_ms, window, is_settling=True)
    if (now.visit, now.focused) == (before.visit, before.focused):
        return _as_claim(now, captured_at_ms, window)
    earlier = _as_claim(before, captured_at_ms, window, is_settling=True)
    later = _as_claim(now, captured_at_ms, window, is_settling=True)
    if before.visit is None:
        return earlier
    # The app says that this browser was in front, or only the later page's title stands in the window.
    has_come_back = is_app_told and before.focused is False
    is_shown = later.titles == "holds" != earlier.titles
    return later if has_come_back or is_shown else earlier


def _as_claim(
    seen: Sighting, captured_at_ms: int, window: str, *, is_settling: bool = False, is_late: bool = False
) -> _Claim:
    confirmed_ms = min(max(seen.at_ms, seen.until_ms), captured_at_ms)
    titles: TitleVerdict = "silent" if seen.visit is None else compare_titles(window, seen.title)
    return _Claim(
        seen=seen,
        age_ms=captured_at_ms - confirmed_ms,
        titles=titles,
        is_settling=is_settling,
        is_late=is_late,
    )


def _choose(claims: list[_Claim]) -> tuple[_Claim | None, bool]:
    """Return the one claim that can be believed, and whether another had to be set aside for it."""
    holding = [claim for claim in claims if claim.titles == "holds"]
    if len(holding) == 1:
        return holding[0], False
    rivals = holding or [claim for claim in claims if claim.titles != "contradicts"]
    rivals = [claim for claim in rivals if claim.seen.focused is not False]
    if len(rivals) <= 1:
        return (rivals[0] if rivals else None), False
    newest = max(rivals, key=lambda claim: claim.seen.at_ms)
    others = [claim.seen for claim in rivals if claim is not newest]
    if all(max(seen.at_ms, seen.until_ms) < newest.seen.at_ms for seen in others):
        return newest, True
    focused = [claim for claim in rivals if claim.seen.focused or claim.seen.visit is None]
    return (focused[0], True) if len(focused) == 1 else (None, True)


def _weigh(copied: Copied, claim: _Claim, window_ms: int, *, is_contested: bool) -> PageSource | None:
    seen, evidence = claim.seen, [_when(claim, copied.captured_at_ms)]
    score = {True: 0.85, None: 0.6, False: 0.35}[seen.focused]
    evidence.append(_FOCUS[seen.focused])
    if claim.age_ms > FRESH_MS:
        score -= 0.35 * min(1.0, claim.age_ms / max(1, window_ms))
    is_shown = claim.titles == "holds"
    for holds, weight, phrase in (
        (bool(copied.app) and bool(seen.browser), 0.08, "app is that browser"),
        (bool(copied.app) and not seen.browser, -0.1, "app is a browser, the tab's is not told"),
        (is_shown, 0.12, "window title holds the page title"),
        (claim.titles == "resembles", 0.0, "window title resembles the page title"),
        (copied.has_html, 0.03, "copy bears HTML, as one from a page does"),
        (not (copied.has_text or copied.has_html or copied.app), -0.3, "copy is an image of unknown origin"),
        (claim.is_settling, -0.1 if is_shown else -0.2, "what was in front changed at that moment"),
        (claim.is_late, -0.3, "nothing is known of before"),
        (is_contested, -0.2, "another browser was in front before, or may have been"),
    ):
        if holds:
            score += weight
            evidence.append(phrase)
    if round(score, 2) < MIN_CONFIDENCE or claim.titles == "contradicts" or seen.visit is None:
        return None
    confidence = round(min(score, MAX_CONFIDENCE), 2)
    return PageSource(visit=seen.visit, url=seen.url, title=seen.title, confidence=confidence, evidence=tuple(evidence))


_FOCUS: Final = {
    True: "browser had the focus",
    None: "focus is not told",
    False: "browser was told to have lost the focus",
}


def _when(claim: _Claim, captured_at_ms: int) -> str:
    since_s = (captured_at_ms - claim.seen.at_ms) / 1000
    if claim.is_late:
        return f"page first told of {-since_s:.1f} s after the copy"
    if claim.age_ms == 0 and since_s > 0:
        return f"page was in front for {since_s:.1f} s when copied, and is confirmed later"
    if claim.seen.until_ms <= claim.seen.at_ms:
        return f"tab activated {since_s:.1f} s before the copy"
    age_s = claim.age_ms / 1000
    return f"page came in front {since_s:.1f} s before the copy, last confirmed {age_s:.1f} s before it"
