"""What holds now, over a restoring: the pause, and what was forgotten; what was due at the backup is not done again."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from python_core.store.connection import connect
from python_core.store.overwriting import OVERWRITTEN
from python_core.store.steps import STEPS
from python_core.utils.timestamps import now_ms


def drop_what_was_due(restored: Path) -> None:
    """Cancel the runs that had not ended at the backup, and have retention announced anew before it takes anything.

    The runs have gone on since, in the store that is replaced; and whoever brings an old store back wants what is in it.
    """
    conn = connect(restored)
    try:
        conn.execute(
            "UPDATE runs SET state = 'cancelled', finished_at = ?, lease_until = NULL WHERE state IN ('queued', 'running')",
            (now_ms(),),
        )
        conn.execute("DELETE FROM meta WHERE key IN ('retention', ?)", (OVERWRITTEN,))
    finally:
        conn.close()


def carry_state(current: Path, restored: Path, *, include_forgotten: bool) -> None:
    """Give a database that is to be put in place the pauses and receipts of the one before, where both are of this version.

    A forgetting that is not done goes on at the next start; not with ``include_forgotten``.
    """
    if not current.exists():
        return
    conn = connect(restored)
    try:
        conn.execute("ATTACH ? AS present", (os.fspath(current),))
        versions = [conn.execute(f"PRAGMA {name}.user_version").fetchone() for name in ("main", "present")]
        if versions != [(len(STEPS),)] * 2:
            return
        with conn:
            conn.execute("DELETE FROM main.pauses; INSERT INTO main.pauses SELECT * FROM present.pauses")
            conn.execute(
                "CREATE TEMP TABLE carried AS SELECT * FROM present.forgettings "
                "WHERE id NOT IN (SELECT id FROM main.forgettings) AND (state = 'done' OR NOT ?) ORDER BY seq",
                (include_forgotten,),
            )
            conn.execute(  # how far it was is said of the files of the one before
                "UPDATE carried SET oldest_at = NULL, gone = json_remove(gone, '$.isLoose', '$.isMerging', '$.page') "
                "WHERE state <> 'done'"
            )
            conn.execute("UPDATE carried SET seq = NULL; INSERT INTO main.forgettings SELECT * FROM carried")
            conn.execute(
                "INSERT OR IGNORE INTO main.answered SELECT * FROM present.answered WHERE forgotten_at IS NOT NULL"
            )
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.IOError, apsw.CantOpenError):
        return  # it cannot be read, which may be why another takes its place
    finally:
        conn.close()
