"""What was forgotten stays so over a restoring: it goes from the database that is to be put in place, as from any copy."""

from __future__ import annotations

from pathlib import Path

import apsw

from python_core.errors import HubError
from python_core.store import forgettings
from python_core.store.connection import connect
from python_core.store.copies import forget_in_copy
from python_core.store.forgettings import ForgettingRow, Taken
from python_core.store.steps import STEPS

_ALL = 2**62


def forget_again(current: Path, restored: Path) -> int | None:
    """Take out of ``restored`` what the store at ``current`` knows to be forgotten; return how many items went.

    :return: None when that cannot be known: there is no store, it cannot be read, or the backup is of an older schema.
    """
    try:
        ids = _forgotten_in(current)
        if not ids:
            return 0
        row = _row_of(ids)
        conn = connect(restored)
        try:
            if conn.pragma("user_version") != len(STEPS):
                return None
            counts, _, _ = forgettings.count_taken(conn, row)
        finally:
            conn.close()
    except (apsw.Error, HubError, OSError):
        return None
    if sum(counts.values()) and forget_in_copy(restored, [row]) != "cleaned":
        return None
    return sum(counts.values())


def _forgotten_in(path: Path) -> list[str]:
    """Return the ids that a store knows to be forgotten and does not hold: some may have been imported again."""
    conn = connect(path)
    try:
        ids = forgettings.list_forgotten_ids(conn)
        for table in ("clips", "visits", "outputs"):
            ids.difference_update(item for (item,) in conn.execute(f"SELECT id FROM {table}") if item in ids)
        return sorted(ids)
    finally:
        conn.close()


def _row_of(ids: list[str]) -> ForgettingRow:
    return ForgettingRow(
        seq=0,
        id="",
        at_ms=0,
        cause="asked",
        client="",
        trace_id="",
        state="removing",
        ids=ids,
        site=None,
        from_ms=None,
        to_ms=None,
        clips_upto=_ALL,
        visits_upto=_ALL,
        outputs_upto=_ALL,
        spares_cited=False,
        oldest_ms=None,
        finished_ms=None,
        gone=Taken(),
        detail="",
    )
