"""Several hosts on one store: each sees what all have stored, in one order."""

from __future__ import annotations

import sys
import threading
from typing import Any

import psutil
import pytest

from tests.whole.hub_home import BRIDGE, HUB, Caller, Home, Served, at_once, free_port, wait_for

POSTS = 300
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
#: How a supervisor's own program offers the listener alone.
LISTENER = """
import signal, threading, python_core
host, stop = python_core.start_web_listener(), threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
print("Web listener", host.servers[0].bound.url, flush=True)
stop.wait()
host.stop()
"""


class Follower(threading.Thread):
    """Reads the event log through one process until it has seen so many clips; ``items`` are all events it got."""

    def __init__(self, caller: Caller, after: int, clips: int) -> None:
        super().__init__()
        self._caller, self._after, self._clips = caller, after, clips
        self.items: list[dict[str, Any]] = []

    def run(self) -> None:
        wait_for(lambda: self._read() and len(clips_of(self.items)) == self._clips)

    def _read(self) -> bool:
        page = self._caller.get(f"/events?after={self._after}&limit=200")
        self._after = page["nextAfter"]
        self.items += page["items"]
        return True


def clips_of(items: list[dict[str, Any]]) -> list[str]:
    return [item["data"]["id"] for item in items if item["kind"] == "clipboard_processed"]


def test_followers_on_three_of_six_processes_each_see_300_concurrent_posts_once_and_in_order(home: Home) -> None:
    port = str(free_port())
    hub = home.start_hub(SMRTHUB_BRIDGE_PORT=port)
    alone = [home.start(*BRIDGE, SMRTHUB_BRIDGE_PORT=port) for _ in range(2)]
    gunicorn = home.start_gunicorn()
    urls = [hub.url(), *(each.url() for each in alone), *[gunicorn.url("Listening at")] * 3]
    assert hub.url().endswith(f":{port}")
    assert {int(url.rpartition(":")[2]) for url in urls[1:3]} < set(range(5011, 5020))

    start = home.caller().get("/events")["nextAfter"]
    followers = [Follower(home.caller(urls[n]), start, POSTS) for n in (0, 1, 5)]
    for follower in followers:
        follower.start()
    callers = [home.caller(urls[n % len(urls)]) for n in range(POSTS)]
    receipts = at_once([lambda n=n, caller=caller: caller.copy(f"text {n}") for n, caller in enumerate(callers)])
    for follower in followers:
        follower.join()

    ids = [item["id"] for item in followers[0].items]
    assert ids == list(range(start + 1, start + 1 + len(ids)))
    assert sorted(clips_of(followers[0].items)) == sorted(receipt["id"] for receipt in receipts)
    for follower in followers[1:]:
        both = min(len(follower.items), len(ids))  # one may have read a heartbeat more
        assert follower.items[:both] == followers[0].items[:both]
        assert [item["id"] for item in follower.items] == list(range(start + 1, start + 1 + len(follower.items)))
    assert [each.end() for each in (gunicorn, *alone, hub)] == [0, 0, 0, 0]


@pytest.mark.parametrize("options", [(), ("--preload",)], ids=["loaded by each worker", "loaded before the fork"])
def test_a_tab_told_to_a_listener_is_the_source_of_a_clip_posted_to_any_worker(
    home: Home, options: tuple[str, ...]
) -> None:
    listener = home.start("-c", LISTENER)
    gunicorn = home.start_gunicorn(*options)
    token = home.facts("web-listener")["token"]
    tabs = home.caller(listener.url("Web listener"), token=token)
    callers = _callers_of_all_workers(home, gunicorn, token)

    page = {"url": "https://example.org/read", "title": "What is read"}
    tab = {**page, "tabId": 7, "browser": "chrome", "event": "activated", "focused": True}
    assert tabs.post("/tab-info", tab)["results"][0]["stored"] is True
    receipts = at_once(
        [
            lambda n=n, caller=caller: caller.copy(f"text {n}", source={"app": "Google Chrome"})
            for n, caller in enumerate(callers)
        ]
    )

    for receipt in receipts:
        assert receipt["source"].items() >= page.items()
        assert receipt["source"]["confidence"] > 0.5
        assert receipt["source"]["evidence"]
    assert home.facts()["token"] == token
    assert home.facts()["pid"] in _workers_of(gunicorn)
    assert [gunicorn.end(), listener.end()] == [0, 0]
    assert list(home.paths.runtime().glob("*.json")) == []


def test_workers_that_were_forked_with_a_store_use_it_and_the_log_as_their_own(home: Home) -> None:
    gunicorn = home.start_gunicorn("--preload", SMRTHUB_BRIDGE_LOG_LEVEL="Debug")
    traces: list[str] = []
    for text in ("before any is killed", "after all were killed"):
        assert home.anyone(gunicorn.url("Listening at")).call("GET", "/ping").status == 200
        callers = _callers_of_all_workers(home, gunicorn, home.facts()["token"])
        at_once([lambda c=c, text=f"{text} {n}": c.copy(text) for n, c in enumerate(callers)])
        for caller in callers:
            traces.append(f"{len(traces) + 1:032x}")
            assert caller.call("GET", "/none", traceparent=f"00-{traces[-1]}-{'1' * 16}-01").status == 404
        assert callers[0].get("/status")["counts"]["clips"] == len(traces)
        for worker in psutil.Process(gunicorn.pid).children():
            worker.kill()
    log = (home.paths.logs() / "python-net-log.json").read_text("utf-8")
    assert [trace for trace in traces if trace not in log] == []
    assert gunicorn.end() == 0


def _callers_of_all_workers(home: Home, gunicorn: Served, token: str) -> list[Caller]:
    """Connect until there is a connection to each of the three workers, and return all connections."""
    callers: list[Caller] = []

    def find_more() -> bool:
        callers.extend(home.caller(gunicorn.url("Listening at"), token=token) for _ in range(8))
        pids = at_once([lambda caller=caller: caller.get("/status")["pid"] for caller in callers])
        return len(set(pids)) == 3

    wait_for(find_more)
    return callers


def _workers_of(gunicorn: Served) -> set[int]:
    return {child.pid for child in psutil.Process(gunicorn.pid).children()}


def test_the_hub_takes_the_place_of_a_bridge_that_runs_alone(home: Home) -> None:
    bridge = home.start(*BRIDGE)
    bridge.url()
    assert home.facts()["pid"] == bridge.pid
    before = home.facts()["token"]
    hub = home.start(*HUB)
    hub.url()
    assert home.facts()["pid"] == hub.pid
    assert home.facts()["token"] != before
    for url in (hub.url(), bridge.url()):
        assert home.caller(url).get("/status")["level"] == "healthy"
        assert home.caller(url, token=before).call("GET", "/clipboard").status == 401
