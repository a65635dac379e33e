"""Judge what a browser tells about a tab: a page that may be recorded, or a refusal with its reason."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

from python_core.smrtdetect.web_address import Address, NoAddress, cut, read_address, read_authority, site_of
from python_core.utils.timestamps import from_rfc3339

TabEvent = Literal["activated", "updated", "heartbeat", "closed"]
Refusal = Literal[
    "incognito",
    "browser_page",
    "extension_page",
    "scheme",
    "bad_url",
    "excluded_site",
    "nul_in_title",
    "bad_id",
    "bad_observed_at",
    "excluded",
]

# Browser and hub read the same clock; what differs is its rounding (Firefox: up to 100 ms) and a container's
# drift.
FUTURE_TOLERANCE_MS: Final = 1_000
MAX_ID_CHARS: Final = 128
MAX_NAME_CHARS: Final = 64

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS_BUT_BREAKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


class TabInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One tab as a client tells of it; ``{"url", "title"}`` alone is enough."""

    url: str
    title: str | None = None
    id: str | None = None
    event: TabEvent = "updated"
    tab_id: int | str | None = None
    window_id: int | str | None = None
    browser: str | None = None
    incognito: bool | None = None
    focused: bool | None = None
    audible: bool | None = None
    selection: str | None = None
    observed_at: str | None = None


class TabRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the user's settings say about tabs.

    ``tracking_parameters`` are names, or beginnings of names with a final ``*``; an excluded site takes its
    subdomains with it.
    """

    max_url_chars: int = 8_192
    max_title_chars: int = 1_024
    max_selection_chars: int = 4_096
    tracking_parameters: tuple[str, ...] = ()
    excluded_sites: tuple[str, ...] = ()


class SeenTab(msgspec.Struct, frozen=True, kw_only=True):
    """A page that may be recorded; ``url`` is in normal form, ``site`` a host, ``title`` one line.

    ``marks`` names the rules that had a say.
    """

    url: str
    site: str
    title: str
    observed_at_ms: int
    event: TabEvent
    browser: str | None
    tab_id: str | None
    window_id: str | None
    focused: bool | None
    audible: bool | None
    selection: str | None
    marks: tuple[str, ...] = ()


class RefusedTab(msgspec.Struct, frozen=True, kw_only=True):
    """A tab of which nothing is kept but that, and when, something unnamed may have come in front of a page.

    ``rule`` is the one by which it is ``excluded``. With ``ends_front`` the caller records a blank sighting for ``browser`` at ``observed_at_ms``: a copy made
    from then on must not be joined to the page that was seen before.
    """

    reason: Refusal
    ends_front: bool
    observed_at_ms: int
    browser: str | None
    rule: str | None = None


def handle_tab_info(tab: TabInfo, rules: TabRules, received_at_ms: int) -> SeenTab | RefusedTab:
    """Judge one tab by the rules, with ``received_at_ms`` for its moment where it tells none or one to come.

    Never raises, whatever the tab holds: an address or title that is too long is cut with a mark, what must
    not be recorded is refused.
    """
    observed_at_ms = _moment(tab.observed_at, received_at_ms)
    judged = _judge(tab, rules) if observed_at_ms is not None or tab.incognito else "bad_observed_at"
    if observed_at_ms is None:
        observed_at_ms = received_at_ms
    if not isinstance(judged, Address):
        return RefusedTab(
            reason=judged,
            ends_front=ends_front(tab),
            observed_at_ms=observed_at_ms,
            browser=_name(tab.browser),
        )
    return SeenTab(
        url=cut(judged.url, rules.max_url_chars),
        site=site_of(judged.host),
        title=cut(_one_line(tab.title or ""), rules.max_title_chars),
        observed_at_ms=observed_at_ms,
        event=tab.event,
        browser=_name(tab.browser),
        tab_id=None if tab.tab_id is None else str(tab.tab_id),
        window_id=None if tab.window_id is None else str(tab.window_id),
        focused=tab.focused,
        audible=tab.audible,
        selection=_passage(tab.selection, rules.max_selection_chars),
    )


def _judge(tab: TabInfo, rules: TabRules) -> Address | Refusal:
    if tab.incognito:  # before anything else of it is looked at
        return "incognito"
    exact, prefixes = _tracking(rules.tracking_parameters)
    address = read_address(tab.url, exact=exact, prefixes=prefixes)
    if isinstance(address, NoAddress):
        return address.reason
    if is_in_sites(address.host, rules.excluded_sites):
        return "excluded_site"
    if "\0" in (tab.title or ""):
        return "nul_in_title"
    if not (_is_sound_id(tab.id) and _is_sound_id(tab.tab_id) and _is_sound_id(tab.window_id)):
        return "bad_id"
    return address


def ends_front(tab: TabInfo) -> bool:
    """Tell whether the tab is, or may be, what its browser now shows.

    ``activated`` says so itself. Of an update in a window without focus one may assume a background tab;
    where focus is not told, no join is better than a wrong one.
    """
    if tab.event == "closed":
        return False
    return tab.event == "activated" or tab.focused is not False


def _moment(observed_at: str | None, received_at_ms: int) -> int | None:
    if observed_at is None:
        return received_at_ms
    try:
        at_ms = from_rfc3339(observed_at)
    except ValueError:
        return None
    if at_ms < 0:  # before 1970: a clock that was never set
        return None
    return received_at_ms if at_ms > received_at_ms + FUTURE_TOLERANCE_MS else at_ms


@lru_cache(maxsize=8)
def _tracking(names: tuple[str, ...]) -> tuple[frozenset[str], tuple[str, ...]]:
    lower = [name.lower() for name in names if name.rstrip("*")]
    exact = frozenset(name for name in lower if not name.endswith("*"))
    return exact, tuple(name.rstrip("*") for name in lower if name.endswith("*"))


@lru_cache(maxsize=8)
def _excluded_hosts(sites: tuple[str, ...]) -> frozenset[str]:
    """Read the rules leniently (``*.bank.example``, a URL): a privacy rule must not fail for its spelling."""
    hosts = set()
    for site in sites:
        name = re.split(r"[/?#]", site.strip().rpartition("://")[2], maxsplit=1)[0]
        authority = read_authority(name.removeprefix("*").removeprefix("."), 0)
        if authority is not None:
            hosts.add(site_of(authority[0]))
    return frozenset(hosts)


def is_in_sites(host: str, sites: tuple[str, ...]) -> bool:
    """Say whether a host (lower-case punycode) is one of the sites or below one."""
    if not sites:
        return False
    excluded = _excluded_hosts(sites)
    labels = host.removesuffix(".").split(".")
    return any(".".join(labels[first:]) in excluded for first in range(len(labels)))


def _is_sound_id(value: int | str | None) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_ID_CHARS and value.isprintable()
    return value is None or -(2**63) <= value < 2**63


def _name(text: str | None) -> str | None:
    if text is None:
        return None
    return _one_line(text[:MAX_NAME_CHARS]) or None


def _one_line(text: str) -> str:
    """Return the text with every run of control characters and white space as one space."""
    if not text.isprintable():  # the rule: a title without surprises costs one scan
        text = _SURROGATES.sub("\ufffd", _CONTROLS.sub(" ", text))
    return " ".join(text.split())


def _passage(text: str | None, max_chars: int) -> str | None:
    if not text:
        return None
    return cut(_SURROGATES.sub("\ufffd", _CONTROLS_BUT_BREAKS.sub("", text)), max_chars)
