"""The logs of real hubs: one trace over processes, levels that change in all of them, a log disk that is no use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python_core.utils.log_levels import set_level
from tests.cli.terminals import Terminal
from tests.whole.hub_home import Home, wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
posix = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")


def records_of(home: Home) -> list[dict[str, Any]]:
    files = (home.paths.local / "Logs").rglob("*.json")
    return [json.loads(line) for file in files for line in file.read_bytes().split(b"\n")[:-1]]


@posix
def test_the_trace_of_a_request_goes_on_in_the_process_that_carries_its_run_out(home: Home) -> None:
    hub = home.start_hub()
    gunicorn = home.start_gunicorn()  # it has no save worker
    caller = home.caller(gunicorn.url("Listening at"), token=home.facts()["token"])
    run = {"trigger": "smrtsearch", "args": {"query": "words", "open": False}}
    answer = caller.call("POST", "/trigger", run, traceparent=f"00-{TRACE}-00f067aa0ba902b7-01")
    assert answer.headers["X-Trace-Id"] == TRACE
    run_id = answer.json["run"]["id"]

    def of_trace() -> list[dict[str, Any]]:
        found = [each for each in records_of(home) if each.get("traceId") == TRACE]
        return found if len(found) == 2 else []

    queued, ended = sorted(wait_for(of_trace), key=lambda each: str(each["ts"]))
    assert queued["renderedMessage"] == f"Queued smrtsearch as run {run_id}"
    assert ended["renderedMessage"] == f"Run {run_id} of smrtsearch: succeeded"
    assert ended["pid"] == hub.pid != queued["pid"]
    assert len({queued["spanId"], ended["spanId"], "00f067aa0ba902b7"}) == 3
    events = caller.get("/events?after=0&limit=200")["items"]
    assert {each["kind"] for each in events if each["traceId"] == TRACE} == {"trigger_queued", "trigger_finished"}


@posix
def test_a_level_changes_in_every_process_is_told_and_goes_back_by_itself(home: Home) -> None:
    hub = home.start_hub()
    gunicorn = home.start_gunicorn()
    callers = [home.caller(), home.caller(gunicorn.url("Listening at"), token=home.facts()["token"])]
    set_level(home.paths, "gate", "Debug", 600_000)

    def told() -> set[int]:
        for each in callers:
            each.get("/status")
        return {each["pid"] for each in records_of(home) if each["level"] == "Debug"}

    pids = wait_for(lambda: found if len(found := told()) > 1 else None)
    assert hub.pid in pids
    assert callers[0].get("/status")["logLevels"]["gate"].startswith("Debug until ")
    set_level(home.paths, "gate", "Debug", 10)
    wait_for(lambda: callers[0].get("/status")["logLevels"] == {})
    assert {each["component"] for each in records_of(home) if each["level"] == "Debug"} == {"gate"}


def test_old_and_too_many_log_files_go_when_the_hub_starts(home: Home) -> None:
    folder = home.paths.logs()
    folder.mkdir(parents=True, mode=0o700)
    for day in (1, 2, 3):
        path = folder / f"python-net-log.2026-01-{day:02d}T03-04-05-678Z.json"
        path.write_bytes(b"x" * 400_000)
        os.utime(path, (time.time() - 86_400 * (20 if day == 1 else 4 - day),) * 2)
    home.start_hub(SMRTHUB_BRIDGE_LOG_MIB="1", SMRTHUB_BRIDGE_LOG_DAYS="10")
    left = sorted(each.name for each in folder.glob("*T*.json"))
    assert left == [f"python-net-log.2026-01-{day:02d}T03-04-05-678Z.json" for day in (2, 3)]
    home.served[0].kill()
    home.start_hub(SMRTHUB_BRIDGE_LOG_MIB="1", SMRTHUB_BRIDGE_LOG_DAYS="1")
    assert sum(each.stat().st_size for each in folder.iterdir()) < 400_000


@pytest.fixture
def log_disk(home: Home) -> Iterator[Path]:
    """A disk of 64 KiB for the logs alone."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    folder = home.paths.local / "Logs"
    folder.mkdir(parents=True, mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this root may not mount")
    yield folder
    home.end_all()
    while os.path.ismount(folder):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as sink:
        while True:
            try:
                sink.write(b"x" * 4096)
            except OSError:
                return ballast


def put_read_only_disk_over(folder: Path) -> None:
    """As when a disk becomes read-only: no path below can be written to; a real remounting waits for who has files open."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", str(folder)], check=True)


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_log_disk_that_is_no_use_stops_nothing_and_what_was_lost_is_told(
    home: Home, log_disk: Path, fault: str
) -> None:
    home.start_hub(SMRTHUB_BRIDGE_LOG_LEVEL="Debug")
    caller = home.caller()
    if fault == "full":
        ballast = fill(log_disk)
    else:
        put_read_only_disk_over(log_disk)
    for number in range(300):  # more than what fits into a block that a file had left
        assert caller.copy(f"{fault} {number}")["duplicate"] is False
    found = wait_for(
        lambda: status if (status := caller.get("/status"))["modules"]["logs"]["level"] == "warning" else 0
    )
    assert "could not be written" in found["modules"]["logs"]["detail"]
    assert found["ready"]
    named = Terminal(home).doctor(canary=True)
    if fault == "full":
        assert named["log disk"] == ("failed", "log_disk_short")
    else:
        assert named["folders"] == ("failed", "folder_missing")  # what is mounted over it is empty
    assert named["part: logs"] == ("warning", "part_warning")
    if fault == "full":
        ballast.unlink()
    else:
        subprocess.run(["umount", str(log_disk)], check=True)

    def is_well() -> bool:
        caller.copy(f"after {fault}")
        logs = caller.get("/status")["modules"]["logs"]
        return bool(logs["level"] == "healthy" and "were lost since the start" in logs["detail"])

    wait_for(is_well)
    assert any("records before this one were lost" in each["renderedMessage"] for each in records_of(home))
