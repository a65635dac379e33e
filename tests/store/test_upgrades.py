"""A store of every schema that users may have comes to the newest one with all that is in it, and with a copy beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from python_core.runtime.clipboard import get_clip
from python_core.runtime.search import SearchScope, search
from python_core.runtime.status import get_identity
from python_core.runtime.structured_output import get_output
from python_core.runtime.upkeep import tidy
from python_core.store import open_store
from python_core.store.schema import bring_up_to_date
from python_core.store.steps import STEPS
from tests.hubs import Clock, make_hub

KEPT = Path(__file__).parent / "data"
#: The last step is the one that is not released yet.
RELEASED = range(1, len(STEPS))
CLIP, OUTPUT = "019b7a00-0000-7000-8000-000000000001", "019b7a00-0000-7000-8000-000000000003"
#: What follows from other tables, and is built anew.
DERIVED = ("documents_index", "sqlite_")


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


def test_a_store_of_each_released_schema_is_kept() -> None:
    assert {path.name for path in KEPT.glob("*.db")} == {f"step-{number}.db" for number in RELEASED}


@pytest.mark.parametrize("number", RELEASED)
def test_a_store_of_a_released_schema_has_something_in_every_table(number: int) -> None:
    assert [table for table, rows in contents_of(KEPT / f"step-{number}.db").items() if not rows] == []


@pytest.mark.parametrize("number", RELEASED)
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


@pytest.mark.parametrize("number", RELEASED)
def test_what_was_stored_then_is_found_and_shown_now(folder: Path, number: int) -> None:
    shutil.copyfile(KEPT / f"step-{number}.db", folder / "hub.db")
    hub = make_hub(open_store(folder), Clock())
    tidy(hub)
    found = search(hub, "albatross", SearchScope(), 10, None)
    assert [(hit.kind, hit.id) for hit in found.items] == [("clip", CLIP)]
    clip = get_clip(hub, CLIP)
    assert clip.fragments[0].content == "An albatross sleeps while it flies."
    assert get_output(hub, OUTPUT).sources[0].id == CLIP
    assert get_identity(hub).instance == "019b7a00-0000-7000-8000-0000000000aa"
    hub.store.close()


def test_a_large_store_tells_what_takes_so_long(folder: Path) -> None:
    shutil.copyfile(KEPT / "step-1.db", folder / "hub.db")
    told: list[str] = []
    bring_up_to_date(folder, STEPS, tell=told.append, large_bytes=1024)
    assert [line.partition(":")[0] for line in told] == ["Bringing what is stored up to date", "Done"]
    assert "step 2 of 2" in told[0]
    assert str(folder / "backups") in told[0]
    bring_up_to_date(folder, STEPS, tell=told.append, large_bytes=1024)
    assert len(told) == 2


def test_a_small_store_is_brought_up_to_date_without_a_word(folder: Path) -> None:
    shutil.copyfile(KEPT / "step-1.db", folder / "hub.db")
    told: list[str] = []
    bring_up_to_date(folder, STEPS, tell=told.append)
    assert told == []
