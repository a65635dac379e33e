"""What is done costs nobody anything: who reads or stores something looks at the forgettings under way alone, by their index."""

from __future__ import annotations

from typing import Any

import pytest

from python_core.store import Connection, Store
from python_core.store.forgettings import KINDS, is_going, list_unfinished, next_row

BY_INDEX = "USING INDEX forgettings_unfinished"


def looks_at_forgettings(conn: Connection, sql: str) -> list[str]:
    """Return how a statement finds forgettings, each look at them a line."""
    plan: list[Any] = conn.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    return [line for *_, line in plan if line.startswith(("SCAN f", "SEARCH f"))]


@pytest.mark.parametrize("table", ["clips", "visits", "outputs", "documents"])
def test_a_row_that_is_shown_costs_no_look_at_receipts(store: Store, table: str) -> None:
    with store.reading() as conn:
        looks = looks_at_forgettings(conn, f"SELECT * FROM {table} ORDER BY seq DESC LIMIT 50")
    assert looks
    assert all(BY_INDEX in look for look in looks), looks


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_row_costs_no_look_at_receipts(store: Store, kind: str) -> None:
    looks = store.write(lambda conn: looks_at_forgettings(conn, f"SELECT {next_row(kind)}"))
    assert looks
    assert all(BY_INDEX in look for look in looks), looks


def test_what_goes_on_forgetting_looks_at_no_receipts(store: Store) -> None:
    asked: list[str] = []

    def read(conn: Connection) -> list[str]:
        conn.exec_trace = lambda _cursor, sql, _values: not asked.append(sql)
        list_unfinished(conn)
        is_going(conn, "clip", 1)
        conn.exec_trace = None
        return [look for sql in asked for look in looks_at_forgettings(conn, sql.replace("?", "1"))]

    looks = store.write(read)
    assert len(asked) == 2
    assert all(BY_INDEX in look for look in looks), looks
