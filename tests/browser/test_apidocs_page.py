"""The hub's own page of its API in a real browser: whole, usable, under its policy, and without any other host."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

from tests.browser.hub import RealHub

VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (e) => violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
"""
GROUNDS = """
[document.body, document.querySelector(".swagger-ui")].map((element) => getComputedStyle(element).backgroundColor)
"""


class Seen:
    """A page, what it asked for, and what it complained about."""

    def __init__(self, page: Page, url: str, token: str) -> None:
        self.page = page
        self.url = url
        self.token = token
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._note_request)
        page.on("console", self._note_message)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.add_init_script(VIOLATIONS)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith("data:"):
            self.asked.append(request.url)

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def open(self) -> Page:
        self.page.goto(f"{self.url}/apidocs/")
        self.page.locator("#api[data-ready]").wait_for()
        return self.page

    def operation(self, name: str) -> Any:
        found = self.page.locator(f'.opblock[id$="-{name}"]')
        found.locator(".opblock-summary-control").click()
        found.locator(".opblock-body").wait_for()
        return found

    def check(self) -> None:
        """Nothing was refused, nothing failed, and nobody else was asked."""
        assert self.page.evaluate("violations") == []
        assert self.complaints == []
        assert self.asked
        assert [url for url in self.asked if not url.startswith(f"{self.url}/")] == []


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHub]:
    hub = RealHub(tmp_path_factory.mktemp("apidocs") / "home")
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def seen(chromium: str, hub: RealHub) -> Iterator[Seen]:
    facts = hub._runtime("bridge")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield Seen(browser.new_page(), facts["url"], facts["token"])
        browser.close()


def test_the_page_shows_every_operation_and_keeps_its_policy(seen: Seen) -> None:
    page = seen.open()
    with urllib.request.urlopen(f"{seen.url}/apispec.json") as reply:
        paths = json.load(reply)["paths"].values()
    names = [operation["operationId"] for item in paths for method, operation in item.items() if method != "servers"]
    assert page.locator(".opblock").count() == len(names)
    for name in ("get_search", "put_output_schema", "get_fragment", "delete_clip", "patch_hub_window"):
        assert seen.operation(name).locator(".responses-table .response").count() >= 5
    page.locator("section.models h4 button").click()
    page.locator("section.models").get_by_text("NewClip", exact=True).wait_for()
    assert page.title() == "SmrtHub API"
    assert page.locator("code", has_text="bridge.json").count() >= 1
    seen.check()


def test_the_page_is_dark_where_the_system_is(seen: Seen) -> None:
    seen.page.emulate_media(color_scheme="light")
    page = seen.open()
    assert page.evaluate(GROUNDS) == ["rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"]
    page.emulate_media(color_scheme="dark")  # while it is open
    page.locator("html.dark-mode").wait_for()
    assert page.evaluate(GROUNDS) == ["rgb(28, 32, 34)", "rgb(28, 32, 34)"]
    seen.check()


def test_a_call_is_tried_out_with_a_pasted_token(seen: Seen) -> None:
    page = seen.open()
    page.locator(".btn.authorize").click()
    page.locator(".auth-container input").fill(seen.token)
    page.locator(".auth-btn-wrapper .authorize").click()
    page.locator(".btn-done").click()
    clip = seen.operation("post_clipboard")
    clip.locator(".try-out__btn").click()
    clip.locator(".execute").click()
    answer = clip.locator(".live-responses-table .response .response-col_status")
    assert answer.inner_text().split() == ["201"]
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    seen.check()


def test_an_operation_of_the_web_listener_is_read_but_not_tried(seen: Seen) -> None:
    seen.open()
    assert seen.operation("post_tab_info").locator(".try-out__btn").count() == 0
    assert seen.operation("get_ping_reply").locator(".try-out__btn").count() == 1
    seen.check()


def test_a_foreign_document_is_not_shown(seen: Seen) -> None:
    reply = seen.page.goto(f"{seen.url}/apidocs/?url=http://127.0.0.1:9/evil.json")
    assert reply is not None
    assert reply.status == 400
    assert seen.page.locator(".opblock, #api").count() == 0
    seen.page.goto(f"{seen.url}/apidocs/#?url=http://127.0.0.1:9/evil.json")
    seen.page.locator("#api[data-ready]").wait_for()
    assert [url for url in seen.asked if ":9/" in url.partition("?")[0].partition("#")[0]] == []
