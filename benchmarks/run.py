"""Measure the hub beside a bare Flask app on the same Waitress, in interleaved rounds, and print ratio, limit and goal.

Run: python benchmarks/run.py [--seconds N] [--rounds N] [--only NAME …] [--json FILE]. benchmarks/README.md says how to
read what it prints.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import processes, report
from benchmarks.commits import commit_p50_ms
from benchmarks.gate_share import time_gate
from benchmarks.load import Request, Timing, put_load, tool
from benchmarks.subjects import Subject, list_subjects
from python_core.config import BridgeSettings
from python_core.net.serving import waitress_options

#: Tabs last: a clip that comes after thousands of tabs in a minute is joined to one of them as in no real use.
REQUESTS = ("ping", "probe", "status", "window", "clip", "tab")
OTHERS = ("commit", "start", "idle", "gate")
CONNECTIONS = (16, 1)


def main() -> None:
    """Measure what is asked for, print it, and write it to a file where one is named."""
    asked = _parse()
    only = asked.only or [*REQUESTS, *OTHERS]
    own = asked.client == "own"
    found: dict[str, Any] = {
        "load": "own client" if own else tool(),
        "rounds": asked.rounds,
        "seconds": asked.seconds,
    }
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        if set(only) & {*REQUESTS, "commit", "idle"}:
            found |= _measure_running(folder, only, asked.rounds, asked.seconds, own)
        if "start" in only:
            found["start_s"] = _measure_starts(folder, max(3, 2 * asked.rounds + 1))
        if "gate" in only:
            found["gate_us"] = time_gate(folder / "gate")
    print(report.told(found))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=2), "utf-8")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=2.0, help="of load, each time (2; wrk takes whole seconds)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (5)")
    parser.add_argument("--only", nargs="+", choices=[*REQUESTS, *OTHERS], help="what to measure (all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    parser.add_argument("--folder", type=Path, help="where the databases are put (the system's temporary folder)")
    parser.add_argument("--client", choices=["wrk", "own"], default="wrk", help="what makes the load (wrk, if there)")
    return parser.parse_args()


def _measure_running(folder: Path, only: list[str], rounds: int, seconds: float, own: bool) -> dict[str, Any]:
    """Measure all that needs both servers; memory and idle time first, before any load."""
    options = waitress_options(BridgeSettings(), BridgeSettings().max_clip_bytes)
    found: dict[str, Any] = {}
    with processes.hub(folder / "hub") as (hub, facts), processes.bare(options) as (bare, address):
        subjects = {subject.name: subject for subject in list_subjects(facts, address)}
        for subject in subjects.values():
            for request in (subject.reference, subject.ours):
                # A flood of tabs within the last minutes makes each clip a puzzle: see ``REQUESTS``.
                _load(request, 1, 0.01 if subject.name == "tab" else 0.2, own=True)
        if "idle" in only:
            found["resident_mb"] = {"hub": processes.resident_mb(hub), "bare": processes.resident_mb(bare)}
            found["idle_cpu_percent"] = processes.idle_cpu_percent([hub.pid], max(30.0, 5 * seconds))
        limit = Request("GET", f"{address}/callable")
        found["requests"] = []
        for name in [name for name in REQUESTS if name in only]:
            _bring_tabs_to_front(subjects["tab"].ours)
            rows = []
            for number in range(rounds):
                # Anew: the hub window's ETag, which must still be right, is another after each event.
                subject = next(each for each in list_subjects(facts, address) if each.name == name)
                rows.append(_measure_round(subject, limit, seconds, own, number))
            found["requests"].append(_sum_up(subjects[name], rows))
        if "commit" in only:
            found["commit"] = [_measure_commits(folder, subjects["clip"].ours, seconds, own) for _ in range(rounds)]
        if "idle" in only:
            found["resident_mb"]["hub after load"] = processes.resident_mb(hub)
    return found


def _bring_tabs_to_front(tab: Request) -> None:
    """Do what a browser does while a person reads: a clip is joined to what was in front in the last minute or two."""
    for _ in range(3):
        _load(tab, 1, 0.01, own=True)


def _measure_round(subject: Subject, limit: Request, seconds: float, own: bool, number: int) -> dict[str, Any]:
    """Put load on the reference and on ours, one right after the other, in turns which comes first."""
    row: dict[str, Any] = {"limit": vars(_load(limit, CONNECTIONS[0], seconds, own=own))}
    for connections in CONNECTIONS:
        sides = [("reference", subject.reference), ("ours", subject.ours)]
        for side, request in reversed(sides) if number % 2 else sides:
            row[f"{side}_{connections}"] = vars(_load(request, connections, seconds, own=own))
    return row


def _load(request: Request, connections: int, seconds: float, *, own: bool) -> Timing:
    timing = put_load(request, connections, seconds, own=own)
    if timing.refused:
        raise SystemExit(f"{timing.refused} requests to {request.url} failed: nothing was measured.")
    return timing


def _measure_commits(folder: Path, clip: Request, seconds: float, own: bool) -> dict[str, float]:
    """Time one client's durable post between two laps of raw commits to the same disk, whose mood changes."""
    before_ms = commit_p50_ms(folder, seconds / 2)
    ours_ms = _load(clip, 1, seconds, own=own).p50_ms
    return {"raw_p50_ms": (before_ms + commit_p50_ms(folder, seconds / 2)) / 2, "ours_p50_ms": ours_ms}


def _sum_up(subject: Subject, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Bring a subject's rounds together: medians, and the ratios of each round, in which alone they mean something."""
    found: dict[str, Any] = {"name": subject.name, "title": subject.title, "goal": subject.goal}
    for key in ("limit", *(f"{side}_{connections}" for side in ("reference", "ours") for connections in CONNECTIONS)):
        found[key] = {name: median(row[key][name] for row in rows) for name in ("per_s", "p50_ms", "p99_ms")}
    found["ratios"] = [row["ours_16"]["per_s"] / row["reference_16"]["per_s"] for row in rows]
    found["of_limit"] = median(row["ours_16"]["per_s"] / row["limit"]["per_s"] for row in rows)
    return found


def _measure_starts(folder: Path, runs: int) -> dict[str, list[float]]:
    """Time both starts in turns; the first of each fills the caches and is not counted."""
    starts: dict[str, Callable[[], float]] = {
        "bare": processes.time_bare_start,
        "hub": lambda: processes.time_hub_start(folder / "starts"),
    }
    found: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(runs + 1):
        for name, start in starts.items():
            found[name].append(start())
    return {name: times[1:] for name, times in found.items()}


if __name__ == "__main__":
    main()
