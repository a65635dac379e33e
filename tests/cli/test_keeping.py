"""``smrthub export`` and ``import`` beside a running hub, and where none runs."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal, see
from tests.whole.hub_home import wait_for


def test_what_was_exported_is_verified_and_imported_into_an_empty_hub(
    smrthub: Terminal, idle: Terminal, tmp_path: Path
) -> None:
    clip_id = smrthub.copy("The sea, the sea!")
    path = tmp_path / "out.zip"
    told = smrthub("export", str(path), "--json").json
    assert told["counts"]["clips"] >= 1
    assert "is whole" in smrthub("export", "verify", str(path)).out
    assert smrthub("export", "verify", str(path), "--json").json["whole"] is True
    would = idle("import", "--dry-run", str(path)).out
    assert would.startswith("Would take in ")
    assert f"{told['counts']['clips']:,} clip" in would
    assert idle("import", str(path), "--json").json["counts"]["clips"] == {"added": told["counts"]["clips"]}
    assert "Took in nothing" in idle("import", str(path)).out
    idle.home.start_hub()
    assert idle("clip", "show", clip_id, "--json").json["fragments"][0]["content"] == "The sea, the sea!"
    assert idle("search", "sea", "--json").json["items"]


def test_posts_go_on_while_an_import_runs(smrthub: Terminal, idle: Terminal, tmp_path: Path) -> None:
    for n in range(20):
        smrthub.copy(f"to be imported {n}")
    smrthub("export", str(tmp_path / "out"), "--kind", "clip")
    idle.home.start_hub()
    stop, posted = threading.Event(), list[str]()

    def post() -> None:
        caller = idle.home.caller()
        while not stop.is_set():
            posted.append(caller.copy(f"meanwhile {len(posted)}")["id"])

    thread = threading.Thread(target=post)
    thread.start()
    try:
        for _ in range(3):
            assert idle("import", str(tmp_path / "out")).code == 0
    finally:
        stop.set()
        thread.join()
    listed = idle("clip", "list", "--limit", "10000", "--json").json["items"]
    assert {item["id"] for item in listed} >= set(posted)
    assert sum(item["fragments"][0].get("preview", "").startswith("to be imported") for item in listed) == 20


def test_a_fault_is_told_with_its_place_and_exit_code_1(smrthub: Terminal, idle: Terminal, tmp_path: Path) -> None:
    smrthub.copy("one clip")
    smrthub("export", str(tmp_path / "out"))
    path = tmp_path / "out" / "clips.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n")
    failed = smrthub("export", "verify", str(tmp_path / "out"))
    assert (failed.code, failed.out) == (1, "")
    assert "clips.jsonl, line" in failed.err
    assert idle("import", str(tmp_path / "out")).code == 1
    taken = idle("import", "--damaged", str(tmp_path / "out"))
    assert taken.code == 1
    assert "1 are faulty" in taken.out
    assert "clips.jsonl, line" in taken.err


def test_a_home_in_which_nothing_is_stored_is_told_and_left_empty(idle: Terminal, tmp_path: Path) -> None:
    failed = idle("export", str(tmp_path / "out"))
    assert failed.code == 1
    assert "Nothing is stored" in failed.err
    assert not (tmp_path / "out").exists()


def test_the_words_are_a_name_or_verify_and_a_name(idle: Terminal) -> None:
    for words in ((), ("verify",), ("check", "x"), ("verify", "x", "y")):
        assert idle("export", *words).code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_short_export_draws_no_bar(smrthub: Terminal, tmp_path: Path) -> None:
    smrthub.copy("one clip")
    seen = see(smrthub.home, 80, "export", str(tmp_path / "out.zip"))
    assert "Exported" in seen
    assert "Exporting" not in seen


def test_json_of_an_import_tells_each_fault(smrthub: Terminal, idle: Terminal, tmp_path: Path) -> None:
    smrthub.copy("one clip")
    smrthub("export", str(tmp_path / "out"))
    path = tmp_path / "out" / "clips.jsonl"
    path.write_bytes(b"{}\n")
    found = json.loads(idle("import", "--damaged", "--json", str(tmp_path / "out")).out)
    assert found["faults"][0] | {"reason": ""} == {"file": "clips.jsonl", "line": 1, "state": "refused", "reason": ""}


def test_a_backup_of_a_running_hub_is_restored_when_it_has_ended(idle: Terminal, tmp_path: Path) -> None:
    served = idle.home.start_hub()
    kept = idle.copy("kept in the backup")
    path = tmp_path / "backup.zip"
    assert "with 0 pictures" in idle("export", "--backup", str(path)).out
    assert "a backup with 0 pictures" in idle("export", "verify", str(path)).out
    later = idle.copy("later")
    refused = idle("import", "--restore", str(path))
    assert refused.code == 1
    assert "smrthub stop" in refused.err
    assert served.end() == 0
    told = idle("import", "--restore", str(path), "--json").json
    assert told["missingPictures"] == 0
    assert Path(told["aside"]).exists()
    idle.home.start_hub()
    assert idle("clip", "show", kept).code == 0
    assert idle("clip", "show", later).code == 1
    wait_for(lambda: not Path(told["aside"]).exists())


def test_a_backup_and_a_restoring_take_no_options_of_others(idle: Terminal) -> None:
    assert idle("export", "--backup", "x", "--kind", "clip").code == 2
    assert idle("import", "--restore", "x", "--dry-run").code == 2


def test_the_doctor_examines_the_store_of_a_running_hub(smrthub: Terminal) -> None:
    smrthub.copy("healthy")
    seen = smrthub("doctor", "--store")
    assert seen.code == 0, seen
    assert "search index" in seen.out
    found = smrthub("doctor", "--store", "--full", "--json").json
    assert found["whole"] is True
    assert {check["state"] for check in found["checks"]} <= {"ok", "warning", "skipped"}
    refused = smrthub("doctor", "--store", "--repair")
    assert refused.code == 1
    assert "smrthub stop" in refused.err


def test_the_doctor_ends_with_1_where_something_is_wrong(idle: Terminal) -> None:
    served = idle.home.start_hub()
    idle.copy("healthy")
    served.end()
    path = idle.home.paths.stored() / "hub.db"
    path.write_bytes(path.read_bytes()[:8192])
    seen = idle("doctor", "--store")
    assert seen.code == 1
    assert "put back a copy" in seen.err
