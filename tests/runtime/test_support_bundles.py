"""A bundle is made in a process of its own, one at a time, and what became of it is told, whatever became of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import get_args

import psutil
import pytest

from python_core.errors import BadInput, Conflict, NotFound, StorageFull
from python_core.runtime.hub import Hub
from python_core.runtime.support_bundles import (
    BundleRequest,
    BundleView,
    Component,
    begin_bundle,
    get_bundle,
    read_bundle,
    remove_bundle,
)
from python_core.support.bundle_format import COMPONENTS
from tests.hubs import make_hub
from tests.whole.hub_home import wait_for

REPORT = {
    "madeAt": "2026-01-02T03:04:05.678Z",
    "since": "2026-01-01T03:04:05.678Z",
    "bytes": 3,
    "sha256": "0" * 64,
    "parts": [{"component": "logs", "name": "python-net", "state": "failed", "reason": "PermissionError"}],
    "notes": ["logs: too large"],
    "redactions": {"secrets": 2},
    "comparedWith": "the words of the store",
    "files": [{"name": "manifest.json", "bytes": 3, "sha256": "0" * 64}],
}
#: Stands for the command: writes what it was asked with into the file, and says what it is told to say.
MAKES = "import sys; open(sys.argv[-1], 'w').write(' '.join(sys.argv[2:-1])); print(sys.argv[1])"
WAITS = "import os, sys, time; open(sys.argv[-1] + '.pid', 'w').write(str(os.getpid())); time.sleep(600)"


def made(hub: Hub, script: str, *arguments: str, wanted: BundleRequest | None = None) -> BundleView:
    """Have a script in the command's place make a bundle, and wait for its end."""
    begin_bundle(hub, wanted or BundleRequest(), [sys.executable, "-c", script, *arguments])
    return ended(hub)


def ended(hub: Hub) -> BundleView:
    view: BundleView = wait_for(lambda: (view := get_bundle(hub)).state != "making" and view)
    return view


def kill_waiting(hub: Hub) -> None:
    """End the script that waits, and wait until that is told."""
    [file] = wait_for(lambda: [*(hub.store.folder / "bundle").glob("*.pid")])
    psutil.Process(int(wait_for(file.read_text))).kill()
    ended(hub)
    file.unlink()


def test_the_components_are_those_of_the_command() -> None:
    assert get_args(Component) == COMPONENTS


def test_before_the_first_there_is_none(hub: Hub) -> None:
    assert get_bundle(hub) == BundleView(state="none")
    with pytest.raises(NotFound):
        read_bundle(hub)
    with pytest.raises(NotFound):
        remove_bundle(hub)


def test_what_was_made_is_reported_and_can_be_had(hub: Hub) -> None:
    wanted = BundleRequest(since="2026-01-01T00:00:00Z", components=["logs", "store"])
    view = made(hub, MAKES, json.dumps(REPORT), wanted=wanted)
    assert view.state == "made"
    assert view.report is not None
    assert (view.report.redactions, view.report.parts[0].reason) == ({"secrets": 2}, "PermissionError")
    name, content = read_bundle(hub)
    assert name == "smrthub-bundle-20260102-030405.zip"
    assert content.decode() == "--since 2026-01-01T00:00:00.000Z --components logs,store --output"
    remove_bundle(hub)
    assert get_bundle(hub).state == "none"
    assert [path.suffix for path in (hub.store.folder / "bundle").iterdir()] == [".lock"] * 2


def test_without_a_time_it_is_the_last_day(hub: Hub) -> None:
    made(hub, MAKES, json.dumps(REPORT))
    assert read_bundle(hub)[1].decode() == "--since 2025-12-31T12:00:00.000Z --output"


def test_one_is_made_at_a_time_also_by_another_process_of_the_hub(hub: Hub) -> None:
    begin_bundle(hub, BundleRequest(), [sys.executable, "-c", WAITS])
    other = make_hub(hub.store, hub.now)  # type: ignore[arg-type]
    assert get_bundle(other).state == "making"
    for each in (hub, other):
        with pytest.raises(Conflict):
            begin_bundle(each, BundleRequest(), [sys.executable, "-c", MAKES, ""])
        with pytest.raises(Conflict):
            remove_bundle(each)
        with pytest.raises(NotFound):
            read_bundle(each)
    kill_waiting(hub)
    assert made(other, MAKES, json.dumps(REPORT)).state == "made"


def test_the_next_one_takes_the_place_of_the_one_before(hub: Hub) -> None:
    first = made(hub, MAKES, json.dumps(REPORT))
    (hub.store.folder / "bundle" / ".half.zip.0.tmp").write_bytes(b"of one that was killed")
    second = made(hub, MAKES, json.dumps(REPORT))
    assert first.id != second.id
    assert [path.name for path in (hub.store.folder / "bundle").glob("*zip*")] == [f"{second.id}.zip"]


def test_a_refusal_is_told_with_its_code(hub: Hub) -> None:
    told = {"error": {"code": "leak_found", "message": "No bundle was written: a token stood in logs/x of it."}}
    view = made(hub, "import sys; print(sys.argv[1]); sys.exit(1)", json.dumps(told))
    assert (view.state, view.report) == ("failed", None)
    assert view.failure is not None
    assert (view.failure.code, view.failure.message[:21]) == ("leak_found", "No bundle was written")
    with pytest.raises(NotFound):
        read_bundle(hub)


@pytest.mark.parametrize(
    "script",
    [
        "raise ValueError('captured words')",
        "print('captured words'); raise SystemExit(1)",
        "print('{}')",
        "import sys; sys.stdout.buffer.write(b'\\xff'); raise SystemExit(1)",
        "import os; os.abort()",
        "",
    ],
    ids=["crash", "prints", "other JSON", "no UTF-8", "abort", "silence"],
)
def test_a_command_that_breaks_is_told_without_its_words(hub: Hub, script: str) -> None:
    view = made(hub, script)
    assert view.failure is not None
    assert view.failure.code == "internal"
    assert "captured" not in view.failure.message


def test_a_command_that_is_not_there_is_told(hub: Hub, tmp_path: Path) -> None:
    begin_bundle(hub, BundleRequest(), [str(tmp_path / "none")])
    assert ended(hub).state == "failed"


def test_a_hub_that_was_killed_meanwhile_has_made_none(hub: Hub) -> None:
    made(hub, MAKES, json.dumps(REPORT))
    path = hub.store.folder / "bundle" / "bundle.json"
    found = json.loads(path.read_text("utf-8"))
    found["bundle"]["state"] = "making"
    del found["bundle"]["report"]
    path.write_text(json.dumps(found), "utf-8")
    assert get_bundle(hub).state == "making"
    path.write_text(json.dumps(found | {"pid": 2**22 + 7}), "utf-8")
    view = get_bundle(hub)
    assert view.failure is not None
    assert (view.state, view.failure.code) == ("failed", "interrupted")
    assert made(hub, MAKES, json.dumps(REPORT)).state == "made"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"bundle": 1}', '{"bundle": {"state": "else"}}', "\xff"])
def test_what_is_told_in_a_damaged_file_is_none(hub: Hub, text: str) -> None:
    made(hub, MAKES, json.dumps(REPORT))
    (hub.store.folder / "bundle" / "bundle.json").write_bytes(text.encode("latin-1"))
    assert get_bundle(hub).state == "none"


def test_what_is_no_time_is_refused_and_makes_nothing(hub: Hub) -> None:
    with pytest.raises(BadInput):
        begin_bundle(hub, BundleRequest(since="yesterday"))
    assert get_bundle(hub).state == "none"


@pytest.mark.parametrize("in_place_of", ["bundle", "bundle/bundle.lock", "bundle/.atomic-json.lock"])
def test_where_nothing_can_be_written_it_is_told_and_nothing_is_held(hub: Hub, in_place_of: str) -> None:
    path = hub.store.folder / in_place_of
    if path.name == "bundle":
        path.write_bytes(b"a file in the folder's place")
    else:
        path.mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(StorageFull):
            begin_bundle(hub, BundleRequest())
    path.unlink() if path.is_file() else path.rmdir()
    assert made(hub, MAKES, json.dumps(REPORT)).state == "made"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_others_can_read_nothing_of_it(hub: Hub) -> None:
    before = os.umask(0)
    try:
        made(hub, MAKES, json.dumps(REPORT))
    finally:
        os.umask(before)
    folder = hub.store.folder / "bundle"
    modes = {path.stat().st_mode & 0o077 for path in (folder, *folder.glob("bundle.*"))}
    assert modes == {0}
