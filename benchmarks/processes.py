"""The two servers that are compared, each in a process and a home of its own; how they start, and what they cost idle."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
START_AT_MOST_S = 60.0
#: What takes less of a processor for two seconds has done what it was left, such as indexing; and how long that may take.
SETTLED_PERCENT, SETTLES_AT_MOST_S = 1.0, 60.0


@contextmanager
def hub(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, dict[str, Any]]]]:
    """Run the whole hub; yield its process and what its runtime files tell, by service."""
    ports = free_ports(2)
    with running([sys.executable, "-m", "python_core"], environ_of(home, ports)) as process:
        await_200([f"http://127.0.0.1:{port}/ping" for port in ports])
        folder = home / "local" / "SmrtHub" / "Runtime" / "python-net"
        yield process, {name: read_once_there(folder / f"{name}.json") for name in ("bridge", "web-listener")}


def read_once_there(path: Path) -> dict[str, Any]:
    """Read a runtime file, which is written just after its server's first answer."""
    end = time.monotonic() + START_AT_MOST_S
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return facts


@contextmanager
def bare(options: dict[str, Any]) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run the bare app; yield its process and address."""
    [port] = free_ports(1)
    with running(bare_command(port, options), dict(os.environ)) as process:
        await_200([f"http://127.0.0.1:{port}/tiny"])
        yield process, f"http://127.0.0.1:{port}"


def bare_command(port: int, options: dict[str, Any]) -> list[str]:
    """Name the command of the bare app."""
    return [sys.executable, str(ROOT / "benchmarks" / "bare_app.py"), str(port), json.dumps(options)]


def environ_of(home: Path, ports: Sequence[int]) -> dict[str, str]:
    """Return the environment of a hub with its own home; bytecode is cached, as it is for a person who starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SMRTHUB_", "PYTHON"))}
    return kept | {
        "APPDATA": str(home / "roaming"),
        "LOCALAPPDATA": str(home / "local"),
        "SMRTHUB_BRIDGE_PORT": str(ports[0]),
        "SMRTHUB_WEB_LISTENER_PORT": str(ports[1]),
    }


@contextmanager
def running(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process and end it, whatever happens."""
    environ = {name: value for name, value in environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    # Waitress tells on stderr of every connection that the load has left open at its end.
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, **silent)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_ports(count: int) -> list[int]:
    """Find ports that are free at this moment."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def await_200(urls: Sequence[str]) -> None:
    """Ask each until it answers 200."""
    end = time.monotonic() + START_AT_MOST_S
    for url in urls:
        host, _, rest = url.removeprefix("http://").partition(":")
        port, _, path = rest.partition("/")
        while not _answers_200(host, int(port), f"/{path}"):
            if time.monotonic() > end:
                raise TimeoutError(f"{url} does not answer")
            time.sleep(0.002)


def _answers_200(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def time_hub_start(home: Path) -> float:
    """Return the seconds from the command to the first 200 of both servers."""
    ports = free_ports(2)
    began = time.perf_counter()
    with running([sys.executable, "-m", "python_core"], environ_of(home, ports)):
        await_200([f"http://127.0.0.1:{port}/ping" for port in ports])
        return time.perf_counter() - began


def time_bare_start() -> float:
    """Return the seconds from the command to the first 200 of Flask on Waitress."""
    ports = free_ports(1)
    began = time.perf_counter()
    with running(bare_command(ports[0], {}), dict(os.environ)):
        await_200([f"http://127.0.0.1:{ports[0]}/tiny"])
        return time.perf_counter() - began


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Return the memory that a process holds, in MB."""
    return float(psutil.Process(process.pid).memory_info().rss) / 1e6


def idle_cpu_percent(pids: Sequence[int], seconds: float) -> float:
    """Return the share of a processor that a process takes, of several on average, while nobody asks and nothing is left to do."""
    end = time.monotonic() + SETTLES_AT_MOST_S
    while _cpu_percent(pids, 2.0) > SETTLED_PERCENT and time.monotonic() < end:
        continue
    return _cpu_percent(pids, seconds)


def _cpu_percent(pids: Sequence[int], seconds: float) -> float:
    before, began = sum(map(cpu_s, pids)), time.perf_counter()
    time.sleep(seconds)
    return 100 * (sum(map(cpu_s, pids)) - before) / (time.perf_counter() - began) / len(pids)


def cpu_s(pid: int) -> float:
    """Return a process's time on the processors; on Linux by its clock, as the count of ticks takes 10 ms for one."""
    if sys.platform == "linux":
        return time.clock_gettime(~pid << 3 | 2)
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
