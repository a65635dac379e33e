"""A home of its own for one test, the processes that serve it, and a caller that speaks to them over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

from python_core.utils.config_path_resolver import Paths

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
HUB = ("-m", "python_core")
BRIDGE = (str(ROOT / "python_core" / "net" / "wsgi.py"),)
#: How long anything may take that has to happen: a bound against hanging, generous for a busy machine.
PATIENCE_S = 60.0
#: Whatever in the caller's environment would reach a hub of the tests.
DROPPED = re.compile(r"SMRTHUB_.*|XDG_.*|PYTHON.*|DISPLAY|WAYLAND_DISPLAY|BROWSER")


class Answer(NamedTuple):
    """One reply: ``json`` is None where the body is none."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Caller:
    """One connection that is kept open, with a token or none; for one thread."""

    def __init__(self, url: str, token: str | None = None) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        sent = {**self._headers, **headers}
        content = None
        if body is not None:
            content, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        self.connection.request(method, path, content, sent)
        reply = self.connection.getresponse()
        return Answer(reply.status, dict(reply.headers), reply.read())

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def post(self, path: str, body: object) -> Any:
        answer = self.call("POST", path, body)
        assert answer.status in (200, 201, 202), answer
        return answer.json

    def copy(self, text: str, **encounter: object) -> Any:
        """Post a text as a clip."""
        return self.post("/clipboard", {"fragments": [{"type": "text", "content": text}], "encounter": encounter})

    def close(self) -> None:
        self.connection.close()


class Served:
    """A process of ours; what it says is in a file, so that it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self._output.read_text("utf-8", "replace")

    def url(self, title: str = "Bridge") -> str:
        """Wait until it says where a server listens."""
        found = wait_for(lambda: re.search(rf"{title}:? +(http://\S+)", self.output), self.is_up, self.says)
        return str(found[1])

    def is_up(self) -> bool:
        return self.process.poll() is None

    def says(self) -> str:
        return f"exit code {self.process.poll()}:\n{self.output}"

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, timeout_s: float = PATIENCE_S) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(timeout_s)

    def end(self) -> int:
        """Ask it to end, and return the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it and its children at once, whatever they do."""
        family = [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)] if self.is_up() else []
        for each in family:
            each.kill()
        self.process.wait(PATIENCE_S)
        psutil.wait_procs(family, PATIENCE_S)


class Home:
    """A user's folders under ``root`` and all that was started on them; ``end_all`` leaves nothing of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = Paths(roaming=root / "roaming" / "SmrtHub", local=root / "local" / "SmrtHub")
        self.served: list[Served] = []
        self._callers: list[Caller] = []
        self.environ = {name: value for name, value in os.environ.items() if not DROPPED.fullmatch(name)}
        self.environ |= {
            "APPDATA": str(root / "roaming"),
            "LOCALAPPDATA": str(root / "local"),
            "SMRTHUB_BRIDGE_PORT": "0",
            "SMRTHUB_WEB_LISTENER_PORT": "0",
        }

    def start(
        self, *arguments: str, cwd: Path = ROOT, umask: int = -1, python: Path = Path(sys.executable), **environ: str
    ) -> Served:
        """Start a Python process on this home; ``environ`` is added to the home's own."""
        output = self.root / f"output-{len(self.served)}.txt"
        with output.open("wb") as sink:
            process = subprocess.Popen(
                [str(python), *arguments],
                cwd=cwd,
                umask=umask,
                env=self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        self.served.append(Served(process, output))
        return self.served[-1]

    def start_hub(self, **environ: str) -> Served:
        """Start the whole hub and wait until it serves."""
        hub = self.start(*HUB, **environ)
        hub.url()
        return hub

    def start_gunicorn(self, *options: str, **environ: str) -> Served:
        """Start gunicorn with three workers of threads on a free port, and wait until it listens."""
        fixed = ("-m", "gunicorn", "-b", "127.0.0.1:0", "-k", "gthread", "-w", "3", "--threads", "4")
        served = self.start(*fixed, *options, "python_core.net.wsgi:application", **environ)
        served.url("Listening at")
        return served

    def runtime_file(self, service: str = "bridge") -> Path:
        return self.paths.runtime() / f"{service}.json"

    def facts(self, service: str = "bridge") -> dict[str, Any]:
        """Read what a runtime file tells, once it is there."""
        text = wait_for(lambda: self.runtime_file(service).exists() and self.runtime_file(service).read_text("utf-8"))
        facts: dict[str, Any] = json.loads(text)
        return facts

    def caller(self, url: str | None = None, *, token: str | None = None) -> Caller:
        """Make a caller with the owner's token, of the bridge unless a ``url`` is given."""
        self._callers.append(Caller(url or self.facts()["url"], token or self.facts()["token"]))
        return self._callers[-1]

    def anyone(self, url: str) -> Caller:
        """Make a caller that has no token."""
        self._callers.append(Caller(url))
        return self._callers[-1]

    def end_all(self) -> None:
        for caller in self._callers:
            caller.close()
        for served in self.served:
            served.kill()


def wait_for(
    look: Callable[[], Any], goes_on: Callable[[], bool] = lambda: True, says: Callable[[], str] = lambda: ""
) -> Any:
    """Return what ``look`` finds once it is something; fail when it cannot come any more, or after a long time."""
    end = time.monotonic() + PATIENCE_S
    while True:
        goes_on_still = goes_on()
        if found := look():
            return found
        assert goes_on_still, f"it ended before: {says()}"
        assert time.monotonic() < end, f"it did not happen: {says()}"
        time.sleep(0.02)


def at_once(calls: Sequence[Callable[[], T]], or_says: Callable[[], str] = lambda: "") -> list[T]:
    """Make all calls at the same moment, each in a thread of its own, and return what they return, in order.

    :param or_says: tells what became of the process that the calls go to, when one fails.
    """
    start = threading.Barrier(len(calls))

    def call(one: Callable[[], T]) -> T:
        start.wait(PATIENCE_S)
        return one()

    with ThreadPoolExecutor(len(calls)) as pool:
        try:
            return list(pool.map(call, calls))
        except (OSError, http.client.HTTPException) as fault:
            raise AssertionError(f"a call failed: {or_says()}") from fault


def free_port() -> int:
    """Find a port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
