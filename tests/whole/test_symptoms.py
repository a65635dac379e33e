"""By symptom, with real processes: the doctor names the fault, status shows it, and the hub does the sensible thing."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.cli.terminals import COMMAND, Terminal
from tests.whole.hub_home import BRIDGE, HUB, ROOT, Home, wait_for

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="there is no SIGKILL, and no open file moves, on Windows"
)
#: A clock that is wrong by as many seconds as the file beside this module says.
WRONG_CLOCK = """
import pathlib, time
right, right_ns, told = time.time, time.time_ns, pathlib.Path(__file__).with_name("seconds")
time.time = lambda: right() + int(told.read_text())
time.time_ns = lambda: right_ns() + int(told.read_text()) * 10**9
"""


def detail(home: Home, part: str) -> str:
    """Return what status says of a part, with its level."""
    module = home.caller().get("/status")["modules"][part]
    return f"{module['level']}: {module['detail']}"


def test_a_killed_hub_is_named_and_the_next_start_has_all_it_acknowledged(home: Home) -> None:
    hub = home.start_hub()
    home.caller().copy("kept")
    hub.kill()
    terminal = Terminal(home)
    assert terminal.doctor()["process"] == ("warning", "hub_killed")
    status = terminal("status")
    assert (status.code, "It ended without ending in order" in status.err) == (3, True)
    home.start_hub()
    assert "process" not in terminal.doctor()
    assert home.caller().get("/status")["counts"]["clips"] == 1


def test_a_killed_hub_and_a_killed_supervisor_are_told_apart(home: Home) -> None:
    supervisor = home.start("-c", COMMAND, "serve", "--supervised", PYTHONPATH=str(ROOT))
    wait_for(lambda: "SmrtHub is running." in supervisor.output, supervisor.is_up, supervisor.says)
    first = psutil.Process(home.facts()["pid"])
    terminal = Terminal(home)
    first.kill()
    wait_for(lambda: '"pausing"' in (home.paths.runtime() / "supervisor.json").read_text("utf-8"))
    supervisor.signal(signal.SIGSTOP)  # as if its pause were long
    found = terminal.doctor()
    assert found["process"] == ("warning", "hub_killed")
    assert found["supervisor"] == ("warning", "supervisor_waits")
    assert "starts it again" in terminal("status").err
    supervisor.signal(signal.SIGCONT)
    wait_for(lambda: supervisor.output.count("SmrtHub is running.") == 2, supervisor.is_up, supervisor.says)
    second = psutil.Process(home.facts()["pid"])
    supervisor.process.kill()
    supervisor.wait()
    wait_for(lambda: not second.is_running())
    assert terminal.doctor()["supervisor"] == ("warning", "supervisor_gone")
    assert "is gone without a word" in terminal("status").err


def test_a_taken_port_is_named_with_its_holder_and_the_hub_serves_on_another(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home.environ["SMRTHUB_BRIDGE_PORT"] = str(port)
        home.start_hub()
        assert Terminal(home).doctor()["bridge port"] == ("warning", "port_taken")
        wait_for(lambda: "healthy: Port" in detail(home, "bridge"))
        assert f"Port {port} is taken by" in Terminal(home)("status").out
        assert home.facts()["port"] != port


def test_a_clock_that_is_set_back_is_named_and_what_is_stored_keeps_its_order(home: Home) -> None:
    folder = home.root / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WRONG_CLOCK)
    (folder / "seconds").write_text("7200")
    home.start_hub(PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")
    home.caller().copy("two hours ahead")
    (folder / "right").write_text("0")
    (folder / "right").replace(folder / "seconds")  # at once: the hub reads it all the time
    for path in home.paths.runtime().iterdir():  # the system's clock gave these their times
        os.utime(path, (time.time() + 7200,) * 2)
    assert Terminal(home).doctor()["clock"] == ("failed", "clock_behind")
    assert "it was set back" in detail(home, "clock")
    home.caller().copy("after it")
    clips = home.caller().get("/clipboard")["items"]
    assert [clip["fragments"][0]["preview"] for clip in clips] == ["after it", "two hours ahead"]


def test_logs_that_are_removed_are_begun_anew(home: Home) -> None:
    home.start_hub()
    shutil.rmtree(home.paths.local / "Logs")
    terminal = Terminal(home)
    assert terminal.doctor()["folders"] == ("failed", "folder_missing")
    home.caller().call("GET", "/status", Authorization="Bearer none")  # a refusal is told in the log
    wait_for(lambda: "folders" not in terminal.doctor())
    assert detail(home, "logs").startswith("healthy")


def test_settings_that_are_removed_stay_in_force_and_are_missed(home: Home) -> None:
    home.start_hub()
    shutil.rmtree(home.paths.config())
    wait_for(lambda: detail(home, "privacyRules").startswith("warning"))
    found = Terminal(home).doctor()
    assert found["folders"] == ("failed", "folder_missing")
    assert found["part: privacyRules"] == ("warning", "part_warning")
    home.caller().copy("goes on")


def test_where_the_hub_is_is_told_anew_when_that_is_removed_and_a_second_start_finds_it(home: Home) -> None:
    hub = home.start_hub()
    home.caller().copy("kept")
    facts = home.facts()
    shutil.rmtree(home.paths.runtime())
    wait_for(lambda: home.runtime_file().exists() and home.runtime_file("web-listener").exists())
    assert {name: home.facts()[name] for name in ("url", "token", "pid")} == {
        name: facts[name] for name in ("url", "token", "pid")
    }
    assert Terminal(home)("status").code == 0
    second = home.start(*HUB)
    assert (second.wait(), "already running" in second.output) == (0, True)
    assert hub.end() == 0
    assert not list(home.paths.runtime().glob("*.json"))


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_store_that_is_gone_is_named_and_nothing_is_acknowledged_meanwhile(home: Home, how: str) -> None:
    hub = home.start_hub()
    caller = home.caller()
    caller.copy("kept")
    data, away = home.paths.stored(), home.root / "away"
    shutil.move(data, away)
    if how == "deleted":
        shutil.rmtree(away)
    assert home.anyone(hub.url()).call("GET", "/status").status == 503
    found = Terminal(home).doctor()
    assert found["folders"] == ("failed", "folder_missing")
    assert {found.get("hub"), found.get("part: store")} & {("failed", "busy"), ("failed", "part_critical")}
    told = caller.call("GET", "/status")
    assert told.status == 503 or told.json["modules"]["store"]["level"] == "critical"
    post = {"fragments": [{"type": "text", "content": "lost?"}]}
    for _ in range(20):  # whichever thread has it open
        assert caller.call("POST", "/clipboard", post).status == 503
    if how == "moved":
        shutil.move(away, data)
        wait_for(lambda: home.anyone(hub.url()).call("GET", "/status").status == 200)
        assert detail(home, "store").startswith("healthy")


@pytest.mark.parametrize("name", ["Config", "Data", "Logs", "Runtime"])
def test_a_folder_that_is_missing_at_the_start_is_named_and_made(home: Home, name: str) -> None:
    home.start_hub().end()
    folders = {
        "Config": home.paths.config(),
        "Data": home.paths.stored(),
        "Logs": home.paths.logs(),
        "Runtime": home.paths.runtime(),
    }
    shutil.rmtree(folders[name])
    terminal = Terminal(home)
    assert terminal.doctor()["folders"] == ("failed", "folder_missing")
    home.start_hub()
    assert "folders" not in terminal.doctor()
    assert home.caller().get("/status")["level"] == "healthy"


def test_a_second_hub_is_none_and_a_bridge_beside_it_is_told(home: Home) -> None:
    hub = home.start_hub()
    second = home.start(*HUB)
    assert (second.wait(), "already running" in second.output) == (0, True)
    beside = home.start(*BRIDGE)
    beside.url()
    assert Terminal(home).doctor()["instances"] == ("warning", "second_instance")
    told = f"healthy: the process {hub.pid} runs it, too"
    wait_for(lambda: told in detail(home, "bridge") or f"the process {beside.pid}" in detail(home, "bridge"))
    assert "runs it, too" in Terminal(home)("status").out


def pages_of(path: Path, table: str) -> tuple[int, int]:
    """Return the size of a page, and the number of a table's first."""
    import apsw

    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    size = conn.pragma("page_size")
    [(root,)] = conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,))
    conn.close()
    return size, root


def test_a_damaged_page_is_named_by_the_doctor_and_from_its_first_reading_on_by_status(home: Home) -> None:
    hub = home.start_hub()
    for n in range(40):
        home.caller().copy(f"clip {n} " + "with enough text for pages of its own " * 100)
    assert hub.end() == 0
    path = home.paths.stored() / "hub.db"
    size, root = pages_of(path, "fragments")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(os.urandom(size))
    terminal = Terminal(home)
    assert terminal.doctor()["pages"] == ("failed", "damaged_pages")
    home.start_hub()
    answer = home.caller().call("GET", "/clipboard")
    assert (answer.status, "damaged" in answer.json["error"]["message"]) == (500, True)
    assert detail(home, "store") == "critical: it is damaged: see smrthub doctor --store"
    assert terminal.doctor()["part: store"] == ("failed", "part_critical")
    assert terminal("export", str(home.root / "saved.zip")).code == 1  # what is readable, and a list of the rest
