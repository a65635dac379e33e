"""The hub beside its peers, in the same run: Joplin, Datasette, Jupyter Server and Syncthing.

Run: python benchmarks/peers.py FOLDER [--rows 20000] [--rounds 3] [--seconds 2] [--only NAME …]. FOLDER is where the peers are
put, once (npm for Joplin, PyPI for Datasette and Jupyter Server, Debian's package for Syncthing), with the stores that they are
given, which takes some minutes; nothing else is touched, and each run begins with the stores as they were made. A peer that cannot
be had is left out and said so. Each does what it has that is nearest to the hub's: find a word among the same ``--rows`` texts and
answer 20 hits (as it does by itself, then ranked, which Datasette does on demand), tell how it is, say that it is there, store a
text of 1 KB. All take turns; of each the median of requests a second at 16 clients, of what each takes of a processor, and of p50
at one client, and how many times as much, and as soon, the hub answers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import peer_programs
from benchmarks.load import Request, put_load
from benchmarks.peer_programs import HITS, Peer, query

START: dict[str, Callable[[Path, int], AbstractContextManager[Peer]]] = {
    "hub": peer_programs.the_hub,
    "joplin": peer_programs.joplin,
    "datasette": peer_programs.datasette,
    "jupyter": peer_programs.jupyter,
    "syncthing": peer_programs.syncthing,
}
#: What is asked, in this order: what stores comes last, so that every search is among the texts alone.
KINDS = ("search", "ranked", "status", "ping", "store")


class Lap(NamedTuple):
    """Requests a second and milliseconds of a processor for each at 16 clients, and p50 in ms at one."""

    per_s: float
    cpu_ms: float
    p50_ms: float


Figures = dict[tuple[str, str], Lap]


def measure(running: dict[str, Peer], rounds: int, seconds: float) -> Figures:
    """Return the medians by kind and peer; all peers take turns."""
    found: dict[tuple[str, str], list[Lap]] = {}
    for kind in KINDS:
        for _ in range(rounds):
            for name, peer in running.items():
                if kind in peer.asked:
                    found.setdefault((kind, name), []).append(_lap(name, peer, peer.asked[kind], seconds))
    return {key: Lap(*(median(each) for each in zip(*laps, strict=True))) for key, laps in found.items()}


def _lap(name: str, peer: Peer, request: Request, seconds: float) -> Lap:
    began, spent = time.perf_counter(), peer.cpu_s()
    many = put_load(request, 16, seconds)
    cpu_ms = (peer.cpu_s() - spent) / (many.per_s * (time.perf_counter() - began)) * 1e3
    one = put_load(request, 1, seconds)
    if many.refused or one.refused:
        raise SystemExit(f"{name} refused {many.refused + one.refused} of {request.url}: nothing was measured.")
    return Lap(many.per_s, cpu_ms, one.p50_ms)


def check(running: dict[str, Peer]) -> None:
    """Make sure that each search answers as many hits as the others do, and that the word is in every one."""
    word = query()
    for name, peer in running.items():
        for kind in {"search", "ranked"} & peer.asked.keys():
            page = peer.call(peer.asked[kind])
            hits = page["items"] if isinstance(page, dict) else page
            found = sum(word in json.dumps(hit).lower() for hit in hits)
            if (len(hits), found) != (HITS, HITS):
                raise SystemExit(f"{name} answers {len(hits)} hits, {found} with the word: nothing was measured.")


def main() -> None:
    """Install what is missing, start the peers, measure them in turns and print two tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", nargs="+", choices=list(START), default=list(START))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        running: dict[str, Peer] = {}
        for name in asked.only:
            try:
                running[name] = stack.enter_context(START[name](asked.folder.resolve(), asked.rows))
            except (LookupError, OSError, subprocess.CalledProcessError) as fault:
                print(f"{name} is left out: {fault}", file=sys.stderr)
        check(running)
        time.sleep(2)  # what they do after their start
        print(f"{'':<12}{'start s':>10}{'MB':>8}")
        for name, peer in running.items():
            print(f"{name:<12}{peer.start_s:>10.2f}{peer.memory_mb():>8.0f}", flush=True)
        figures = measure(running, asked.rounds, asked.seconds)
    _print(figures)


def _print(figures: Figures) -> None:
    print(f"\n{'':<10}{'':<12}{'req/s at 16':>12}{'hub, times':>11}{'cpu ms':>10}{'p50 ms at 1':>13}{'hub, times':>11}")
    for (kind, name), lap in figures.items():
        times = ("", "")
        if name != "hub" and (kind, "hub") in figures:
            hub = figures[kind, "hub"]
            times = (f"{hub.per_s / lap.per_s:.1f}", f"{lap.p50_ms / hub.p50_ms:.1f}")
        print(
            f"{kind:<10}{name:<12}{lap.per_s:>12,.0f}{times[0]:>11}{lap.cpu_ms:>10.2f}{lap.p50_ms:>13.2f}{times[1]:>11}"
        )


if __name__ == "__main__":
    main()
