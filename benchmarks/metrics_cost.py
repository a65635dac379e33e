"""What counting a request for ``GET /metrics`` costs, and the page itself after requests to forty routes.

Run: python benchmarks/metrics_cost.py. Calls of what the gate calls, in this process; the least of several rounds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from timeit import repeat

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from python_core.config import BridgeSettings, Settings, WebListenerSettings
from python_core.runtime.hub import Hub
from python_core.runtime.metrics import get_metrics
from python_core.store import open_store

CALLS, PAGES, ROUNDS = 100_000, 100, 7
LIMIT_US, GOAL_US = 3.0, 1.5
PAGE_LIMIT_US, PAGE_GOAL_US = 10_000.0, 5_000.0


def main() -> int:
    """Measure, print, and say by the exit code whether the limits are held."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(
            Settings(bridge=BridgeSettings(), web_listener=WebListenerSettings()), open_store(Path(folder) / "stored")
        )
        counting_us = _least_us(lambda: hub.meter.note("bridge", "GET", "/status", 200, 0.0004), CALLS)
        for number in range(40):
            hub.meter.note("bridge", "GET", f"/route/{number}", 200, 0.001)
        page_us = _least_us(lambda: get_metrics(hub), PAGES)
        hub.store.close()
    print(f"counting a request {counting_us:9.2f} µs   limit {LIMIT_US:.0f}   goal {GOAL_US}")
    print(f"the page           {page_us:9.0f} µs   limit {PAGE_LIMIT_US:.0f}   goal {PAGE_GOAL_US:.0f}")
    return 0 if counting_us <= LIMIT_US and page_us <= PAGE_LIMIT_US else 1


def _least_us(call: Callable[[], object], calls: int) -> float:
    return min(repeat(call, number=calls, repeat=ROUNDS)) / calls * 1e6


if __name__ == "__main__":
    sys.exit(main())
