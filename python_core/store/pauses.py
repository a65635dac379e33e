"""Rows of the spans of time in which nothing is captured, the one in force among them."""

from __future__ import annotations

from typing import NamedTuple

from python_core.store.connection import Connection

#: Spans that are kept, the newest: they also keep out what was seen within one and arrives after it.
KEPT = 200


class PauseRow(NamedTuple):
    """A pause from ``begun_at_ms``; ``until_ms`` None: until somebody ends it."""

    begun_at_ms: int
    until_ms: int | None


def add_pause(conn: Connection, pause: PauseRow) -> None:
    """Add a pause; the oldest beyond ``KEPT`` go."""
    conn.execute("INSERT INTO pauses(begun_at, until, is_over) VALUES (?, ?, 0)", pause)
    conn.execute("DELETE FROM pauses WHERE seq <= ?", (conn.last_insert_rowid() - KEPT,))


def get_last_pause(conn: Connection) -> PauseRow | None:
    """Return the pause that nobody has ended; it may have ended by itself."""
    row = conn.execute("SELECT begun_at, until FROM pauses WHERE NOT is_over ORDER BY seq DESC LIMIT 1").fetchone()
    return PauseRow._make(row) if row else None


def is_in_force(pause: PauseRow, now_ms: int) -> bool:
    """Say whether a pause that nobody has ended is in force."""
    return pause.until_ms is None or pause.until_ms > now_ms


def keeps_out(conn: Connection, now_ms: int, at_ms: int) -> bool:
    """Say whether a pause is in force, also where the clock was set back before its beginning, or one held an earlier moment."""
    return bool(conn.execute(_KEEPS_OUT, (now_ms, at_ms)).fetchall()[0][0])


def kept_out(now: str, at: str) -> str:
    """Return, in SQL, whether a pause is in force ``now``, or one that is kept holds ``at``."""
    return (
        f"EXISTS (SELECT 1 FROM pauses WHERE (NOT is_over AND (until IS NULL OR until > {now})) "
        f"OR (begun_at <= {at} AND (until IS NULL OR until > {at})))"
    )


def end_pause(conn: Connection, now_ms: int) -> bool:
    """End the pause in force; say whether there was one."""
    conn.execute(
        "UPDATE pauses SET until = max(begun_at, ?1), is_over = 1 WHERE NOT is_over AND (until IS NULL OR until > ?1)",
        (now_ms,),
    )
    return conn.changes() > 0


def take_lapsed(conn: Connection, now_ms: int) -> bool:
    """Say whether a pause has ended by itself since the last call, of whatever process."""
    if conn.execute("SELECT 1 FROM pauses WHERE NOT is_over AND until <= ?", (now_ms,)).fetchone() is None:
        return False
    conn.execute("UPDATE pauses SET is_over = 1 WHERE until <= ?", (now_ms,))
    return True


_KEEPS_OUT = f"SELECT {kept_out('?1', '?2')}"
