"""Pages and extensions that want something of the hub, in a real browser: none reaches a handler, none learns anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from python_core.runtime.audit import get_audit
from python_core.runtime.clients import NewClient, make_client
from python_core.store import open_store
from tests.browser.driver import wait_until
from tests.browser.servers import Pages
from tests.gate.doors import EXTENSION, SERVICES, House, house_of
from tests.hubs import Clock, caller, make_hub

ATTACK = (Path(__file__).parent / "hostile.js").read_text("utf-8").partition("\n")[2].rstrip().removesuffix(";")
ARGUMENTS = ("--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-sync")
#: As if the user had let the page reach this machine: then nothing but the gate stands in between.
GRANTED = "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests"
#: What a page may learn: that it failed, that something was sent, that there is an answer which it cannot read.
NOTHING = re.compile(r"error.*|silence|opaque 0 |sent|true|false")
#: A frame tells that it has loaded whatever became of it; what is in it belongs to another origin.
FRAMED = re.compile(r"(frame|object|form.*|background) http.*")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Servers whose handlers only tell that they ran."""
    store = open_store(tmp_path / "stored")
    with house_of(make_hub(store, Clock(), bridge={"test_hooks": True})) as house:
        yield house
    store.close()


@contextmanager
def browsing(chromium: str, profile: Path, *arguments: str) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium, headless=False, args=[*ARGUMENTS, *arguments]
        )
        yield context
        context.close()


Browse = Callable[..., BrowserContext]


@pytest.fixture
def browse(chromium: str, tmp_path: Path) -> Iterator[Browse]:
    """Start a browser with these arguments in a profile of its own; it is closed at the end."""
    started = []

    def start(*arguments: str) -> BrowserContext:
        started.append(browsing(chromium, tmp_path / "profile", *arguments))
        return started[-1].__enter__()

    yield start
    for each in started:
        each.__exit__(None, None, None)


def attack(page: Page, house: House, *names: str) -> dict[str, str]:
    """Try everything from a page; returns, for each way, what the page learned."""
    bases = [f"http://{name}:{house.port(service)}" for name in names for service in SERVICES]
    said: dict[str, str] = page.evaluate(ATTACK, {"bases": bases, "token": house.owner})
    page.wait_for_timeout(1000)  # what was sent without waiting for an answer
    return said


def learned(said: dict[str, str]) -> dict[str, str]:
    """What a page learned that it should not have."""
    return {
        way: what
        for way, what in said.items()
        if not NOTHING.fullmatch(what) and not (FRAMED.fullmatch(way) and what in ("load", "frame"))
    }


def refusals(house: House) -> dict[str, int]:
    counted: dict[str, int] = {}
    for outcome in get_audit(house.hub).outcomes:
        counted[outcome.code] = counted.get(outcome.code, 0) + outcome.times
    return counted


def is_public(pages: Pages) -> str:
    return f"--ip-address-space-overrides=127.0.0.1:{pages.port}=public"


EVIL = "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1"


@pytest.mark.parametrize("granted", [False, True], ids=["as the browser has it", "with the user's leave"])
def test_a_page_of_another_site_reaches_nothing(browse: Browse, house: House, pages: Pages, granted: bool) -> None:
    context = browse(EVIL, is_public(pages), *([GRANTED] if granted else []))
    page = context.new_page()
    page.goto(f"http://evil.example:{pages.port}/evil.html")
    said = attack(page, house, "127.0.0.1", "0.0.0.0")
    assert learned(said) == {}
    assert len(said) > 400
    assert house.took() == []
    assert context.cookies() == []
    if granted:
        assert refusals(house).get("forbidden_origin", 0) > 100, "the page did not even reach the gate"


def test_a_page_of_another_port_of_this_machine_reaches_nothing(browse: Browse, house: House, pages: Pages) -> None:
    context = browse()
    page = context.new_page()
    page.goto(pages.url("local"))
    said = attack(page, house, "127.0.0.1", "0.0.0.0")
    assert (learned(said), house.took(), context.cookies()) == ({}, [], [])
    assert refusals(house)["forbidden_origin"] > 100


def test_a_name_that_is_bound_to_this_machine_afterwards_reaches_nothing(browse: Browse, house: House) -> None:
    """The page comes from elsewhere; then its name leads here, and to the browser the hub is the page's own server."""
    context = browse(EVIL, GRANTED)
    for service in SERVICES:
        page = context.new_page()
        origin = f"http://rebound.example:{house.port(service)}"
        page.route(
            f"{origin}/own.html", lambda route: route.fulfill(body="<title>own</title>", content_type="text/html")
        )
        page.goto(f"{origin}/own.html")
        said = attack(page, house, "rebound.example")
        own = {way: what for way, what in said.items() if origin in way}
        told = {what for what in own.values() if what.startswith(("basic", "cors"))}
        assert told
        assert {json.loads(what.partition("{")[1] + what.partition("{")[2])["error"]["code"] for what in told} <= {
            "misdirected",
            "bad_input",
        }
    assert (house.took(), context.cookies()) == ([], [])
    assert refusals(house)["misdirected"] > 50


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_that_takes_the_user_there_starts_nothing(
    browse: Browse, house: House, pages: Pages, method: str
) -> None:
    context = browse(EVIL, GRANTED)
    page = context.new_page()
    for path in {"GET": ["/ping", "/clipboard"], "POST": ["/clipboard", "/_shutdown"]}[method]:
        for enctype in ("text/plain", "application/x-www-form-urlencoded"):
            page.goto(f"http://evil.example:{pages.port}/evil.html")
            action = f"http://{house.host()}{path}"
            with page.expect_navigation(url=re.compile(re.escape(action))) as navigated:
                page.evaluate(
                    "made => document.body.appendChild(Object.assign(document.createElement('form'), made)).submit()",
                    {"action": action, "method": method, "enctype": enctype},
                )
            assert navigated.value.status == 403
    assert house.took() == []


def test_a_link_to_the_documentation_is_all_that_another_site_may_have(
    browse: Browse, house: House, pages: Pages
) -> None:
    context = browse(EVIL, GRANTED)
    page = context.new_page()
    page.goto(f"http://evil.example:{pages.port}/evil.html")
    with page.expect_navigation(url=re.compile("apidocs")) as navigated:
        page.evaluate("url => { location = url }", f"http://{house.host()}/apidocs/")
    assert navigated.value.status == 200
    assert house.took() == [("bridge", "get_apidocs")]


WORKER = """
chrome.runtime.onInstalled.addListener(() => {});
self.attempt = async (url, method, headers, body) => {
  try {
    const reply = await fetch(url, { method, headers, body });
    return `${reply.status} ${await reply.text()}`;
  } catch (fault) {
    return `error ${fault.name}`;
  }
};
"""


@pytest.fixture
def other_extension(tmp_path: Path) -> Path:
    """An extension of somebody else's, which may reach this machine."""
    folder = tmp_path / "other-extension"
    folder.mkdir()
    manifest = {
        "manifest_version": 3,
        "name": "Another",
        "version": "1",
        "background": {"service_worker": "worker.js"},
        "host_permissions": ["http://127.0.0.1/*"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    (folder / "worker.js").write_text(WORKER, "utf-8")
    return folder


def extension_token(house: House, origin: str) -> str:
    wanted = NewClient(name="SmrtChrome", kind="extension", scopes=["tabs:write"], origin=origin)
    return make_client(house.hub, caller(), wanted).token


def test_an_extension_of_another_id_than_the_paired_one_is_refused(
    browse: Browse, house: House, pages: Pages, other_extension: Path
) -> None:
    arguments = (f"--disable-extensions-except={other_extension}", f"--load-extension={other_extension}")
    context = browse(*arguments)
    context.new_page().goto(pages.url("any"))
    worker = wait_until(lambda: context.service_workers, "the extension's worker", context)[0]
    origin = worker.url.rpartition("/")[0]
    listener, bridge = f"http://{house.host('web-listener')}", f"http://{house.host()}"

    def attempt(method: str, url: str, token: str | None = None, body: str | None = None) -> str:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        answer: str = worker.evaluate("a => attempt(...a)", [url, method, headers, body])
        return answer

    stolen = extension_token(house, EXTENSION)
    for token in (stolen, house.owner, None):
        for method, url, body in tries(listener, bridge):
            if method == "GET" and token == house.owner:
                continue  # its GET bears no Origin: with the owner's token it is like any program
            answer = attempt(method, url, token, body)
            assert answer[:3] in ("401", "403", "err"), (method, url, answer)
    assert house.took() == []
    assert refusals(house)["forbidden_origin"] > 10
    own = extension_token(house, origin)
    assert attempt("POST", f"{listener}/tab-info", own, "{}").startswith("200 ")
    assert house.took() == [("web-listener", "post_tab_info")]
    assert context.cookies() == []


def tries(listener: str, bridge: str) -> list[tuple[str, str, str | None]]:
    posts = [f"{listener}/tab-info", f"{listener}/pair", f"{listener}/pair/token"]
    posts += [
        f"{bridge}/{path}" for path in ("clipboard", "trigger", "clients", "pairing/window", "hub-window/commands")
    ]
    gets: list[Any] = [
        f"{bridge}/{path}" for path in ("clipboard", "hub-window", "search", "events", "clients", "audit")
    ]
    return [("POST", url, "{}") for url in posts] + [("GET", url, None) for url in gets]
