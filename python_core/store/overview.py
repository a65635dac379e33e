"""What can be said of a store without saying what is in it: tables and their rows, kinds of events, runs by trigger."""

from __future__ import annotations

from typing import Any

from python_core.store.connection import Connection


def count_rows(conn: Connection) -> dict[str, int]:
    """Return each table of the schema with its number of rows; tables that full-text search keeps for itself are left out."""
    rows: list[Any] = conn.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
    ).fetchall()
    counted = dict[str, int]()
    for (name,) in rows:
        found: Any = conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        counted[name] = int(found[0])
    return counted


def count_event_kinds(conn: Connection) -> dict[str, int]:
    """Return the kinds of events that are kept, each with how many."""
    rows: list[Any] = conn.execute("SELECT kind, count(*) FROM events GROUP BY kind ORDER BY kind").fetchall()
    return dict(rows)


def count_runs(conn: Connection) -> dict[str, dict[str, int]]:
    """Return the triggers that were run, each with how many runs are in which state."""
    counted = dict[str, dict[str, int]]()
    for trigger, state, times in conn.execute("SELECT trigger, state, count(*) FROM runs GROUP BY 1, 2 ORDER BY 1, 2"):
        counted.setdefault(trigger, {})[state] = times
    return counted


def newest_clip_ms(conn: Connection) -> int | None:
    """Return when the newest clip came in; None where there is none."""
    found: Any = conn.execute("SELECT received_at FROM clips ORDER BY seq DESC LIMIT 1").fetchone()
    return None if found is None else int(found[0])
