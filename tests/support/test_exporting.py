"""An export holds everything of one moment, stands whole or not at all, and is verified to the last byte."""

from __future__ import annotations

import os
import stat
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from python_core.errors import BadInput, Conflict, NotFound
from python_core.runtime.clipboard import remove_clip
from python_core.runtime.forgetting import Selection, carry_out
from python_core.runtime.hub import Hub
from python_core.store.blobs import blob_path
from python_core.store.walking import Wanted
from python_core.support.exporting import KINDS, export_items
from python_core.support.verifying import verify_export
from python_core.utils.ids import digest_of
from tests.hubs import NOON_MS, caller
from tests.support.kept import PICTURE, fill, lines_of, put, text
from tests.whole.hub_home import wait_for

posix_modes = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no modes")
#: Columns that an export need not carry: row numbers, what follows from the rest.
LEFT_OUT = {
    "clips": {"seq", "fingerprint", "document"},
    "visits": {"seq", "document"},
    "outputs": {"seq", "document"},
    "fragments": {"clip"},
    "sightings": {"seq", "visit"},
    "output_sources": {"output", "ordinal"},
    "output_schemas": set[str](),
}
CARRIED = {
    "clips": "id client captured_at received_at app window_title url site title visit confidence evidence",
    "visits": "id client tab browser url site title started_at last_seen_at closed_at",
    "outputs": "id schema title producer client payload at",
    "fragments": "ordinal type mime digest bytes content text_likely type_id type_group type_confidence type_extension",
    "sightings": "client browser at until focused",
    "output_sources": "kind item seen",
    "output_schemas": "name version body at",
}


@pytest.fixture
def full(hub: Hub) -> Hub:
    fill(hub)
    return hub


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["out", "out.zip", "out.ZIP"])
def test_an_export_is_whole_and_verified(full: Hub, tmp_path: Path, name: str) -> None:
    target = tmp_path / name
    manifest = export_items(full.store.folder, target, Wanted())
    assert manifest.counts == {"blobs": 2, "clips": 4, "visits": 2, "schemas": 1, "outputs": 2}
    assert verify_export(target) == manifest
    assert target.is_file() == name.lower().endswith(".zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "stored"])


def test_its_lines_hold_all_that_was_captured(full: Hub, tmp_path: Path) -> None:
    export_items(full.store.folder, tmp_path / "out", Wanted())
    first, second, _, files = lines_of(tmp_path / "out", "clips")
    assert first["fragments"][0]["content"] == "The sea, the sea! \0 \u2028 𝄞"
    assert first["source"]["visitId"] == lines_of(tmp_path / "out", "visits")[0]["id"]
    assert first["source"]["evidence"]
    assert [each["type"] for each in second["fragments"]] == ["text", "html", "image"]
    assert "content" not in second["fragments"][2]
    assert files["fragments"][0]["content"] == "/tmp/a\nC:\\b c"
    [sea, land] = lines_of(tmp_path / "out", "visits")
    assert sea["selection"] == "a passage\nof two lines"
    assert land["title"] == "Land é"
    assert len(sea["sightings"]) == 1
    assert lines_of(tmp_path / "out", "outputs")[0]["sources"][0]["id"] == first["id"]
    picture = digest_of(PICTURE).removeprefix("sha256:")
    assert (tmp_path / "out" / "blobs" / picture[:2] / picture).read_bytes() == PICTURE


def test_no_column_of_what_was_captured_is_forgotten(full: Hub) -> None:
    for table, left_out in LEFT_OUT.items():
        with full.store.reading() as conn:
            columns = {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}
        assert columns == left_out | set(CARRIED[table].split()), f"{table}: export its new columns, or say why not"


@posix_modes
@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_nobody_else_can_read_it(full: Hub, tmp_path: Path, name: str) -> None:
    before = os.umask(0)
    try:
        export_items(full.store.folder, tmp_path / name, Wanted())
    finally:
        os.umask(before)
    for path in [tmp_path / name, *(tmp_path / name).rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_kinds_sites_and_times_narrow_it(full: Hub, tmp_path: Path) -> None:
    stored = full.store.folder
    clips_only = export_items(stored, tmp_path / "a", Wanted(), ["clip"])
    assert clips_only.counts == {"blobs": 2, "clips": 4}
    of_site = export_items(stored, tmp_path / "b", Wanted(site="example.org"), KINDS)
    assert of_site.counts == {"blobs": 0, "clips": 1, "visits": 1, "schemas": 1, "outputs": 1}
    early = export_items(stored, tmp_path / "c", Wanted(from_ms=NOON_MS, to_ms=NOON_MS + 20_000))
    assert (early.counts["clips"], early.counts["visits"], early.counts["outputs"]) == (1, 1, 0)
    for each in "abc":
        verify_export(tmp_path / each)


def test_nothing_is_overwritten_and_nothing_stored_is_told(full: Hub, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_bytes(b"mine")
    with pytest.raises(Conflict, match="nothing is overwritten"):
        export_items(full.store.folder, tmp_path / "out.zip", Wanted())
    with pytest.raises(BadInput, match="make it first"):
        export_items(full.store.folder, tmp_path / "nowhere" / "out", Wanted())
    with pytest.raises(NotFound, match="Nothing is stored"):
        export_items(tmp_path / "empty", tmp_path / "out2", Wanted())
    assert (tmp_path / "out.zip").read_bytes() == b"mine"
    assert not (tmp_path / "empty").exists()


def test_equal_contents_make_equal_files(full: Hub, tmp_path: Path) -> None:
    one = export_items(full.store.folder, tmp_path / "one.zip", Wanted())
    two = export_items(full.store.folder, tmp_path / "two", Wanted())
    assert one.files == two.files
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert set(packed.namelist()) == files_in(tmp_path / "two")


def test_posts_go_on_and_it_is_of_one_moment(hub: Hub, tmp_path: Path) -> None:
    ids = [put(hub, text(f"before {n}")) for n in range(300)]
    stop, posted = threading.Event(), list[str]()

    def post() -> None:
        while not stop.is_set():
            posted.append(put(hub, text(f"meanwhile {len(posted)}")))
            if len(posted) <= len(ids):
                remove_clip(hub, caller(), ids[len(posted) - 1])

    thread = threading.Thread(target=post)
    thread.start()
    try:
        exports = []
        for n in range(5):
            behind = len(posted) + 3
            wait_for(lambda behind=behind: len(posted) > behind, thread.is_alive)
            export_items(hub.store.folder, tmp_path / str(n), Wanted())
            exports.append([line["fragments"][0]["content"] for line in lines_of(tmp_path / str(n), "clips")])
            verify_export(tmp_path / str(n))
    finally:
        stop.set()
        thread.join()
    for found in exports:  # a clip is removed after one was posted: at any one moment 299 or 300 and those behind
        early = sum(each.startswith("before") for each in found)
        late = [int(each.split()[1]) for each in found if each.startswith("meanwhile")]
        assert late == list(range(len(late)))
        assert max(0, 300 - len(late)) <= early <= max(0, 301 - len(late))


def test_what_is_being_forgotten_is_not_in_it(full: Hub, tmp_path: Path) -> None:
    chosen = Selection(None, "example.org", None, None, frozenset({"clip", "visit"}))
    full.forgetting.acquire()  # its rows do not go yet
    carry_out(full, caller(), chosen, "asked", answer_within_s=0)
    full.forgetting.release()
    counts = export_items(full.store.folder, tmp_path / "out", Wanted()).counts
    assert (counts["clips"], counts["visits"]) == (3, 1)


def test_what_is_damaged_is_left_out_and_listed(full: Hub, tmp_path: Path) -> None:
    path = blob_path(full.store.folder, digest_of(PICTURE))
    path.write_bytes(path.read_bytes()[:-1])
    manifest = export_items(full.store.folder, tmp_path / "out", Wanted())
    assert manifest.counts == {"blobs": 1, "clips": 4, "visits": 2, "schemas": 1, "outputs": 2, "unreadable": 1}
    [lost] = lines_of(tmp_path / "out", "unreadable")
    whole = lines_of(tmp_path / "out", "clips")[1]
    assert lost == {"kind": "fragment", "id": whole["id"], "ordinal": 2}
    assert [each["ordinal"] for each in whole["fragments"]] == [0, 1]
    verify_export(tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (
            "clips.jsonl",
            lambda text: text.replace(b">plain<", b">Plain<", 1),
            r"clips.jsonl, line 2: a fragment is not of",
        ),
        (
            "clips.jsonl",
            lambda text: text.replace(b"12:00:10.000Z", b"12:00:10.001Z", 1),
            r"clips.jsonl: is not as it was written",
        ),
        ("visits.jsonl", lambda text: text[:-20], r"visits.jsonl, line 2: is not JSON"),
        ("visits.jsonl", lambda text: text + b"{}\n", r"visits.jsonl, line 3: .*missing"),
        ("visits.jsonl", lambda text: text[: text.index(b"\n") + 1], r"visits.jsonl: is not as it was written"),
        ("outputs.jsonl", lambda text: text.replace(b'"id"', b'"more":1,"id"', 1), r"line 1: .* unknown member"),
        ("outputs.jsonl", lambda text: text.replace(b"a note", b"\xff note"), r"outputs.jsonl, line 1: "),
        (
            "blobs.jsonl",
            lambda text: b"".join(text.splitlines(True)[:1]),
            r"clips.jsonl, line [23]: names a picture|blobs",
        ),
        (
            "manifest.json",
            lambda text: text.replace(b'"visits": 2', b'"visits": 3'),
            r"has 2 lines, the manifest counts 3",
        ),
        ("manifest.json", lambda text: text.replace(b'"formatVersion": 1', b'"formatVersion": 2'), r"update SmrtHub"),
        ("manifest.json", lambda text: b"[]", r"is not that of a hub's export"),
        ("manifest.json", lambda text: text[:50], r"is not that of a hub"),
    ],
)
def test_the_first_fault_is_told_with_its_place(
    full: Hub, tmp_path: Path, name: str, change: object, told: str
) -> None:
    assert callable(change)
    export_items(full.store.folder, tmp_path / "out", Wanted())
    path = tmp_path / "out" / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BadInput, match=told):
        verify_export(tmp_path / "out")


def test_a_missing_a_changed_and_a_foreign_file_are_told(full: Hub, tmp_path: Path) -> None:
    export_items(full.store.folder, tmp_path / "out", Wanted())
    foreign = tmp_path / "out" / "more.txt"
    foreign.touch()
    with pytest.raises(BadInput, match="does not belong"):
        verify_export(tmp_path / "out")
    foreign.unlink()
    [picture, _] = sorted((tmp_path / "out" / "blobs").rglob("?" * 64))
    content = picture.read_bytes()
    picture.write_bytes(content[:-1] + b"!")
    with pytest.raises(BadInput, match=r"blobs.jsonl, line 1: its file is not what its name says"):
        verify_export(tmp_path / "out")
    picture.unlink()
    with pytest.raises(BadInput, match=r"blobs.jsonl, line 1: its file .* is missing"):
        verify_export(tmp_path / "out")
    picture.write_bytes(content)
    verify_export(tmp_path / "out")
    (tmp_path / "out" / "visits.jsonl").unlink()
    with pytest.raises(BadInput, match=r"visits.jsonl is missing"):
        verify_export(tmp_path / "out")


def test_any_byte_of_a_zip_that_changes_is_found(full: Hub, tmp_path: Path) -> None:
    path = tmp_path / "out.zip"
    export_items(full.store.folder, path, Wanted())
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as packed:
        entry = packed.getinfo("clips.jsonl")
        begin, end = entry.header_offset + 64, entry.header_offset + entry.compress_size
    for at in range(begin, end, 37):
        spoiled = bytearray(whole)
        spoiled[at] ^= 0x10
        path.write_bytes(spoiled)
        with pytest.raises(BadInput):
            verify_export(path)
    for cut in (0, 100, len(whole) // 2, len(whole) - 10):
        path.write_bytes(whole[:cut])
        with pytest.raises(BadInput):
            verify_export(path)
