"""``smrthub doctor``: with a hub that runs, one that was killed, and none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from python_core.client import HubClient
from python_core.support.doctor import walk_chain
from python_core.support.hub_checks import Service
from python_core.support.machine import Machine
from tests.cli.terminals import Terminal
from tests.whole.hub_home import wait_for

CANARY = ("canary: listener", "canary: store", "canary: event", "canary: search", "canary: forget")


def test_all_of_a_running_hub_is_walked_and_the_canary_leaves_nothing(smrthub: Terminal) -> None:
    bridge = smrthub.home.caller()
    before = bridge.get("/status")["counts"]
    found = smrthub("doctor", "--json").json
    states = {each["check"]: each["state"] for each in found["checks"]}
    assert found["well"] is True
    assert [states[check] for check in CANARY] == ["ok"] * 5
    assert {states[f"{name} {hop}"] for name in ("bridge", "web-listener") for hop in ("proof", "gate")} == {"ok"}
    assert all(each["tookMs"] >= 0 for each in found["checks"])
    assert bridge.get("/status")["counts"] == before
    stored = smrthub.home.paths.stored()
    assert not [path for path in stored.rglob("*") if path.is_file() and b"smrthubcanary" in path.read_bytes()]


def test_without_the_canary_nothing_is_written(smrthub: Terminal) -> None:
    bridge = smrthub.home.caller()
    wait_for(lambda: bridge.get("/status")["queues"])
    before = bridge.get("/status")["lastEventId"]
    seen = smrthub("doctor", "--no-canary")
    assert seen.code == 0, seen
    assert "refuses a foreign Host" in seen.out
    assert "canary" not in seen.out
    kinds = {item["kind"] for item in bridge.get(f"/events?after={before}")["items"]}
    assert not kinds & {"clipboard_processed", "visit_started"}


def test_while_the_capture_is_paused_the_canary_waits(idle: Terminal) -> None:
    idle.home.start_hub()
    assert idle("pause").code == 0
    checks = {each["check"]: each for each in idle("doctor", "--json").json["checks"]}
    assert {checks[check]["code"] for check in CANARY} == {"capture_paused"}


def test_a_hub_that_does_not_run_is_no_fault_and_one_that_was_killed_is_told(idle: Terminal) -> None:
    seen = idle("doctor")
    assert seen.code == 0
    assert "[not_running]" in seen.out
    hub = idle.home.start_hub()
    hub.kill()
    seen = idle("doctor")
    assert "[hub_killed]" in seen.out
    assert "smrthub serve" in seen.err


@pytest.mark.skipif(sys.platform == "win32", reason="open files are not looked at there")
def test_a_second_instance_on_one_store_is_told(idle: Terminal) -> None:
    idle.home.start_hub()
    path = Path(__file__).parents[2] / "python_core" / "net" / "wsgi.py"
    second = idle.home.start(str(path), SMRTHUB_BRIDGE_PORT="0")
    second.url("")
    seen = idle("doctor", "--no-canary")
    assert "[second_instance]" in seen.out, seen


def test_a_walk_that_is_broken_off_leaves_nothing(smrthub: Terminal) -> None:
    bridge = smrthub.home.caller()
    before = bridge.get("/status")["counts"]

    def connect(service: Service) -> HubClient:
        return HubClient(service, environ=smrthub.home.environ)

    def break_off(*_: int) -> None:
        if bridge.get("/status")["counts"] != before:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        walk_chain(Machine(smrthub.home.paths, smrthub.home.environ), connect, progress=break_off)
    assert bridge.get("/status")["counts"] == before


def test_a_page_of_it_is_written_for_this_user_alone(idle: Terminal, tmp_path: Path) -> None:
    page = tmp_path / "doctor.html"
    assert idle("doctor", "--html", str(page)).code == 0
    text = page.read_text("ascii")
    assert "not_running" in text
    assert "<script" not in text
    assert sys.platform == "win32" or page.stat().st_mode & 0o077 == 0


def test_options_of_the_store_go_with_it(idle: Terminal) -> None:
    assert idle("doctor", "--full").code == 2
