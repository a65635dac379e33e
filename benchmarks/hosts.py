"""The bridge under each host of docs/deploy.md, by the command that stands there: requests a second, and one client's times.

All hosts run at once, each with a home of its own, and are asked in turns, so that ratios to our own host are of the same
minute. ``--json`` also writes the figures; the table is the one in docs/deploy.md.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

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
    given = options.parse_args()
    own = given.client == "own"
    figures = measure(given.rounds, given.seconds, own=own)
    print(f"load: {'own client' if own else tool()}; medians of {given.rounds} rounds\n\n{table(figures)}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2), "utf-8")


if __name__ == "__main__":
    main()
