"""The real hub in a process of its own, with a home of its own, and what its owner may ask it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


class RealHub:
    """`python -m python_core` on free ports; start and stop it as often as the test likes."""

    def __init__(self, home: Path, **environ: str) -> None:
        home.mkdir()
        self._said = home / "said.txt"
        self._local = home / "local"
        self._environment = {
            **os.environ,
            "APPDATA": str(home / "roaming"),
            "LOCALAPPDATA": str(self._local),
            "SMRTHUB_BRIDGE_PORT": str(free_port()),
            "SMRTHUB_WEB_LISTENER_PORT": str(free_port()),
            **environ,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for service in ("bridge", "web-listener"):  # left there where ending a process means killing it
            self._runtime_file(service).unlink(missing_ok=True)
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "python_core"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        until = time.monotonic() + 60
        while not (self._runtime_file("bridge").exists() and self._runtime_file("web-listener").exists()):
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                pytest.fail(f"the hub did not start: {self._said.read_text()}")
            time.sleep(0.05)
        self._token = self._runtime("bridge")["token"]

    def stop(self) -> None:
        """End the hub as its user does; a second time does nothing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("the hub did not end within 30 s of being asked to")

    @property
    def url(self) -> str:
        """The bridge's address."""
        return str(self._runtime("bridge")["url"])

    @property
    def listener_port(self) -> int:
        return self._runtime("web-listener")["port"]

    def run(self, *arguments: str) -> str:
        """Run the command ``smrthub`` as the hub's owner, and return what it printed."""
        command = [sys.executable, "-c", "from python_core.cli import main; main()", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
        return done.stdout

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Call the bridge as its owner; anything but success fails the test."""
        connection = http.client.HTTPConnection("127.0.0.1", self._runtime("bridge")["port"], timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        finally:
            connection.close()
        assert reply.status < 300, (method, path, reply.status, answer)
        return answer

    def _runtime_file(self, service: str) -> Path:
        return self._local / "SmrtHub" / "Runtime" / "python-net" / f"{service}.json"

    def _runtime(self, service: str) -> dict[str, Any]:
        return json.loads(self._runtime_file(service).read_text("utf-8"))


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
