"""The slack of pages is overwritten, and nothing but the slack."""

from __future__ import annotations

import random
import string
from pathlib import Path

from python_core.store import Connection, Store
from python_core.store.overwriting import fold_log, overwrite_slack

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
    assert fold_log(store.path, 1)
    assert CANARY in store.path.read_bytes()  # else there is nothing to show
    overwrite(store.path)
    assert content_of(store) == before
    assert fold_log(store.path, 1)
    assert CANARY not in store.path.read_bytes()


def test_a_connection_that_remembers_a_page_does_not_write_its_slack_again(store: Store) -> None:
    grow_and_remove(store)
    assert fold_log(store.path, 1)
    store.write(
        lambda conn: conn.execute("SELECT sum(length(a)) FROM grown").fetchall()
    )  # the writer has all pages in memory
    overwrite(store.path)
    store.write(lambda conn: conn.execute("UPDATE grown SET a = a || 'x' WHERE seq % 7 = 0"))
    assert fold_log(store.path, 1)
    assert CANARY not in store.path.read_bytes()


def test_it_waits_for_a_reader_of_an_older_moment(store: Store) -> None:
    grow_and_remove(store)
    with store.reading() as conn:
        conn.execute("SELECT 1 FROM grown").fetchone()
        store.write(lambda conn: conn.execute("DELETE FROM grown WHERE seq = 1"))
        assert not fold_log(store.path, 0)
        assert overwrite_slack(store.path, 0) == 0
    assert fold_log(store.path, 1)


def test_it_waits_for_one_who_writes(store: Store) -> None:
    grow_and_remove(store)
    assert store.write(lambda conn: overwrite_slack(store.path, 0)) == 0
