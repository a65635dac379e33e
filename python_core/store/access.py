"""Access and copies of the database: no copy gives the owner's token, no restoring brings back what was taken away."""

from __future__ import annotations

import os
from pathlib import Path

import apsw

from python_core.store.overwriting import OVERWRITTEN


def carry_access(current: Path, restored: Path) -> bool:
    """Give the clients of a database that is to be put in place the tokens, ends and trust that they have now.

    A token that was revoked or exchanged after the backup would work again otherwise. What waited for the user's word goes.

    :return: False when there is no store, or it cannot be read: then all are as they were in the backup.
    """
    conn = apsw.Connection(os.fspath(restored), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        conn.execute("DELETE FROM pairings; DELETE FROM confirmations")
        if not current.exists():
            return False
        conn.execute("ATTACH ? AS present", (os.fspath(current),))
        conn.execute(
            "UPDATE main.clients SET secret_hash = present.secret_hash, revoked_at = present.revoked_at, "
            "trusted = present.trusted FROM present.clients AS present WHERE present.id = main.clients.id"
        )
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError, apsw.IOError, apsw.CantOpenError):
        return False
    finally:
        conn.close()
    return True


def forget_session(copy: apsw.Connection) -> None:
    """Take out of a copy the mark of the session, without which the owner's token cannot be made; no byte of it stays.

    And the mark of an overwriting, which was one of the other file's pages.
    """
    copy.pragma("secure_delete", True)
    copy.execute("DELETE FROM meta WHERE key IN ('session', ?)", (OVERWRITTEN,))
