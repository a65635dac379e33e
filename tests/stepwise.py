"""The two ways of storing side by side: by one statement where that does, and step by step."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from python_core.store import Connection, Store

T = TypeVar("T")
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_TABLES = ["clips", "fragments", "documents", "visits", "sightings", "answered", "events", "tallies", "marks", "pauses"]


class Stepwise(Store):
    """Stores by the act alone, step by step."""

    def write(self, act: Callable[[Connection], T], at_once: Callable[[Connection], T | None] | None = None) -> T:
        return super().write(act)


def told_of(store: Store, receipts: object) -> str:
    """Return what was answered and every row that came of it, with ids by the order in which they first stand there."""
    with store.reading() as conn:
        rows = [(table, conn.execute(f"SELECT * FROM main.{table}").fetchall()) for table in _TABLES]
    told = str((receipts, rows))
    for n, each in enumerate(dict.fromkeys(re.findall(_ID, told))):
        told = told.replace(each, f"id {n}")
    return told
