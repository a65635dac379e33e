"""A real Chromium with the unpacked extension, driven as its user does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Worker, sync_playwright

from tests.browser.servers import TOKENS, Listener, Pages

EXTENSION = Path(__file__).resolve().parents[2] / "extension"
EXTENSION_ID = "pmighckdeangdhhfdoomohlomioifnpo"
OPTIONS = f"chrome-extension://{EXTENSION_ID}/options/options.html"
KNOWN_PORTS = (5000, *range(5020, 5029))
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    f"--disable-extensions-except={EXTENSION}",
    f"--load-extension={EXTENSION}",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN, ANOTHER_TOKEN = TOKENS


def wait_until(found: Callable[[], Any], what: str, context: BrowserContext, timeout_s: float = 40.0) -> Any:
    """Return the first true answer of `found`; fail with `what` when there is none in time."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if answer := found():
            return answer
        context.pages[0].wait_for_timeout(20)  # unlike sleep, it lets what the browser told come in
    pytest.fail(f"not within {timeout_s:g} s: {what}")


class Chrome:
    """A browser with the extension in a profile of its own."""

    def __init__(self, start: Callable[[], BrowserContext]) -> None:
        self._start = start
        self._begin()

    def _begin(self) -> None:
        self.context = self._start()
        # At installation the extension opens its options by itself; to a browser that is told to load it, each start is one.
        self.options = wait_until(self._options_page, "the options page, opened at installation", self.context)
        self.options.locator("#status[data-state]").wait_for()

    def _options_page(self) -> Page | None:
        return next((page for page in self.context.pages if page.url == OPTIONS), None)

    @property
    def worker(self) -> Worker:
        workers = self.context.service_workers
        return workers[0] if workers else self.context.wait_for_event("serviceworker")

    def connect(self, port: int, token: str = TOKEN) -> None:
        """Give it a token as a user does who has one, and wait for the outcome of the test it sends."""
        self.open_other_ways()
        self.options.fill("#token", token)
        self.options.fill("#port", str(port))
        self.options.click("#connection button")
        self.options.locator("#test-result:not(:empty)").wait_for()

    def open_other_ways(self) -> None:
        if self.options.get_attribute("#other-ways", "open") is None:
            self.options.click("#other-ways summary")

    def pair(self, port: int) -> None:
        """Press the button, with the hub's port where it is not a usual one."""
        self.open_other_ways()
        self.options.fill("#port", str(port))
        self.options.click("#pair")

    def code(self) -> str:
        """Read the code that the page shows, once it does."""
        self.options.locator("#code:visible").wait_for(timeout=60_000)
        return self.text("code")

    def say_same(self) -> None:
        """Say that the hub shows the same code."""
        self.options.click("#same")

    def pairing(self) -> str | None:
        return self.options.get_attribute("#status", "data-pairing")

    def connect_and_lose(self, listener: Listener) -> int:
        """Connect, then take the listener away; answers its port."""
        self.connect(listener.port)
        listener.stop()
        return listener.port

    def until(self, found: Callable[[], Any], what: str) -> Any:
        return wait_until(found, what, self.context)

    def pause(self, seconds: float) -> None:
        """Give what must not happen the time in which it would."""
        self.options.wait_for_timeout(seconds * 1000)

    def open(self, url: str) -> Page:
        page = self.context.new_page()
        page.goto(url)
        return page

    def open_and_wait(self, pages: Pages, listener: Listener, name: str) -> Page:
        """Open a page and wait until the hub knows of it, with its title, as the one in front."""
        page = self.open(pages.url(name))
        title = f"Page {name}"
        self.until(lambda: listener.told(title=title, focused=True), f"{title} in front")
        return page

    def state(self) -> str | None:
        return self.options.get_attribute("#status", "data-state")

    def text(self, element: str) -> str:
        return self.options.inner_text(f"#{element}")

    def pending(self) -> int:
        return int(self.text("pending"))

    def badge(self) -> str:
        return self.options.evaluate("chrome.action.getBadgeText({})")

    def beat(self) -> None:
        """Let the heartbeat's alarm ring now instead of within half a minute."""
        self.options.evaluate("chrome.alarms.create('heartbeat', {when: Date.now()})")

    def end_worker(self) -> None:
        """End the service worker, as the browser does after 30 quiet seconds."""
        session = self.context.new_cdp_session(self.options)
        session.send("ServiceWorker.enable")
        session.send("ServiceWorker.stopAllWorkers")
        session.detach()

    def restart(self) -> None:
        self.context.close()
        self._begin()


@contextmanager
def chromes(chromium: str, profile: Path) -> Iterator[Callable[..., Chrome]]:
    """Give a function that starts the browser on this profile; at the end all that it started are closed."""
    with sync_playwright() as playwright:
        started: list[Chrome] = []

        def launch(known_ports: dict[int, int] | None = None) -> Chrome:
            # The user's own hub may be running on one of these: it must not hear of the tests.
            places = dict.fromkeys(KNOWN_PORTS, "~NOTFOUND")
            places |= {port: f"127.0.0.1:{ours}" for port, ours in (known_ports or {}).items()}
            rules = ", ".join(f"MAP 127.0.0.1:{port} {place}" for port, place in places.items())

            def start() -> BrowserContext:
                return playwright.chromium.launch_persistent_context(
                    profile,
                    executable_path=chromium,
                    headless=False,
                    args=[*ARGUMENTS, f"--host-resolver-rules={rules}"],
                )

            started.append(Chrome(start))
            return started[-1]

        yield launch
        for browser in started:
            browser.context.close()
