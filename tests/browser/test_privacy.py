"""A real hub that is paused, or keeps a site out: the extension shows the one, and no byte of either is stored."""

from __future__ import annotations

import json

import pytest

from tests.browser.hub import RealHub


@pytest.fixture
def hub(tmp_path):
    hub = RealHub(tmp_path / "home")
    rules = tmp_path / "home" / "roaming" / "SmrtHub" / "Config" / "python-net" / "privacy-rules.json"
    rules.parent.mkdir(parents=True)
    kept_out = {"name": "mine", "action": "drop", "on": {"pageTitles": ["Page b"]}}
    rules.write_text(json.dumps({"rules": [kept_out]}), "utf-8")
    hub.start()
    yield hub
    hub.stop()


def connect(chrome, hub):
    body = {"name": "SmrtChrome", "kind": "extension", "scopes": ["tabs:write"]}
    chrome.connect(hub.listener_port, hub.ask("POST", "/clients", body)["token"])
    chrome.until(lambda: chrome.state() == "connected", "connected")


def titles(hub):
    return {hit["title"] for hit in hub.ask("GET", "/search?q=page&kind=visit&limit=50")["items"]}


def test_a_pause_reaches_the_badge_and_what_was_browsed_in_it_is_never_stored(chrome, pages, hub):
    connect(chrome, hub)
    chrome.open(pages.url("a"))
    chrome.until(lambda: "Page a" in titles(hub), "page a stored")
    hub.ask("POST", "/capture/pause", {"seconds": 3600})
    chrome.open(pages.url("c"))
    chrome.until(lambda: chrome.badge() == "||", "the badge of a pause")
    chrome.until(lambda: chrome.pending() == 0, "nothing waiting")
    hub.stop()
    hub.start()
    chrome.beat()
    hub.ask("POST", "/capture/resume")
    chrome.open(pages.url("d"))
    chrome.until(lambda: "Page d" in titles(hub), "page d stored")
    chrome.until(lambda: chrome.badge() == "", "no badge")
    assert "Page c" not in titles(hub)


def test_a_page_that_a_rule_keeps_out_is_not_stored_and_not_sent_again(chrome, pages, hub):
    connect(chrome, hub)
    chrome.open(pages.url("b"))
    chrome.open(pages.url("a"))
    chrome.until(lambda: "Page a" in titles(hub), "page a stored")
    chrome.until(lambda: chrome.pending() == 0, "nothing waiting")
    assert titles(hub) == {"Page a"}
    assert chrome.badge() == ""
