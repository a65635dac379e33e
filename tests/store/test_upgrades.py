"""A store of every schema that users may have comes to the newest one with all that is in it, and with a copy beside it.

A new step needs its own ``data/step-N.db`` in the same commit: ``python -m tests.store.data.make_newest``.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from python_core.runtime.clipboard import get_clip
from python_core.runtime.forgetting import go_on_forgetting
from python_core.runtime.search import SearchScope, search
from python_core.runtime.structured_output import get_output
from python_core.runtime.upkeep import tidy
from python_core.store import open_store
from python_core.store.schema import bring_up_to_date
from python_core.store.steps import STEPS
from tests.hubs import Clock, make_hub

KEPT = Path(__file__).parent / "data"
NUMBERS = range(1, len(STEPS) + 1)
#: Those whose store is changed when it is opened.
OLDER = range(1, len(STEPS))
#: A step that takes some millions of SQLite's instructions.
COUNTS = """CREATE TABLE counted(n INTEGER) STRICT;
WITH RECURSIVE counting(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counting LIMIT 1000000)
INSERT INTO counted SELECT count(*) FROM counting; DROP TABLE counted;"""
#: What follows from other tables, and is built anew.
DERIVED = ("documents_index", "documents_pieces", "documents_pairs", "sqlite_")


def contents_of(path: Path, columns: dict[str, list[str]] | None = None) -> dict[str, list[Any]]:
    """Read each table, or the named columns of each, in order."""
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        columns = columns or columns_of(conn)
        return {
            table: sorted(conn.execute(f"SELECT {', '.join(names)} FROM {table}"), key=repr)
            for table, names in columns.items()
        }
    finally:
        conn.close()


def schema_of(conn: apsw.Connection) -> list[Any]:
    return sorted(conn.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"), key=repr)


def the_id(path: Path, table: str) -> str:
    return str(contents_of(path, {table: ["id", "seq"]})[table][0][0])


def columns_of(conn: apsw.Connection) -> dict[str, list[str]]:
    tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {
        table: [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        for table in tables
        if not table.startswith(DERIVED)
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "stored"
    folder.mkdir(mode=0o700)
    return folder


def test_a_store_of_each_schema_is_kept() -> None:
    kept = {path.name for path in KEPT.glob("*.db")}
    assert kept == {f"step-{number}.db" for number in NUMBERS}, "see the first lines of this file"


@pytest.mark.parametrize("number", NUMBERS)
def test_no_step_has_changed_since_its_store_was_made(number: int) -> None:
    kept = apsw.Connection(str(KEPT / f"step-{number}.db"), flags=apsw.SQLITE_OPEN_READONLY)
    made = apsw.Connection(":memory:")
    made.execute("".join(STEPS[:number]))
    try:
        assert schema_of(made) == schema_of(kept), f"step {number} is what users have: what is new is another step"
    finally:
        kept.close()
        made.close()


@pytest.mark.parametrize("number", NUMBERS)
def test_a_store_of_a_schema_has_something_in_every_table(number: int) -> None:
    assert [table for table, rows in contents_of(KEPT / f"step-{number}.db").items() if not rows] == []


@pytest.mark.parametrize("number", OLDER)
def test_it_comes_to_the_newest_schema_with_all_that_is_in_it_and_a_copy(folder: Path, number: int) -> None:
    path = folder / "hub.db"
    shutil.copyfile(KEPT / f"step-{number}.db", path)
    conn = apsw.Connection(str(path))
    columns = columns_of(conn)
    conn.close()
    before = contents_of(path)
    store = open_store(folder)
    assert contents_of(folder / "backups" / f"hub-before-step-{number + 1}.db") == before
    after = contents_of(path, columns)
    for table, rows in before.items():
        assert [row for row in rows if row not in after[table]] == [], table
    with store.reading() as conn:
        assert conn.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    store.close()


def test_a_store_of_the_newest_schema_is_opened_as_it_is(folder: Path) -> None:
    path = folder / "hub.db"
    shutil.copyfile(KEPT / f"step-{NUMBERS[-1]}.db", path)
    before = contents_of(path)
    open_store(folder).close()
    assert contents_of(path) == before
    assert not (folder / "backups").exists()


@pytest.mark.parametrize("number", NUMBERS)
def test_what_was_stored_then_is_found_and_shown_now(folder: Path, number: int) -> None:
    path = folder / "hub.db"
    shutil.copyfile(KEPT / f"step-{number}.db", path)
    clip_id, output_id = the_id(path, "clips"), the_id(path, "outputs")
    [instance] = [value for key, value in contents_of(path)["meta"] if key == "instance"]
    hub = make_hub(open_store(folder), Clock())
    tidy(hub)
    found = search(hub, "albatross", SearchScope(), 10, None)
    assert [(hit.kind, hit.id) for hit in found.items] == [("clip", clip_id)]
    clip = get_clip(hub, clip_id)
    assert clip.fragments[0].content == "An albatross sleeps while it flies."
    assert get_output(hub, output_id).sources[0].id == clip_id
    assert hub.identity.instance == instance
    hub.store.close()


@pytest.mark.parametrize("number", NUMBERS[1:])
def test_what_was_being_forgotten_then_is_forgotten_now(folder: Path, number: int) -> None:
    """The clip was never removed when that store was made: the process ended right after it was asked to."""
    path = folder / "hub.db"
    shutil.copyfile(KEPT / f"step-{number}.db", path)
    half_forgotten = b"An albatross that was to be forgotten."
    assert half_forgotten in path.read_bytes()
    hub = make_hub(open_store(folder), Clock())
    assert go_on_forgetting(hub) == "done"
    hub.store.close()
    assert [file.name for file in folder.rglob("*") if file.is_file() and half_forgotten in file.read_bytes()] == []


def test_a_large_store_tells_what_takes_so_long(folder: Path) -> None:
    shutil.copyfile(KEPT / "step-1.db", folder / "hub.db")
    told: list[str] = []
    bring_up_to_date(folder, STEPS, tell=told.append, large_bytes=1024)
    assert [line.partition(":")[0] for line in told] == ["Bringing what is stored up to date", "Done"] * len(OLDER)
    assert f"step 2 of {len(STEPS)}" in told[0]
    assert str(folder / "backups") in told[0]
    bring_up_to_date(folder, STEPS, tell=told.append, large_bytes=1024)
    assert len(told) == 2 * len(OLDER)


def test_a_large_store_tells_every_ten_seconds_how_far_it_is(folder: Path) -> None:
    shutil.copyfile(KEPT / "step-1.db", folder / "hub.db")
    told: list[str] = []
    seconds = iter(range(0, 10**6, 4))
    steps = (STEPS[0], f"{COUNTS} {STEPS[1]}")
    bring_up_to_date(folder, steps, tell=told.append, large_bytes=1024, monotonic=lambda: float(next(seconds)))
    assert told[0].startswith("Bringing")
    assert told[-1].startswith("Done")
    assert all(re.fullmatch(r"  100% copied|  step 2 goes on, \d+ s so far", line) for line in told[1:-1])
    assert told[1:4] == [f"  step 2 goes on, {s} s so far" for s in (12, 24, 36)]


def test_a_small_store_is_brought_up_to_date_without_a_word(folder: Path) -> None:
    shutil.copyfile(KEPT / "step-1.db", folder / "hub.db")
    told: list[str] = []
    bring_up_to_date(folder, STEPS, tell=told.append)
    assert told == []
