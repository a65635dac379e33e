"""Killed or out of room in the middle: an export or backup is whole or not there, what was stored stays, and again it works."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from python_core.errors import Busy, StorageFull
from python_core.runtime.backups import back_up_daily
from python_core.runtime.status import get_status
from python_core.store import open_store
from python_core.store.walking import Wanted
from python_core.support.backing_up import back_up
from python_core.support.exporting import export_items
from python_core.support.importing import import_items
from python_core.support.restoring import restore
from python_core.support.verifying import verify_export
from python_core.utils.config_path_resolver import Paths
from tests.hubs import ROOT, Clock, make_hub
from tests.support.kept import PICTURE, filled, image, put, text

FULL = (StorageFull, Busy)  # SQLite's shared-memory file, too, can be what finds no room
CLIPS = 1_500
#: Moments after the beginning at which a process is killed, spread over what it does.
MOMENTS = (0.0, 0.05, 0.15, 0.3, 0.6)
BEGIN = """
import sys
from pathlib import Path
from python_core.store.walking import Wanted
from python_core.support.backing_up import back_up
from python_core.support.exporting import export_items
from python_core.support.importing import import_items
from python_core.support.restoring import restore
from python_core.utils.config_path_resolver import Paths
what, root, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
paths = Paths(roaming=root / "roaming", local=root / "local")
print("begun", flush=True)
if what == "export":
    export_items(paths.stored(), target, Wanted())
elif what == "backup":
    back_up(paths.stored(), target)
elif what == "import":
    import_items(paths.stored(), target)
else:
    restore(paths, target)
print("done", flush=True)
"""


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with many clips, an ``export`` and a ``backup`` of it beside."""
    root = tmp_path_factory.mktemp("history")
    hub = filled(paths_in(root).stored())
    for n in range(CLIPS):
        put(hub, text(f"clip {n} " + "what a person selects " * 20))
    for n in range(20):
        put(hub, image(PICTURE + str(n).encode() * 2000))
    hub.store.close()
    export_items(hub.store.folder, root / "export", Wanted())
    back_up(hub.store.folder, root / "backup")
    return root


def paths_in(root: Path) -> Paths:
    return Paths(roaming=root / "roaming", local=root / "local")


def kill_after(moment_s: float, *arguments: str) -> bool:
    """Start one of them, kill it a moment after it has begun, and say whether it was done before."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGIN, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(moment_s)
        process.kill()
        return "done" in process.stdout.read()


@pytest.mark.parametrize("what", ["export", "backup"])
@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_one_that_was_killed_leaves_nothing_that_looks_whole(
    history: Path, tmp_path: Path, what: str, name: str
) -> None:
    target = tmp_path / name
    for moment_s in MOMENTS:
        is_done = kill_after(moment_s, what, str(history), str(target))
        if target.exists():  # killed between giving it its name and saying so, at the latest
            verify_export(target)
            break
        assert not is_done
    write: Callable[[Path, Path], object] = (
        back_up if what == "backup" else lambda folder, path: export_items(folder, path, Wanted())
    )
    write(paths_in(history).stored(), tmp_path / f"again-{name}")
    verify_export(tmp_path / f"again-{name}")


def test_drafts_of_killed_ones_go_a_day_later(history: Path, tmp_path: Path) -> None:
    stray = tmp_path / f".out.zip.{'x' * 36}.tmp"
    stray.touch()
    export_items(paths_in(history).stored(), tmp_path / "out.zip", Wanted())
    assert stray.exists()
    (tmp_path / "out.zip").unlink()
    os.utime(stray, (0, 0))
    export_items(paths_in(history).stored(), tmp_path / "out.zip", Wanted())
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_an_import_that_is_killed_again_and_again_ends_whole(history: Path, tmp_path: Path) -> None:
    for moment_s in MOMENTS:
        kill_after(moment_s, "import", str(tmp_path), str(history / "export"))
    import_items(paths_in(tmp_path).stored(), history / "export")
    first, second = (
        export_items(paths_in(root).stored(), tmp_path / name, Wanted())
        for root, name in ((history, "a"), (tmp_path, "b"))
    )
    assert first.files == second.files
    hub = make_hub(open_store(paths_in(tmp_path).stored()), Clock())
    assert get_status(hub, "bridge").counts["clips"] == CLIPS + 24


def test_a_restoring_that_is_killed_leaves_the_store_before_or_the_new_one(history: Path, tmp_path: Path) -> None:
    paths = paths_in(tmp_path)
    hub = filled(paths.stored())
    hub.store.close()
    for moment_s in MOMENTS:
        kill_after(moment_s, "restore", str(tmp_path), str(history / "backup"))
        store = open_store(paths.stored())
        assert get_status(make_hub(store, Clock()), "bridge").counts["clips"] in (4, CLIPS + 24)
        with store.reading() as conn:
            assert conn.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        store.close()
    restore(paths, history / "backup")
    assert export_items(paths.stored(), tmp_path / "a", Wanted()).counts["clips"] == CLIPS + 24


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if made.returncode != 0:
        pytest.skip("this root may not mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_an_export_or_backup_that_finds_no_room_leaves_none_of_it(history: Path, small_disk: Path, name: str) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096 - 20_000))
    with pytest.raises(FULL, match="disk is full"):
        export_items(paths_in(history).stored(), small_disk / name, Wanted())
    with pytest.raises(FULL):
        back_up(paths_in(history).stored(), small_disk / name)
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_an_import_that_finds_no_room_keeps_what_went_in_and_goes_on_when_there_is_some(
    history: Path, small_disk: Path, tmp_path: Path
) -> None:
    with pytest.raises(FULL):
        import_items(small_disk / "stored", history / "export")
    conn = apsw.Connection(str(small_disk / "stored" / "hub.db"))
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    conn.close()
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    import_items(small_disk / "stored", history / "export")
    manifest = export_items(small_disk / "stored", tmp_path / "again", Wanted())
    assert manifest.files == verify_export(history / "export").files


def test_a_restoring_that_finds_no_room_changes_nothing(history: Path, small_disk: Path) -> None:
    paths = paths_in(small_disk)
    hub = filled(paths.stored())
    hub.store.close()
    with pytest.raises(FULL):
        restore(paths, history / "backup")
    assert not (paths.stored() / "restoring.db").exists()
    hub = make_hub(open_store(paths.stored()), Clock())
    assert get_status(hub, "bridge").counts["clips"] == 4
    hub.store.close()


def test_a_daily_copy_that_finds_no_room_leaves_none_of_it(small_disk: Path) -> None:
    hub = make_hub(open_store(small_disk / "stored"), Clock(), {"min_free_disk_mib": 0})
    for n in range(20):
        put(hub, text(f"clip {n} " + "what a person selects " * 200))
    (small_disk / "ballast").write_bytes(b"x" * (os.statvfs(small_disk).f_bavail * 4096 - 200_000))
    with pytest.raises(FULL):
        back_up_daily(hub)
    assert list((small_disk / "stored").glob("backups/*")) == []
    put(hub, text("goes on"))
