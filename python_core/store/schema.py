"""The tables, as numbered steps that bring any older database to this version.

A step never changes once released. Before a step runs on a database that holds something, the whole of it is copied to
``backups/`` beside it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from python_core.errors import HubError, StorageFull
from python_core.store.steps import STEPS
from python_core.utils.config_path_resolver import make_private
from python_core.utils.file_lock import FileLock

DATABASE_NAME = "hub.db"


class StoreUnusable(HubError):
    """The database cannot be used by this version of the hub; it stays untouched."""

    code = "store_unusable"


#: From this size on a step and its copy take seconds: whoever waits is told why.
LARGE_BYTES = 64 * 1024 * 1024
#: Between two words on how far it is; pages that are copied at once, and instructions of SQLite's, a few ms each.
TELL_EVERY_S = 10.0
PAGES_AT_ONCE, INSTRUCTIONS_AT_ONCE = 4096, 1_000_000
Tell = Callable[[str], object]


class _Told:
    """What a step tells while it goes on: a line every ``TELL_EVERY_S`` at most."""

    def __init__(self, tell: Tell, monotonic: Callable[[], float]) -> None:
        self.tell, self._monotonic = tell, monotonic
        self._told_at = monotonic()
        self.seconds = 0.0

    def is_due(self) -> bool:
        """Say whether it is time for a line; ``seconds`` is then how long it has taken so far."""
        since_s = self._monotonic() - self._told_at
        if since_s < TELL_EVERY_S:
            return False
        self._told_at += since_s
        self.seconds += since_s
        return True


def bring_up_to_date(
    folder: Path,
    steps: Sequence[str] = STEPS,
    tell: Tell | None = None,
    large_bytes: int = LARGE_BYTES,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Make the database in ``folder`` if there is none, and run the steps it has not had yet; safe for many at once.

    :param tell: is given a line before and after each step of a large database, and how far it is every ten seconds.
    :raises StoreUnusable: it was written by a newer version, or it is no database.
    :raises StorageFull: there is no room for the copy that is made first.
    """
    make_private(folder)
    path = folder / DATABASE_NAME
    if path.exists() and _version_of(path) == len(steps):
        return
    with FileLock(folder / "schema.lock"):
        # Never opened beside SQLite: closing a descriptor of the file gives up all locks that this process has on it.
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        have = _version_of(path)
        if have > len(steps):
            raise StoreUnusable(
                f"{path} was written by a newer SmrtHub (schema {have}, this one knows {len(steps)}). "
                "Update SmrtHub, or move the file away to start empty."
            )
        size = path.stat().st_size
        say: Tell = tell if tell is not None and size >= large_bytes else _say_nothing
        if 0 < have < len(steps):
            _need_room(path, size, free_bytes(folder))
        for number in range(have + 1, len(steps) + 1):
            say(
                f"Bringing what is stored up to date: step {number} of {len(steps)}, {size // 1_000_000} MB. "
                f"A copy is made first, in {folder / 'backups'}. Leave it running…"
            )
            _take_step(path, number, steps[number - 1], None if have == 0 else _Told(say, monotonic))
            say("Done: what is stored is up to date.")


def _need_room(path: Path, size: int, free: int) -> None:
    if free < size:
        raise StorageFull(
            f"{path} has to be brought up to date. That needs {size // 1_000_000 + 1} MB for a copy that is made first, "
            f"and {free // 1_000_000} MB are free on its disk: free some, then start again. Nothing was changed."
        )


def _say_nothing(_line: str) -> None:
    pass


def _version_of(path: Path) -> int:
    try:
        conn = _open(path)
        try:
            return int(conn.pragma("user_version") or 0)
        finally:
            conn.close()
    except (apsw.NotADBError, apsw.CorruptError):
        raise StoreUnusable(
            f"{path} is damaged or no database: it is left as it is. Move it away to start empty, "
            f"or put back a copy from {path.parent / 'backups'}."
        ) from None


def _take_step(path: Path, number: int, step: str, told: _Told | None) -> None:
    """Run a step; ``told`` None: the database is new, and there is nothing to copy."""
    conn = _open(path)
    try:
        if told is None:
            conn.pragma("journal_mode", "wal")
        else:
            _back_up(conn, path, number, told)
            conn.set_progress_handler(lambda: _go_on(number, told), INSTRUCTIONS_AT_ONCE)
        with conn:
            conn.execute(step)
            conn.pragma("user_version", number)
    finally:
        conn.close()


def _go_on(number: int, told: _Told) -> bool:
    if told.is_due():
        told.tell(f"  step {number} goes on, {told.seconds:.0f} s so far")
    return False


def _back_up(conn: apsw.Connection, path: Path, number: int, told: _Told) -> None:
    target = make_private(path.parent / "backups") / f"hub-before-step-{number}.db"
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    copy = apsw.Connection(str(target))
    is_whole = False
    try:
        with conn, copy.backup("main", conn, "main") as backup:
            conn.execute("SELECT 1 FROM sqlite_schema").fetchone()  # who writes meanwhile does not begin it anew
            while not backup.done:
                backup.step(PAGES_AT_ONCE)
                if told.is_due():
                    told.tell(f"  {1 - backup.remaining / backup.page_count:.0%} copied")
        is_whole = True
    finally:
        copy.close()
        if not is_whole:  # half a copy is none, and a full disk needs the room
            for left in (target, target.with_name(f"{target.name}-journal")):
                left.unlink(missing_ok=True)


def _open(path: Path) -> apsw.Connection:
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    conn.set_busy_timeout(30_000)
    conn.pragma("synchronous", "full")
    return conn
