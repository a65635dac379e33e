"""Status: whether the hub is ready and how its parts are; a few indexed reads, however much is stored."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from python_core import __version__
from python_core.errors import HubError
from python_core.runtime.capture import CaptureView, announce_lapsed, get_capture
from python_core.runtime.clients import proof_for
from python_core.runtime.events import announce
from python_core.runtime.hub import OWNER, Caller, Hub
from python_core.runtime.room import fullness_of
from python_core.runtime.shapes import View
from python_core.store import Connection, beats, meta, runs, tallies
from python_core.store.beats import BeatRow
from python_core.store.copying import list_daily_copies
from python_core.store.events import get_last_event_id
from python_core.store.meta import Identity
from python_core.utils.heartbeat import level_of
from python_core.utils.ids import new_id
from python_core.utils.logger import count_lost_records, told_levels
from python_core.utils.timestamps import to_rfc3339

API_VERSION = 1
#: Days without a daily copy, in a hub that has run for as long, after which something is wrong.
LATE_COPY_DAYS = 2
_DAY_MS = 86_400_000
_RULES = "privacy_rules"
#: Levels from best to worst: the hub is as well as its worst part.
LEVELS = ("healthy", "warning", "degraded", "critical")
#: The parts that beat, by their names in ``modules``; one that does not run here is told as such.
BEATING = {"bridge": "bridge", "web_listener": "webListener", "save_worker": "saveWorker"}


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


class ModuleView(View, frozen=True, kw_only=True, omit_defaults=False):
    """One part: ``lastBeatAt`` null when it has not run or has no beat of its own."""

    level: str
    last_beat_at: str | None
    detail: str


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


def get_identity(hub: Hub) -> Identity:
    """Return who this hub is."""
    return meta.identity_of(hub.store)


def is_ready(hub: Hub) -> bool:
    """Say whether the store answers."""
    try:
        with hub.store.reading() as conn:
            get_last_event_id(conn)
    except HubError:
        return False
    return True


def get_readiness(hub: Hub, service: str) -> Readiness:
    """Return what a probe without a token is told."""
    return Readiness(service=f"smrthub-{service}", api_version=API_VERSION, ready=is_ready(hub))


def get_ping(hub: Hub, service: str, proof_of: tuple[str, str] | None = None) -> Ping:
    """Return what tells the hub from another program on its port; with a client and a text also the proof for it."""
    proof = proof_for(hub, *proof_of) if proof_of else None
    return Ping(service=f"smrthub-{service}", api_version=API_VERSION, proof=proof)


def get_status(hub: Hub, service: str) -> StatusView:
    """Return how the hub is, from this process's point of view."""
    identity, now_ms = meta.identity_of(hub.store), hub.now()
    last_event_id, rows, unfinished, counts = hub.store.recall("status", _read_rows)
    full = fullness_of(hub)
    modules = {name: _module(rows.get(tag), now_ms) for tag, name in BEATING.items()}
    modules["store"] = ModuleView(level="degraded" if full else "healthy", last_beat_at=None, detail=full or "answers")
    modules["logs"] = _logs_module()
    modules["eventLog"] = ModuleView(level="healthy", last_beat_at=None, detail=f"at {last_event_id}")
    modules["backups"] = _backups(hub, now_ms)
    modules["privacyRules"] = _rules_module(hub)
    return StatusView(
        service=f"smrthub-{service}",
        api_version=API_VERSION,
        ready=True,
        version=__version__,
        instance=identity.instance,
        build=f"{__version__} on Python {platform.python_version()}",
        pid=os.getpid(),
        started_at=to_rfc3339(hub.started_at_ms),
        uptime_seconds=max(0, now_ms - hub.started_at_ms) // 1000,
        level=max((module.level for module in modules.values()), key=LEVELS.index),
        modules=modules,
        queues={"runs": unfinished},
        last_event_id=last_event_id,
        log_levels={name: f"{each.level} until {to_rfc3339(each.until_ms)}" for name, each in told_levels().items()},
        capture=_capture_of(get_capture(hub)),
        counts=counts,
    )


def _backups(hub: Hub, now_ms: int) -> ModuleView:
    """Daily copies that have come and come no more are a warning; a hub of less than a few days need not have one."""
    if hub.settings.bridge.backup_days == 0:
        return ModuleView(level="healthy", last_beat_at=None, detail="off")
    copies = list_daily_copies(hub.store.folder)
    if not copies:
        return ModuleView(level="healthy", last_beat_at=None, detail="no daily copy yet")
    age_days = (datetime.fromtimestamp(now_ms / 1000, UTC).date() - copies[0].day).days
    is_late = age_days > LATE_COPY_DAYS and now_ms - hub.started_at_ms > LATE_COPY_DAYS * _DAY_MS
    return ModuleView(
        level="warning" if is_late else "healthy",
        last_beat_at=None,
        detail=f"newest daily copy of {copies[0].day.isoformat()}",
    )


def _read_rows(conn: Connection) -> tuple[int, dict[str, BeatRow], dict[str, int], dict[str, int]]:
    return (
        get_last_event_id(conn),
        {row.module: row for row in beats.list_beats(conn)},
        runs.count_unfinished_runs(conn),
        tallies.get_tallies(conn),
    )


def _logs_module() -> ModuleView:
    """The hub goes on without its logs, but somebody should know."""
    lost, untold = count_lost_records()
    if untold:
        detail = f"{untold:,} records could not be written: is there room, and may the hub write?"
        return ModuleView(level="warning", last_beat_at=None, detail=detail)
    detail = f"written; {lost:,} records were lost since the start" if lost else "written"
    return ModuleView(level="healthy", last_beat_at=None, detail=detail)


def _capture_of(capture: CaptureView) -> str:
    return capture.state if capture.until is None else f"{capture.state} until {capture.until}"


def _rules_module(hub: Hub) -> ModuleView:
    hub.rules.look_when_due()
    level = "healthy" if hub.rules.fault is None else "warning"
    return ModuleView(level=level, last_beat_at=None, detail=hub.rules.fault or f"{hub.rules.count} in force")


def _module(beat: BeatRow | None, now_ms: int) -> ModuleView:
    """A part that never ran here is no fault (one may run the bridge alone); one that stopped beating is."""
    if beat is None:
        return ModuleView(level="healthy", last_beat_at=None, detail="not running")
    age_s = max(0, now_ms - beat.at_ms) / 1000
    level = max(beat.level, level_of(age_s, beat.interval_s), key=LEVELS.index)
    detail = beat.detail if level == beat.level else f"last beat {age_s:.0f} s ago"
    return ModuleView(level=level, last_beat_at=to_rfc3339(beat.at_ms), detail=detail)


def record_beat(hub: Hub, module: str, interval_s: int, level: str, detail: str) -> None:
    """Write a part's sign of life; announces ``heartbeat`` when it started or changed its level."""
    hub.rules.look()
    row = BeatRow(module, os.getpid(), interval_s, level, detail, hub.now())

    def act(conn: Connection) -> None:
        before = beats.set_beat(conn, row)
        announce_lapsed(conn, hub, _self(module))
        _announce_rules(conn, hub, module)
        if before is None or before.pid != row.pid or before.level != level:
            announce(conn, hub, _self(module), "heartbeat", module=BEATING[module], level=level)

    hub.store.write(act)


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
