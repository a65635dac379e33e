"""Whether a hub under a mixed load stays as it was: latency, memory and descriptors, minute by minute.

Run: python benchmarks/soak.py [--minutes 10] [--clients 4] [--pause-ms 20] [--clips 20000]. Clients post clips and tabs, list, get,
search, follow events, remove and ask for the status, each with a short pause between two calls, on a made history. After the first
minute, in which caches fill, the figures of the last third are compared with those of the first; what is not flat ends it with 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil

from benchmarks import made_history, processes
from benchmarks.made_words import Words
from benchmarks.scale import Client

#: How much more the last third may have than the first.
AT_MOST = {"memory_mb": 1.10, "p50": 1.5, "p99": 2.0, "descriptors": 1.05}


class Minute(NamedTuple):
    """What one minute was like; times in ms."""

    calls: int
    p50: float
    p99: float
    memory_mb: float
    descriptors: int
    threads: int
    wal_mb: float


class Load:
    """Clients that do what people, browsers and agents do, until ``stop`` is set."""

    def __init__(self, facts: dict[str, dict[str, Any]], clients: int, pause_s: float) -> None:
        self.stop = threading.Event()
        self.times: list[float] = []
        self.faults: list[BaseException] = []
        self._facts = facts
        self._pause_s = pause_s
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        try:
            mixed = Mixed(self._facts, number, self.times)
            while not self.stop.wait(self._pause_s):
                mixed.step()
        except BaseException as fault:  # noqa: BLE001  # told at the end: a soak with a fault is no soak
            self.faults.append(fault)
            self.stop.set()


class Mixed:
    """One client's calls, drawn by weight; what each took goes to ``times``."""

    def __init__(self, facts: dict[str, dict[str, Any]], number: int, times: list[float]) -> None:
        self._bridge, self._listener = Client(facts["bridge"], times), Client(facts["web-listener"], times)
        self._chance, self._words = Random(number), Words(1)
        self._own: list[str] = []
        self._after = 0
        self._steps: list[Callable[[], Any]] = (
            [self._post] * 6 + [self._tab] * 4 + [self._search] * 4 + [self._get] * 3 + [self._remove] * 2
        ) + [self._list, self._status, self._events]  # fmt: skip

    def step(self) -> None:
        self._chance.choice(self._steps)()

    def _post(self) -> None:
        text = f"{self._words.prose(self._chance.choice((20, 150, 600)))} {self._chance.random()}"
        clip = {"fragments": [{"type": "text", "content": text}]}
        self._own.append(self._bridge.ask("POST", "/clipboard", clip)["id"])

    def _tab(self) -> None:
        page = self._words.page()
        tab = {"url": page.url, "title": page.title, "tabId": self._chance.randrange(8), "browser": "chrome"}
        self._listener.ask("POST", "/tab-info", tab)

    def _search(self) -> None:
        self._bridge.ask("GET", f"/search?q={self._words.vocabulary[self._chance.randrange(5_000)]}")

    def _get(self) -> None:
        if self._own:
            self._bridge.ask("GET", f"/clipboard/{self._chance.choice(self._own)}")

    def _remove(self) -> None:
        if len(self._own) > 20:
            self._bridge.ask("DELETE", f"/clipboard/{self._own.pop(self._chance.randrange(len(self._own)))}")

    def _list(self) -> None:
        self._bridge.ask("GET", "/clipboard")

    def _status(self) -> None:
        self._bridge.ask("GET", "/status")

    def _events(self) -> None:
        self._after = self._bridge.ask("GET", f"/events?after={self._after}&limit=200")["nextAfter"]


def watch(load: Load, process: psutil.Process, wal: Path, minutes: int) -> list[Minute]:
    """Print and return what each minute was like."""
    print(f"{'minute':>6}{'calls':>8}{'p50 ms':>9}{'p99 ms':>9}{'MB':>8}{'files':>7}{'threads':>9}{'WAL MB':>8}")
    found = []
    for number in range(minutes):
        load.times.clear()
        if load.stop.wait(60):
            break
        times = sorted(load.times)
        minute = Minute(
            len(times),
            times[len(times) // 2],
            times[len(times) * 99 // 100],
            process.memory_info().rss / 1e6,
            process.num_fds() if hasattr(process, "num_fds") else process.num_handles(),
            process.num_threads(),
            wal.stat().st_size / 1e6 if wal.exists() else 0.0,
        )
        found.append(minute)
        print(
            f"{number + 1:>6}{minute.calls:>8,}{minute.p50:>9.2f}{minute.p99:>9.1f}{minute.memory_mb:>8.1f}"
            f"{minute.descriptors:>7}{minute.threads:>9}{minute.wal_mb:>8.1f}",
            flush=True,
        )
    return found


def judge(minutes: list[Minute]) -> list[str]:
    """Compare the last third with the first, the first minute left out; return a line for each figure."""
    counted = minutes[1:] or minutes
    third = max(1, len(counted) // 3)
    lines = []
    for name, bound in AT_MOST.items():
        first, last = (median(getattr(each, name) for each in part) for part in (counted[:third], counted[-third:]))
        ratio = last / first
        verdict = "flat" if ratio <= bound else "NOT FLAT"
        lines.append(f"{name:<12}{first:>9.2f} → {last:>9.2f}   {ratio:.2f} (at most {bound})  {verdict}")
    return lines


def main() -> None:
    """Soak a hub and say whether it stayed as it was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pause-ms", type=float, default=20, help="between two calls of a client (20)")
    parser.add_argument("--clips", type=int, default=20_000, help="stored before it begins (20,000)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        made_history.make_home(home, asked.clips)
        with processes.hub(home) as (process, facts):
            load = Load(facts, asked.clients, asked.pause_ms / 1e3)
            load.start()
            wal = made_history.paths_in(home).stored() / "hub.db-wal"
            minutes = watch(load, psutil.Process(process.pid), wal, asked.minutes)
            load.end()
    if load.faults:
        raise SystemExit(f"A client was not answered: {load.faults[0]!r}")
    lines = judge(minutes)
    print("\n".join(lines))
    if any("NOT FLAT" in line for line in lines):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
