"""The tables, as numbered steps that bring any older database to this version.

A step never changes once released. Before a step runs on a database that holds something, the whole of it is copied to
``backups/`` beside it.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from python_core.errors import HubError
from python_core.store.steps import STEPS
from python_core.utils.config_path_resolver import make_private
from python_core.utils.file_lock import FileLock

DATABASE_NAME = "hub.db"
VERSION = len(STEPS)


class StoreUnusable(HubError):
    """The database cannot be used by this version of the hub; it stays untouched."""

    code = "store_unusable"


def bring_up_to_date(folder: Path) -> None:
    """Make the database in ``folder`` if there is none, and run the steps it has not had yet; safe for many at once.

    :raises StoreUnusable: it was written by a newer version, or it is no database.
    """
    make_private(folder)
    path = folder / DATABASE_NAME
    if path.exists() and _version_of(path) == VERSION:
        return
    with FileLock(folder / "schema.lock"):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        have = _version_of(path)
        if have > VERSION:
            raise StoreUnusable(
                f"{path} was written by a newer SmrtHub (schema {have}, this one knows {VERSION}). "
                "Update SmrtHub, or move the file away to start empty."
            )
        for number in range(have + 1, VERSION + 1):
            _take_step(path, number)


def _version_of(path: Path) -> int:
    try:
        conn = _open(path)
        try:
            return int(conn.pragma("user_version") or 0)
        finally:
            conn.close()
    except apsw.NotADBError:
        raise StoreUnusable(
            f"{path} is damaged or no database: it is left as it is. Move it away to start empty, "
            f"or put back a copy from {path.parent / 'backups'}."
        ) from None


def _take_step(path: Path, number: int) -> None:
    conn = _open(path)
    try:
        if number > 1:
            _back_up(conn, path, number)
        else:
            conn.pragma("journal_mode", "wal")
        with conn:
            conn.execute(STEPS[number - 1])
            conn.pragma("user_version", number)
    finally:
        conn.close()


def _back_up(conn: apsw.Connection, path: Path, number: int) -> None:
    target = make_private(path.parent / "backups") / f"hub-before-step-{number}.db"
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    copy = apsw.Connection(str(target))
    try:
        with copy.backup("main", conn, "main") as backup:
            backup.step()
    finally:
        copy.close()


def _open(path: Path) -> apsw.Connection:
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    conn.set_busy_timeout(30_000)
    conn.pragma("synchronous", "full")
    return conn
