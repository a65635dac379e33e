"""What a thread recalls is what the database says: whoever commits, in whichever process, makes it read again."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from python_core.errors import Busy
from python_core.store import Connection, Store, meta, open_store
from python_core.store.database import RECALLED_AT_MOST, SKIPPED


class Reads:
    """Counts how often the database is asked."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, conn: Connection) -> str | None:
        self.count += 1
        return meta.get_value(conn, "key")


def set_key(value: str) -> Callable[[Connection], None]:
    return lambda conn: meta.set_value(conn, "key", value)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


def test_a_read_is_repeated_only_after_a_commit(store: Store) -> None:
    reads = Reads()
    store.write(set_key("one"))
    assert [store.recall("key", reads) for _ in range(3)] == ["one"] * 3
    assert reads.count == 1
    store.write(set_key("two"))
    assert [store.recall("key", reads) for _ in range(3)] == ["two"] * 3
    assert reads.count == 2


def test_another_process_that_commits_is_noticed(store: Store) -> None:
    reads = Reads()
    assert store.recall("key", reads) is None
    script = (
        "import sys; from pathlib import Path; from python_core.store import meta, open_store;"
        "open_store(Path(sys.argv[1])).write(lambda conn: meta.set_value(conn, 'key', 'theirs'))"
    )
    subprocess.run([sys.executable, "-c", script, str(store.folder)], check=True, timeout=60)
    assert store.recall("key", reads) == "theirs"


def test_each_thread_notices_by_itself(store: Store) -> None:
    found: list[str | None] = []
    go, done = threading.Barrier(2), threading.Barrier(2)

    def follow() -> None:
        for _ in range(20):
            go.wait(30)
            found.append(store.recall("key", Reads()))
            done.wait(30)
        store.close()

    thread = threading.Thread(target=follow)
    thread.start()
    for n in range(20):
        store.write(set_key(str(n)))
        go.wait(30)
        done.wait(30)
    thread.join(30)
    assert found == [str(n) for n in range(20)]


def test_what_is_recalled_is_bounded(store: Store) -> None:
    for n in range(10 * RECALLED_AT_MOST):
        store.recall(n, lambda conn: None)
    assert len(store._readers.of_thread.recalled) <= RECALLED_AT_MOST


def test_a_failed_read_is_not_recalled(store: Store) -> None:
    def fail(_: Connection) -> None:
        raise Busy("not now")

    with pytest.raises(Busy):
        store.recall("key", fail)
    store.write(set_key("there"))
    assert store.recall("key", Reads()) == "there"


def test_reads_of_one_statement_see_each_commit_and_are_recalled_when_it_is_quiet(store: Store) -> None:
    reads = Reads()
    for n in range(3):
        store.write(set_key(str(n)))
        assert store.recall("key", reads, is_single=True) == str(n)
    for _ in range(2 * SKIPPED + 3):
        assert store.recall("key", reads, is_single=True) == "2"
    before = reads.count
    assert store.recall("key", reads, is_single=True) == "2"
    assert reads.count == before
