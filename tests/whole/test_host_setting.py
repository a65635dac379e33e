"""``wsgiHost``: the whole hub, its bridge served by another host in a process beside it, begins, works and ends as one."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from python_core.net.other_hosts import DIFFERENCES
from python_core.net.running import EXIT_BROKEN
from python_core.support.processes import list_instances
from tests.cli.terminals import COMMAND
from tests.streams import Stream
from tests.whole.hub_home import HUB, ROOT, Home, Served, free_port, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


@pytest.fixture(params=sorted(DIFFERENCES))
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed; it is in requirements/test.txt")
    return name


def start(home: Home, library: str, **environ: str) -> Served:
    """Start the whole hub with its bridge under a host."""
    return home.start_hub(SMRTHUB_BRIDGE_WSGI_HOST=library, **environ)


def family(pid: int) -> list[psutil.Process]:
    """List all processes that one has started, of which there must be some."""
    found = psutil.Process(pid).children(recursive=True)
    assert found
    return found


def are_gone(processes: list[psutil.Process]) -> bool:
    """Say whether all have ended; in a container nobody may ever ask how."""
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes)


def test_it_is_one_hub(home: Home, library: str) -> None:
    hub = start(home, library, SMRTHUB_BRIDGE_TEST_HOOKS="1")
    facts, caller = home.facts(), home.caller()
    assert (facts["pid"], facts["url"]) == (hub.pid, hub.url())
    assert f"served by {library} (wsgiHost): {DIFFERENCES[library]}" in hub.output
    headers = {name.lower(): value.lower() for name, value in caller.call("GET", "/ping").headers.items()}
    assert library in headers["server"]

    parts = ("bridge", "webListener", "saveWorker")  # the last one begins after the servers
    wait_for(lambda: all(caller.get("/status")["modules"][name]["lastBeatAt"] for name in parts), says=hub.says)
    assert caller.get("/status")["level"] == "healthy"
    [instance] = list_instances(home.paths.stored() / "hub.db")
    assert instance.pids[0] == hub.pid
    assert {facts["port"], home.facts("web-listener")["port"]} <= set(instance.ports)

    ask = {"trigger": "smrtsearch", "args": {"query": "word", "open": False}}
    assert caller.post("/trigger?wait=30", ask)["run"]["state"] == "succeeded"
    listener = home.caller(home.facts("web-listener")["url"])
    with closing(Stream(facts["url"], facts["token"]).opened()) as stream:
        listener.post("/tab-info", {"url": "https://example.org/page", "title": "A page", "event": "activated"})
        event = stream.next()
        assert event is not None
        assert event.name == "tab_changed"

    again = home.start(*HUB, SMRTHUB_BRIDGE_WSGI_HOST=library)
    assert again.wait() == 0
    assert "already running" in again.output
    others = family(hub.pid)
    assert caller.call("POST", "/_shutdown").status == 200
    assert hub.wait() == 0
    assert are_gone(others)
    assert not list(home.paths.runtime().glob("*.json"))


def test_it_ends_in_time_with_a_stream_open(home: Home, library: str) -> None:
    hub = start(home, library, SMRTHUB_BRIDGE_SHUTDOWN_TIMEOUT_SECONDS="3")
    others = family(hub.pid)
    with closing(Stream(home.facts()["url"], home.facts()["token"]).opened()):
        assert hub.end() == 0
    assert are_gone(others)


def test_it_goes_with_a_hub_that_is_killed_and_the_next_has_its_port_again(home: Home, library: str) -> None:
    port = str(free_port())
    environ = {"PYTHONPATH": str(ROOT), "SMRTHUB_BRIDGE_WSGI_HOST": library, "SMRTHUB_BRIDGE_PORT": port}
    supervisor = home.start("-c", COMMAND, "serve", "--supervised", **environ)
    supervisor.url()
    first = home.facts()["pid"]
    others = family(first)
    home.caller().copy("kept")
    psutil.Process(first).kill()
    wait_for(lambda: supervisor.output.count("SmrtHub is running.") == 2, supervisor.is_up, supervisor.says)
    assert are_gone(others)
    assert home.facts()["url"].endswith(f":{port}"), supervisor.output
    assert home.caller().get("/status")["counts"]["clips"] == 1
    assert supervisor.end() == 0


def test_a_host_that_is_killed_ends_the_hub_and_leaves_no_worker(home: Home, library: str) -> None:
    hub = start(home, library)
    [host] = psutil.Process(hub.pid).children()
    others = family(hub.pid)
    host.send_signal(signal.SIGKILL)
    assert hub.wait() == EXIT_BROKEN
    assert "A part of the hub has ended by itself (bridge)" in hub.output
    wait_for(lambda: are_gone(others))
    log = (home.paths.logs() / "python-net-log.txt").read_text("utf-8")
    assert f"{library} has ended by itself, exit code -9" in log


def test_a_port_that_is_taken_is_gone_around(home: Home, library: str) -> None:
    first = start(home, library)
    taken = first.url().rpartition(":")[2]
    other = Home(_made(home.root / "other"))
    try:
        hub = start(other, library, SMRTHUB_BRIDGE_PORT=taken)
        assert hub.url() != first.url()
        assert f"Port {taken} is taken" in hub.output
        assert other.caller().get("/status")["pid"] in {each.pid for each in family(hub.pid)}
    finally:
        other.end_all()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
