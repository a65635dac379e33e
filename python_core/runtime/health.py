"""Health: how each part of the hub is, by the rules that ``docs/health.md`` states, and the event when that changes."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from python_core.errors import StorageFull
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.room import fullness_of
from python_core.runtime.shapes import View
from python_core.runtime.waiting_runs import WAITING_AT_MOST
from python_core.store import Connection, beats, events, meta, pauses, runs, tallies
from python_core.store.beats import BeatRow
from python_core.store.copying import list_daily_copies
from python_core.store.pauses import PauseRow
from python_core.store.schema import StoreUnusable
from python_core.utils.heartbeat import level_of
from python_core.utils.logger import count_lost_records, get_logger_for
from python_core.utils.timestamps import to_rfc3339

#: Levels from best to worst: the hub is as well as its worst part.
LEVELS = ("healthy", "warning", "degraded", "critical")
#: The parts that beat, by their names in ``modules``; one that does not run here is told as such.
BEATING = {
    "bridge": "bridge",
    "web_listener": "webListener",
    "save_worker": "saveWorker",
    "daily_copy": "dailyCopy",
}
#: Days without a daily copy, in a hub that has run for as long, after which something is wrong, and badly so.
LATE_COPY_DAYS, LOST_COPY_DAYS = 2, 7
#: Runs that wait: more than a person starts, and half of what is taken at all.
MANY_RUNS, TOO_MANY_RUNS = 100, WAITING_AT_MOST // 2
#: What is stored may be so much later than now: processes read the clock one after the other.
CLOCK_SLACK_MS = 60_000
_DAY_MS, _MIB = 86_400_000, 1024 * 1024
#: The levels that were told last, in all processes; only of parts that were not well.
_TOLD = "levels"
log = get_logger_for("python-runtime", __name__)


class ModuleView(View, frozen=True, kw_only=True, omit_defaults=False):
    """One part: ``lastBeatAt`` null when it has not run or has no beat of its own."""

    level: str
    last_beat_at: str | None
    detail: str


class Stored(NamedTuple):
    """What the store tells of the hub, of one moment, and the last daily copy beside it; a few rows, however much is stored."""

    last_event_id: int
    last_event_at_ms: int
    beats: dict[str, BeatRow]
    unfinished: dict[str, int]
    counts: dict[str, int]
    pause: PauseRow | None
    copied_on: date | None


def recall_stored(hub: Hub) -> Stored:
    """Return what is stored now, read anew when somebody has committed, as heartbeats do every few seconds."""
    return hub.store.recall("stored", lambda conn: read_stored(conn, hub))


def read_stored(conn: Connection, hub: Hub) -> Stored:
    """Read it in a snapshot."""
    copies = list_daily_copies(hub.store.folder)
    return Stored(
        events.get_last_event_id(conn),
        events.get_last_event_ms(conn),
        {row.module: row for row in beats.list_beats(conn)},
        runs.count_unfinished_runs(conn),
        tallies.get_tallies(conn),
        pauses.get_last_pause(conn),
        copies[0].day if copies else None,
    )


def judge_stored(stored: Stored, now_ms: int) -> dict[str, ModuleView]:
    """Judge what every process of the hub sees alike."""
    return {
        **{name: _beating(stored.beats.get(tag), now_ms) for tag, name in BEATING.items()},
        "eventLog": _module("healthy", f"at {stored.last_event_id}"),
        "queue": _queue(stored),
        "clock": _clock(stored, now_ms),
    }


def judge_here(hub: Hub, stored: Stored) -> dict[str, ModuleView]:
    """Judge what this process knows of itself, its disk and its files."""
    return {
        "store": _store(hub),
        "disk": _disk(hub),
        "logs": _logs(),
        "backups": _backups(hub, stored.copied_on),
        "privacyRules": _rules(hub),
    }


def worst_of(modules: dict[str, ModuleView]) -> str:
    """Return the level of the worst part."""
    return max((module.level for module in modules.values()), key=LEVELS.index)


def announce_levels(conn: Connection, hub: Hub, caller: Caller, modules: dict[str, ModuleView]) -> dict[str, str]:
    """Announce ``runtime_warning`` for each part that got worse or is well again since it was told last, by any process.

    Returns the new levels of these parts.
    """
    text = meta.get_value(conn, _TOLD)
    before = msgspec.json.decode(text or "{}", type=dict[str, str])
    now = {name: before[name] for name in before.keys() - modules.keys()}
    now |= {name: module.level for name, module in modules.items() if module.level != "healthy"}
    if now == before:
        return {}
    meta.set_value(conn, _TOLD, msgspec.json.encode(now, order="sorted").decode())
    told = {}
    for name in modules:
        was, level = before.get(name, "healthy"), now.get(name, "healthy")
        if LEVELS.index(level) > LEVELS.index(was) or (level == "healthy" and was != "healthy"):
            announce(conn, hub, caller, "runtime_warning", module=name, level=level, before=was)
            told[name] = level
    return told


def log_levels(told: dict[str, str]) -> None:
    """Log what was announced, once that is on disk."""
    for name, level in told.items():
        tell = log.information if level == "healthy" else log.warning
        tell("{module} is {level}", module=name, level=level)


def _module(level: str, detail: str) -> ModuleView:
    return ModuleView(level=level, last_beat_at=None, detail=detail)


def _beating(beat: BeatRow | None, now_ms: int) -> ModuleView:
    """A part that never ran here is no fault (one may run the bridge alone); one that stopped beating is."""
    if beat is None:
        return _module("healthy", "not running")
    age_s = max(0, now_ms - beat.at_ms) / 1000
    level = max(beat.level, level_of(age_s, beat.interval_s), key=LEVELS.index)
    detail = beat.detail if level == beat.level else f"last beat {age_s:.0f} s ago"
    return ModuleView(level=level, last_beat_at=to_rfc3339(beat.at_ms), detail=detail)


def _queue(stored: Stored) -> ModuleView:
    queued = stored.unfinished["queued"]
    detail = f"{queued:,} runs wait" if queued else "nothing waits"
    if queued and "save_worker" not in stored.beats:
        return _module("warning", f"{detail}, and no save worker runs")
    level = "healthy" if queued < MANY_RUNS else "warning" if queued < TOO_MANY_RUNS else "degraded"
    return _module(level, detail)


def _clock(stored: Stored, now_ms: int) -> ModuleView:
    ahead_ms = max(stored.last_event_at_ms, *(beat.at_ms for beat in stored.beats.values()), now_ms) - now_ms
    if ahead_ms <= CLOCK_SLACK_MS:
        return _module("healthy", "goes on")
    return _module("warning", f"it was set back: what is stored last is of {ahead_ms // 1000:,} s from now")


def _store(hub: Hub) -> ModuleView:
    commits, full = hub.store.commits, fullness_of(hub)
    fault = commits.fault
    if isinstance(fault, StoreUnusable) or hub.store.is_damaged:
        return _module("critical", "it is damaged: see smrthub doctor --store")
    if not os.access(hub.store.path, os.R_OK | os.W_OK):
        return _module("critical", "its file is gone, or not the hub's to write: put it back, or start the hub anew")
    if fault is not None:
        is_full = isinstance(fault, StorageFull)
        return _module(
            "degraded", f"the last write failed: {'its disk is full' if is_full else 'it cannot be written'}"
        )
    if full is not None:
        return _module("degraded", full)
    if commits.was_slow:
        return _module("warning", f"a write took {commits.slowest_s:.0f} s within the last minutes")
    return _module("healthy", "answers")


def _disk(hub: Hub) -> ModuleView:
    free_mib, kept = hub.free_disk.bytes_in(hub.store.folder) // _MIB, hub.settings.bridge.min_free_disk_mib
    level = "healthy" if free_mib >= 2 * kept else "warning" if free_mib >= kept else "degraded"
    return _module(level, "has room" if level == "healthy" else f"{free_mib:,} MiB are free, {kept:,} are kept free")


def _logs() -> ModuleView:
    """The hub goes on without its logs, but somebody should know."""
    lost, untold = count_lost_records()
    if untold:
        return _module("warning", f"{untold:,} records could not be written: is there room, and may the hub write?")
    return _module("healthy", f"written; {lost:,} records were lost since the start" if lost else "written")


def _backups(hub: Hub, copied_on: date | None) -> ModuleView:
    """Daily copies that have come and come no more are a finding; a hub of less than a few days need not have one."""
    if hub.settings.bridge.backup_days == 0:
        return _module("healthy", "off")
    if copied_on is None:
        return _module("healthy", "no daily copy yet")
    now_ms = hub.now()
    age_days = (datetime.fromtimestamp(now_ms / 1000, UTC).date() - copied_on).days
    due_days = min(age_days, (now_ms - hub.started_at_ms) // _DAY_MS)
    level = "healthy" if due_days < LATE_COPY_DAYS or age_days <= LATE_COPY_DAYS else "warning"
    level = "degraded" if due_days >= LOST_COPY_DAYS else level
    return _module(level, f"newest daily copy of {copied_on.isoformat()}")


def _rules(hub: Hub) -> ModuleView:
    hub.rules.look_when_due()
    fault = hub.rules.fault
    return _module("healthy" if fault is None else "warning", fault or f"{hub.rules.count} in force")
