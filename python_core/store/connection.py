"""Connections to the hub's database, with its settings, and SQLite's failures in the hub's terms."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from python_core.errors import Busy, HubError, StorageFull
from python_core.store import ranking
from python_core.store.schema import StoreUnusable


class Connection(apsw.Connection):
    """``has_news``: what was written since the last commit has events in it; ``frames``: how long the log was at the last one.

    ``file``: which file it was opened on, by device and number.
    """

    has_news = False
    frames = 0
    file: tuple[int, int] | None = None

    def is_in_place(self) -> bool:
        """Say whether its path still leads to its file: SQLite goes on writing to one that was moved away or deleted."""
        return _file_at(self.filename) == self.file


def _file_at(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  # at each commit: a Path costs as much again as the call
    except OSError:
        return None
    return found.st_dev, found.st_ino


def note_frames(conn: apsw.Connection, _database: str, frames: int) -> int:
    """Keep how long the log is after a commit, as ``set_wal_hook`` has it."""
    if isinstance(conn, Connection):
        conn.frames = frames
    return apsw.SQLITE_OK


#: How long a writer waits for another process's transaction before the caller is told ``busy``.
BUSY_TIMEOUT_MS = 5_000
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA temp_store=MEMORY",
)


def connect(path: Path) -> Connection:
    """Return a connection with the hub's settings; the file must exist (it is made with mode 0600 before)."""
    conn = Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    conn.file = _file_at(conn.filename)
    conn.set_busy_timeout(BUSY_TIMEOUT_MS)
    # Else SQLite plans a query anew whenever a value bound to an indexed column is another: 25 µs of 33 a query.
    conn.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    for pragma in _PRAGMAS:
        conn.execute(pragma)
    ranking.register(conn)
    return conn


def finding_of(fault: Exception) -> Exception:
    """Say a SQLite failure in the hub's terms; anything else is returned as it is."""
    if isinstance(fault, (apsw.BusyError, apsw.LockedError)):
        finding: HubError = Busy("The database is in use by another process; try again.")
    elif isinstance(fault, apsw.FullError):
        finding = StorageFull("The disk is full: nothing was stored. Free some space and try again.")
    elif isinstance(fault, (apsw.IOError, apsw.ReadOnlyError, apsw.CantOpenError)):
        finding = Busy("The database cannot be reached or written at the moment: check its disk and folder.")
    elif isinstance(fault, (apsw.CorruptError, apsw.NotADBError)):
        finding = StoreUnusable("The database is damaged: end the hub and put back a copy from the folder backups.")
    else:
        return fault
    finding.__cause__ = fault
    return finding
