"""Copies of the whole database: made of one moment while others write, checked, and put in the place of another."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from python_core.errors import BadInput, Busy
from python_core.store.access import forget_session
from python_core.store.connection import connect, finding_of
from python_core.store.schema import DATABASE_NAME
from python_core.store.steps import STEPS
from python_core.utils.config_path_resolver import make_private, private_opener, sync_folder

#: Pages of one step: 1 MiB.
STEP_PAGES = 256
#: Instructions of SQLite's between two looks whether a check shall end.
CHECK_STEPS = 100_000
#: What was in the place of a restored database, until a start has succeeded; and what is about to be put there.
REPLACED, RESTORING = "replaced", "restoring.db"
_NAME = re.compile(r"hub-(\d{4}-\d{2}-\d{2})\.db")


class DailyCopy(NamedTuple):
    """A copy of a day (UTC)."""

    day: date
    path: Path


def list_daily_copies(folder: Path) -> list[DailyCopy]:
    """Return the copies of the store in ``folder``, newest first."""
    try:
        names = os.listdir(folder / "backups")  # noqa: PTH208  # a fifth of the time: every /status asks
    except FileNotFoundError:
        return []
    days = [(found[1], name) for name in names if (found := _NAME.fullmatch(name))]
    return [DailyCopy(date.fromisoformat(day), folder / "backups" / name) for day, name in sorted(days, reverse=True)]


def copy_database(source: Path, target: Path, progress: Callable[[int, int], None]) -> None:
    """Copy the database as it is at this moment into ``target``, a new file of its own without a log beside it.

    Others write meanwhile: the copy reads one moment of the write-ahead log. The owner's token cannot be made from a copy.

    :param progress: told pages done and to do after each step; what it raises ends the copy.
    :raises StorageFull: there is no room; an unfinished ``target`` stays, for the caller to remove.
    """
    os.close(private_opener(os.fspath(target), os.O_RDWR | os.O_CREAT | os.O_EXCL))
    try:
        conn, copy = connect(source), apsw.Connection(os.fspath(target))
        try:
            conn.execute("BEGIN")
            conn.execute("SELECT 1 FROM sqlite_schema").fetchone()  # from here on it sees this moment
            with copy.backup("main", conn, "main") as backup:
                while not backup.done:
                    backup.step(STEP_PAGES)
                    progress(backup.page_count - backup.remaining, backup.page_count)
            copy.execute("PRAGMA journal_mode=DELETE")
            forget_session(copy)
        finally:
            copy.close()
            conn.close()
    except apsw.Error as fault:
        raise finding_of(fault) from fault
    _sync(target)


def faults_in(path: Path, *, thorough: bool, look: Callable[[], None] = lambda: None) -> list[str]:
    """Check a database that nobody uses; return what SQLite says is wrong with it, nothing when it is whole.

    :param thorough: compare indexes with their tables too.
    :param look: called now and then; what it raises ends the check.
    """

    def go_on() -> bool:
        look()
        return False

    try:
        conn = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            conn.set_progress_handler(go_on, CHECK_STEPS)
            rows: list[Any] = conn.execute(f"PRAGMA {'integrity' if thorough else 'quick'}_check(20)").fetchall()
            return [text for (text,) in rows if text != "ok"]
        finally:
            conn.close()
    except (apsw.CorruptError, apsw.NotADBError):
        return ["it is no database, or its beginning is damaged"]


def blobs_named_in(path: Path) -> list[str]:
    """Return the digests of the pictures that a store's database names.

    :raises BadInput: it is of a newer version of the hub, or no store's.
    """
    conn = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        version = int(conn.pragma("user_version"))
        if not 1 <= version <= len(STEPS):
            raise BadInput(f"It is of schema {version}, this SmrtHub knows 1 to {len(STEPS)}: update SmrtHub.")
        rows: list[Any] = conn.execute("SELECT DISTINCT digest FROM fragments WHERE content IS NULL").fetchall()
        return sorted(digest for (digest,) in rows)
    finally:
        conn.close()


def check_unused(folder: Path) -> None:
    """Fold the log of the store's database into it and make sure that no process has it open.

    :raises Busy: one has.
    """
    path = folder / DATABASE_NAME
    if not path.exists():
        return
    try:
        conn = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            conn.execute("PRAGMA journal_mode=DELETE")  # SQLite leaves WAL only for who is alone
            conn.execute("PRAGMA journal_mode=WAL")
        finally:
            conn.close()
    except (apsw.BusyError, apsw.LockedError):
        raise Busy("Another process uses the store: end it first.") from None
    except (apsw.CorruptError, apsw.NotADBError):
        return  # that is why it is to be replaced


def put_in_place(folder: Path) -> Path | None:
    """Make the checked ``RESTORING`` file the store's database; return where the one before lies, if there was one.

    At any moment there is a whole database in the place, the one before or the new one.
    """
    new, path = folder / RESTORING, folder / DATABASE_NAME
    conn = apsw.Connection(os.fspath(new), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
    finally:
        conn.close()
    aside = None
    if path.exists():
        aside = make_private(folder / REPLACED) / DATABASE_NAME
        aside.unlink(missing_ok=True)
        try:
            os.link(path, aside)
        except OSError:  # a file system without links
            shutil.copyfile(path, aside, follow_symlinks=False)
        for ending in ("-wal", "-shm"):  # of a damaged one: SQLite would play that log into the new one
            log = path.with_name(path.name + ending)
            if log.exists():
                log.replace(aside.with_name(log.name))
    _sync(new)
    new.replace(path)
    sync_folder(folder)
    return aside


def has_replaced(folder: Path) -> bool:
    """Say whether a database was replaced and no start has succeeded since."""
    return (folder / REPLACED).is_dir()


def remove_replaced(folder: Path) -> None:
    """Remove the database that was replaced, and what an interrupted restoring has left."""
    shutil.rmtree(folder / REPLACED, ignore_errors=True)
    remove_draft(folder)


def remove_draft(folder: Path) -> None:
    """Remove what was about to be put in the place of the database, and what SQLite has written beside it.

    A journal that a killed restoring has left would be played into the next draft.
    """
    for ending in ("-journal", "-wal", "-shm", ""):
        (folder / (RESTORING + ending)).unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
