"""A process that serves for the hub is waited for, watched and ended, whatever it does; the hosts themselves are in tests/whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from python_core.errors import HubError
from python_core.net.ports import bind
from python_core.net.server_process import HOSTED_BY, ServerProcess
from tests.hubs import start_python
from tests.whole.hub_home import ROOT, wait_for

#: Answers as a bridge does: port, folder, and what else it does.
FAKE = """
import json, os, pathlib, signal, subprocess, sys, time
from urllib.parse import parse_qs, urlsplit
from http.server import BaseHTTPRequestHandler, HTTPServer
port, folder, does = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3]
class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-SmrtHub-Service", "bridge")
        self.end_headers()
        [nonce] = parse_qs(urlsplit(self.path).query)["nonce"]
        proof = "another" if does == "stranger" else f"proof of smrthub bridge {port} {nonce}"
        self.wfile.write(json.dumps({"proof": proof}).encode())
    def log_message(self, *_):
        pass
def end(*_):
    (folder / "asked").touch()
    if does != "stays":
        sys.exit(0)
print("what", "it said\\x1b[31m", flush=True)
if does == "refuses":
    sys.exit(3)
if does == "silent":
    time.sleep(1000)
signal.signal(signal.SIGBREAK if os.name == "nt" else signal.SIGTERM, end)
if does == "leaves a worker":
    worker = subprocess.Popen([sys.executable, "-c", "import time; print('here', flush=True); time.sleep(1000)"])
    (folder / "worker").write_text(str(worker.pid))
(folder / "told").write_text(repr({name: os.environ.get(name) for name in ("SMRTHUB_HOSTED_BY", "NOTIFY_SOCKET")}))
HTTPServer(("127.0.0.1", port), Answers).serve_forever()
"""
FOLLOWS = """
import subprocess, sys, time
from python_core.net.server_process import end_with_hub
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
assert end_with_hub({"SMRTHUB_HOSTED_BY": sys.argv[1]}) and not end_with_hub({})
print(worker.pid, flush=True)
time.sleep(1000)
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="groups of processes, and signals to them, are POSIX's")
Make = Callable[..., ServerProcess]


def prove(said: str) -> str:
    """Return what the fake proves a text by."""
    return f"proof of {said}"


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a server of the fake; none is left."""
    made: list[ServerProcess] = []

    def one(does: str, **options: float) -> ServerProcess:
        bound = bind("bridge", "127.0.0.1", 0, fallback=False)
        command = [sys.executable, "-c", FAKE, str(bound.port), str(tmp_path), does]
        made.append(ServerProcess("bridge", bound, "fake", command, folder=tmp_path, prove=prove, **options))
        return made[-1]

    yield one
    for each in made:
        if each.is_alive():
            each.stop(0)
            each.join()


def test_it_serves_until_it_is_asked_to_end(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "for the hub alone")
    server = make("serves")
    server.start()
    assert server.is_alive()
    assert (tmp_path / "told").read_text() == repr({HOSTED_BY: str(os.getpid()), "NOTIFY_SOCKET": None})
    server.stop(60)
    server.join()
    assert not server.is_alive()
    assert server._process.returncode == 0
    assert (tmp_path / "asked").exists()


def test_it_pulses_while_it_answers(make: Make) -> None:
    server, turns = make("serves"), list[int]()
    server.on_turn = lambda: turns.append(1)
    server.start()
    wait_for(lambda: turns, server.is_alive)


@pytest.mark.parametrize(
    ("does", "start_s", "told"),
    [
        ("refuses", 60, "ended with exit code 3"),
        ("silent", 2, "has not answered for 2 s"),
        ("stranger", 2, "has not answered for 2 s"),
    ],
)
def test_one_that_does_not_begin_to_serve_is_told_with_its_words(
    make: Make, does: str, start_s: float, told: str
) -> None:
    server = make(does, start_s=start_s)
    with pytest.raises(HubError) as finding:
        server.start()
    assert finding.value.message == f"fake does not serve the bridge: it {told}. It said last:\n  what it said\\x1b[31m"
    assert server._process.returncode is not None
    assert not server.is_alive()


@posix
def test_one_that_is_killed_is_found_and_leaves_no_worker(make: Make, tmp_path: Path) -> None:
    server = make("leaves a worker")
    server.start()
    worker = psutil.Process(int((tmp_path / "worker").read_text()))
    os.kill(server._process.pid, signal.SIGKILL)
    wait_for(lambda: not server.is_alive())
    wait_for(lambda: _is_gone(worker))
    server.join()


@posix
def test_one_that_hangs_is_not_taken_for_at_work(make: Make) -> None:
    server = make("serves")
    server.start()
    assert server._answers()
    os.kill(server._process.pid, signal.SIGSTOP)
    assert not server._answers()
    server.stop(0)
    server.join()
    assert server._process.returncode == -signal.SIGKILL


@posix
def test_one_that_does_not_end_is_killed(make: Make, tmp_path: Path) -> None:
    server = make("stays")
    server.start()
    server.stop(1)
    server.join()
    assert (tmp_path / "asked").exists()
    assert server._process.returncode == -signal.SIGKILL


@posix
def test_a_host_and_all_it_has_started_end_with_the_hub() -> None:
    hub = start_python("import time; time.sleep(1000)")
    host = subprocess.Popen(
        [sys.executable, "-c", FOLLOWS, str(hub.pid)], cwd=ROOT, stdout=subprocess.PIPE, text=True, process_group=0
    )
    with hub, host:
        assert host.stdout is not None
        worker = psutil.Process(int(host.stdout.readline()))
        assert host.poll() is None
        hub.kill()
        assert host.wait(60) == -signal.SIGKILL
        wait_for(lambda: _is_gone(worker))


def _is_gone(process: psutil.Process) -> bool:
    """Say whether it has ended; where nobody waits for it, it stays as a zombie."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
