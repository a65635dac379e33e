"""What the extension makes of odd replies while it pairs, and what nobody gets before the user has spoken."""

from __future__ import annotations

import pytest

from tests.browser.driver import OPTIONS, TOKEN
from tests.browser.servers import begun, refused

TOKEN_GIVEN = 200, {"status": "ok", "client": {"id": "test"}, "token": TOKEN}
UNFIT = (
    (201, {"status": "ok"}),
    begun(userCode=""),
    begun(userCode=7),
    begun(userCode="<b>BCDF</b> GHJK"),
    begun(deviceCode=None),
    begun(expiresIn="soon"),
    begun(interval=0),
    refused(404, "not_found"),
    refused(400, "bad_input"),
    refused(403, "forbidden_user"),
)
LATER = (
    (refused(403, "forbidden_origin"), "Pairing is closed on the hub"),
    (refused(403, "access_denied"), "Pairing is closed on the hub"),
    (refused(409, "conflict"), "Too many programs wait to be paired"),
    (refused(503, "busy"), "The hub cannot pair now"),
    (refused(500, "internal"), "The hub cannot pair now"),
)


def until_pairing(chrome, state):
    chrome.until(lambda: chrome.pairing() == state, f"pairing {state}")


def record(chrome):
    return chrome.options.evaluate("chrome.storage.session.get('pairing')").get("pairing")


def change_record(chrome, **changes):
    chrome.options.evaluate(
        """async changes => {
            const { pairing } = await chrome.storage.session.get("pairing");
            await chrome.storage.session.set({ pairing: { ...pairing, ...changes } });
        }""",
        changes,
    )


@pytest.fixture
def asked(chrome, listener):
    """The extension, with a code of the stand-in's on its page."""
    listener.pair = begun()
    chrome.pair(listener.port)
    assert chrome.code() == "BCDF-GHJK"
    return chrome


def test_it_asks_for_its_one_scope_and_says_nothing_else(asked, listener, pages):
    asked.open(pages.url("a"))
    asked.until(lambda: listener.asked("/pair/token"), "a poll")
    assert listener.asked("/pair") == [{"name": "SmrtChrome", "kind": "extension", "scopes": ["tabs:write"]}]
    assert listener.asked("/pair/token")[0] == {"deviceCode": "only-we-know"}
    assert listener.posts == []
    for method, _, headers, _ in listener.requests:
        assert "Authorization" not in headers
        assert "Cookie" not in headers
        if method == "POST":
            assert headers["Origin"].startswith("chrome-extension://")
            assert headers["Content-Type"] == "application/json"


def test_the_code_is_shown_as_it_was_sent(chrome, listener):
    listener.pair = begun(userCode="bcd-0Ol.1&lt;")
    chrome.pair(listener.port)
    assert chrome.code() == "bcd-0Ol.1&lt;"


def test_one_that_says_yes_by_itself_gets_no_tabs(asked, listener, pages):
    listener.poll = TOKEN_GIVEN
    until_pairing(asked, "allowed")
    assert asked.text("headline") == "Allowed. Was it you?"
    asked.open(pages.url("a"))
    asked.beat()
    asked.pause(2)
    assert listener.posts == []
    assert "settings" in asked.options.evaluate("chrome.storage.local.get()")  # the port
    assert "shb_" not in str(asked.options.evaluate("chrome.storage.local.get()"))
    asked.options.bring_to_front()
    asked.options.click("#cancel")
    until_pairing(asked, "none")
    asked.pause(1)
    assert listener.posts == []
    assert "shb_" not in str(asked.options.evaluate("chrome.storage.session.get()"))


def test_a_worker_that_ends_goes_on_where_it_was(asked, listener):
    asked.end_worker()
    asked.pause(1)
    before = len(listener.asked("/pair/token"))
    asked.beat()
    asked.until(lambda: len(listener.asked("/pair/token")) >= before + 2, "polls again")
    assert len(listener.asked("/pair")) == 1
    listener.poll = TOKEN_GIVEN
    asked.say_same()
    asked.until(lambda: asked.state() == "connected", "connected")
    polls = len(listener.asked("/pair/token"))
    asked.pause(2)
    assert len(listener.asked("/pair/token")) == polls


def test_a_hub_that_is_asked_too_often_is_asked_less(asked, listener):
    assert record(asked)["intervalS"] == 1
    listener.poll = refused(400, "slow_down")
    asked.until(lambda: record(asked)["intervalS"] == 6, "a longer pause")
    assert asked.code() == "BCDF-GHJK"


def test_a_code_that_the_hub_calls_expired_is_taken_away_and_there_can_be_another(asked, listener):
    listener.poll = refused(400, "expired_token")
    until_pairing(asked, "expired")
    assert not asked.options.is_visible("#code")
    polls = len(listener.asked("/pair/token"))
    asked.pause(2)
    assert len(listener.asked("/pair/token")) == polls
    listener.pair, listener.poll = begun(userCode="KLMN-PQRS"), refused(400, "authorization_pending")
    asked.options.click("#pair")
    assert asked.code() == "KLMN-PQRS"


def test_a_code_ends_when_its_time_is_over_also_without_the_hub(chrome, listener):
    listener.pair = begun(expiresIn=3)
    chrome.pair(listener.port)
    chrome.code()
    listener.stop()
    until_pairing(chrome, "expired")


def test_what_cannot_be_a_code_is_not_shown(chrome, listener):
    for reply in UNFIT:
        listener.pair = reply
        chrome.pair(listener.port)
        chrome.until(lambda: str(reply[0]) in chrome.text("explanation"), f"the answer to {reply}")  # noqa: B023
        assert chrome.pairing() == "unfit"
        assert not chrome.options.is_visible("#code")
        change_record(chrome, state="none")
        chrome.options.reload()
        until_pairing(chrome, "none")


def test_what_cannot_be_a_token_is_not_kept(asked, listener):
    asked.say_same()
    listener.poll = 200, {"status": "ok", "token": "shb_test_\nX-Header: 1"}
    until_pairing(asked, "unfit")
    assert asked.state() == "unset"


def test_what_passes_is_waited_for(chrome, listener):
    chrome.pair(listener.port)
    for reply, headline in LATER:
        listener.pair = reply
        chrome.until(lambda: chrome.text("headline") == headline, headline)  # noqa: B023
    listener.pair = begun()
    assert chrome.code() == "BCDF-GHJK"


def test_after_a_while_it_stops_trying(chrome, listener):
    chrome.pair(listener.port)
    chrome.until(lambda: chrome.text("headline") == "Pairing is closed on the hub", "closed")
    change_record(chrome, untilMs=0)
    until_pairing(chrome, "stopped")
    assert "smrthub pair" in chrome.text("steps")
    tries = len(listener.asked("/pair"))
    chrome.pause(4)
    assert len(listener.asked("/pair")) == tries
    listener.pair = begun()
    chrome.options.click("#pair")
    assert chrome.code() == "BCDF-GHJK"


def test_a_hub_that_is_not_there_yet_is_looked_for(launch, stranger, another_listener):
    hub = another_listener()
    hub.stop()
    chrome = launch(known_ports={5000: stranger.port, 5023: hub.port})
    chrome.options.click("#pair")
    chrome.until(lambda: "Another program answers on port 5000 (403)" in chrome.text("explanation"), "the stranger")
    assert "smrthub serve" in chrome.text("steps")
    hub = another_listener(hub.port)
    hub.pair = begun()
    assert chrome.code() == "BCDF-GHJK"
    assert "127.0.0.1:5023" in chrome.text("note")
    assert {(method, path) for method, path, _ in stranger.asked} == {("GET", "/ping")}


def test_where_two_say_they_are_the_hub_the_user_chooses(launch, listener, another_listener):
    poser = another_listener()
    poser.pair, listener.pair = begun(userCode="PRST-VWXZ"), begun()
    chrome = launch(known_ports={5000: poser.port, 5021: listener.port})
    chrome.options.click("#pair")
    until_pairing(chrome, "several")
    assert "5000 and 5021" in chrome.text("explanation")
    chrome.options.get_by_role("button", name="Port 5021").click()
    assert chrome.code() == "BCDF-GHJK"
    assert poser.asked("/pair") == []


def test_who_cancels_is_left_in_peace(asked, listener):
    asked.options.click("#cancel")
    until_pairing(asked, "none")
    asked.pause(1)
    polls = len(listener.asked("/pair/token"))
    asked.beat()
    asked.pause(3)
    assert len(listener.asked("/pair/token")) == polls


def test_a_token_that_is_pasted_meanwhile_ends_it(asked, listener):
    asked.connect(listener.port)
    assert asked.state() == "connected"
    until_pairing(asked, "none")
    assert record(asked) is None


def test_a_page_opened_later_shows_how_far_it_is(asked, listener):
    another = asked.open(OPTIONS)
    another.get_by_text("BCDF-GHJK").wait_for()
    listener.poll = refused(403, "access_denied")
    another.get_by_text("The hub said no").wait_for()
    until_pairing(asked, "denied")
