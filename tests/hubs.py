"""A hub in a folder of the test's own, and what its verbs are handed: a clock that stands still, callers."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from python_core.config import BridgeSettings, Settings, WebListenerSettings
from python_core.runtime.clients import SCOPES
from python_core.runtime.events import EventPage, kinds_of, next_page
from python_core.runtime.hub import OWNER, Caller, Hub
from python_core.store import Store

ROOT = Path(__file__).resolve().parents[1]
NOON_MS = 1_767_268_800_000  # 2026-01-01T12:00:00.000Z
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Clock:
    """Tells the same time until it is moved."""

    def __init__(self, at_ms: int = NOON_MS) -> None:
        self.at_ms = at_ms

    def __call__(self) -> int:
        return self.at_ms

    def pass_s(self, seconds: float) -> None:
        self.at_ms += int(seconds * 1000)


def make_hub(
    store: Store, clock: Clock, bridge: dict[str, object] | None = None, listener: dict[str, object] | None = None
) -> Hub:
    """Build a hub whose settings are the defaults but for what is given."""
    settings = Settings(
        bridge=BridgeSettings(**(bridge or {})),  # type: ignore[arg-type]
        web_listener=WebListenerSettings(**(listener or {})),  # type: ignore[arg-type]
    )
    return Hub(settings, store, clock, started_at_ms=clock())


def caller(client: str = OWNER, service: str = "bridge") -> Caller:
    """Build who asks."""
    return Caller(client, service, TRACE, frozenset(SCOPES))


def wait_for_ledger() -> None:
    """Wait until what was noted and is due is written."""
    for thread in threading.enumerate():
        if thread.name == "smrthub-ledger":
            thread.join(60)


def page_of_events(hub: Hub, after: int | None, limit: int, kinds: str | None) -> EventPage:
    """Return the next events after an id, as a caller of ``/events`` gets them."""
    return next_page(hub, after, limit, kinds_of(kinds))


def run_python(script: str, *arguments: str, timeout_s: float = 120) -> str:
    """Run a script in a process of its own, which must end well, and return what it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def start_python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a script in a process of its own that listens on stdin and speaks on stdout."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
