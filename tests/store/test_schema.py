"""A database is made once, brought up to date with a copy beside it, and never touched when it is not ours to change."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from python_core.errors import StorageFull
from python_core.store import meta, open_store
from python_core.store.blobs import put_blob
from python_core.store.schema import StoreUnusable, bring_up_to_date
from python_core.store.steps import STEPS
from python_core.utils.ids import digest_of
from tests.hubs import run_python, start_python

posix_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no modes")

FIRST = """
import sys
from pathlib import Path
from python_core.store import meta, open_store
print(meta.identity_of(open_store(Path(sys.argv[1]))).instance)
"""

ONE = ("CREATE TABLE a(x TEXT) STRICT;",)
TWO = (*ONE, "CREATE TABLE b(y TEXT) STRICT; INSERT INTO b SELECT x FROM a;")
TORN = (*ONE, "CREATE TABLE b(y TEXT) STRICT; INSERT INTO nowhere VALUES (1);")


LIMITED = """
import resource, sys
from pathlib import Path
import apsw
from python_core.store.schema import bring_up_to_date
from tests.store.test_schema import TWO
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
folder = Path(sys.argv[1])
try:
    bring_up_to_date(folder, TWO)
except apsw.Error:
    print("left:", [path.name for path in (folder / "backups").iterdir()])
"""


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    conn = apsw.Connection(str(path))
    try:
        return list(conn.execute(sql))
    finally:
        conn.close()


def test_a_new_database_has_the_newest_schema_and_no_backup(tmp_path: Path) -> None:
    store = open_store(tmp_path / "stored")
    assert rows(store.path, "PRAGMA user_version") == [(len(STEPS),)]
    assert rows(store.path, "PRAGMA journal_mode") == [("wal",)]
    assert not (store.folder / "backups").exists()


def test_a_database_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path / "stored")
    identity = meta.identity_of(store)
    store.close()
    before = store.path.read_bytes()
    bring_up_to_date(store.folder)
    assert store.path.read_bytes() == before
    assert meta.identity_of(open_store(store.folder)) == identity


def test_an_older_database_is_copied_before_the_step_that_changes_it(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path, ONE)
    conn = apsw.Connection(str(tmp_path / "hub.db"))
    conn.execute("INSERT INTO a VALUES ('kept')")
    conn.close()
    bring_up_to_date(tmp_path, TWO)
    assert rows(tmp_path / "hub.db", "SELECT y FROM b") == [("kept",)]
    backup = tmp_path / "backups" / "hub-before-step-2.db"
    assert rows(backup, "SELECT x FROM a") == [("kept",)]
    assert rows(backup, "PRAGMA user_version") == [(1,)]


def test_without_room_for_the_copy_nothing_is_begun_and_it_says_how_much_is_needed(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path, ONE)
    conn = apsw.Connection(str(tmp_path / "hub.db"))
    conn.execute("INSERT INTO a VALUES (?)", ("x" * 5_000_000,))
    conn.close()
    with pytest.raises(StorageFull, match=r"needs 6 MB .*and 4 MB are free.* Nothing was changed"):
        bring_up_to_date(tmp_path, TWO, free_bytes=lambda _: 4_999_999)
    assert rows(tmp_path / "hub.db", "PRAGMA user_version") == [(1,)]
    assert not (tmp_path / "backups").exists()
    bring_up_to_date(tmp_path, TWO, free_bytes=lambda _: 6_000_000)
    assert rows(tmp_path / "hub.db", "PRAGMA user_version") == [(2,)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_half_a_copy_is_not_left_behind(tmp_path: Path) -> None:
    """As when the disk fills up meanwhile: here no file may grow beyond a megabyte."""
    bring_up_to_date(tmp_path, ONE)
    conn = apsw.Connection(str(tmp_path / "hub.db"))
    conn.execute("INSERT INTO a VALUES (?)", ("x" * 5_000_000,))
    conn.close()
    assert run_python(LIMITED, str(tmp_path)) == "left: []\n"
    assert rows(tmp_path / "hub.db", "PRAGMA user_version") == [(1,)]
    assert rows(tmp_path / "hub.db", "PRAGMA integrity_check") == [("ok",)]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path, ONE)
    with pytest.raises(apsw.SQLError):
        bring_up_to_date(tmp_path, TORN)
    assert rows(tmp_path / "hub.db", "SELECT name FROM sqlite_schema") == [("a",)]
    bring_up_to_date(tmp_path, TWO)
    assert rows(tmp_path / "hub.db", "PRAGMA user_version") == [(2,)]


def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path, TWO)
    before = (tmp_path / "hub.db").read_bytes()
    with pytest.raises(StoreUnusable, match=r"newer SmrtHub .*Update SmrtHub"):
        bring_up_to_date(tmp_path, ONE)
    assert (tmp_path / "hub.db").read_bytes() == before


@pytest.mark.parametrize(
    "content",
    [b"not a database " * 100, b"SQLite format 3\0" + b"\xff" * 84, b"SQLite format 3\0" + b"\xff" * 5000],
    ids=["text", "a torn header", "a spoiled header"],
)
def test_a_damaged_file_is_refused_with_advice_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hub.db").write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"Move it away .*backups"):
        bring_up_to_date(tmp_path)
    assert (tmp_path / "hub.db").read_bytes() == content


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / "hub.db").touch()
    assert meta.identity_of(open_store(tmp_path))


def test_many_first_starts_at_once_make_one_hub(tmp_path: Path) -> None:
    starts = [start_python(FIRST, str(tmp_path / "stored")) for _ in range(8)]
    told = {start.communicate(timeout=120)[0] for start in starts}
    assert [start.returncode for start in starts] == [0] * 8
    assert len(told) == 1


def test_threads_that_open_a_new_store_at_once_all_keep_what_they_write(tmp_path: Path) -> None:
    # A descriptor of the file that is closed beside SQLite's takes all locks of the process with it.
    def start(name: str) -> None:
        store = open_store(tmp_path / "stored")
        for n in range(20):
            store.write(lambda conn, n=n: meta.set_value(conn, f"{name} {n}", "done"))

    threads = [threading.Thread(target=start, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(tmp_path / "stored" / "hub.db", "SELECT count(*) FROM meta") == [(160,)]
    assert rows(tmp_path / "stored" / "hub.db", "PRAGMA integrity_check") == [("ok",)]


def test_a_database_that_others_have_made_meanwhile_is_not_opened_beside_sqlite(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path, ONE)
    opened: list[str] = []
    watching = True

    def watch(event: str, args: tuple[object, ...]) -> None:
        if watching and event == "open" and str(args[0]).endswith("hub.db"):
            opened.append(str(args[0]))

    sys.addaudithook(watch)
    bring_up_to_date(tmp_path, TWO)
    watching = False
    assert opened == []


@posix_modes
@pytest.mark.usefixtures("open_umask")
def test_every_folder_and_file_is_the_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    store = open_store(tmp_path / "stored")
    identity = meta.identity_of(store)
    put_blob(store.folder, digest_of(b"content"), b"content")
    bring_up_to_date(store.folder, (*STEPS, "CREATE TABLE later(x TEXT) STRICT;"))
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in [store.folder, *store.folder.rglob("*")]}
    assert identity
    assert {path.name for path in found} >= {"hub.db", "hub.db-wal", "hub.db-shm", "schema.lock", "backups", "blobs"}
    wrong = {str(path): oct(mode) for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)}
    assert not wrong
    store.close()
