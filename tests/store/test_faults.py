"""A disk that fails at any moment, or loses its power, takes nothing with it that was acknowledged."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from python_core.errors import Busy, HubError, StorageFull
from python_core.store import Connection, Store, document_index, documents, meta, open_store
from python_core.store.connection import connect
from tests.store.faulty_disk import Disk, faulty_disk

#: Pages of the write-ahead log before it is folded into the database: small, so that faults meet that too.
FOLD_AT_PAGES = 12


@pytest.fixture
def disk() -> Iterator[Disk]:
    with faulty_disk() as disk:
        yield disk


def open_folding(folder: Path) -> Store:
    store = open_store(folder)
    store.write(lambda conn: conn.wal_autocheckpoint(FOLD_AT_PAGES))
    return store


def put(store: Store, n: int) -> None:
    """Do what a clip does: some rows, a document, and now and then the index."""

    def act(conn: Connection) -> None:
        meta.set_value(conn, f"item {n}", f"{n} " * 300)
        documents.add_document(conn, "clip", str(n), n, None, None, f"title {n}", f"text number {n} " * 20)
        if n % 3 == 0:
            document_index.index_documents(conn, 64)

    store.write(act)


def items_in(conn: Connection) -> set[int]:
    return {int(key.split()[1]) for (key,) in conn.execute("SELECT key FROM meta WHERE key LIKE 'item %'")}


def faults_of(conn: Connection) -> list[Any]:
    conn.execute("INSERT INTO documents_index(documents_index) VALUES ('integrity-check')")
    return [row for row in conn.execute("PRAGMA integrity_check") if row != ("ok",)]


@pytest.mark.parametrize(
    ("fault", "finding"), [(apsw.IOError, Busy), (apsw.FullError, StorageFull)], ids=["I/O error", "full"]
)
@pytest.mark.parametrize("kind", ["write", "sync"])
def test_a_fault_at_any_moment_refuses_what_is_not_stored_and_keeps_what_was_acknowledged(
    tmp_path: Path, disk: Disk, kind: str, fault: type[apsw.Error], finding: type[HubError]
) -> None:
    store = open_folding(tmp_path / "stored")
    disk.fault, disk.kinds = fault, (kind,)
    acknowledged: set[int] = set()
    refused = 0
    for n in range(60):
        disk.fail_at = n % (23 if kind == "write" else 4)
        try:
            put(store, n)
            acknowledged.add(n)
        except finding:
            refused += 1
        disk.mend()
        put(store, 1_000 + n)  # as soon as the cause is gone, without being restarted
        acknowledged.add(1_000 + n)
        assert acknowledged <= store.write(items_in)
    assert refused > 10
    assert store.write(faults_of) == []
    store.close()


def test_a_power_cut_at_any_moment_takes_nothing_that_was_acknowledged(tmp_path: Path, disk: Disk) -> None:
    store = open_folding(tmp_path / "stored")
    for n in range(40):
        put(store, n)
        disk.mark(n)
    store.close()
    chance = random.Random(1)
    first = next(place for place, op in enumerate(disk.ops) if op.kind == "mark")
    cuts = [chance.randrange(first, len(disk.ops)) for _ in range(60)]
    for number, cut in enumerate(cuts):
        folder = tmp_path / f"cut {number}"
        folder.mkdir()
        for file, content in disk.after_power_cut(cut, chance).items():
            (folder / file).write_bytes(content)
        (folder / "hub.db-shm").unlink(missing_ok=True)
        acknowledged = {op.at for op in disk.ops[:cut] if op.kind == "mark"}
        conn = connect(folder / "hub.db")
        assert acknowledged <= items_in(conn), f"cut after {cut} of {len(disk.ops)}"
        assert faults_of(conn) == []
        conn.close()
