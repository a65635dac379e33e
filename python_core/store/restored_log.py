"""The event log over a restoring: its ids rise on, and nothing is told under an id that was told before."""

from __future__ import annotations

import os
from pathlib import Path

import apsw


def begin_log_anew(current: Path, restored: Path) -> None:
    """Empty the event log of a database that is to be put in place, and let its ids go on behind those that were told before.

    Whoever followed the events then finds its place gone (``reset``), instead of other events under ids that it knows.
    """
    told = _newest_event_id(current) if current.exists() else 0
    conn = apsw.Connection(os.fspath(restored), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        conn.execute("DELETE FROM events")
        conn.execute(
            "INSERT INTO sqlite_sequence(name, seq) SELECT 'events', 0 "
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'events')"
        )
        conn.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) + 1 WHERE name = 'events'", (told,))
    finally:
        conn.close()


def _newest_event_id(path: Path) -> int:
    try:
        conn = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
        finally:
            conn.close()
    except apsw.Error:  # it cannot be read, which may be why another takes its place
        return 0
    return int(row[0]) if row else 0
