"""A first start, many at once, and starts beside a hub that runs or has died."""

from __future__ import annotations

import json
import signal
import sys
import time

import pytest

from python_core.config import load_or_seed_settings
from python_core.utils.config_path_resolver import Paths
from tests.whole.hub_home import BRIDGE, HUB, Home, Served, wait_for
from tests.whole.slow_browser import SlowBrowser

STARTS = 60
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows neither SIGKILL nor a SIGTERM that asks")


def _end_in_order(home: Home, hub: Served) -> None:
    """End the hub; on Windows, where nothing asks a process without a console to end, at once."""
    if sys.platform == "win32":
        hub.kill()
        return
    assert hub.end() == 0, hub.says()
    assert list(home.paths.runtime().glob("*.json")) == []


def test_of_sixty_simultaneous_first_starts_one_serves_and_the_others_say_where(home: Home) -> None:
    started = [home.start(*HUB) for _ in range(STARTS)]
    wait_for(lambda: sum(each.is_up() for each in started) == 1)
    [hub] = [each for each in started if each.is_up()]
    others = [each for each in started if each is not hub]

    assert {each.wait() for each in others} == {0}, "".join(each.says() for each in others)
    assert {each.output for each in others} == {f"already running at {hub.url()} (pid {hub.pid})\n"}
    assert home.caller().get("/status")["level"] == "healthy"
    assert home.facts()["pid"] == home.facts("web-listener")["pid"] == hub.pid
    _assert_seeded_as_by_one(home)
    _end_in_order(home, hub)


def _assert_seeded_as_by_one(home: Home) -> None:
    alone = Paths(roaming=home.root / "alone", local=home.root / "alone")
    load_or_seed_settings(alone, {})
    for name in ("bridge-settings.json", "web-listener-settings.json"):
        assert (home.paths.config() / name).read_bytes() == (alone.config() / name).read_bytes()
    left = [path for folder in (home.paths.roaming, home.paths.local) for path in folder.rglob("*.tmp")]
    assert left == []
    for path in home.paths.roaming.rglob("*.json"):
        json.loads(path.read_text("utf-8"))


def test_a_second_start_says_where_the_first_is(home: Home) -> None:
    hub = home.start_hub()
    second = home.start(*HUB)
    assert second.wait() == 0
    assert second.output == f"already running at {hub.url()} (pid {hub.pid})\n"
    assert home.caller().get("/status")["pid"] == hub.pid


@posix
def test_second_starts_never_tell_of_a_hub_that_was_killed(home: Home) -> None:
    killed = home.start_hub()
    killed.signal(signal.SIGKILL)
    killed.wait()
    assert home.facts()["pid"] == killed.pid, "what a killed hub leaves"

    started = [home.start(*HUB) for _ in range(8)]
    wait_for(lambda: sum(each.is_up() for each in started) == 1)
    [hub] = [each for each in started if each.is_up()]
    told = {each.output for each in started if each is not hub}
    assert told == {f"already running at {hub.url()} (pid {hub.pid})\n"}


@posix
def test_a_start_while_the_hub_before_ends_takes_its_place(home: Home, slow_browser: SlowBrowser) -> None:
    before = home.start_hub(**slow_browser.environ)
    caller = home.caller(before.url())
    caller.post("/trigger", {"trigger": "smrtsearch", "args": {"query": "word"}})
    wait_for(lambda: slow_browser.opened)
    before.signal(signal.SIGTERM)
    wait_for(lambda: "Ending" in before.output)
    after = home.start(*HUB)
    time.sleep(1)  # it comes to wait for the one before; were it slower, it would find the place free
    slow_browser.go_on()
    assert before.wait() == 0
    assert after.url() == home.facts()["url"]
    assert home.facts()["pid"] == after.pid


@posix
@pytest.mark.parametrize("leftover", ["{", "[]", "", '{"pid": 1, "url": "http://127.0.0.1:1"}', '{"pid": "x"}'])
def test_whatever_a_runtime_file_holds_it_is_written_anew(home: Home, leftover: str) -> None:
    home.start_hub().kill()
    for service in ("bridge", "web-listener"):
        home.runtime_file(service).write_text(leftover, "utf-8")
    hub = home.start_hub()
    assert home.facts()["pid"] == home.facts("web-listener")["pid"] == hub.pid


@posix
def test_a_bridge_alone_does_not_take_the_runtime_file_of_a_hub_that_runs(home: Home) -> None:
    hub = home.start_hub()
    alone = home.start(*BRIDGE)
    assert home.caller(alone.url()).get("/status")["level"] == "healthy"
    assert home.facts()["pid"] == hub.pid
    assert alone.end() == 0
    assert home.facts()["pid"] == hub.pid


@posix
def test_a_bridge_alone_takes_the_runtime_file_of_a_process_whose_number_now_is_another_program(home: Home) -> None:
    killed = home.start_hub()
    killed.signal(signal.SIGKILL)
    killed.wait()
    stranger = home.start("-c", "import time; print('Stranger http://nowhere', flush=True); time.sleep(600)")
    stranger.url("Stranger")
    facts = home.facts() | {"pid": stranger.pid, "startedAt": "2026-01-02T03:04:05.678Z"}
    home.runtime_file().write_text(json.dumps(facts), "utf-8")
    alone = home.start(*BRIDGE)
    alone.url()
    assert home.facts()["pid"] == alone.pid
