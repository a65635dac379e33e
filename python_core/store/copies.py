"""Forget in the copies of the database too: those in ``backups/`` beside it.

A copy of this schema is opened, and the same rows go by the same code. Another cannot be known to be clean, so it is removed: one
made before a schema step, one that is damaged or cannot be written, a draft of one (who makes it begins again). Copies that the
user put elsewhere are the user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import apsw

from python_core.store import document_index, forgettings, meta, removal
from python_core.store.connection import Connection, connect
from python_core.store.forgettings import ForgettingRow, Taken
from python_core.store.overwriting import OVERWRITTEN, fold_log, overwrite_slack
from python_core.store.steps import STEPS

COPIES = "backups"
#: Rows of a copy that go in one transaction.
ROWS_AT_ONCE = 500
#: Set in a copy from which rows have gone, until its files are rid of what they left: a crash in between shows.
_UNCLEAN = "unclean"


def list_copies(folder: Path) -> list[Path]:
    """Return the copies of the database in ``folder``, oldest name first."""
    return sorted(path for path in (folder / COPIES).glob("*.db") if path.is_file())


def remove_drafts(folder: Path) -> bool:
    """Remove copies that are being made, of an older moment perhaps; say whether none is left."""
    return all([_remove(path) for path in (folder / COPIES).glob(".*.tmp")])  # noqa: C419  # each, not until one stays


def clean_copy(path: Path) -> bool:
    """Rid a copy that was made meanwhile of the slack it took over, and of what was wanted; say whether that was possible."""
    conn = connect(path)
    try:
        for row in forgettings.list_unfinished(conn):
            forgettings.clear_wanted(conn, row)
    except (apsw.BusyError, apsw.LockedError):
        return False
    finally:
        conn.close()
    return _clean(path) is not None


def forget_in_copy(path: Path, rows: list[ForgettingRow]) -> str | None:
    """Take out of a copy what forgettings take: ``cleaned``, ``unchanged``, ``removed``, or None: not now, it is in use."""
    try:
        unclean = _is_unclean(path, rows)
    except (apsw.BusyError, apsw.LockedError, apsw.CantOpenError):
        return None
    except (apsw.NotADBError, apsw.CorruptError, apsw.ReadOnlyError):
        unclean = None
    if unclean is None:
        return "removed" if _remove(path) else None
    return _clean(path) if unclean else "unchanged"


def _is_unclean(path: Path, rows: list[ForgettingRow]) -> bool | None:
    """Remove the rows; say whether the files may hold something of them, None when this is no copy that can be cleaned."""
    conn = connect(path)
    try:
        if conn.pragma("user_version") != len(STEPS):
            return None
        changed = [_remove_rows(conn, row) for row in rows]
        return any(changed) or meta.get_value(conn, _UNCLEAN) is not None
    finally:
        conn.close()


def _remove_rows(conn: Connection, row: ForgettingRow) -> bool:
    """Remove what the forgetting takes, and what it says of that; say whether there was anything."""
    known = forgettings.get_forgetting(conn, row.id)
    counts, oldest_ms, _ = forgettings.count_taken(conn, row)
    span = forgettings.asides_of(
        row, min((each for each in (oldest_ms, row.oldest_ms) if each is not None), default=None)
    )
    before = conn.total_changes()
    with conn:
        if known is not None:  # copied while it was under way
            forgettings.clear_wanted(conn, known._replace(gone=Taken()))
        if span is not None:
            removal.clear_asides_within(conn, span)
            while removal.clear_runs_within(conn, span):
                pass
        if row.from_ms is not None and row.to_ms is not None and row.site is None and row.visits_upto:
            removal.remove_sightings_within(conn, row.from_ms, row.to_ms)
        if not any(counts.values()) and conn.total_changes() == before:
            return False
        meta.set_value(conn, _UNCLEAN, "1")
    for kind, found in _taken(conn, row):
        with conn, document_index.loosely_removing(conn) if row.gone.is_loose else nullcontext():
            for seq in found:
                removal.remove_item(conn, kind, seq, row.at_ms)
            conn.execute("DELETE FROM doomed_blobs")  # the blobs are the hub's
    begin = True
    while row.gone.is_loose and document_index.merge_index(conn, begin=begin):
        begin = False
    return True


def _taken(conn: Connection, row: ForgettingRow) -> Iterator[tuple[str, list[int]]]:
    for kind in forgettings.KINDS:
        while found := forgettings.list_taken(conn, row, kind, 0, ROWS_AT_ONCE):
            yield kind, found


def _clean(path: Path) -> str | None:
    if not fold_log(path):
        return None
    page: int | None = 0
    while page is not None:
        done = overwrite_slack(path, page)
        if done == page:
            return None
        page = done
    conn = connect(path)
    try:
        conn.execute("DELETE FROM meta WHERE key IN (?, ?)", (_UNCLEAN, OVERWRITTEN))
    finally:
        conn.close()  # the last one: SQLite folds the log in and removes its files
    return "cleaned"


def _remove(path: Path) -> bool:
    try:
        for ending in ("-wal", "-shm", "-journal", ""):  # its own name last: what is cut off is found by it
            path.with_name(path.name + ending).unlink(missing_ok=True)
    except PermissionError:  # Windows removes no file that somebody reads
        return False
    return True
