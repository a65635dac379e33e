"""A person browses and copies; the real hub knows what was copied and from which page."""

from __future__ import annotations

import pytest


@pytest.fixture
def client(hub, chrome):
    """The extension, connected with a token that the hub's owner made for it."""
    made = hub.ask("POST", "/clients", {"name": "SmrtChrome", "kind": "extension", "scopes": ["tabs:write"]})
    chrome.connect(hub.listener_port, made["token"])
    assert chrome.state() == "connected", chrome.text("status")
    return made["client"]


def copy(hub, text, **encounter):
    """Post a clip and read it back; answers the clip."""
    clip = {"fragments": [{"type": "text", "content": text}]}
    made = hub.ask("POST", "/clipboard", clip | ({"encounter": encounter} if encounter else {}))
    return hub.ask("GET", f"/clipboard/{made['id']}")


def visits(hub, word):
    return hub.ask("GET", f"/search?q={word}&kind=visit")["items"]


def delivered(chrome):
    return chrome.pending() == 0 and chrome.state() == "connected"


@pytest.mark.usefixtures("client")
def test_a_clip_bears_the_page_it_was_copied_from_and_is_found(hub, chrome, pages):
    tabs = [chrome.open(pages.url(name)) for name in ("harbour", "lighthouse", "estuary")]
    tabs[1].bring_to_front()
    chrome.pause(1)
    chrome.until(lambda: delivered(chrome), "all delivered")

    clip = copy(hub, "The lamp turns once in nine seconds.")
    source = clip["source"]
    assert source["url"] == pages.url("lighthouse")
    assert source["title"] == "Page lighthouse"
    assert source["confidence"] >= 0.8
    assert source["evidence"]

    search = {"hotkey": "HOTKEY_SMRTSEARCH", "args": {"query": "lamp turns", "open": False}}
    run = hub.ask("POST", "/trigger?wait=4", search)["run"]
    assert run["state"] == "succeeded"
    assert clip["id"] in [hit["id"] for hit in run["result"]["hits"]]

    elsewhere = copy(hub, "Written in an editor.", source={"app": "gedit"})
    assert not elsewhere["source"].get("url")
    assert not elsewhere["source"].get("visitId")


@pytest.mark.usefixtures("client")
def test_a_copy_in_an_incognito_window_gets_no_page(hub, chrome, pages):
    chrome.open(pages.url("open"))
    chrome.until(lambda: visits(hub, "open"), "the page known")
    chrome.worker.evaluate("url => chrome.windows.create({incognito: true, url})", pages.url("secret"))
    chrome.until(lambda: "/secret.html" in pages.asked, "the incognito page loaded")
    chrome.pause(1)
    chrome.until(lambda: delivered(chrome), "all delivered")
    clip = copy(hub, "Something private.")
    assert not clip.get("source", {}).get("url")
    assert visits(hub, "secret") == []


@pytest.mark.usefixtures("client")
def test_what_was_browsed_without_the_hub_is_there_once_when_it_is_back(hub, chrome, pages):
    hub.stop()
    chrome.open(pages.url("offline"))
    chrome.until(lambda: chrome.state() == "unreachable" and chrome.pending() > 0, "a page waiting")
    hub.start()
    chrome.until(lambda: delivered(chrome), "all delivered")
    [visit] = visits(hub, "offline")
    assert visit["title"] == "Page offline"


def test_a_revoked_token_is_said_and_stops_the_extension(hub, chrome, client, pages):
    hub.ask("DELETE", f"/clients/{client['id']}")
    chrome.open(pages.url("after"))
    chrome.until(lambda: chrome.state() == "refused", "refused")
    assert chrome.badge() == "!"
    assert visits(hub, "after") == []
