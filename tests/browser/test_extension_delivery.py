"""How what was seen reaches the hub: once, later when it must be, and nobody else."""

from __future__ import annotations

import threading

from tests.browser.driver import ANOTHER_TOKEN

REFUSALS = (
    (401, "unauthorized", "revoked, expired, or of another hub"),
    (403, "insufficient_scope", "tabs:write"),
    (403, "forbidden_origin", "another browser or extension"),
)
FAULTS = (
    ("", "5000", "Paste a token first"),
    ("Bearer abc", "5000", "starts with shb_"),
    ("shb_häßlich_0123456789", "5000", "copy the line again"),
    ("shb_test_0123456789", "70000", "1 to 65535"),
    ("shb_test_0123456789", "five", "1 to 65535"),
)


def ids_of(tabs):
    return [tab["id"] for tab in tabs]


def test_a_connection_says_so(chrome, listener):
    chrome.connect(listener.port)
    assert chrome.state() == "connected"
    assert chrome.badge() == ""
    assert str(listener.port) in chrome.text("explanation")


def test_what_is_seen_while_the_hub_is_away_is_delivered_once_when_it_is_back(
    chrome, pages, listener, another_listener
):
    port = chrome.connect_and_lose(listener)
    for name in "abc":
        chrome.open(pages.url(name))
    chrome.until(lambda: chrome.state() == "unreachable", "unreachable")
    chrome.until(lambda: chrome.pending() >= 3, "three pages waiting")
    assert chrome.badge() == "!"

    back = another_listener(port)
    chrome.until(lambda: chrome.state() == "connected" and chrome.pending() == 0, "all delivered")
    told = back.told(focused=True)
    assert [tab["title"] for tab in told if "title" in tab] == ["Page a", "Page b", "Page c"]
    assert len(set(ids_of(told))) == len(told)
    assert chrome.badge() == ""
    assert chrome.text("last-delivered") == "just now"


def test_what_waits_survives_the_end_of_the_browser(chrome, pages, listener, another_listener):
    port = chrome.connect_and_lose(listener)
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.pending() >= 1, "a page waiting")
    waiting = chrome.options.evaluate("chrome.storage.local.get('outbox')")["outbox"]["items"]
    chrome.restart()
    back = another_listener(port)
    chrome.until(lambda: chrome.pending() == 0, "all delivered")
    assert ids_of(waiting) == ids_of(back.tabs)[: len(waiting)]


def test_a_worker_that_ends_in_the_middle_of_a_delivery_sends_it_again_under_the_same_id(chrome, pages, listener):
    chrome.connect(listener.port)
    taken, ended = threading.Event(), threading.Event()

    def take_and_hold(tab):
        taken.set()
        ended.wait(10)
        return {"id": tab["id"], "stored": True}

    listener.take = take_and_hold
    chrome.open(pages.url("a"))
    chrome.until(taken.is_set, "the hub has taken a tab")
    chrome.end_worker()
    ended.set()
    first = listener.tabs[1]  # after the test
    chrome.open(pages.url("b"))
    chrome.until(lambda: listener.told(title="Page b"), "page b told after the worker's end")
    assert ids_of(listener.tabs).count(first["id"]) == 2
    assert listener.told(id=first["id"]) == [first, first]


def test_a_hundred_at_most_go_in_one_request(chrome, listener, another_listener):
    port = chrome.connect_and_lose(listener)
    chrome.options.evaluate(
        """async () => {
            const { add } = await import("/src/outbox.js");
            for (let number = 0; number < 250; number++) await add({ id: `${number}`, url: "https://example.com/" });
        }"""
    )
    back = another_listener(port)
    chrome.beat()
    chrome.until(lambda: len(back.tabs) >= 250, "all delivered")
    assert [len(body["tabs"]) for *_, body in back.posts] == [100, 100, 50]
    assert ids_of(back.tabs) == [str(number) for number in range(250)]


def test_a_tab_that_the_hub_does_not_keep_is_not_sent_again(chrome, pages, listener):
    chrome.connect(listener.port)
    listener.take = lambda tab: {"id": tab["id"], "stored": False, "reason": "excluded_site"}
    chrome.open(pages.url("a"))
    chrome.until(lambda: listener.told(title="Page a"), "page a told")
    chrome.until(lambda: chrome.pending() == 0, "nothing waiting")
    assert len(set(ids_of(listener.tabs))) == len(listener.tabs)


def test_a_pause_is_shown_and_what_was_refused_in_it_is_never_sent_again(chrome, pages, listener):
    chrome.connect(listener.port)
    listener.take = lambda tab: {"id": tab["id"], "stored": False, "reason": "paused"}
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.badge() == "||", "the badge of a pause")
    assert chrome.text("headline") == "The capture is paused"
    assert chrome.pending() == 0
    kept = str(chrome.options.evaluate("chrome.storage.local.get()"))
    assert pages.url("a") not in kept
    chrome.end_worker()
    chrome.beat()
    chrome.until(lambda: chrome.badge() == "||", "the badge, after the worker's end too")
    refused = ids_of(listener.tabs)

    listener.take = lambda tab: {"id": tab["id"], "stored": True}
    chrome.beat()
    chrome.until(lambda: chrome.badge() == "", "no badge")
    assert chrome.text("headline") == "Connected"
    assert not set(refused) & set(ids_of(listener.tabs[len(refused) :]))


def test_a_tab_that_the_hub_cannot_name_is_answered_for_by_its_place(chrome, pages, listener):
    chrome.connect(listener.port)
    listener.take = lambda tab: {"id": None, "stored": False, "reason": "bad_input"}
    chrome.open(pages.url("a"))
    chrome.until(lambda: listener.told(title="Page a") and chrome.pending() == 0, "page a told, nothing waiting")
    assert chrome.state() == "connected"


def test_one_tab_that_the_hub_cannot_read_does_not_hold_up_the_others(chrome, pages, listener, another_listener):
    port = chrome.connect_and_lose(listener)
    for name in ("a", "poison", "b"):
        chrome.open(pages.url(name))
    chrome.until(lambda: chrome.state() == "unreachable", "unreachable")
    back = another_listener(port, unreadable="poison")
    chrome.until(lambda: chrome.state() == "connected" and chrome.pending() == 0, "nothing waiting")
    assert [tab["title"] for tab in back.told(focused=True) if "title" in tab] == ["Page a", "Page b"]
    assert int(chrome.text("dropped")) >= 1


def test_a_refused_token_stops_the_sending_until_the_user_acts(chrome, pages, listener):
    chrome.connect(listener.port)
    listener.refuse(401, "unauthorized")
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "refused", "refused")
    assert chrome.badge() == "!"
    refused = len(listener.posts)
    chrome.open(pages.url("b"))
    chrome.beat()
    chrome.options.reload()
    chrome.pause(1)
    assert len(listener.posts) == refused

    listener.refusal = None
    chrome.connect(listener.port, ANOTHER_TOKEN)
    chrome.until(lambda: chrome.state() == "connected" and chrome.pending() == 0, "delivered")
    assert {pages.url("a"), pages.url("b")} <= {tab["url"] for tab in listener.tabs}
    assert listener.posts[-1][2]["Authorization"] == f"Bearer {ANOTHER_TOKEN}"


def test_a_refusal_is_told_with_its_reason_and_what_to_do(chrome, listener):
    for status, code, words in REFUSALS:
        listener.refuse(status, code)
        chrome.connect(listener.port)
        assert chrome.state() == "refused"
        assert words in chrome.text("explanation")
        assert "smrthub pair" in chrome.text("steps")
        assert chrome.options.is_visible("#pair")


def test_a_hub_that_is_busy_is_asked_again_later(chrome, pages, listener):
    chrome.connect(listener.port)
    listener.refuse(503, "busy", **{"Retry-After": "1"})
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.state() == "troubled", "troubled")
    assert "It is busy." in chrome.text("explanation")
    assert len(listener.posts) <= 3
    listener.refusal = None
    chrome.until(lambda: chrome.state() == "connected" and chrome.pending() == 0, "delivered")
    assert listener.told(title="Page a")


def test_a_test_is_sent_when_the_user_asks_for_it(chrome, listener):
    chrome.connect(listener.port)
    before = len(listener.posts)
    chrome.options.click("#test")
    chrome.until(lambda: len(listener.posts) > before, "a test")
    chrome.until(lambda: "The hub answered in" in chrome.text("test-result"), "its outcome")
    assert listener.posts[-1][3]["tabs"][0]["url"] == "about:blank"


def test_what_waits_can_be_discarded(chrome, pages, listener, another_listener):
    port = chrome.connect_and_lose(listener)
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.pending() > 0 and chrome.state() == "unreachable", "a page waiting")
    chrome.options.bring_to_front()
    chrome.options.click("#discard")
    chrome.until(lambda: chrome.pending() == 0, "nothing waiting")
    back = another_listener(port)
    chrome.until(lambda: chrome.state() == "connected", "connected")
    assert not back.told(url=pages.url("a"), focused=True)


def test_without_its_token_the_extension_forgets_and_stops(chrome, pages, listener):
    chrome.connect_and_lose(listener)
    chrome.open(pages.url("a"))
    chrome.until(lambda: chrome.pending() > 0, "a page waiting")
    chrome.options.bring_to_front()
    chrome.options.click("#disconnect")
    chrome.until(lambda: chrome.state() == "unset", "unset")
    chrome.open(pages.url("b"))
    chrome.pause(0.5)
    stored = str(chrome.options.evaluate("Promise.all([chrome.storage.local.get(), chrome.storage.session.get()])"))
    assert str(pages.port) not in stored
    assert "shb_" not in stored


def test_what_cannot_be_right_is_said_beside_the_form_and_not_saved(chrome):
    chrome.open_other_ways()
    for token, port, words in FAULTS:
        chrome.options.fill("#token", token)
        chrome.options.fill("#port", port)
        chrome.options.click("#connection button")
        assert words in chrome.text("fault")
    assert "settings" not in chrome.options.evaluate("chrome.storage.local.get('settings')")


def test_the_token_is_not_put_back_into_the_page(chrome, listener):
    chrome.connect(listener.port)
    chrome.options.reload()
    chrome.options.locator("#stored:not([hidden])").wait_for()
    assert chrome.options.input_value("#token") == ""
    assert "shb_test" not in chrome.options.content()
