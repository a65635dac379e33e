"""The JavaScript that the documentation shows follows the events of a real hub, as it stands there, in a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.browser.hub import RealHub
from tests.docs.pages import PAGES, blocks

BEGIN = """([script, url, token]) => {
    window.told = [];
    window.over = null;
    const follow = Function(`${script}; return follow`)();
    follow(url, token, (kind, event) => told.push([kind, event.id])).catch((fault) => (over = fault.message));
}"""


@pytest.fixture
def page(chromium: str, hub: RealHub) -> Iterator[Page]:
    """A page of the bridge's own origin: no other may call."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        shown = browser.new_page(bypass_csp=True)  # the policy is against scripts that are handed in, as this one is
        shown.goto(f"{hub.url}/apidocs/")
        yield shown
        browser.close()


def copy(hub: RealHub, text: str) -> None:
    hub.ask("POST", "/clipboard", {"fragments": [{"type": "text", "content": text}]})


def test_the_script_follows_over_a_restart_and_ends_with_its_token(hub: RealHub, page: Page) -> None:
    [script] = [block.text for name in PAGES for block in blocks(name) if block.kind == "js"]
    made = hub.ask("POST", "/clients", {"name": "A page", "kind": "script", "scopes": ["events:read"]})
    page.evaluate(BEGIN, [script, hub.url, made["token"]])
    page.wait_for_timeout(1000)
    copy(hub, "The sea.")
    page.wait_for_function("told.some(([kind]) => kind === 'clipboard_processed')")
    hub.stop()
    before = page.evaluate("told.length")
    hub.start()
    copy(hub, "The harbour.")
    page.wait_for_function("before => told.slice(before).some(([kind]) => kind === 'clipboard_processed')", arg=before)
    ids = page.evaluate("told.map(([, id]) => id)")
    assert ids == list(range(ids[0], ids[0] + len(ids))), "none missed, none twice"
    hub.ask("DELETE", f"/clients/{made['client']['id']}")
    page.wait_for_function("over === 'the token is over'")
