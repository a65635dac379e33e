"""A person pairs the extension with the real hub: reads a code on one side, compares, and answers on the other."""

from __future__ import annotations

import pytest

from tests.browser.driver import EXTENSION_ID, OPTIONS


class Owner:
    """The hub's side of a pairing, as `smrthub pair` has it."""

    def __init__(self, hub):
        self._hub = hub

    def open_window(self, seconds=300):
        self._hub.ask("POST", "/pairing/window", {"seconds": seconds})

    def requests(self, state="pending"):
        return [each for each in self._hub.ask("GET", "/pairing")["items"] if each["state"] == state]

    def decide(self, code, decision="approve"):
        self._hub.ask("POST", f"/pairing/{code}", {"decision": decision})

    def clients(self):
        """Who has a token, but for the owner."""
        return [each for each in self._hub.ask("GET", "/clients")["items"] if each["id"] != "owner"]


@pytest.fixture
def owner(hub):
    return Owner(hub)


def begin(chrome, hub, owner):
    """Open the window, press the button, read the code."""
    owner.open_window()
    chrome.pair(hub.listener_port)
    return chrome.code()


def allow(chrome, owner, code):
    """Say yes on both sides and see that it connects."""
    owner.decide(code)
    chrome.until(lambda: chrome.pairing() == "allowed", "the yes of the hub has come")
    chrome.say_same()
    see_connected(chrome)


def see_connected(chrome):
    chrome.until(lambda: chrome.state() == "connected", "connected")
    chrome.until(lambda: chrome.pairing() == "none", "the pairing over")
    assert chrome.text("headline") == "Connected"


def browse(chrome, hub, pages, name):
    chrome.open(pages.url(name))
    chrome.until(lambda: hub.ask("GET", f"/search?q={name}&kind=visit")["items"], f"the hub knows page {name}")


def test_the_button_the_code_a_yes_on_both_sides_and_tabs_arrive(chrome, hub, owner, pages):
    assert chrome.text("headline") == "Not paired yet"
    code = begin(chrome, hub, owner)
    [asked] = owner.requests()
    assert asked["userCode"] == code
    assert asked["origin"] == f"chrome-extension://{EXTENSION_ID}"
    assert (asked["name"], asked["kind"], asked["scopes"]) == ("SmrtChrome", "extension", ["tabs:write"])
    assert str(hub.listener_port) in chrome.text("note")

    allow(chrome, owner, code)
    assert chrome.badge() == ""
    [client] = owner.clients()
    assert client["origin"] == f"chrome-extension://{EXTENSION_ID}"
    browse(chrome, hub, pages, "harbour")
    assert chrome.options.evaluate("chrome.storage.session.get('pairing')") == {}


def test_who_has_compared_first_may_close_the_page(chrome, hub, owner, pages):
    code = begin(chrome, hub, owner)
    chrome.say_same()
    chrome.until(lambda: chrome.text("headline") == "Now say yes on the hub", "the other side's turn")
    chrome.open(pages.url("elsewhere"))
    chrome.end_worker()
    chrome.options.close()
    owner.decide(code)
    chrome.until(lambda: owner.requests("collected"), "the token fetched without the page")
    chrome.options = chrome.open(OPTIONS)
    see_connected(chrome)
    browse(chrome, hub, pages, "harbour")


def test_a_page_that_is_opened_again_shows_the_same_code_and_there_is_one_request(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    first = chrome.options
    chrome.options = chrome.open(OPTIONS)
    assert chrome.code() == code
    first.close()
    chrome.options.evaluate("port => chrome.runtime.sendMessage({ask: 'pair', port})", hub.listener_port)
    chrome.pause(1)
    assert chrome.code() == code
    assert len(owner.requests()) == 1
    allow(chrome, owner, code)


def test_after_a_no_it_can_be_tried_again(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    owner.decide(code, "deny")
    chrome.until(lambda: chrome.pairing() == "denied", "denied")
    assert "smrthub pair" in chrome.text("steps")
    assert owner.clients() == []
    chrome.options.click("#pair")
    another = chrome.code()
    assert another != code
    allow(chrome, owner, another)


def test_a_no_can_be_taken_back(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    owner.decide(code, "deny")
    chrome.until(lambda: chrome.pairing() == "denied", "denied")
    allow(chrome, owner, code)


def test_while_the_window_is_closed_it_says_what_to_do_and_goes_on_by_itself(chrome, hub, owner):
    chrome.pair(hub.listener_port)
    chrome.until(lambda: "smrthub pair" in chrome.text("steps") and chrome.text("note"), "what to do")
    assert str(hub.listener_port) in chrome.text("explanation")
    assert chrome.pairing() == "seeking"
    assert owner.requests() == []
    owner.open_window()
    allow(chrome, owner, chrome.code())


def test_a_code_that_is_shown_outlasts_the_window(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    owner.open_window(0)
    chrome.pause(5)
    assert chrome.code() == code
    allow(chrome, owner, code)


def test_a_hub_that_starts_again_meanwhile_still_knows_the_code(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    hub.stop()
    chrome.pause(3)
    assert chrome.code() == code
    hub.start()
    allow(chrome, owner, code)


def test_a_browser_that_ends_meanwhile_begins_anew(chrome, hub, owner):
    code = begin(chrome, hub, owner)
    chrome.restart()
    assert chrome.text("headline") == "Not paired yet"
    another = begin(chrome, hub, owner)
    assert another != code
    assert [asked["userCode"] for asked in owner.requests()] == [another]
    allow(chrome, owner, another)


def test_who_is_revoked_is_offered_to_pair_again_and_loses_nothing(chrome, hub, owner, pages):
    allow(chrome, owner, begin(chrome, hub, owner))
    [client] = owner.clients()
    hub.ask("DELETE", f"/clients/{client['id']}")
    owner.open_window(0)
    chrome.open(pages.url("estuary"))
    chrome.until(lambda: chrome.state() == "refused" and chrome.pending() > 0, "refused, a page waiting")
    assert chrome.badge() == "!"
    chrome.options.bring_to_front()
    allow(chrome, owner, begin(chrome, hub, owner))
    chrome.until(lambda: hub.ask("GET", "/search?q=estuary&kind=visit")["items"], "what waited has arrived")
    assert chrome.badge() == ""
