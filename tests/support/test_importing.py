"""What was exported goes into another store as it was; again it changes nothing; what is faulty keeps nothing else out."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from python_core.errors import BadInput
from python_core.runtime.clipboard import get_clip, get_fragment, remove_clip
from python_core.runtime.event_kinds import told_by
from python_core.runtime.forgetting import ForgetRequest, forget
from python_core.runtime.hub import Hub
from python_core.runtime.status import get_status
from python_core.runtime.structured_output import list_outputs
from python_core.store import open_store
from python_core.store.walking import Wanted
from python_core.support.exporting import export_items
from python_core.support.importing import GROUP_SIZE, ImportChoice, Imported, import_items
from python_core.utils.ids import new_id
from tests.hubs import Clock, caller, make_hub, page_of_events
from tests.support.kept import filled, lines_of, put, text


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """An export, as a folder."""
    hub = filled(tmp_path / "first")
    export_items(hub.store.folder, tmp_path / "out", Wanted())
    hub.store.close()
    return tmp_path / "out"


def open_hub(folder: Path) -> Hub:
    return make_hub(open_store(folder), Clock())


def states(found: Imported) -> dict[str, dict[str, int]]:
    return {name: dict(counts) for name, counts in found.counts.items() if counts}


def sign(folder: Path) -> None:
    """Make the manifest fit what the files hold, as one who means harm would."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def rewrite(folder: Path, name: str, change: Callable[[list[Any]], list[Any]]) -> None:
    path = folder / f"{name}.jsonl"
    path.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in change(lines_of(folder, name))))
    sign(folder)


def test_a_second_export_is_equal_to_the_last_byte(exported: Path, tmp_path: Path) -> None:
    found = import_items(tmp_path / "second", exported)
    assert states(found) == {
        "schemas": {"added": 1}, "visits": {"added": 2}, "clips": {"added": 4}, "outputs": {"added": 2},
    }  # fmt: skip
    export_items(tmp_path / "second", tmp_path / "again", Wanted())
    names = [path.relative_to(exported) for path in exported.rglob("*") if path.is_file()]
    assert len(names) == 8
    for name in names:
        if name.name != "manifest.json":
            assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes(), name


def test_what_was_imported_is_found_counted_and_shown(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)
    hub = open_hub(tmp_path / "second")
    assert get_status(hub, "bridge").counts == {"clips": 4, "visits": 2, "outputs": 2}
    with hub.store.reading() as conn:
        conn.execute("INSERT INTO documents_index(documents_index, rank) VALUES ('integrity-check', 1)")
    for clip in lines_of(exported, "clips"):
        assert get_clip(hub, clip["id"]).captured_at == clip["capturedAt"]
        for fragment in clip["fragments"]:
            assert len(get_fragment(hub, clip["id"], fragment["ordinal"])[1]) == fragment["bytes"]
    [output] = [each for each in list_outputs(hub, None, None, 50, None).items if each.sources]
    assert [source.state for source in output.sources] == ["present"]


def test_each_transaction_has_its_event(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)
    events = page_of_events(open_hub(tmp_path / "second"), 0, 50, "items_imported").items
    assert [event.data for event in events] == [
        {"schemas": 1, "visits": 0, "clips": 0, "outputs": 0},
        {"schemas": 0, "visits": 2, "clips": 0, "outputs": 0},
        {"schemas": 0, "visits": 0, "clips": 4, "outputs": 0},
        {"schemas": 0, "visits": 0, "clips": 0, "outputs": 2},
    ]
    assert all(told_by(event.kind, dict(event.data)) for event in events)


def test_again_it_changes_nothing(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)
    found = import_items(tmp_path / "second", exported)
    assert found.total("known") == 9 == sum(map(sum, (counts.values() for counts in found.counts.values())))
    assert page_of_events(open_hub(tmp_path / "second"), 0, 50, None).newest == 4


def test_a_dry_run_tells_the_same_and_does_nothing(exported: Path, tmp_path: Path) -> None:
    dry = import_items(tmp_path / "second", exported, ImportChoice(dry_run=True))
    assert not (tmp_path / "second").exists()
    assert import_items(tmp_path / "second", exported).counts == dry.counts
    dry = import_items(tmp_path / "second", exported, ImportChoice(dry_run=True))
    assert dry.total("known") == 9


def test_what_differs_is_told_and_never_overwritten(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)

    def change(lines: list[Any]) -> list[Any]:
        lines[1]["title"] = "Another"
        return lines

    rewrite(exported, "visits", change)
    found = import_items(tmp_path / "second", exported)
    assert states(found)["visits"] == {"known": 1, "conflict": 1}
    assert [(fault.file, fault.line, fault.state) for fault in found.faults] == [("visits.jsonl", 2, "conflict")]
    export_items(tmp_path / "second", tmp_path / "again", Wanted())
    assert lines_of(tmp_path / "again", "visits")[1]["title"] == "Land é"


def test_what_was_forgotten_comes_back_only_when_asked_for(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)
    hub = open_hub(tmp_path / "second")
    remove_clip(hub, caller(), lines_of(exported, "clips")[0]["id"])
    forget(hub, caller(), ForgetRequest(site="example.org"))
    found = import_items(tmp_path / "second", exported)
    assert states(found)["clips"] == {"known": 3, "forgotten": 1}
    assert states(found)["visits"] == {"known": 1, "forgotten": 1}
    found = import_items(tmp_path / "second", exported, ImportChoice(forgotten=True))
    assert (found.total("added"), found.total("forgotten")) == (2, 0)


def test_what_is_forgotten_meanwhile_does_not_come_back(exported: Path, tmp_path: Path) -> None:
    import_items(tmp_path / "second", exported)
    hub, clip = open_hub(tmp_path / "second"), lines_of(exported, "clips")[0]["id"]
    gone = list[str]()

    def forget_once(_done: int, _total: int) -> None:  # after the visits, before the clips
        if not gone:
            gone.append(clip)
            remove_clip(hub, caller(), clip)

    found = import_items(tmp_path / "second", exported, progress=forget_once)
    assert (found.total("added"), found.total("forgotten")) == (0, 1)


def test_it_goes_in_beside_what_is_there(exported: Path, tmp_path: Path) -> None:
    hub = open_hub(tmp_path / "second")
    own = put(hub, text("already here"))
    import_items(tmp_path / "second", exported)
    assert get_clip(hub, own).fragments[0].content == "already here"
    assert get_status(hub, "bridge").counts["clips"] == 5


def test_an_import_that_was_cut_off_goes_on(exported: Path, tmp_path: Path) -> None:
    def multiply(lines: list[Any]) -> list[Any]:
        return [{**lines[0], "id": new_id()} for _ in range(3 * GROUP_SIZE)]

    rewrite(exported, "visits", multiply)

    class Cut(Exception):
        pass

    def cut(done: int, _total: int) -> None:
        if done > 2 * GROUP_SIZE:
            raise Cut

    with pytest.raises(Cut):
        import_items(tmp_path / "second", exported, progress=cut)
    found = import_items(tmp_path / "second", exported)
    assert states(found)["visits"] == {"known": 2 * GROUP_SIZE, "added": GROUP_SIZE}
    assert get_status(open_hub(tmp_path / "second"), "bridge").counts["visits"] == 3 * GROUP_SIZE


def test_a_changed_file_is_refused_whole_unless_its_good_lines_are_asked_for(exported: Path, tmp_path: Path) -> None:
    path = exported / "visits.jsonl"
    path.write_bytes(path.read_bytes().replace(b"The sea", b"The see", 1))
    with pytest.raises(BadInput, match="not as it was written"):
        import_items(tmp_path / "second", exported)
    assert not (tmp_path / "second").exists()
    assert import_items(tmp_path / "second", exported, ImportChoice(damaged=True)).total("added") == 9


def _set(**members: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {**item, **members}


def _fragment(**members: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {**item, "fragments": [{**item["fragments"][0], **members}]}


DEEP: Any = []
for _ in range(150):
    DEEP = [DEEP]


HARMS: list[tuple[str, Callable[[dict[str, Any]], dict[str, Any]], str]] = [
    ("clips", _set(more=1), "unknown member"),
    ("clips", _set(id="../../etc/passwd"), "Expected `str`"),
    ("clips", _set(id=7), "Expected `str`"),
    ("clips", _set(capturedAt="yesterday"), "RFC 3339"),
    ("clips", _set(capturedAt="0000-99-99T00:00:00Z"), "RFC 3339"),
    ("clips", _set(fragments=[]), "length >= 1"),
    ("clips", _set(source=None), "Expected `object`"),
    ("clips", _fragment(digest="sha256:" + "0" * 64), "digest and size"),
    ("clips", _fragment(bytes=3), "digest and size"),
    ("clips", _fragment(digest="sha256:../../../../x"), "Expected `str`"),
    ("clips", _fragment(ordinal=64), "<= 63"),
    ("clips", _fragment(ordinal=-1), ">= 0"),
    ("clips", _fragment(mime="text/html"), "mime"),
    ("clips", _fragment(type="script"), "Invalid enum"),
    ("clips", _fragment(type="image", mime="image/svg+xml", content=None), "mime"),
    ("clips", _fragment(type="image", mime="image/png"), "picture has its content here"),
    ("clips", lambda item: {**item, "fragments": item["fragments"] * 2}, "one ordinal"),
    ("visits", _set(url="x" * 200_000), "length <= 100000"),
    ("visits", _set(startedAt=1e400), "not JSON|Expected"),
    ("visits", _set(title="\ud800"), "not JSON"),
    ("outputs", _set(payload=DEEP), "nested too deeply"),
    ("outputs", _set(sources=[{"kind": "file", "id": "x", "seen": "y"}]), "Invalid enum"),
    ("schemas", _set(name="../x"), "Expected `str`"),
    ("schemas", _set(version=0), ">= 1"),
    ("schemas", _set(body={"a": DEEP}), "nested too deeply"),
]


@pytest.mark.parametrize(("name", "harm", "reason"), HARMS, ids=range(len(HARMS)))
def test_a_hostile_item_is_refused_by_its_line_and_the_others_go_in(
    exported: Path, tmp_path: Path, name: str, harm: Callable[[dict[str, Any]], dict[str, Any]], reason: str
) -> None:
    good = len(lines_of(exported, name))
    rewrite(exported, name, lambda lines: [harm(lines[0]), *lines])
    found = import_items(tmp_path / "second", exported)
    assert found.counts[name] == {"added": good, "refused": 1}, found.faults
    [fault] = found.faults
    assert (fault.file, fault.line) == (f"{name}.jsonl", 1)
    assert reason in fault.reason or any(each in fault.reason for each in reason.split("|")), fault
    assert found.total("added") == 9


@pytest.mark.parametrize(
    "line",
    [b"", b"null", b"[]", b"{", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"[" * 100_000, b"NaN", b'{"id":1}{"id":2}', b"\0"],
    ids=["empty", "null", "list", "torn", "utf-16", "bom", "deep", "nan", "two", "nul"],
)
def test_a_line_that_is_no_item_is_refused(exported: Path, tmp_path: Path, line: bytes) -> None:
    path = exported / "visits.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    sign(exported)
    found = import_items(tmp_path / "second", exported)
    assert states(found)["visits"] == {"added": 2, "refused": 1}


def test_a_reason_never_quotes_the_item(exported: Path, tmp_path: Path) -> None:
    rewrite(exported, "visits", lambda lines: [{**lines[0], "canaryqxzj": "canaryqxzj", "id": "canaryqxzj"}, *lines])
    found = import_items(tmp_path / "second", exported)
    assert "canaryqxzj" not in str(found.faults)


def test_a_clip_whose_picture_is_missing_or_false_is_refused(exported: Path, tmp_path: Path) -> None:
    one, two = sorted((exported / "blobs").rglob("?" * 64))
    one.unlink()
    two.write_bytes(b"something else")
    found = import_items(tmp_path / "second", exported)
    assert states(found)["clips"] == {"added": 2, "refused": 2}
    assert not list((tmp_path / "second").glob("blobs/??/*"))


def test_a_blob_that_is_a_link_is_not_followed(exported: Path, tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("links need rights there")
    secret = tmp_path / "secret"
    for path in sorted((exported / "blobs").rglob("?" * 64)):
        secret.write_bytes(path.read_bytes())
        path.unlink()
        path.symlink_to(secret)
    assert states(import_items(tmp_path / "second", exported))["clips"] == {"added": 2, "refused": 2}


def test_names_that_lead_out_of_a_zip_are_never_opened(exported: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as packed:
        for path in exported.rglob("*"):
            packed.write(path, path.relative_to(exported).as_posix())
        packed.writestr("../../escaped", b"x")
        packed.writestr("/escaped", b"x")
        packed.writestr("blobs/../escaped", b"x")
    assert import_items(tmp_path / "second", tmp_path / "evil.zip").total("added") == 9
    assert not list(tmp_path.rglob("escaped"))


def test_a_zip_that_unpacks_beyond_its_own_table_is_not_read_beyond_it(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for each in exported.rglob("*.json*"):
            content = each.read_bytes() if each.name != "visits.jsonl" else b" " * 300_000_000
            packed.writestr(each.name, content)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(BadInput):
        import_items(tmp_path / "second", path)
    found = import_items(tmp_path / "second", path, ImportChoice(damaged=True))
    assert states(found)["visits"] == {"refused": 1}


def test_what_is_no_export_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    (tmp_path / "b").mkdir()
    for name in ("a.zip", "b", "nowhere.zip", "nowhere"):
        with pytest.raises(BadInput):
            import_items(tmp_path / "second", tmp_path / name)
    assert not (tmp_path / "second").exists()
