"""What the hub costs with 1,000, 100,000 and 1,000,000 clips stored: post, list, get, status, search, start, memory, file.

Run: python benchmarks/scale.py FOLDER [--sizes 1000 100000] [--calls 200]. Stores are made in FOLDER (``made_history``, with a
quarter as many visits) unless they are there; a million takes some 3 GB and 15 minutes, and ``search_scale.py`` shares them. One
client makes one call after the other; after each table the growth from the smallest store to the largest.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import made_history, processes
from benchmarks.made_words import Words

#: Calls that are not counted: the first ones of a connection and of a route.
WARM_UP = 10
Call = tuple[str, str, Any]


class Client:
    """One connection of the owner's."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(facts["url"]).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {facts['token']}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Make one call and return what it answers."""
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        reply = self._connection.getresponse()
        content = reply.read()
        if reply.status >= 300:
            raise SystemExit(f"{method} {path} was answered {reply.status}: nothing was measured.")
        return json.loads(content)

    def times_ms(self, make: Callable[[], Call], calls: int) -> list[float]:
        """Time calls one after the other, sorted."""
        times = []
        for _ in range(calls + WARM_UP):
            call = make()
            began = time.perf_counter()
            self.ask(*call)
            times.append((time.perf_counter() - began) * 1e3)
        return sorted(times[WARM_UP:])


def measure(home: Path, calls: int) -> dict[str, tuple[float, ...]]:
    """Return the figures of one store: p50 and p99 in ms of each call, then single ones."""
    began = time.perf_counter()
    with processes.hub(home) as (process, facts):
        figures: dict[str, tuple[float, ...]] = {"start s": (time.perf_counter() - began,)}
        figures["memory MB"] = (processes.resident_mb(process),)
        client, words, chance = Client(facts["bridge"]), Words(1), Random(7)
        ids = _some_ids(client)

        def clip() -> Call:
            text = f"{words.prose(150)} {chance.random()}"
            return "POST", "/clipboard", {"fragments": [{"type": "text", "content": text}]}

        asked: dict[str, Callable[[], Call]] = {
            "POST /clipboard": clip,
            "GET /clipboard": lambda: ("GET", "/clipboard?limit=50", None),
            "GET /clipboard/{id}": lambda: ("GET", f"/clipboard/{chance.choice(ids)}", None),
            "GET /search": lambda: ("GET", f"/search?q={words.vocabulary[chance.randrange(300, 3_000)]}", None),
            "GET /status": lambda: ("GET", "/status", None),
        }
        for name, make in asked.items():
            times = client.times_ms(make, calls)
            figures[name] = (times[len(times) // 2], times[len(times) * 99 // 100])
        figures["memory after MB"] = (processes.resident_mb(process),)
    path = made_history.paths_in(home).stored() / "hub.db"
    figures["file MB"] = (path.stat().st_size / 1e6,)
    return figures


def _some_ids(client: Client) -> list[str]:
    """Take ids from the newest pages and, by search, from all over the store."""
    found = [item["id"] for item in client.ask("GET", "/clipboard?limit=200")["items"]]
    for word in Words(1).vocabulary[1_000:1_040]:
        found += [hit["id"] for hit in client.ask("GET", f"/search?q={word}&kind=clip&limit=20")["items"]]
    return found


def main() -> None:
    """Make what is missing, measure each size, print the table and the growth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--calls", type=int, default=200, help="of each kind")
    asked = parser.parse_args()
    columns = {}
    for size in asked.sizes:
        home = asked.folder / f"{size}"
        made_history.make_home(home, size)
        columns[size] = measure(home, asked.calls)
    print(f"{'clips':<20}" + "".join(f"{size:>18,}" for size in columns) + f"{'growth':>10}")
    first, *_, last = columns.values() if len(columns) > 1 else [*columns.values()] * 2
    for name in first:
        cells = (" / ".join(f"{each:,.2f}" for each in figures[name]) for figures in columns.values())
        print(f"{name:<20}" + "".join(f"{cell:>18}" for cell in cells) + f"{last[name][0] / first[name][0]:>9.1f}×")
    print("Calls: p50 / p99 in ms at one client.")


if __name__ == "__main__":
    main()
