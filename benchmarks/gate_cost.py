"""What the gate with its token check costs of a ``GET /status``, beside what the whole request costs when it is served.

Run: python benchmarks/gate_cost.py [--rounds N]. The gate is measured without a socket, by calls with it and without it in
turns (``gate_share.py``); the whole is the processor time of a server that another process calls over one kept connection.
Of all rounds the least counts, of each: what else a machine does only adds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.gate_share import time_gate
from python_core.config import load_or_seed_settings
from python_core.net import bridge_server
from python_core.net.front import endpoints_of
from python_core.net.lanes import Dispatcher
from python_core.net.ports import bind
from python_core.net.routes import subjects_of
from python_core.net.serving import Server, waitress_options
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import open_store
from python_core.utils.config_path_resolver import Paths

CALLS = 1000
GOAL = 0.08
#: Calls port ``argv[1]`` as often as each line of its input says, with the token that stands after the number, if one does.
CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for line in sys.stdin:
    calls, *token = line.split()
    headers = {"Authorization": "Bearer " + token[0]} if token else {}
    for _ in range(int(calls)):
        connection.request("GET", "/status", headers=headers)
        reply = connection.getresponse()
        if reply.status != 200 or not reply.read():
            sys.exit(f"it answered {reply.status}")
    print("done", flush=True)
"""
Lap = Callable[[str], float]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Lap]]:
    """Serve the bridge; gives the owner's token, and what calls with a token: microseconds of processor time for each call."""
    sys.setswitchinterval(0.0005)  # as the hub does
    paths = Paths(roaming=folder / "roaming", local=folder / "local")
    settings = load_or_seed_settings(paths, {})
    store = open_store(paths.stored())
    hub = Hub(settings, store)
    bound = bind("bridge", "127.0.0.1", 0, fallback=False)
    app = bridge_server.create_app(settings, store, hub)
    endpoints = endpoints_of(subjects_of("bridge"), settings.bridge)
    dispatcher = Dispatcher(endpoints, settings.bridge.threads, store.gather_by)
    options = waitress_options(settings.bridge, settings.bridge.max_clip_bytes)
    server = Server("bridge", app, bound, options, 15, dispatcher)
    server.start()
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(bound.port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def lap(token: str) -> float:
        began = time.process_time()
        print(CALLS, token, file=client.stdin, flush=True)
        if client.stdout is None or client.stdout.readline() != "done\n":
            raise RuntimeError("the client ended")
        return (time.process_time() - began) / CALLS * 1e6

    yield begin_owner_session(hub, None), lap
    client.communicate(timeout=30)
    server.stop(5)
    server.join()
    store.close()


def measure(folder: Path, rounds: int) -> dict[str, tuple[float, float, float]]:
    """Return, for each kind of ``GET /status``, the microseconds of the gate, of the call with it, and of all when served."""
    called = time_gate(folder / "called", rounds=rounds)
    served: dict[str, list[float]] = {kind: [] for kind in called}
    with serving(folder / "served") as (token, lap):
        for _ in range(rounds):
            for kind, laps in served.items():
                laps.append(lap(token if kind == "full" else ""))
    return {kind: (whole - behind, whole, min(served[kind])) for kind, (whole, behind) in called.items()}


def main() -> None:
    """Print one line for each kind: the gate's microseconds, their share of both, the goal."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds (9)")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), rounds)
    print(f"{'GET /status':<14}{'gate':>8}{'of the call':>18}{'of all, served':>18}{'goal':>9}")
    for kind, (gate, whole, served) in found.items():
        shares = (f"{whole:.0f} µs: {gate / whole:.0%}", f"{served:.0f} µs: {gate / served:.0%}")
        missed = "  missed" if gate / served > GOAL else ""
        print(f"{kind:<14}{f'{gate:.0f} µs':>8}{shares[0]:>18}{shares[1]:>18}{f'≤ {GOAL:.0%}':>9}{missed}")


if __name__ == "__main__":
    main()
