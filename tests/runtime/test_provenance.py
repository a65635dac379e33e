"""Where a copy came from, end to end: what tabs tell, in whatever order, and what a clip then says of its page."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import pytest

from python_core.config import PrivacyRules
from python_core.runtime.clip_views import ClipReceipt, ClipRefusal, SourceView
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.privacy import LiveRules
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store
from python_core.utils.timestamps import to_rfc3339
from tests.hubs import NOON_MS, Clock, caller, make_hub

HERE, THERE = "https://example.com/here", "https://example.org/there"


class Tab(NamedTuple):
    """What a browser tells, ``at_s`` seconds after noon; ``late_s``: so much later it reaches the hub."""

    at_s: float
    url: str
    event: str = "activated"
    late_s: float = 0
    said: dict[str, Any] = {}


class Copy(NamedTuple):
    """A copy, ``at_s`` seconds after noon."""

    at_s: float
    said: dict[str, Any] = {}


def when(at_s: float) -> str:
    return to_rfc3339(NOON_MS + round(at_s * 1000))


def happen(hub: Hub, clock: Clock, told: list[Tab], copy: Copy, *, copy_late_s: float = 0) -> SourceView:
    """Let all of it reach the hub in its order and return the clip's source."""
    arrivals: list[tuple[float, Tab | None]] = [(tab.at_s + tab.late_s, tab) for tab in told]
    arrivals.append((copy.at_s + copy_late_s, None))
    source = SourceView()
    for at_s, tab in sorted(arrivals, key=lambda each: each[0]):
        clock.at_ms = NOON_MS + round(at_s * 1000)
        if tab is None:
            encounter = {"capturedAt": when(copy.at_s), "source": copy.said}
            clip = {"fragments": [{"type": "text", "content": "copied"}], "encounter": encounter}
            receipt = put_clip(hub, caller("monitor"), msgspec.convert(clip, NewClip), None)
            assert isinstance(receipt, ClipReceipt)
            source = receipt.source
            continue
        body = {"url": tab.url, "event": tab.event, "observedAt": when(tab.at_s), "tabId": 1, "browser": "chrome"}
        body |= {"focused": True} | tab.said
        client = body.pop("client", "extension")
        record_tabs(hub, caller(client), msgspec.convert(body, TabInfo))
    return source


FIREFOX = {"browser": "firefox", "client": "other"}
AWAY = {"focused": False}
PRIVATE = {"incognito": True}

SITUATIONS = {
    "the page in front": ([Tab(0, HERE)], Copy(10), HERE),
    "nothing was ever told": ([], Copy(10), None),
    "the browser is the app": ([Tab(0, HERE)], Copy(10, {"app": "chrome.exe"}), HERE),
    "an editor while the browser is open": ([Tab(0, HERE)], Copy(10, {"app": "code"}), None),
    "another browser than the one that tells": ([Tab(0, HERE)], Copy(10, {"app": "firefox"}), None),
    "seen too long ago": ([Tab(0, HERE)], Copy(91), None),
    "an hour of reading": ([Tab(0, HERE), *(Tab(n * 60, HERE, "heartbeat") for n in range(1, 60))], Copy(3599), HERE),
    "switched a while ago": ([Tab(0, HERE), Tab(5, THERE, said={"tabId": 2})], Copy(10), THERE),
    "switched and back": (
        [Tab(0, HERE), Tab(2, THERE, said={"tabId": 2}), Tab(4, HERE)], Copy(5), HERE,
    ),
    "switched right after the copy": ([Tab(0, HERE), Tab(10.1, THERE, said={"tabId": 2})], Copy(10), HERE),
    "switched just before the copy was noticed": ([Tab(0, HERE), Tab(9.9, THERE, said={"tabId": 2})], Copy(10), HERE),
    "flicked through ten tabs": (
        [Tab(n / 10, f"https://example.com/{n}", said={"tabId": n}) for n in range(10)], Copy(2),
        "https://example.com/9",
    ),
    "navigated under the copy": ([Tab(0, HERE), Tab(20, THERE, "updated")], Copy(19), HERE),
    "navigated before the copy": ([Tab(0, HERE), Tab(5, THERE, "updated")], Copy(19), THERE),
    "two browsers, the later one in front": (
        [Tab(0, HERE), Tab(5, HERE, "updated", said=AWAY), Tab(5, THERE, said=FIREFOX)], Copy(8), THERE,
    ),
    "two browsers, both say they are in front": (
        [Tab(0, HERE), Tab(1, THERE, said=FIREFOX), Tab(9, HERE, "heartbeat"), Tab(9, THERE, "heartbeat", said=FIREFOX)],
        Copy(10), None,
    ),
    "two browsers, the app tells which": (
        [Tab(0, HERE), Tab(1, THERE, said=FIREFOX), Tab(9, HERE, "heartbeat"), Tab(9, THERE, "heartbeat", said=FIREFOX)],
        Copy(10, {"app": "Firefox"}), THERE,
    ),
    "two browsers, the window's title tells which": (
        [Tab(0, HERE, said={"title": "Sundials of Europe"}), Tab(1, THERE, said=FIREFOX | {"title": "Water clocks"}),
         Tab(9, HERE, "heartbeat"), Tab(9, THERE, "heartbeat", said=FIREFOX)],
        Copy(10, {"windowTitle": "Sundials of Europe - Google Chrome"}), HERE,
    ),
    "the window shows another title": (
        [Tab(0, HERE, said={"title": "Sundials of Europe"})],
        Copy(5, {"windowTitle": "A quite different page - Google Chrome"}), None,
    ),
    "a private window came in front": ([Tab(0, HERE), Tab(5, THERE, said=PRIVATE)], Copy(8), None),
    "a private window came and went": ([Tab(0, HERE), Tab(5, THERE, said=PRIVATE), Tab(7, HERE)], Copy(9), HERE),
    "a browser's own page came in front": ([Tab(0, HERE), Tab(5, "chrome://settings")], Copy(8), None),
    "an excluded site came in front": ([Tab(0, HERE), Tab(5, "https://my.bank.example/")], Copy(8), None),
    "back from an excluded site": ([Tab(0, HERE), Tab(5, "https://bank.example/"), Tab(7, HERE)], Copy(9), HERE),
    "the tab was closed": ([Tab(0, HERE), Tab(5, HERE, "closed")], Copy(8), None),
    "the tab was closed right after the copy": ([Tab(0, HERE), Tab(8.1, HERE, "closed")], Copy(8), HERE),
    "the focus was lost": ([Tab(0, HERE), Tab(5, HERE, "updated", said=AWAY)], Copy(8), None),
    "the focus was lost, the app is the browser": (
        [Tab(0, HERE), Tab(5, HERE, "updated", said=AWAY), Tab(7.9, HERE)], Copy(8, {"app": "chrome"}), HERE,
    ),
    "a page loaded in the background": (
        [Tab(0, HERE), Tab(5, THERE, "updated", said=AWAY | {"tabId": 2})], Copy(8), HERE,
    ),
    "the page is first heard of right after the copy": ([Tab(10.2, HERE)], Copy(10), HERE),
    "the outbox comes late": ([Tab(0, HERE, late_s=60)], Copy(10), HERE),
    "the outbox comes late and backwards": (
        [Tab(0, HERE, late_s=62), Tab(5, THERE, late_s=61, said={"tabId": 2}), Tab(9, HERE, "activated", late_s=60)],
        Copy(12), HERE,
    ),
    "a switch is heard of after a later heartbeat": (
        [Tab(0, HERE), Tab(30, HERE, "heartbeat"), Tab(20, THERE, late_s=30, said={"tabId": 2})], Copy(40), HERE,
    ),
    "the close is heard of before what came before it": (
        [Tab(0, HERE), Tab(20, HERE, "closed", late_s=1), Tab(10, HERE, "heartbeat", late_s=20)], Copy(40), None,
    ),
    "the user's own word counts": ([Tab(0, HERE)], Copy(10, {"url": THERE, "title": "Said"}), THERE),
}  # fmt: skip


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_copy_is_joined_to_the_page_it_was_made_on_or_to_none(store: Store, situation: str) -> None:
    told, copy, page = SITUATIONS[situation]
    clock = Clock()
    hub = make_hub(store, clock, listener={"excluded_sites": ("bank.example",)})
    late_s = 100 if any(tab.late_s or tab.at_s > copy.at_s for tab in told) else 0
    source = happen(hub, clock, told, copy, copy_late_s=late_s)
    assert source.url == page
    if page is None or "url" in copy.said:
        assert (source.visit_id, source.confidence, source.evidence) == (None, None, [])
    else:
        assert source.visit_id is not None
        assert source.confidence is not None
        assert 0.5 <= source.confidence < 1
        assert source.evidence


def test_a_plain_copy_from_the_focused_page_is_quite_sure(hub: Hub, clock: Clock) -> None:
    source = happen(hub, clock, [Tab(0, HERE, said={"title": "Here"})], Copy(1, {"app": "chrome"}))
    assert (source.app, source.title) == ("chrome", "Here")
    assert source.confidence is not None
    assert source.confidence >= 0.8


def test_a_private_window_is_joined_to_no_page_where_no_rule_keeps_it_out_either(hub: Hub, clock: Clock) -> None:
    open_to_all = Hub(hub.settings, hub.store, now=clock, rules=LiveRules(PrivacyRules()))
    shown = [Tab(0, HERE, said={"title": "Sundials of Europe"})]
    assert happen(open_to_all, clock, shown, Copy(5, {"windowTitle": "Sundials of Europe"})).url == HERE
    assert happen(open_to_all, clock, [], Copy(40, {"windowTitle": "Sundials of Europe (Incognito)"})).url is None


def test_hundreds_of_sightings_never_hide_the_page_that_is_in_front(hub: Hub, clock: Clock) -> None:
    noise = [Tab(n / 10, f"https://example.com/{n}", said={"tabId": n}) for n in range(400)]
    assert happen(hub, clock, [*noise, Tab(41, HERE)], Copy(45)).url == HERE


@pytest.mark.parametrize(
    "url", ["https://my.bank.example/account", "http://u:p@BANK.example:8080/", "https://bank.example./"]
)
def test_a_clip_from_an_excluded_site_is_kept_out_by_its_senders_word(store: Store, url: str) -> None:
    hub = make_hub(store, Clock(), listener={"excluded_sites": ("bank.example",)})
    clip = {"fragments": [{"type": "text", "content": "copied"}], "encounter": {"source": {"url": url}}}
    told = put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)
    assert told == ClipRefusal(stored=False, reason="excluded", rule="excluded_site")


def test_a_clip_keeps_the_site_of_what_its_sender_says(hub: Hub, clock: Clock) -> None:
    source = happen(hub, clock, [], Copy(0, {"url": "HTTPS://user@WWW.Example.com:444/a", "windowTitle": "W"}))
    assert (source.url, source.window_title, source.visit_id) == ("HTTPS://user@WWW.Example.com:444/a", "W", None)
    odd = happen(hub, clock, [], Copy(60, {"url": "http://[broken"}))
    assert odd.url == "http://[broken"


def test_copied_files_and_a_lone_picture_are_not_joined_as_a_copied_text_is(hub: Hub) -> None:
    tell = {"url": "https://a.example/", "title": "A page", "event": "activated", "focused": True, "browser": "chrome"}
    record_tabs(hub, caller("ext"), msgspec.convert(tell, TabInfo))
    later = Hub(hub.settings, hub.store, now=lambda: hub.now() + 1000)
    text, files = (
        put_clip(later, caller("clips"), msgspec.convert({"fragments": [fragment]}, NewClip), None)
        for fragment in ({"type": "text", "content": "of the page"}, {"type": "files", "paths": ["/home/u/a.pdf"]})
    )
    assert (text.source.url, files.source.url) == ("https://a.example/", None)
