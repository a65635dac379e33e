"""Each part is killed without a word: what is left does the sensible thing, and status and exit codes tell of it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import sys
from pathlib import Path

import apsw
import psutil
import pytest

from python_core.cli.options import EXIT_FAILED, EXIT_NOT_RUNNING
from python_core.net.running import EXIT_BROKEN, EXIT_OK, EXIT_SETTINGS
from python_core.store.schema import LARGE_BYTES
from python_core.support.supervising import EXIT_GAVE_UP
from tests.cli.terminals import COMMAND, Terminal
from tests.whole.hub_home import ROOT, Home, Served, wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
#: Ends a thread of the hub from within, as a defect would.
BREAKS = """
import ctypes, sys, threading
from python_core.net.running import run_host
def end():
    sys.stdin.readline()
    [found] = [each for each in threading.enumerate() if each.name == sys.argv[1]]
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(found.ident), ctypes.py_object(SystemExit))
threading.Thread(target=end, daemon=True).start()
sys.exit(run_host(["bridge", "web-listener"], whole=True))
"""


def supervised(home: Home, **environ: str) -> Served:
    return home.start("-c", COMMAND, "serve", "--supervised", PYTHONPATH=str(ROOT), **environ)


def test_the_exit_codes_stand_in_one_table() -> None:
    rows = [
        line.split("|")[1].strip()
        for line in (ROOT / "docs" / "health.md").read_text("utf-8").splitlines()
        if line[:3] == "| `"
    ]
    for code in (EXIT_OK, EXIT_FAILED, 2, EXIT_NOT_RUNNING, EXIT_GAVE_UP, EXIT_BROKEN, EXIT_SETTINGS):
        assert rows.count(f"`{code}`") == 1, code


def test_a_hub_that_is_killed_is_started_again_with_all_it_acknowledged(home: Home) -> None:
    supervisor = supervised(home)
    first = int(
        wait_for(lambda: home.runtime_file().exists() and home.facts()["pid"], supervisor.is_up, supervisor.says)
    )
    home.caller().copy("kept")
    psutil.Process(first).kill()
    second = wait_for(lambda: home.facts()["pid"] != first and home.facts()["pid"], supervisor.is_up, supervisor.says)
    wait_for(lambda: supervisor.output.count("SmrtHub is running.") == 2, supervisor.is_up, supervisor.says)
    status = home.caller().get("/status")
    assert (status["pid"], status["counts"]["clips"], status["level"]) == (second, 1, "healthy")
    terminal = Terminal(home)
    assert "started again once after it ended by signal 9" in terminal("status").out
    assert "It is started again in 1 s." in supervisor.output

    assert supervisor.end() == 0
    assert not psutil.pid_exists(second)
    assert not list(home.paths.runtime().glob("*.json"))


def test_a_hub_whose_supervisor_is_killed_ends_in_order_and_status_says_why(home: Home) -> None:
    supervisor = supervised(home)
    wait_for(lambda: "SmrtHub is running." in supervisor.output, supervisor.is_up, supervisor.says)
    hub = psutil.Process(home.facts()["pid"])
    supervisor.process.kill()
    supervisor.wait()
    wait_for(lambda: not hub.is_running())
    log = (home.paths.logs() / "python-net-log.json").read_text("utf-8").splitlines()
    assert json.loads(log[-1])["renderedMessage"] == "Ended in order"
    done = Terminal(home)("status")
    assert done.code == 3
    assert f"Its supervisor (pid {supervisor.pid}) is gone without a word." in done.err


def test_stop_ends_supervisor_and_hub_and_a_second_supervisor_is_none(home: Home) -> None:
    supervisor = supervised(home)
    wait_for(lambda: "SmrtHub is running." in supervisor.output, supervisor.is_up, supervisor.says)
    second = supervised(home)
    assert second.wait() == 0
    assert "supervised already" in second.output
    ended = Terminal(home)("stop", "--json").json["ended"]
    assert ended[0] == supervisor.pid
    assert supervisor.wait() == 0


def test_a_closed_terminal_ends_both_in_order(home: Home) -> None:
    supervisor = supervised(home)
    wait_for(lambda: "SmrtHub is running." in supervisor.output, supervisor.is_up, supervisor.says)
    hub = psutil.Process(home.facts()["pid"])
    hub.send_signal(signal.SIGHUP)  # a terminal tells all that run in it
    supervisor.signal(signal.SIGHUP)
    assert supervisor.wait() == 0
    assert not hub.is_running()
    log = (home.paths.logs() / "python-net-log.json").read_text("utf-8").splitlines()
    assert json.loads(log[-1])["renderedMessage"] == "Ended in order"


def test_settings_that_cannot_be_end_the_supervision_at_once(home: Home) -> None:
    assert supervised(home, SMRTHUB_BRIDGE_THREADS="many").wait() == 78


@pytest.mark.parametrize("thread", ["smrthub-bridge", "smrthub-web-listener", "smrthub-save-worker"])
def test_a_part_that_dies_within_the_hub_ends_it_with_a_code_of_its_own(
    home: Home, thread: str, tmp_path: Path
) -> None:
    program = tmp_path / "breaks.py"
    program.write_text(BREAKS)
    output = tmp_path / "said.txt"
    with output.open("wb") as sink:
        hub = psutil.Popen(
            [sys.executable, str(program), thread],
            env={**home.environ, "PYTHONPATH": str(ROOT)},
            stdin=-1,
            stdout=sink,
            stderr=sink,
        )
    with hub:
        wait_for(lambda: "SmrtHub is running." in output.read_text("utf-8"), hub.is_running)
        hub.stdin.write(b"\n")
        hub.stdin.flush()
        assert hub.wait(60) == 70
    part = thread.removeprefix("smrthub-") if thread != "smrthub-save-worker" else thread
    assert f"A part of the hub has ended by itself ({part})" in output.read_text("utf-8")
    assert "Traceback" not in output.read_text("utf-8")


def test_a_worker_of_gunicorn_that_is_killed_is_replaced_and_nothing_is_lost(home: Home) -> None:
    served = home.start_gunicorn()
    url = served.url("Listening at")
    home.anyone(url).call("GET", "/ping")
    home.caller(url).copy("kept")
    workers = {each.pid for each in psutil.Process(served.pid).children()}
    killed = psutil.Process(min(workers))
    killed.kill()
    wait_for(lambda: len(psutil.Process(served.pid).children()) == 3 and not killed.is_running())
    for _ in range(10):
        assert home.caller(url).get("/status")["counts"]["clips"] == 1


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no Unix sockets")
def test_systemd_is_told_when_it_serves_that_it_lives_and_when_it_ends(home: Home, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(str(tmp_path / "notify"))
        system.settimeout(60)
        hub = home.start("-m", "python_core", NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert system.recv(100) == b"READY=1"
        assert home.runtime_file().exists()
        assert system.recv(100) == b"WATCHDOG=1"
        hub.signal(signal.SIGTERM)
        told = b""
        while told != b"STOPPING=1":
            told = system.recv(100)
        assert hub.wait() == 0


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no Unix sockets")
def test_systemd_is_told_that_an_update_of_a_large_store_takes_long(home: Home, tmp_path: Path) -> None:
    """It would end a start that takes longer than five minutes, and the next one would begin anew."""
    home.paths.stored().mkdir(parents=True, mode=0o700)
    path = home.paths.stored() / "hub.db"
    shutil.copyfile(ROOT / "tests" / "store" / "data" / "step-1.db", path)
    conn = apsw.Connection(str(path))
    conn.execute("UPDATE fragments SET content = zeroblob(?) WHERE ordinal = 0", (LARGE_BYTES,))
    conn.close()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(str(tmp_path / "notify"))
        system.settimeout(120)
        hub = home.start("-m", "python_core", NOTIFY_SOCKET=str(tmp_path / "notify"))
        told = [system.recv(1_000).decode()]
        while told[-1] != "READY=1":
            told.append(system.recv(1_000).decode())
        assert told[0].startswith("STATUS=Bringing what is stored up to date: step 2 of ")
        assert told[0].endswith("\nEXTEND_TIMEOUT_USEC=21600000000")
        assert hub.end() == 0
