"""The bridge under each host of docs/deploy.md, by the command that stands there: requests a second, and one client's times.

All hosts run at once, each with a home of its own, and are asked in turns, so that ratios to our own host are of the same
minute. ``--json`` also writes the figures; the table is the one in docs/deploy.md. ``--setting`` has the whole hub started with
each host by ``wsgiHost`` instead: seconds until both servers answer, and what all its processes hold.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load import NUMBER, Request, put_load, tool  # noqa: E402
from benchmarks.processes import await_200, environ_of, free_ports, read_once_there, running  # noqa: E402
from benchmarks.subjects import PROSE  # noqa: E402

OURS = "python"
CLIENTS = 16


def commands() -> dict[str, str]:
    """Read docs/deploy.md: each host's program and command."""
    found = re.findall(r"```sh\n(.+wsgi.+)\n```", (ROOT / "docs" / "deploy.md").read_text("utf-8"))
    return {shlex.split(command)[0]: command for command in found}


def requests_of(url: str, token: str) -> dict[str, Request]:
    """List what is asked."""
    owner = {"Authorization": f"Bearer {token}"}
    clip = json.dumps({"fragments": [{"type": "text", "content": f"{NUMBER} {(PROSE * 10)[:950]}"}]})
    return {
        "GET /ping": Request("GET", f"{url}/ping"),
        "GET /status, full": Request("GET", f"{url}/status", owner),
        "POST /clipboard, durable": Request(
            "POST", f"{url}/clipboard", owner | {"Content-Type": "application/json"}, clip
        ),
    }


def start(stack: ExitStack, name: str, command: str) -> dict[str, Request]:
    """Run one host until the end of ``stack``."""
    home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    [port] = free_ports(1)
    words = shlex.split(command.replace("5001", str(port)))
    arguments = words[1:] if name == OURS else ["-m", *words]
    stack.enter_context(running([sys.executable, *arguments], environ_of(home, [port, 0])))
    url = f"http://127.0.0.1:{port}"
    await_200([f"{url}/ping"])
    facts = read_once_there(home / "local" / "SmrtHub" / "Runtime" / "python-net" / "bridge.json")
    return requests_of(url, facts["token"])


def measure(rounds: int, seconds: float, *, own: bool) -> dict[str, dict[str, Any]]:
    """Return for each request and host the medians of all rounds."""
    found: dict[str, dict[str, dict[str, list[float]]]] = {}
    with ExitStack() as stack:
        hosts = {
            name: start(stack, name, command)
            for name, command in commands().items()
            if name == OURS or find_spec(name) is not None
        }
        for _ in range(rounds):
            for what in next(iter(hosts.values())):
                for name, requests in hosts.items():
                    many = put_load(requests[what], CLIENTS, seconds, own=own)
                    one = put_load(requests[what], 1, seconds, own=own)
                    if many.refused or one.refused:
                        raise RuntimeError(f"{name} refused {many.refused + one.refused} of {what}")
                    kept = found.setdefault(what, {}).setdefault(name, {"per_s": [], "p50_ms": []})
                    kept["per_s"].append(many.per_s)
                    kept["p50_ms"].append(one.p50_ms)
    return {
        what: {name: {figure: median(each) for figure, each in kept.items()} for name, kept in by_host.items()}
        for what, by_host in found.items()
    }


def start_whole_hub(name: str) -> tuple[float, float]:
    """Return the seconds until both servers answer, and the MB that all processes of the hub hold, shared ones in parts."""
    with tempfile.TemporaryDirectory() as home:
        ports = free_ports(2)
        environ = environ_of(Path(home), ports) | {"SMRTHUB_BRIDGE_WSGI_HOST": name}
        began = time.perf_counter()
        with running([sys.executable, "-m", "python_core"], environ) as process:
            await_200([f"http://127.0.0.1:{port}/ping" for port in ports])
            took_s = time.perf_counter() - began
            time.sleep(2)  # until all workers have begun
            hub = psutil.Process(process.pid)
            held = [each.memory_full_info() for each in (hub, *hub.children(recursive=True))]
            return took_s, sum(getattr(each, "pss", each.uss) for each in held) / 1e6


def table_of_whole_hubs(rounds: int) -> str:
    """Start the whole hub with each host in turns; return the medians as a table."""
    names = ["waitress", *(name for name in ("gunicorn", "granian", "cheroot") if find_spec(name) is not None)]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(start_whole_hub(name))
    lines = ["| `wsgiHost` | both servers answer after | memory, idle |", "|---|---|---|"]
    ours_s = median(took_s for took_s, _ in found[names[0]])
    for name, each in found.items():
        took_s, held_mb = (median(figures) for figures in zip(*each, strict=True))
        lines.append(
            f"| `{name}` | {f'{took_s:.2f} s = 1' if name == names[0] else f'{took_s / ours_s:.1f}'} | {held_mb:.0f} MB |"
        )
    return "\n".join(lines)


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Write the figures as docs/deploy.md shows them."""
    names = list(next(iter(figures.values())))
    titles = ["Waitress, ours" if name == OURS else name for name in names]
    lines = [
        f"| requests a second of {CLIENTS} clients · p50 of one | {' | '.join(titles)} |",
        "|---" * (len(names) + 1) + "|",
    ]
    for what, by_host in figures.items():
        ours = by_host[OURS]["per_s"]
        cells = [f"{each['per_s'] / ours:.2f} · {each['p50_ms']:.2f} ms" for each in by_host.values()]
        cells[0] = f"{ours:.0f}/s = 1 · {by_host[OURS]['p50_ms']:.2f} ms"
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2)
    options.add_argument("--client", choices=["wrk", "own"], default="wrk", help="what makes the load (wrk, if there)")
    options.add_argument("--json", type=Path)
    options.add_argument("--setting", action="store_true", help="start the whole hub with each host by wsgiHost")
    given = options.parse_args()
    if given.setting:
        print(table_of_whole_hubs(given.rounds))
        return
    own = given.client == "own"
    figures = measure(given.rounds, given.seconds, own=own)
    print(f"load: {'own client' if own else tool()}; medians of {given.rounds} rounds\n\n{table(figures)}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2), "utf-8")


if __name__ == "__main__":
    main()
