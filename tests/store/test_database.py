"""A snapshot sees one moment; a forked child and other processes have connections of their own."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from python_core.errors import Busy
from python_core.store import Connection, Store, meta, open_store
from python_core.store.connection import connect
from python_core.store.events import add_event, get_last_event_id, list_events
from python_core.store.schema import StoreUnusable
from tests.hubs import run_python, start_python

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

FORK = """
import os, sys, threading, warnings
from contextlib import closing
from pathlib import Path
from python_core.store import meta, open_store

warnings.simplefilter("ignore")  # newer Pythons warn of a fork beside threads, which is what is tried here

def held():
    folder = Path("/proc/self/fd")
    return [os.readlink(each) for each in folder.iterdir() if each.exists() and "hub.db" in os.readlink(each)]

def value(key):
    with store.reading() as conn:
        return meta.get_value(conn, key)

store = open_store(Path(sys.argv[1]))
store.write(lambda conn: meta.set_value(conn, "parent", "before"))
assert value("parent") == "before"
threads = sys.argv[2] == "threads"
if threads:
    leads, go_on = threading.Event(), threading.Event()
    def slow(conn):
        leads.set()
        go_on.wait()
        meta.set_value(conn, "slow", "done")
    leader = threading.Thread(target=store.write, args=(slow,))
    leader.start()
    leads.wait()

child = os.fork()
if child == 0:
    if sys.platform == "linux" and not threads:
        assert not held(), held()
    assert value("parent") == "before"
    if not threads:  # else the parent holds the database until the child has ended
        for n in range(50):
            store.write(lambda conn: meta.set_value(conn, f"child {n}", "done"))
    store.close()
    os._exit(0)
if not threads:
    for n in range(50):
        store.write(lambda conn: meta.set_value(conn, f"parent {n}", "done"))
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
if threads:
    go_on.set()
    leader.join()
    assert value("slow") == "done"
store.write(lambda conn: meta.set_value(conn, "parent", "after"))
assert value("parent") == "after"
with store.reading() as conn:
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    print(conn.execute("SELECT count(*) FROM meta").fetchone()[0])
"""

WRITE_EVENTS = """
import sys
from contextlib import closing
from pathlib import Path
from python_core.errors import NotFound
from python_core.store import open_store
from python_core.store.events import add_event

store = open_store(Path(sys.argv[1]))

def act(conn, fails):
    event_id = add_event(conn, "heartbeat", "bridge", 0, "", {})
    if fails:
        raise NotFound("rolled back")
    return event_id

for n in range(100):
    try:
        print(store.write(lambda conn: act(conn, n % 3 == 0)))
    except NotFound:
        pass
"""

HOLD = """
import sys
from contextlib import closing
from pathlib import Path
from python_core.store import meta, open_store

def hold(conn):
    print("held", flush=True)
    sys.stdin.read()

open_store(Path(sys.argv[1])).write(hold)
"""


def setting(key: str, value: str = "done") -> object:
    return lambda conn: meta.set_value(conn, key, value)


def stored(store: Store, key: str) -> str | None:
    with store.reading() as conn:
        return meta.get_value(conn, key)


def test_a_snapshot_sees_one_moment_until_it_is_left(store: Store) -> None:
    store.write(setting("a", "before"))
    with store.reading() as conn:
        assert meta.get_value(conn, "a") == "before"
        thread = threading.Thread(target=store.write, args=(setting("a", "after"),))
        thread.start()
        thread.join()
        assert meta.get_value(conn, "a") == "before"
    assert stored(store, "a") == "after"


def test_a_snapshot_ends_also_when_its_reader_fails(store: Store) -> None:
    def fail() -> None:
        with store.reading() as conn:
            meta.get_value(conn, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    store.write(setting("a"))
    assert stored(store, "a") == "done"


def test_a_write_is_seen_by_another_store_on_the_same_folder_as_soon_as_it_is_answered(store: Store) -> None:
    other = open_store(store.folder)
    store.write(setting("a"))
    assert stored(other, "a") == "done"
    other.close()


def test_a_store_that_was_closed_opens_again_when_it_is_used(store: Store) -> None:
    store.write(setting("a"))
    store.close()
    assert stored(store, "a") == "done"
    store.write(setting("b"))
    assert stored(store, "b") == "done"


def test_closing_twice_does_nothing_more(store: Store) -> None:
    store.close()
    store.close()


@needs_fork
@pytest.mark.parametrize(("threads", "rows"), [("alone", 101), ("threads", 2)])
def test_a_forked_child_uses_connections_of_its_own(tmp_path: Path, threads: str, rows: int) -> None:
    assert int(run_python(FORK, str(tmp_path / "stored"), threads)) == rows


def test_event_ids_have_no_gap_whatever_is_rolled_back_in_however_many_processes(store: Store) -> None:
    writers = [start_python(WRITE_EVENTS, str(store.folder)) for _ in range(4)]
    told = [int(line) for writer in writers for line in writer.communicate(timeout=120)[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert sorted(told) == list(range(1, 4 * 66 + 1))
    with store.reading() as conn:
        assert [row.id for row in list_events(conn, 0, 1000, None)[0]] == sorted(told)
        assert get_last_event_id(conn) == len(told)


def test_a_writer_that_waits_too_long_for_another_process_is_told_busy(store: Store) -> None:
    def be_impatient(conn: Connection) -> None:
        conn.set_busy_timeout(50)

    store.write(be_impatient)
    holder = start_python(HOLD, str(store.folder))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Busy):
        store.write(setting("a"))
    assert stored(store, "a") is None  # reading goes on meanwhile
    holder.communicate("")
    store.write(setting("a"))
    assert stored(store, "a") == "done"


def test_a_writer_waits_for_another_process_that_ends_in_time(store: Store) -> None:
    holder = start_python(HOLD, str(store.folder))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    writer = threading.Thread(target=store.write, args=(setting("a"),))
    writer.start()
    holder.communicate("")
    writer.join()
    assert stored(store, "a") == "done"


def test_a_database_that_cannot_be_opened_is_told_in_the_hubs_terms(store: Store) -> None:
    store.close()
    store.path.rename(store.path.with_suffix(".away"))
    with pytest.raises(Busy, match="cannot be reached"):
        stored(store, "a")
    with pytest.raises(Busy, match="cannot be reached"):
        store.write(setting("a"))


def test_a_database_that_is_damaged_while_the_hub_runs_is_told_with_what_to_do(store: Store) -> None:
    store.write(setting("a"))
    store.close()
    store.path.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreUnusable, match="backups"):
        stored(store, "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move or delete what is open")
def test_nothing_is_acknowledged_while_the_database_is_not_where_it_was(store: Store) -> None:
    store.write(lambda conn: meta.set_value(conn, "before", "1"))
    away = store.path.with_name("away.db")
    store.path.rename(away)
    for _ in range(2):
        with pytest.raises(Busy, match="cannot be reached"):
            store.write(lambda conn: meta.set_value(conn, "meanwhile", "1"))
    away.rename(store.path)
    store.write(lambda conn: meta.set_value(conn, "after", "1"))
    with store.reading() as conn:
        assert [meta.get_value(conn, key) for key in ("before", "meanwhile", "after")] == ["1", None, "1"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody move or delete what is open")
def test_a_database_that_was_put_in_the_place_of_another_is_written_to(store: Store, tmp_path: Path) -> None:
    store.write(lambda conn: meta.set_value(conn, "before", "1"))
    other = open_store(tmp_path / "other")
    other.write(lambda conn: meta.set_value(conn, "other", "1"))
    other.close()
    other.path.replace(store.path)
    for leftover in store.path.parent.glob("hub.db-*"):
        leftover.unlink()
    store.write(lambda conn: meta.set_value(conn, "after", "1"))
    with closing(connect(store.path)) as conn:
        assert [meta.get_value(conn, key) for key in ("before", "other", "after")] == [None, "1", "1"]


def test_connections_are_durable_and_delete_securely(store: Store) -> None:
    conn = connect(store.path)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "trusted_schema": 0}
    assert {name: conn.pragma(name) for name in wanted} == wanted
    conn.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no modes")
def test_a_connection_is_never_made_to_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(apsw.CantOpenError):
        connect(tmp_path / "hub.db")
    assert not list(tmp_path.iterdir())


def test_a_damaged_page_is_told_to_readers_and_writers_and_the_rest_goes_on(store: Store) -> None:
    for n in range(50):
        store.write(lambda conn, n=n: meta.set_value(conn, f"key {n}", "x" * 500))  # type: ignore[misc]
    store.write(lambda conn: add_event(conn, "heartbeat", "bridge", 1, "0" * 32, {}))
    page_size, root = store.write(
        lambda conn: (
            conn.pragma("page_size"),
            conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'meta'").fetchone()[0],  # type: ignore[index]
        )
    )
    store.close()
    with store.path.open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * page_size)
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="damaged"):
            stored(store, "key 1")
        with pytest.raises(StoreUnusable, match="damaged"):
            store.write(setting("a"))
        with store.reading() as conn:
            assert get_last_event_id(conn) >= 1
        assert store.write(get_last_event_id) >= 1
