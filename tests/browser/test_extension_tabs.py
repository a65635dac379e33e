"""What the extension tells of tabs, in a real browser, and what it never tells."""

from __future__ import annotations

import re

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
OTHER_SCHEMES = ("chrome://version", "data:text/html,hello", "file:///", "about:blank")
TEST_PAGE = "about:blank"  # the one address of its own that the extension sends, when the user asks for a test


def in_front(listener):
    """The pages the hub was told of as being in front, in their order, each once in a row."""
    told = [tab["url"] for tab in listener.told(focused=True)]
    return [url for place, url in enumerate(told) if place == 0 or told[place - 1] != url]


def test_pages_are_told_in_the_order_in_which_they_come_in_front(chrome, pages, listener):
    chrome.connect(listener.port)
    tabs = {name: chrome.open_and_wait(pages, listener, name) for name in "abc"}
    tabs["b"].bring_to_front()
    order = [pages.url(name) for name in "abcb"]
    chrome.until(lambda: in_front(listener) == order, "a, b, c, b in front")
    last = listener.tabs[-1]
    assert (last["event"], last["url"], last["title"]) == ("activated", pages.url("b"), "Page b")


def test_each_request_is_as_the_contract_has_it(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open(pages.url("a"))
    chrome.until(lambda: listener.told(title="Page a"), "page a told")
    for method, _, headers, body in listener.posts:
        assert method == "POST"
        assert headers["Content-Type"] == "application/json"
        assert headers["Authorization"] == "Bearer shb_test_0123456789abcdef"
        assert headers["Origin"].startswith("chrome-extension://")
        assert "Cookie" not in headers
        assert 1 <= len(body["tabs"]) <= 100


def test_only_the_needed_fields_leave_the_browser(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open(pages.url("a"))
    [tab] = chrome.until(lambda: listener.told(title="Page a"), "page a told")
    assert UUID7.fullmatch(tab.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", tab.pop("observedAt"))
    assert isinstance(tab.pop("tabId"), int)
    assert isinstance(tab.pop("windowId"), int)
    assert tab.pop("browser") in ("chromium", "chrome")
    assert tab == {
        "event": "updated",
        "url": pages.url("a"),
        "title": "Page a",
        "incognito": False,
        "focused": True,
        "audible": False,
    }


def test_moments_rise_so_that_no_two_are_without_order(chrome, pages, listener):
    chrome.connect(listener.port)
    tabs = [chrome.open(pages.url(name)) for name in "abc"]
    for tab in tabs * 3:
        tab.bring_to_front()
    chrome.until(lambda: in_front(listener)[-1:] == [pages.url("c")], "page c in front")
    moments = [tab["observedAt"] for tab in listener.tabs if tab["url"] != TEST_PAGE]
    assert moments == sorted(set(moments))


def test_a_page_not_of_the_web_is_told_as_a_loss_of_focus_and_nothing_more(chrome, pages, listener):
    chrome.connect(listener.port)
    page = chrome.open_and_wait(pages, listener, "a")
    for times, address in enumerate(OTHER_SCHEMES, start=1):
        chrome.open(address)
        lost = {"url": pages.url("a"), "event": "updated", "focused": False}
        chrome.until(lambda: len(listener.told(**lost)) == times, f"page a behind {address}")  # noqa: B023
        page.bring_to_front()
        chrome.until(lambda: len(listener.told(event="activated")) == times, "page a in front")  # noqa: B023
    assert {tab["url"] for tab in listener.tabs} == {TEST_PAGE, pages.url("a")}


def test_an_incognito_window_is_a_loss_of_focus_and_its_pages_are_never_told(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open_and_wait(pages, listener, "a")
    chrome.worker.evaluate("url => chrome.windows.create({incognito: true, url})", pages.url("secret"))
    chrome.until(lambda: "/secret.html" in pages.asked, "the incognito page loaded")
    chrome.until(lambda: listener.told(title="Page a", focused=False), "page a no longer in front")
    chrome.pause(0.5)
    assert "secret" not in str(listener.requests)
    assert listener.tabs[-1]["focused"] is False


def test_another_window_in_focus_is_told_and_a_tab_in_the_background_is_not(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open_and_wait(pages, listener, "a")
    chrome.worker.evaluate("url => chrome.tabs.create({url, active: false})", pages.url("hidden"))
    chrome.worker.evaluate("url => chrome.windows.create({url, focused: true})", pages.url("second"))
    chrome.until(lambda: in_front(listener) == [pages.url("a"), pages.url("second")], "the second window in front")
    assert "/hidden.html" in pages.asked
    assert not listener.told(url=pages.url("hidden"))
    windows = {tab["windowId"] for tab in listener.told(focused=True)}
    assert len(windows) == 2


def test_a_page_that_moves_on_in_its_tab_is_told(chrome, pages, listener):
    chrome.connect(listener.port)
    tab = chrome.open_and_wait(pages, listener, "a")
    tab.goto(pages.url("b"))
    chrome.until(lambda: listener.told(title="Page b"), "page b told")
    tab.evaluate("history.pushState({}, '', '/later.html'); document.title = 'Page later'")
    chrome.until(lambda: listener.told(title="Page later", url=pages.url("later")), "the later page told")
    assert in_front(listener) == [pages.url(name) for name in ("a", "b", "later")]
    assert len({told["tabId"] for told in listener.told(focused=True)}) == 1


def test_a_closed_tab_is_told(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open(pages.url("a"))
    b = chrome.open_and_wait(pages, listener, "b")
    b.close()
    [closed] = chrome.until(lambda: listener.told(event="closed"), "a closed tab")
    assert closed["url"] == pages.url("b")
    assert closed["focused"] is False


def test_the_heartbeat_confirms_the_page_in_front_and_no_other(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open(pages.url("a"))
    chrome.open_and_wait(pages, listener, "b")
    chrome.beat()
    [beat] = chrome.until(lambda: listener.told(event="heartbeat"), "a heartbeat")
    assert beat["url"] == pages.url("b")
    assert beat["focused"] is True


def test_a_page_that_sets_its_title_all_the_time_does_not_flood_the_hub(chrome, pages, listener):
    chrome.connect(listener.port)
    tab = chrome.open(pages.url("a"))
    for number in range(30):
        tab.evaluate("number => { document.title = `(${number}) new` }", number)
        tab.wait_for_timeout(20)
    chrome.pause(0.5)
    assert len(listener.told(url=pages.url("a"))) < 10
    chrome.beat()
    chrome.until(lambda: listener.told(event="heartbeat", title="(29) new"), "the last title with the heartbeat")


def test_secrets_in_an_address_do_not_leave_the_browser(chrome, pages, listener):
    chrome.connect(listener.port)
    chrome.open(pages.url("a") + "?q=1#access_token=very-secret")
    chrome.until(lambda: listener.told(title="Page a", url=pages.url("a") + "?q=1"), "page a without its fragment")
    assert "very-secret" not in str(listener.requests)


def test_without_a_token_nothing_is_collected(chrome, pages, listener):
    assert chrome.state() == "unset"
    assert chrome.badge() == "!"
    chrome.open(pages.url("a"))
    chrome.pause(1)
    stored = chrome.options.evaluate("chrome.storage.local.get()")
    assert pages.url("a") not in str(stored)
    assert chrome.pending() == 0
    assert listener.requests == []
