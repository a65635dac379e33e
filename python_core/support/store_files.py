"""Examine what is around the store's contents: modes of files, room on the disk, the size of the log, the daily copies."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from python_core.store.copying import list_daily_copies
from python_core.store.schema import DATABASE_NAME
from python_core.utils.timestamps import now_ms

State = Literal["ok", "warning", "failed", "repaired", "skipped"]
LOG_BYTES_AT_MOST = 256 << 20
FREE_BYTES_AT_LEAST = 512 << 20
COPY_DAYS_AT_MOST = 2


class Finding(NamedTuple):
    """What one check found: ``code`` names the reason for programs, ``advice`` says what to do; both empty when all is well.

    ``age_s`` is how old that is which it was judged by, in seconds: a sign of life, a call, a copy; None: looked at now.
    """

    check: str
    state: State
    detail: str
    code: str = ""
    advice: str = ""
    age_s: int | None = None


#: The members of a finding as JSON has them.
NAMES = ("check", "state", "detail", "code", "advice", "ageSeconds")


def examine_files(folder: Path) -> list[Finding]:
    """Return what each of these checks found about the store in a folder."""
    return [_check_files(folder), _check_disk(folder), _check_log(folder), _check_copies(folder)]


if sys.platform == "win32":

    def _is_open(found: os.stat_result) -> bool:  # noqa: ARG001  # no modes there
        return False

else:

    def _is_open(found: os.stat_result) -> bool:
        return found.st_uid != os.geteuid() or bool(stat.S_IMODE(found.st_mode) & 0o077)


def count_open_to_others(folder: Path) -> int:
    """Count what is below a folder, itself included, that others can read or own, or that leads elsewhere."""
    open_to_others = 0
    for place, folders, files in os.walk(folder):
        for path in [Path(place), *(Path(place) / name for name in [*files, *folders])]:
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            open_to_others += stat.S_ISLNK(found.st_mode) or _is_open(found)
    return open_to_others


def _check_files(folder: Path) -> Finding:
    """Nobody else may read or own any file of the store, and none may lead elsewhere."""
    open_to_others = count_open_to_others(folder)
    if open_to_others:
        advice = f"Make them yours alone: chmod -R u+rwX,go= {folder}"
        return Finding("files", "failed", f"{open_to_others} are open to others, or links", "files_open", advice)
    return Finding("files", "ok", "yours alone")


def _check_disk(folder: Path) -> Finding:
    free, needed = shutil.disk_usage(folder).free, (folder / DATABASE_NAME).stat().st_size
    detail = f"{free >> 20:,} MiB free"
    if free < FREE_BYTES_AT_LEAST:
        return Finding("disk", "failed", detail, "disk_short", "Free some space: the hub soon stores nothing more.")
    if free < needed + FREE_BYTES_AT_LEAST:
        return Finding("disk", "warning", detail, "disk_short", "Free some space: there is no room for a daily copy.")
    return Finding("disk", "ok", detail)


def _check_log(folder: Path) -> Finding:
    path = folder / f"{DATABASE_NAME}-wal"
    held = path.stat().st_size if path.exists() else 0
    if held > LOG_BYTES_AT_MOST:
        advice = "Some program reads for very long: end the hub and start it again."
        return Finding("write-ahead log", "warning", f"{held >> 20:,} MiB", "log_large", advice)
    return Finding("write-ahead log", "ok", f"{held >> 20:,} MiB")


def _check_copies(folder: Path) -> Finding:
    copies = list_daily_copies(folder)
    advice = "Leave the hub running for a few minutes, or make one: smrthub export --backup FILE"
    if not copies:
        return Finding("daily copies", "warning", "there is none", "no_recent_copy", advice)
    newest = copies[0].day
    age_days = (datetime.fromtimestamp(now_ms() / 1000, UTC).date() - newest).days
    age_s = max(0, int(now_ms() / 1000 - copies[0].path.stat().st_mtime))
    detail = f"{len(copies)}, the newest of {newest.isoformat()}"
    if age_days > COPY_DAYS_AT_MOST:
        return Finding("daily copies", "warning", detail, "no_recent_copy", advice, age_s)
    return Finding("daily copies", "ok", detail, age_s=age_s)
