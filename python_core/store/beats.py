"""The last sign of life of each module, whichever process runs it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from python_core.store.connection import Connection


class BeatRow(NamedTuple):
    """``interval_s`` is how often the module promises to beat; ``level`` and ``detail`` what it said of itself."""

    module: str
    pid: int
    interval_s: int
    level: str
    detail: str
    at_ms: int


def get_beat(conn: Connection, module: str) -> BeatRow | None:
    """Return a module's last beat."""
    row = conn.execute(f"SELECT {_COLUMNS} FROM beats WHERE module = ?", (module,)).fetchone()
    return BeatRow(*row) if row else None


def set_beat(conn: Connection, beat: BeatRow) -> None:
    """Write a module's beat in the place of the one before."""
    conn.execute("INSERT OR REPLACE INTO beats VALUES (?, ?, ?, ?, ?, ?)", beat)


_COLUMNS = "module, pid, interval_s, level, detail, at"


def list_beats(conn: Connection) -> list[BeatRow]:
    """Return the last beat of every module."""
    return [BeatRow(*row) for row in conn.execute(f"SELECT {_COLUMNS} FROM beats ORDER BY module")]


def remove_beat(conn: Connection, module: str, pid: int) -> None:
    """Remove a module's beat when it ends in order, if it is still this process's."""
    conn.execute("DELETE FROM beats WHERE module = ? AND pid = ?", (module, pid))


def remove_beats(conn: Connection, modules: Iterable[str]) -> None:
    """Remove the beats of modules, whichever process they are of."""
    conn.executemany("DELETE FROM beats WHERE module = ?", [(module,) for module in modules])
