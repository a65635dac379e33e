"""Status: whether the hub is ready and how its parts are; a few indexed reads, however much is stored."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from typing import Annotated

import msgspec

from python_core import __version__
from python_core.errors import HubError
from python_core.runtime.capture import CaptureView, announce_lapsed, capture_at
from python_core.runtime.clients import proof_for
from python_core.runtime.events import announce
from python_core.runtime.health import (
    BEATING,
    ModuleView,
    announce_levels,
    judge_here,
    judge_stored,
    log_levels,
    read_stored,
    recall_stored,
    worst_of,
)
from python_core.runtime.hub import OWNER, Caller, Hub
from python_core.runtime.shapes import View
from python_core.store import Connection, beats, meta
from python_core.store.beats import BeatRow
from python_core.utils.ids import new_id
from python_core.utils.logger import told_levels
from python_core.utils.timestamps import to_rfc3339

API_VERSION = 1
_RULES = "privacy_rules"


class Ping(View, frozen=True, kw_only=True):
    """This is the hub."""

    service: str
    api_version: int
    proof: str | None = None


class Readiness(View, frozen=True, kw_only=True):
    """What anyone may know: is it the hub, and does it serve."""

    service: str
    api_version: int
    ready: bool


class StatusView(Readiness, frozen=True, kw_only=True):
    """How the hub is."""

    version: str
    instance: str
    build: str
    pid: int
    started_at: str
    uptime_seconds: int
    level: str
    modules: dict[str, ModuleView]
    queues: dict[str, dict[str, int]]
    last_event_id: int
    log_levels: Annotated[
        dict[str, str],
        msgspec.Meta(description="Parts of the hub whose records are written from another level on, and until when."),
    ]
    capture: Annotated[str, msgspec.Meta(description="`running`, `paused`, or `paused until` an RFC 3339 time.")]
    counts: dict[str, int]


def is_ready(hub: Hub) -> bool:
    """Say whether the store answers and can be written: its file is there and ours to write, and the last write did not fail.

    A probe writes nothing itself: the heartbeats of every few seconds do.
    """
    try:
        recall_stored(hub)
    except HubError:
        return False
    return _can_write(hub)


def _can_write(hub: Hub) -> bool:
    return hub.store.commits.fault is None and os.access(hub.store.path, os.R_OK | os.W_OK)


def get_readiness(hub: Hub, service: str) -> Readiness:
    """Return what a probe without a token is told."""
    return Readiness(service=f"smrthub-{service}", api_version=API_VERSION, ready=is_ready(hub))


def get_ping(hub: Hub, service: str, proof_of: tuple[str, str] | None = None) -> Ping:
    """Return what tells the hub from another program on its port; with a client and a text also the proof for it."""
    proof = proof_for(hub, *proof_of) if proof_of else None
    return Ping(service=f"smrthub-{service}", api_version=API_VERSION, proof=proof)


def get_status(hub: Hub, service: str) -> StatusView:
    """Return how the hub is, from this process's point of view."""
    stored, now_ms = recall_stored(hub), hub.now()
    modules = {**judge_stored(stored, now_ms), **judge_here(hub, stored)}
    return StatusView(
        service=f"smrthub-{service}",
        api_version=API_VERSION,
        ready=_can_write(hub),
        version=__version__,
        instance=hub.identity.instance,
        build=f"{__version__} on Python {platform.python_version()}",
        pid=os.getpid(),
        started_at=to_rfc3339(hub.started_at_ms),
        uptime_seconds=max(0, now_ms - hub.started_at_ms) // 1000,
        level=worst_of(modules),
        modules=modules,
        queues={"runs": stored.unfinished},
        last_event_id=stored.last_event_id,
        log_levels={name: f"{each.level} until {to_rfc3339(each.until_ms)}" for name, each in told_levels().items()},
        capture=_capture_of(capture_at(stored.pause, now_ms)),
        counts=stored.counts,
    )


def _capture_of(capture: CaptureView) -> str:
    return capture.state if capture.until is None else f"{capture.state} until {capture.until}"


def record_beat(hub: Hub, module: str, interval_s: int, level: str, detail: str) -> None:
    """Write a part's sign of life; announces ``heartbeat`` when it started or changed its level.

    What it finds in other parts it announces too (``announce_levels``); what is about one process is told by its bridge.
    """
    hub.rules.look()
    row = BeatRow(module, os.getpid(), interval_s, level, detail, hub.now())
    here = judge_here(hub, recall_stored(hub)) if module == "bridge" else {}

    def act(conn: Connection) -> dict[str, str]:
        before = beats.get_beat(conn, module)
        beside = before is not None and before.pid != row.pid and row.at_ms - before.at_ms < interval_s * 1500
        told = f"the process {before.pid} runs it, too" if before and beside else ""
        beats.set_beat(conn, row._replace(detail="; ".join(filter(None, (detail, told)))))
        announce_lapsed(conn, hub, _self(module))
        _announce_rules(conn, hub, module)
        if before is None or before.level != level or (before.pid != row.pid and not beside):
            announce(conn, hub, _self(module), "heartbeat", module=BEATING[module], level=level)
        return announce_levels(conn, hub, _self(module), {**judge_stored(read_stored(conn, hub), row.at_ms), **here})

    log_levels(hub.store.write(act))


def forget_beats(hub: Hub, modules: Iterable[str]) -> None:
    """Take away what is left of parts that ended without a word and are about to start again."""
    tags = list(modules)
    hub.store.write(lambda conn: beats.remove_beats(conn, tags))


def _announce_rules(conn: Connection, hub: Hub, module: str) -> None:
    """Announce, once in all processes, that the privacy rules are others than before."""
    before = meta.get_value(conn, _RULES)
    if before != hub.rules.digest:
        meta.set_value(conn, _RULES, hub.rules.digest)
        if before is not None:
            announce(conn, hub, _self(module), "settings_changed", file="privacy-rules")


def end_beat(hub: Hub, module: str) -> None:
    """Take a part's sign of life away when it ends in order; announces ``heartbeat``."""

    def act(conn: Connection) -> None:
        beats.remove_beat(conn, module, os.getpid())
        announce(conn, hub, _self(module), "heartbeat", module=BEATING[module], level="stopped")

    hub.store.write(act)


def _self(module: str) -> Caller:
    return Caller(OWNER, module.replace("_", "-"), new_id().replace("-", ""))
