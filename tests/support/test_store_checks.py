"""Each thing that can be wrong with a store is found, told with what to do, and mended only where it follows from the rest."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any

import apsw
import pytest

from python_core.errors import Busy
from python_core.runtime.backups import back_up_daily
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_new
from python_core.runtime.search import SearchScope, search
from python_core.store import document_index, open_store
from python_core.store.blobs import blob_path, put_blob
from python_core.store.walking import Wanted
from python_core.support.exporting import export_items
from python_core.support.store_checks import Examination, examine_store
from python_core.support.store_files import Finding
from python_core.support.verifying import verify_export
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.file_lock import FileLock
from python_core.utils.ids import digest_of
from tests.hubs import Clock, make_hub
from tests.support.kept import PICTURE, filled, lines_of, put, text, visit


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


@pytest.fixture
def full(paths: Paths) -> Hub:
    hub = filled(paths.stored())
    index_new(hub)
    return hub


def examine(paths: Paths, *, whole: bool = True, repair: bool = False) -> dict[str, Finding]:
    return {found.check: found for found in examine_store(paths, Examination(full=whole, repair=repair))}


def faults(found: dict[str, Finding]) -> dict[str, tuple[str, str]]:
    """Return what is not well, but for daily copies and the disk, which are as the machine is."""
    left_out = ("daily copies", "disk")
    return {
        name: (each.state, each.code)
        for name, each in found.items()
        if each.state not in ("ok", "skipped") and name not in left_out
    }


def change(path: Path, sql: str, *values: Any) -> None:
    """Change the database as no hub does."""
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA foreign_keys=OFF")
    conn.execute(sql, values)
    conn.commit()
    conn.close()


def spoil_pages(path: Path, pages: range) -> None:
    content = bytearray(path.read_bytes())
    for page in pages:
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)


@pytest.mark.parametrize("whole", [True, False])
def test_a_store_in_order_has_no_fault_beside_the_running_hub(paths: Paths, full: Hub, *, whole: bool) -> None:
    put(full, text("not in the index yet"))
    found = examine(paths, whole=whole)
    assert faults(found) == {}
    assert len(found) == 11
    assert found["tallies"].detail == "5 clips, 2 visits, 2 outputs"
    put(full, text("and goes on"))


def test_where_nothing_is_stored_nothing_is_made(paths: Paths) -> None:
    assert [found.state for found in examine_store(paths)] == ["ok"]
    assert not paths.stored().exists()


def test_a_damaged_page_is_found_and_what_is_readable_is_counted_and_saved(
    paths: Paths, full: Hub, tmp_path: Path
) -> None:
    for n in range(400):
        put(full, text(f"clip {n} " * 40))
    index_new(full)
    copy = back_up_daily(full)
    full.store.close()
    conn = apsw.Connection(str(full.store.path))
    sql = "SELECT pageno FROM dbstat WHERE name = 'fragments' AND pagetype = 'leaf' ORDER BY pageno"
    leaves = [page for (page,) in conn.execute(sql)]
    conn.close()
    target = leaves[len(leaves) // 2]
    spoil_pages(full.store.path, range(target - 1, target))
    found = examine(paths)
    assert found["pages"].code == "damaged_pages"
    assert "rows lost" in found["pages"].detail
    assert str(copy) in found["pages"].advice
    manifest = export_items(full.store.folder, tmp_path / "saved", Wanted())
    assert 350 < manifest.counts["clips"] < 404
    assert manifest.counts["clips"] + manifest.counts["unreadable"] >= 404
    assert verify_export(tmp_path / "saved") == manifest


def test_a_visit_whose_words_are_lost_is_saved_without_them(full: Hub, tmp_path: Path) -> None:
    for n in range(200):
        visit(full, f"https://example.com/{n}", f"Page {n}", "a passage " * 20)
    full.store.close()
    conn = apsw.Connection(str(full.store.path))
    sql = "SELECT pageno FROM dbstat WHERE name = 'documents' AND pagetype = 'leaf' ORDER BY pageno"
    leaves = [page for (page,) in conn.execute(sql)]
    conn.close()
    spoil_pages(full.store.path, range(leaves[len(leaves) // 2] - 1, leaves[len(leaves) // 2]))
    manifest = export_items(full.store.folder, tmp_path / "saved", Wanted())
    assert manifest.counts["visits"] == 202
    lost = lines_of(tmp_path / "saved", "unreadable")
    assert lost
    found = {line["id"]: line for line in lines_of(tmp_path / "saved", "visits")}
    assert all(each["kind"] == "visit" and "selection" not in found[each["id"]] for each in lost)
    assert verify_export(tmp_path / "saved") == manifest


def test_a_file_that_is_no_database_is_told(paths: Paths, full: Hub) -> None:
    full.store.close()
    full.store.path.write_bytes(b"no database at all" * 1000)
    found = examine(paths)
    assert {found[name].code for name in ("pages", "tallies")} == {"store_unusable"}


def test_a_damaged_index_is_found_and_built_anew(paths: Paths, full: Hub) -> None:
    full.store.close()
    change(full.store.path, "DELETE FROM documents_index_docsize WHERE id = 1")
    assert faults(examine(paths))["search index"] == ("failed", "index_incomplete")
    assert examine(paths, repair=True)["search index"].state == "repaired"
    assert faults(examine(paths)) == {}


def test_an_index_that_is_built_anew_has_what_waited_for_it_and_all_else(paths: Paths, full: Hub) -> None:
    waiting = put(full, text("one that waits for the index"))
    before = {q: found_by(full, q) for q in ("one", "sea", "that")}
    put(full, text("one more that waits"))
    full.store.close()
    change(full.store.path, "DELETE FROM documents_index_docsize WHERE id = 1")
    change(full.store.path, "DELETE FROM documents_pairs_data WHERE id > 10")
    examine(paths, repair=True)
    again = make_hub(open_store(paths.stored()), Clock())
    with again.store.reading() as conn:
        assert not document_index.has_unindexed(conn)
    for q, ids in before.items():
        assert ids <= found_by(again, q), q
    assert found_by(again, '"that waits for"') == {waiting}
    assert len(found_by(again, '"that waits"')) == 2
    again.store.close()


def found_by(hub: Hub, q: str) -> set[str]:
    return {hit.id for hit in search(hub, q, SearchScope(), 50, None).items}


def test_a_spoiled_index_page_is_found(paths: Paths, full: Hub) -> None:
    for n in range(50):
        put(full, text(f"word{n} " * 20))
    index_new(full)
    full.store.close()
    change(full.store.path, "UPDATE documents_index_data SET block = zeroblob(30) WHERE id > 100")
    assert faults(examine(paths))["pages"] == ("failed", "damaged_pages")


def test_wrong_tallies_are_found_and_counted_anew(paths: Paths, full: Hub) -> None:
    full.store.close()
    change(full.store.path, "UPDATE tallies SET n = n + 3")
    assert faults(examine(paths)) == {"tallies": ("failed", "tallies_wrong")}
    assert examine(paths, repair=True)["tallies"].state == "repaired"
    assert faults(examine(paths)) == {}


def test_a_row_that_refers_to_none_is_found_and_stays(paths: Paths, full: Hub) -> None:
    full.store.close()
    change(full.store.path, "UPDATE output_sources SET output = 99")
    assert faults(examine(paths)) == {"references": ("failed", "broken_references")}
    examine(paths, repair=True)
    assert faults(examine(paths)) == {"references": ("failed", "broken_references")}


def test_a_missing_a_damaged_and_an_orphaned_picture_are_found(paths: Paths, full: Hub) -> None:
    path = blob_path(full.store.folder, digest_of(PICTURE))
    content = path.read_bytes()
    path.write_bytes(b"spoiled")
    assert faults(examine(paths)) == {"pictures": ("failed", "pictures_lost")}
    path.unlink()
    assert faults(examine(paths)) == {"pictures": ("failed", "pictures_lost")}
    path.write_bytes(content)
    path.chmod(0o600)
    put_blob(full.store.folder, digest_of(b"orphan"), b"orphan")
    orphan = blob_path(full.store.folder, digest_of(b"orphan"))
    assert faults(examine(paths)) == {"pictures": ("warning", "pictures_orphaned")}
    full.store.close()
    assert examine(paths, repair=True)["pictures"].state == "repaired"
    assert not orphan.exists()
    assert path.exists()


def test_a_gap_in_the_event_log_is_found(paths: Paths, full: Hub) -> None:
    full.store.close()
    change(full.store.path, "DELETE FROM events WHERE id = 3")
    assert faults(examine(paths)) == {"event log": ("failed", "events_missing")}
    change(full.store.path, "DELETE FROM events WHERE id <= 3")
    assert faults(examine(paths)) == {}  # pruned
    change(full.store.path, "DELETE FROM events WHERE id = (SELECT max(id) FROM events)")
    assert faults(examine(paths)) == {"event log": ("failed", "events_missing")}


def test_schemas_of_other_versions_are_told(paths: Paths, full: Hub) -> None:
    full.store.close()
    change(full.store.path, "PRAGMA user_version=99")
    assert faults(examine(paths)) == {"schema": ("failed", "schema_newer")}
    change(full.store.path, "PRAGMA user_version=1")
    assert faults(examine(paths)) == {"schema": ("warning", "schema_older")}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no modes")
def test_files_that_others_can_read_are_found(paths: Paths, full: Hub) -> None:
    full.store.path.chmod(0o644)
    assert faults(examine(paths)) == {"files": ("failed", "files_open")}
    full.store.path.chmod(0o600)
    (full.store.folder / "link").symlink_to("/etc")
    assert faults(examine(paths)) == {"files": ("failed", "files_open")}


def test_daily_copies_are_told(paths: Paths, full: Hub) -> None:
    assert examine(paths)["daily copies"].code == "no_recent_copy"
    back_up_daily(full)  # of the first of January: long ago
    assert examine(paths)["daily copies"].detail == "1, the newest of 2026-01-01"


def test_nothing_is_repaired_while_the_hub_runs(paths: Paths, full: Hub) -> None:
    with FileLock(make_private(paths.runtime()) / "hub.lock"), pytest.raises(Busy, match="smrthub stop"):
        examine(paths, repair=True)
    assert faults(examine(paths)) == {}
    assert full.store.path.exists()


def test_looking_changes_no_byte(paths: Paths, full: Hub) -> None:
    full.store.close()
    kept = [path for path in paths.stored().rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    before = [path.read_bytes() for path in kept]
    examine(paths)
    assert [path.read_bytes() for path in kept] == before
