"""The documentation's site in a real browser: every page fits a phone and a desk in both colours, asks no other host, is found."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.hub import ROOT

SIZES = {"desk": (1280, 900), "phone": (390, 844)}
#: What is wider than the window and in no box that scrolls.
WIDER = """() => [...document.querySelectorAll("body *")].filter((each) => {
    const box = each.getBoundingClientRect();
    if (box.width === 0 || box.right <= document.documentElement.clientWidth + 1) return false;
    for (let above = each.parentElement; above; above = above.parentElement)
        if (getComputedStyle(above).overflowX !== "visible") return false;
    return true;
}).map((each) => each.tagName + " " + each.textContent.slice(0, 60))"""
PICTURES = """() => [...document.images].filter((each) => each.offsetParent)
    .map((each) => [each.getAttribute("src"), each.complete && each.naturalWidth > 0])"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves the built site and says nothing."""

    def log_message(self, *_: Any) -> None:
        """Leave the test's output to the test."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    """The built site's address, and its pages."""
    folder: Path = tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, timeout=120)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", sorted(each.name for each in folder.glob("*.html"))
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


def look(page: Page, url: str, name: str, scheme: str) -> list[str]:
    """Open a page; return what is wrong with it."""
    page.goto(url + name, wait_until="load")
    wrong = [f"too wide: {each}" for each in page.evaluate(WIDER)]
    pictures = page.evaluate(PICTURES)
    wrong += [f"no picture: {source}" for source, there in pictures if not there]
    other = "dark" if scheme == "light" else "light"
    wrong += [f"the other colour: {source}" for source, _ in pictures if f"gh-{other}-mode-only" in source]
    return wrong


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_asks_no_other_host(
    site: tuple[str, list[str]], browser: Browser, size: str, scheme: str
) -> None:
    url, names = site
    width, height = SIZES[size]
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda fault: said.append(str(fault)))
    page.on("request", lambda asked: said.append(asked.url) if not asked.url.startswith((url, "data:")) else None)
    found = {name: wrong for name in names if (wrong := look(page, url, name, scheme))}
    page.close()
    assert (found, said) == ({}, [])


@pytest.mark.parametrize(("words", "page_name"), [("pairing", "first-run.html"), ("backup restore", "keeping.html")])
def test_what_somebody_looks_for_is_found(
    site: tuple[str, list[str]], browser: Browser, words: str, page_name: str
) -> None:
    page = browser.new_page()
    with page.expect_console_message(lambda message: "search ready" in message.text):
        page.goto(site[0])
    page.click("text=Search")
    page.locator("#mkdocs-search-query").press_sequentially(words)
    page.locator(f"#mkdocs-search-results a[href*='{page_name}']").first.wait_for()
    page.close()
