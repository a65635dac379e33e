"""A restoring ends no pause, forgets no forgetting, runs nothing twice, and has nothing taken unannounced."""

from __future__ import annotations

from pathlib import Path

import pytest

from python_core.runtime.capture import Pause, get_capture, pause_capture
from python_core.runtime.forgetting import (
    ForgetRequest,
    carry_out,
    forget,
    go_on_forgetting,
    list_receipts,
    selection_of,
)
from python_core.runtime.hub import Hub
from python_core.runtime.retention import DAY_MS, get_retention, keep_retention
from python_core.runtime.status import get_status
from python_core.runtime.triggers import NewRun, get_run, queue_run, run_next
from python_core.store import open_store
from python_core.store.copying import RESTORING, remove_replaced
from python_core.support.backing_up import back_up
from python_core.support.restoring import restore
from python_core.utils.config_path_resolver import Paths
from tests.hubs import NOON_MS, Clock, caller, make_hub, run_python
from tests.support.kept import filled


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


@pytest.fixture
def full(paths: Paths) -> Hub:
    return filled(paths.stored())


def restored(full: Hub, paths: Paths, backup: Path, *, include_forgotten: bool = False) -> Hub:
    full.store.close()
    restore(paths, backup, include_forgotten=include_forgotten)
    return make_hub(open_store(paths.stored()), Clock())


def test_a_pause_holds(full: Hub, paths: Paths, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    pause_capture(full, caller(), Pause())
    assert get_capture(restored(full, paths, tmp_path / "backup")).state == "paused"


def test_what_was_forgotten_stays_so_over_a_second_restoring(full: Hub, paths: Paths, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    receipt = forget(full, caller(), ForgetRequest(site="example.org"))
    hub = restored(full, paths, tmp_path / "backup")
    counts = get_status(hub, "bridge").counts
    assert [each.id for each in list_receipts(hub, 10, None).items] == [receipt.id]
    again = restored(hub, paths, tmp_path / "backup")
    assert get_status(again, "bridge").counts == counts
    assert len(list_receipts(again, 10, None).items) == 1


@pytest.mark.parametrize("include_forgotten", [False, True])
def test_a_forgetting_that_was_under_way_goes_on_unless_all_is_wanted(
    full: Hub, paths: Paths, tmp_path: Path, *, include_forgotten: bool
) -> None:
    before = get_status(full, "bridge").counts
    back_up(full.store.folder, tmp_path / "backup")
    full.forgetting.acquire()
    carry_out(full, caller(), selection_of(full, ForgetRequest(site="example.org")), "asked", answer_within_s=0)
    hub = restored(full, paths, tmp_path / "backup", include_forgotten=include_forgotten)
    assert go_on_forgetting(hub) == "done"
    assert (get_status(hub, "bridge").counts == before) == include_forgotten


def test_a_run_that_waited_does_not_run_again(full: Hub, paths: Paths, tmp_path: Path) -> None:
    run = queue_run(full, caller(), NewRun(trigger="smrtsearch", args={"query": "a", "open": False}), None).run
    back_up(full.store.folder, tmp_path / "backup")
    hub = restored(full, paths, tmp_path / "backup")
    assert not run_next(hub)
    assert get_run(hub, run.id).state == "cancelled"


def test_retention_is_announced_anew(paths: Paths, tmp_path: Path) -> None:
    keeps, clock = {"keep_clip_days": 30}, Clock(NOON_MS + 40 * DAY_MS)
    folder = paths.stored()
    filled(folder).store.close()
    hub = make_hub(open_store(folder), clock, keeps)
    keep_retention(hub)  # announced
    back_up(folder, tmp_path / "backup")
    restored(hub, paths, tmp_path / "backup")
    clock.at_ms += 60 * DAY_MS
    later = make_hub(open_store(folder), clock, keeps)
    count = get_status(later, "bridge").counts
    keep_retention(later)
    assert get_status(later, "bridge").counts == count
    assert get_retention(later).next_run_at is not None
    clock.at_ms += 2 * DAY_MS
    keep_retention(later)
    assert go_on_forgetting(later) == "done"
    assert get_status(later, "bridge").counts != count


SIDES = ("-journal", "-wal", "-shm")


def test_what_a_killed_restoring_has_left_is_not_played_into_the_next_and_goes(
    full: Hub, paths: Paths, tmp_path: Path
) -> None:
    """A hot journal of the draft holds pages as they were before what was forgotten went from it."""
    folder, counts = full.store.folder, get_status(full, "bridge").counts
    back_up(folder, tmp_path / "backup")
    full.store.close()
    run_python(KILLED_DRAFT, str(tmp_path / "backup" / "hub.db"), str(folder / RESTORING))
    assert (folder / f"{RESTORING}-journal").stat().st_size > 512
    restore(paths, tmp_path / "backup")
    assert list(folder.glob(f"{RESTORING}*")) == []
    hub = make_hub(open_store(folder), Clock())
    assert get_status(hub, "bridge").counts == counts
    for ending in SIDES:
        (folder / (RESTORING + ending)).write_bytes(b"captured")
    remove_replaced(folder)
    assert list(folder.glob(f"{RESTORING}*")) == []


KILLED_DRAFT = """
import shutil, sys
from python_core.store.connection import connect
shutil.copyfile(*sys.argv[1:])
conn = connect(sys.argv[2])
conn.execute("PRAGMA cache_size = 1; BEGIN; DELETE FROM clips; DELETE FROM documents; DELETE FROM fragments")
conn.cacheflush()
shutil.copyfile(sys.argv[2] + "-journal", sys.argv[2] + "-kept")
conn.execute("ROLLBACK")
conn.close()
shutil.move(sys.argv[2] + "-kept", sys.argv[2] + "-journal")
"""
