"""Take the documentation's pictures of a real hub: ``python -m tests.browser.pictures`` writes them into ``docs/img``.

What stands in each picture is written beside this file, and a test compares it with what the pages show now.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.browser.driver import Chrome, chromes
from tests.browser.hub import ROOT, RealHub
from tests.browser.servers import Pages
from Tools.chromium import find_chromium

FOLDER = ROOT / "docs" / "img"
#: Where the words of the pictures stand, by picture.
WORDS = Path(__file__).with_suffix(".json")
SIZE = {"width": 860, "height": 460}
#: Code and port, which are others each time, as docs/first-run.md has them.
AS_TOLD = """document.querySelector("#code").textContent = "DHCQ-KMGM";
const note = document.querySelector("#note");
note.textContent = note.textContent.replace(/127[.]0[.]0[.]1:[0-9]+/, "127.0.0.1:5000");"""
#: What of a page is wording of ours, the same each time.
WORDING = "h1, h2, button, th"


class Pictures:
    """Takes each picture light and dark, and keeps the words in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.words: dict[str, list[str]] = {}

    def take(self, name: str, page: Page, what: Locator | None = None) -> None:
        """Take what is in the window, or an element of it, as ``NAME-light.png`` and ``NAME-dark.png``."""
        page.set_viewport_size(SIZE)  # type: ignore[arg-type]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            (what or page).screenshot(path=self.folder / f"{name}-{scheme}.png")
        shown = page.locator(WORDING).all()
        self.words[name] = sorted({text for each in shown if each.is_visible() and (text := each.inner_text().strip())})


def take_all(chromium: str, folder: Path, scratch: Path) -> dict[str, list[str]]:
    """Take all pictures into a folder; return the words in each."""
    pictures, hub, pages = Pictures(folder), RealHub(scratch / "home", SMRTHUB_BRIDGE_LOG_LEVEL="Debug"), Pages()
    hub.start()
    try:
        with chromes(chromium, scratch / "profile") as launch:
            chrome = launch()
            _pair(pictures, chrome, hub)
            _browse(chrome, hub, pages)
            for name, command in (("doctor", ["doctor"]), ("logs", ["logs"])):
                target = scratch / f"{name}.html"
                hub.run(*command, "--html", str(target))
                pictures.take(name, chrome.open(target.as_uri()))
    finally:
        hub.stop()
        pages.stop()
    return pictures.words


def _pair(pictures: Pictures, chrome: Chrome, hub: RealHub) -> None:
    card = chrome.options.locator("#status")
    pictures.take("unpaired", chrome.options, card)
    hub.ask("POST", "/pairing/window", {"seconds": 300})
    chrome.pair(hub.listener_port)
    code = chrome.code()
    chrome.options.evaluate(AS_TOLD)
    pictures.take("pairing", chrome.options, card)
    hub.ask("POST", f"/pairing/{code}", {"decision": "approve"})
    chrome.until(lambda: chrome.pairing() == "allowed", "the yes of the hub has come")
    chrome.say_same()
    chrome.until(lambda: chrome.state() == "connected" and chrome.pairing() == "none", "connected")


def _browse(chrome: Chrome, hub: RealHub, pages: Pages) -> None:
    for name in ("harbour", "lighthouse"):
        chrome.open(pages.url(name))
        chrome.until(lambda: hub.ask("GET", f"/search?q={name}&kind=visit")["items"], name)  # noqa: B023
    hub.ask("POST", "/clipboard", {"fragments": [{"type": "text", "content": "The lamp turns once in nine seconds."}]})
    hub.ask("GET", "/search?q=lamp")
    chrome.open(f"{hub.url}/clipboard")  # refused, and told in the log


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="smrthub-pictures-") as folder:
        yield Path(folder)


def main() -> int:
    """Take the pictures anew."""
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium was found: see CONTRIBUTING.md.")
        return 1
    with _scratch() as scratch:
        words = take_all(chromium, FOLDER, scratch)
    WORDS.write_text(json.dumps(words, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
