"""Rows of marks: which privacy rules had a say in an item; a mark goes with its item (triggers in ``steps``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from python_core.store.connection import Connection


def add_marks(conn: Connection, item: str, rules: Iterable[str]) -> None:
    """Mark an item by its id; what it is marked with stays."""
    conn.executemany("INSERT OR IGNORE INTO marks VALUES (?, ?)", ((item, rule) for rule in rules))


def get_marks(conn: Connection, item: str) -> list[str]:
    """Return the names of the rules that an item is marked with."""
    rows: list[Any] = conn.execute("SELECT rule FROM marks WHERE item = ? ORDER BY rule", (item,)).fetchall()
    return [rule for (rule,) in rows]
