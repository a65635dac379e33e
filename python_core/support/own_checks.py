"""What the doctor looks at on the machine itself, the hub running or not: settings, files, processes, ports, disks, clock."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from python_core.config import (
    SECTIONS,
    read_privacy_rules,
    rules_path,
)
from python_core.errors import SettingsInvalid
from python_core.store import integrity, overview
from python_core.store.schema import DATABASE_NAME
from python_core.support.hops import DAY_S, SILENT_DAYS, Check, span
from python_core.support.machine import Machine, load_seen
from python_core.support.process_checks import check_instances, check_port, check_process, check_supervisor
from python_core.support.store_checks import examine_briefly
from python_core.support.store_files import Finding, count_open_to_others
from python_core.utils.config_path_resolver import Paths
from python_core.utils.timestamps import to_rfc3339

#: A file may be this much younger than the clock says: another machine may have written it.
SKEW_MS = 60_000
#: Before this version's time a clock is wrong: 2025-01-01.
EPOCH_MS = 1_735_689_600_000
LOG_ROOM_BYTES = 64 << 20


def own_checks(machine: Machine) -> list[Check]:
    """List the checks in their order."""
    return [
        *(
            (f"{section.name} settings", lambda name=section.name: check_settings(machine, name))
            for section in SECTIONS
        ),
        ("privacy rules", lambda: check_rules(machine)),
        ("folders", lambda: check_folders(machine)),
        ("private files", lambda: check_modes(machine)),
        ("process", lambda: check_process(machine)),
        ("supervisor", lambda: check_supervisor(machine)),
        ("instances", lambda: check_instances(machine)),
        *((f"{section.name} port", lambda name=section.name: check_port(machine, name)) for section in SECTIONS),
        ("log disk", lambda: check_log_disk(machine)),
        ("clock", lambda: check_clock(machine)),
        ("store", lambda: examine_briefly(machine.paths)),
        ("clipboard", lambda: check_clipboard(machine)),
    ]


def check_settings(machine: Machine, name: str) -> Finding:
    """The file can be read and holds what settings are; values are never told."""
    check = f"{name} settings"
    try:
        loaded = load_seen(machine, name)
    except SettingsInvalid as fault:
        places = len(fault.details) or 1
        detail = f"cannot be taken, at {places} {'place' if places == 1 else 'places'}"
        return Finding(
            check, "failed", detail, "settings_invalid", "smrthub config check says where and what is right."
        )
    if loaded is None:
        return Finding(check, "ok", "defaults: there is no file yet")
    if loaded.warnings:
        detail = f"in force; {len(loaded.warnings)} names are not known"
        return Finding(check, "warning", detail, "settings_unknown", "smrthub config check names them.")
    return Finding(check, "ok", "in force")


def check_rules(machine: Machine) -> Finding:
    """The rules can be read: else the hub goes on with the last good ones, or keeps everything out."""
    path = rules_path(machine.paths)
    if not path.exists():
        return Finding("privacy rules", "ok", "there is no file yet")
    try:
        rules = read_privacy_rules(path)
    except SettingsInvalid:
        return Finding("privacy rules", "failed", "cannot be taken", "rules_invalid", "smrthub rules check says why.")
    return Finding("privacy rules", "ok", f"{sum(rule.enabled for rule in rules.rules)} in force")


def check_folders(machine: Machine) -> Finding:
    """Where one of the hub's folders is, the others are."""
    paths = machine.paths
    places = {"Config": paths.config(), "Data": paths.stored(), "Logs": paths.logs(), "Runtime": paths.runtime()}
    missing = [name for name, path in places.items() if not path.is_dir()]
    if len(missing) == len(places):
        return Finding("folders", "ok", "nothing is there yet")
    if missing:
        advice = "Put it back, or start the hub anew: it makes what is missing, empty."
        return Finding("folders", "failed", f"missing: {', '.join(missing)}", "folder_missing", advice)
    return Finding("folders", "ok", "all there")


def check_modes(machine: Machine) -> Finding:
    """Settings, runtime files and logs are this user's alone; the store is looked at with the store."""
    paths = machine.paths
    folders = [each for each in (paths.config(), paths.runtime(), paths.logs().parent) if each.is_dir()]
    found = sum(map(count_open_to_others, folders))
    if found:
        advice = f"Make them yours alone: chmod -R u+rwX,go= {paths.roaming} {paths.local}"
        return Finding("private files", "failed", f"{found} are open to others, or links", "files_open", advice)
    return Finding("private files", "ok", "yours alone")


def check_log_disk(machine: Machine) -> Finding:
    """Logs can be written, and have room."""
    folder = machine.paths.logs()
    if not folder.is_dir():
        return Finding("log disk", "skipped", "there are no logs yet", "no_logs", "The next start makes them.")
    # The mode too: an administrator may write anywhere, and the hub need not be started as one.
    if not (folder.stat().st_mode & stat.S_IWUSR and os.access(folder, os.W_OK)):
        advice = f"Let the hub write there: chmod u+rwx {folder}"
        return Finding("log disk", "failed", "cannot be written", "logs_read_only", advice)
    free, written = machine.free_bytes(folder), [each.lstat().st_mtime for each in folder.glob("*.json")]
    age_s = max(0, machine.now() // 1000 - int(max(written))) if written else None
    if free < LOG_ROOM_BYTES:
        return Finding("log disk", "failed", f"{free >> 20:,} MiB free", "log_disk_short", "Free some space.", age_s)
    told = "" if age_s is None else f", last written {span(age_s)} ago"
    return Finding("log disk", "ok", f"can be written, {free >> 20:,} MiB free{told}", age_s=age_s)


def check_clock(machine: Machine) -> Finding:
    """The clock is not behind what was written by it."""
    now, newest = machine.now(), max(_written_ms(machine.paths), default=0)
    advice = "Set the clock. What was captured meanwhile keeps the time that it was given."
    if now < EPOCH_MS:
        return Finding("clock", "failed", f"says {to_rfc3339(now)}", "clock_wrong", advice)
    if newest > now + SKEW_MS:
        detail = f"{(newest - now) // 1000:,} s behind the newest file"
        return Finding("clock", "failed", detail, "clock_behind", advice)
    return Finding("clock", "ok", to_rfc3339(now))


def check_clipboard(machine: Machine) -> Finding:
    """When the last clip came: the hub does not watch the clipboard itself, a program of the desktop posts what is copied."""
    folder, newest_ms = machine.paths.stored(), None
    if (folder / DATABASE_NAME).exists():
        with integrity.examining(folder) as conn:
            newest_ms = overview.newest_clip_ms(conn)
    advice = "Does the program run that watches the clipboard? The hub takes what it is sent: smrthub clip add TEXT"
    if newest_ms is None:
        return Finding("clipboard", "skipped", "no clip is there", "clipboard_none", advice)
    age_s = max(0, machine.now() - newest_ms) // 1000
    detail = f"the newest clip came {span(age_s)} ago"
    if age_s > SILENT_DAYS * DAY_S:
        return Finding("clipboard", "warning", detail, "clipboard_silent", advice, age_s)
    return Finding("clipboard", "ok", detail, age_s=age_s)


def _written_ms(paths: Paths) -> Iterator[int]:
    for folder in (paths.stored(), paths.runtime(), paths.logs()):
        for path in folder.iterdir() if folder.is_dir() else ():
            yield path.lstat().st_mtime_ns // 1_000_000
