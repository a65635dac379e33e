"""The slack of pages is overwritten, and nothing but the slack."""

from __future__ import annotations

import random
import string
import threading
import uuid
from pathlib import Path

import apsw

from python_core.store import Connection, Store, meta
from python_core.store.copying import copy_database
from python_core.store.group_commit import FOLD_FROM
from python_core.store.overwriting import OVERWRITTEN, fold_log, overwrite_slack, slack_of
from python_core.store.restored_state import drop_what_was_due
from tests.hubs import start_python

CANARY = b"canaryqxzj"
ROWS = 6_000


def grow_and_remove(store: Store) -> None:
    """Move rows from page to page: they grow after others came, in an order of chance; then every tenth goes."""
    chance = random.Random(3)

    def word(longest: int) -> str:
        return "".join(chance.choices(string.ascii_letters, k=chance.randrange(5, longest)))

    def fill(conn: Connection) -> None:
        conn.execute("CREATE TABLE grown(seq INTEGER PRIMARY KEY, a TEXT, b TEXT)")
        conn.execute("CREATE TABLE mixed(a TEXT PRIMARY KEY, b TEXT) WITHOUT ROWID")
        for n in range(ROWS):
            planted = CANARY.decode() if n % 10 == 0 else ""
            conn.execute("INSERT INTO grown VALUES (?, ?, '')", (n, planted + word(60)))
            conn.execute("INSERT INTO mixed VALUES (?, ?)", (f"{word(30)}{n}{planted}", word(200)))
            conn.execute("UPDATE grown SET b = ? WHERE seq = ?", (word(2_000), max(0, n - chance.randrange(20))))

    def remove(conn: Connection) -> None:
        conn.execute("DELETE FROM grown WHERE seq % 10 = 0")
        conn.execute("DELETE FROM mixed WHERE instr(a, ?)", (CANARY.decode(),))

    store.write(fill)
    store.write(remove)


def overwrite(path: Path) -> None:
    page: int | None = 0
    while page is not None:
        following = overwrite_slack(path, page)
        assert following != page
        page = following


def content_of(store: Store) -> list[tuple[object, ...]]:
    with store.reading() as conn:
        assert conn.pragma("integrity_check") == "ok"
        return [*conn.execute("SELECT * FROM grown"), *conn.execute("SELECT * FROM mixed")]


def test_what_secure_delete_leaves_in_the_slack_goes_and_all_rows_stay(store: Store) -> None:
    grow_and_remove(store)
    before = content_of(store)
    assert fold_log(store.path)
    assert CANARY in store.path.read_bytes()  # else there is nothing to show
    overwrite(store.path)
    assert content_of(store) == before
    assert fold_log(store.path)
    assert CANARY not in store.path.read_bytes()


def test_a_connection_that_remembers_a_page_does_not_write_its_slack_again(store: Store) -> None:
    grow_and_remove(store)
    assert fold_log(store.path)
    store.write(
        lambda conn: conn.execute("SELECT sum(length(a)) FROM grown").fetchall()
    )  # the writer has all pages in memory
    overwrite(store.path)
    store.write(lambda conn: conn.execute("UPDATE grown SET a = a || 'x' WHERE seq % 7 = 0"))
    assert fold_log(store.path)
    assert CANARY not in store.path.read_bytes()


def test_it_waits_for_a_reader_of_an_older_moment(store: Store) -> None:
    grow_and_remove(store)
    with store.reading() as conn:
        conn.execute("SELECT 1 FROM grown").fetchone()
        store.write(lambda conn: conn.execute("DELETE FROM grown WHERE seq = 1"))
        assert not fold_log(store.path)
        assert overwrite_slack(store.path, 0) == 0
    assert fold_log(store.path)


def test_it_waits_for_one_who_writes(store: Store) -> None:
    grow_and_remove(store)
    assert store.write(lambda conn: overwrite_slack(store.path, 0)) == 0


def grow_more(store: Store, times: int, seed: int = 5) -> None:
    """Have rows grow and go, in many commits: pages are split and evened out."""
    chance = random.Random(seed)

    def change(conn: Connection) -> None:
        for _ in range(40):
            n = chance.randrange(ROWS)
            conn.execute("UPDATE grown SET b = ? WHERE seq = ?", ("y" * chance.randrange(3_000), n))
            conn.execute("DELETE FROM grown WHERE seq = ?", (chance.randrange(ROWS),))
            conn.execute(
                "INSERT INTO mixed VALUES (?, ?)",
                (f"{n} {chance.random()} {uuid.uuid4()}", "z" * chance.randrange(300)),
            )

    for _ in range(times):
        store.write(change)


def pages_with_slack(path: Path) -> list[int]:
    """Return the pages of the file, the first is 0, whose slack holds something."""
    content, found = path.read_bytes(), []
    page_bytes = int.from_bytes(content[16:18], "big")
    for at in range(0, len(content), page_bytes):
        page = content[at : at + page_bytes]
        low, high = slack_of(page, is_first=at == 0)
        if any(page[low:high]):
            found.append(at // page_bytes)
    return found


def test_after_a_whole_overwriting_only_what_was_written_since_is_looked_at(store: Store) -> None:
    grow_and_remove(store)
    assert overwrite_slack(store.path, 0) is not None  # more than one turn
    overwrite(store.path)
    assert pages_with_slack(store.path) == []
    for times in (1, 100):  # without and with a log that was folded in passing
        grow_more(store, times)
        assert overwrite_slack(store.path, 0) is None
        assert pages_with_slack(store.path) == []


def test_a_long_log_is_folded_in_passing_and_leaves_no_slack_once_all_was_overwritten(store: Store) -> None:
    grow_and_remove(store)
    log = store.path.with_name(f"{store.path.name}-wal")
    assert log.stat().st_size < 20 * FOLD_FROM * 4_096
    overwrite(store.path)
    assert fold_log(store.path)
    assert log.stat().st_size < 10 * 4_096  # it is cut to what the overwriting wrote
    grow_more(store, 100)
    assert fold_log(store.path)
    assert pages_with_slack(store.path) == []


def test_who_folds_the_log_by_other_means_has_all_pages_looked_at_again(store: Store) -> None:
    grow_and_remove(store)
    for mode in (apsw.SQLITE_CHECKPOINT_TRUNCATE, apsw.SQLITE_CHECKPOINT_RESTART, apsw.SQLITE_CHECKPOINT_PASSIVE):
        overwrite(store.path)
        grow_more(store, 2)
        other = apsw.Connection(str(store.path))
        other.execute("SELECT 1 FROM grown").fetchone()
        frames, folded = other.wal_checkpoint(mode=mode)
        assert frames == folded >= 0
        other.execute("UPDATE grown SET b = b || 'x' WHERE seq % 100 = 1")
        other.close()
        assert overwrite_slack(store.path, 0) is not None
        overwrite(store.path)
        assert pages_with_slack(store.path) == []


def test_whoever_changes_the_page_by_which_an_overwriting_is_known_has_all_looked_at_again(store: Store) -> None:
    grow_and_remove(store)
    overwrite(store.path)
    store.write(lambda conn: meta.set_value(conn, "key", "value"))
    assert overwrite_slack(store.path, 0) is not None


def test_a_copy_and_a_restored_database_know_of_no_overwriting(store: Store, tmp_path: Path) -> None:
    grow_and_remove(store)
    overwrite(store.path)
    target = tmp_path / "copy.db"
    copy_database(store.path, target, lambda done, left: None)
    assert marks_in(store.path) == 1
    assert marks_in(target) == 0
    drop_what_was_due(store.path)
    assert marks_in(store.path) == 0


def marks_in(path: Path) -> int:
    conn = apsw.Connection(str(path))
    [(count,)] = conn.execute("SELECT count(*) FROM meta WHERE key = ?", (OVERWRITTEN,))
    conn.close()
    return int(count)


def test_after_an_end_of_the_hub_all_pages_are_looked_at_again(store: Store) -> None:
    grow_and_remove(store)
    overwrite(store.path)
    grow_more(store, 2)
    store.close()  # SQLite folds the log and removes it
    grow_more(store, 2)
    assert overwrite_slack(store.path, 0) is not None


def test_an_overwriting_under_way_serves_whoever_begins_one_meanwhile(store: Store) -> None:
    grow_and_remove(store)
    page = overwrite_slack(store.path, 0)
    assert page
    grow_more(store, 3)
    assert overwrite_slack(store.path, 0) in (None, 2 * page)
    overwrite(store.path)
    assert pages_with_slack(store.path) == []


WRITER = """
import sys; from pathlib import Path
from python_core.store import open_store
from tests.store.test_overwriting import grow_more
store = open_store(Path(sys.argv[1]))
print("open", flush=True)
grow_more(store, 150, seed=7)
store.close()
"""


def test_no_slack_is_left_whoever_writes_meanwhile(store: Store) -> None:
    """Threads of this process and another process: each may begin the log anew at any moment between two turns."""
    grow_and_remove(store)
    other = start_python(WRITER, str(store.folder))
    assert other.stdout is not None
    other.stdout.readline()
    threads = [threading.Thread(target=grow_more, args=(store, 60, seed)) for seed in (11, 12)]
    for thread in threads:
        thread.start()
    page, whole = 0, 0
    while other.poll() is None or any(thread.is_alive() for thread in threads) or not whole:
        following = overwrite_slack(store.path, page)
        page, whole = following or 0, whole + (following is None)
        fold_log(store.path)
    for thread in threads:
        thread.join()
    other.communicate()
    overwrite(store.path)
    assert pages_with_slack(store.path) == []
    content_of(store)
