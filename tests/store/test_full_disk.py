"""A full disk fails the caller with ``storage_full``, and nothing of the request stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_core.errors import Busy, StorageFull
from python_core.store import Connection, Store, meta, open_store
from python_core.store.blobs import put_blob, recover_blobs
from python_core.utils.ids import digest_of

FULL = (StorageFull, Busy)  # the shared-memory file, too, can be what finds no room: then SQLite says "I/O error"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("this root may not mount")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def fill(store: Store, size: int) -> None:
    store.write(lambda conn: meta.set_value(conn, str(size), "x" * size))


def fill_up(store: Store) -> None:
    for size in range(100_000, 100_040):
        fill(store, size)


def values(store: Store) -> int:
    with store.reading() as conn:
        found = conn.execute("SELECT count(*) FROM meta").fetchone()
    assert found is not None
    return int(found[0])


def test_a_database_that_may_not_grow_refuses_the_act_and_goes_on_with_small_ones(store: Store) -> None:
    def stop_growing(conn: Connection) -> None:
        conn.pragma("max_page_count", conn.pragma("page_count") + 4)

    store.write(stop_growing)
    with pytest.raises(StorageFull, match="nothing was stored"):
        fill(store, 1_000_000)
    fill(store, 10)
    assert values(store) == 1


def test_a_full_disk_refuses_the_act_until_there_is_room_again(small_disk: Path) -> None:
    store = open_store(small_disk / "stored")
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    with pytest.raises(FULL):
        fill_up(store)
    before = values(store)
    with pytest.raises(FULL):
        fill(store, 900_000)
    assert values(store) == before
    ballast.unlink()
    fill(store, 10)
    assert values(store) == before + 1
    with store.reading() as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    store.close()


def test_a_picture_that_finds_no_room_leaves_no_half_of_it(small_disk: Path) -> None:
    store = open_store(small_disk / "stored")
    picture = os.urandom(3_000_000)
    with pytest.raises(StorageFull, match="nothing was stored"):
        put_blob(store.folder, digest_of(picture), picture)
    assert [path for path in (store.folder / "blobs").rglob("*") if path.is_file()] == []
    put_blob(store.folder, digest_of(b"small"), b"small")
    assert recover_blobs(store) == 1
    store.close()
