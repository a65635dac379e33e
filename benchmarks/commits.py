"""The limit of every durable write: one row, one commit, one fsync, with nothing around it."""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import apsw

ROW = "x" * 1024


def commit_p50_ms(folder: Path, seconds: float) -> float:
    """Return the median time of a one-row commit to a database of its own in ``folder``, with the hub's durability."""
    conn = apsw.Connection(str(folder / "commits.db"))
    try:
        conn.pragma("journal_mode", "wal")
        conn.pragma("synchronous", "full")
        conn.execute("CREATE TABLE IF NOT EXISTS kept(text TEXT)")
        times: list[float] = []
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            conn.execute("INSERT INTO kept VALUES (?)", (ROW,))
            times.append(time.perf_counter() - began)
    finally:
        conn.close()
    return median(times) * 1e3
