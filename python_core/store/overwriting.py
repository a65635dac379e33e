"""Leave nothing of removed rows in the database's files: fold the write-ahead log in and cut it."""

from __future__ import annotations

import time

import apsw

from python_core.store.connection import connect, finding_of
from python_core.store.database import Store

#: While it waits for a reader, a checkpoint of this kind lets nobody write: it waits for a moment only, and again.
FOLD_WAIT_MS = 50
FOLD_PAUSE_S = 0.02


def fold_log(store: Store, within_s: float) -> bool:
    """Write all of the write-ahead log into the database and cut it to nothing; say whether that was possible in time.

    It is not while a reader still holds the moment before, whatever its process.
    """
    end = time.monotonic() + within_s
    try:
        conn = connect(store.path)
        try:
            conn.set_busy_timeout(FOLD_WAIT_MS)
            while not _fold(conn):
                if time.monotonic() >= end:
                    return False
                time.sleep(FOLD_PAUSE_S)
            return True
        finally:
            conn.close()
    except apsw.Error as fault:
        raise finding_of(fault) from fault


def _fold(conn: apsw.Connection) -> bool:
    try:
        frames, _ = conn.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    return frames <= 0
