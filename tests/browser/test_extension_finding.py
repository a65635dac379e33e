"""Whom the extension takes for the hub, and where it looks."""

from __future__ import annotations

from tests.browser.driver import ANOTHER_TOKEN, TOKEN


def test_a_stranger_on_the_port_gets_neither_token_nor_tabs(launch, pages, stranger):
    chrome = launch(known_ports={5000: stranger.port})
    chrome.connect(5000)
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "unreachable" and chrome.pending() > 0, "unreachable")
    assert "Another program answers on port 5000 (403)" in chrome.text("explanation")
    assert "AirPlay" in chrome.text("explanation")
    assert {(method, path.partition("?")[0]) for method, path, _ in stranger.asked} == {("GET", "/ping")}
    assert not any("Authorization" in headers for *_, headers in stranger.asked)


def test_a_stranger_that_takes_the_port_later_is_found_out(chrome, pages, listener, another_stranger):
    port = chrome.connect_and_lose(listener)
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "unreachable", "unreachable")
    stranger = another_stranger(port)
    chrome.options.reload()
    chrome.until(lambda: "Another program" in chrome.text("explanation"), "a stranger")
    assert {method for method, *_ in stranger.asked} == {"GET"}


def test_one_that_poses_as_the_hub_gets_neither_token_nor_tabs(launch, pages, listener, another_listener):
    poser = another_listener()
    poser.tokens = {}
    chrome = launch(known_ports={5022: listener.port})
    chrome.connect(poser.port)
    assert "127.0.0.1:5022" in chrome.text("explanation")  # the true hub, elsewhere, is found past it
    listener.stop()
    poser.tokens = {"test": ANOTHER_TOKEN}  # the right client, proven with a guess
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "refused", "refused")
    assert "poses as the hub" in chrome.text("explanation")
    assert poser.posts == []
    assert not any("Authorization" in headers for _, _, headers, _ in poser.requests)
    poser.tokens = {"test": TOKEN}  # the hub itself, started on this port again
    chrome.until(lambda: chrome.state() == "connected" and chrome.pending() == 0, "delivered")
    assert poser.told(title="Page a")


def test_the_hub_is_found_where_it_fell_back_to(launch, pages, stranger, listener):
    chrome = launch(known_ports={5000: stranger.port, 5021: listener.port})
    chrome.connect(5000)
    assert chrome.state() == "connected"
    assert "127.0.0.1:5021" in chrome.text("explanation")
    chrome.open(pages.url("a"))
    chrome.until(lambda: listener.told(title="Page a"), "page a told")
    assert listener.posts[-1][2]["Host"] == "127.0.0.1:5021"


def test_a_reply_that_leads_elsewhere_is_not_followed(chrome, pages, listener, stranger):
    chrome.connect(listener.port)
    listener.refuse(307, "moved", Location=f"http://127.0.0.1:{stranger.port}/tab-info")
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "unreachable", "unreachable")
    assert stranger.asked == []
