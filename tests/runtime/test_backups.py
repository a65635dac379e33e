"""Each day has its copy, for as many days as are set, and none where the disk is short."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from python_core.errors import HubError, StorageFull
from python_core.runtime.backups import back_up_daily, keep_daily_copies
from python_core.runtime.free_disk import FreeDisk
from python_core.runtime.hub import Hub
from python_core.runtime.status import get_status
from python_core.store import Store
from python_core.store.copying import list_daily_copies
from python_core.utils.heartbeat import Heartbeat
from tests.hubs import Clock, make_hub
from tests.support.kept import put, text

DAY_S = 86_400


def names(hub: Hub) -> list[str]:
    return sorted(path.name for path in (hub.store.folder / "backups").iterdir())


def test_a_day_has_one_copy_which_is_a_plain_database(hub: Hub) -> None:
    assert get_status(hub, "bridge").modules["backups"].detail == "no daily copy yet"
    put(hub, text("the sea"))
    made = back_up_daily(hub)
    assert made is not None
    assert back_up_daily(hub) is None
    assert names(hub) == ["hub-2026-01-01.db"]
    if sys.platform != "win32":
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
    copy = sqlite3.connect(made)
    assert copy.execute("SELECT count(*) FROM clips").fetchone() == (1,)
    copy.close()
    assert names(hub) == ["hub-2026-01-01.db"]
    assert get_status(hub, "bridge").modules["backups"].detail == "newest daily copy of 2026-01-01"


def test_copies_are_kept_for_as_many_days_as_are_set(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, {"backup_days": 3})
    for _ in range(6):
        back_up_daily(hub)
        clock.pass_s(DAY_S)
    (store.folder / "backups" / "hub-before-step-2.db").touch()
    back_up_daily(hub)
    assert names(hub) == [*(f"hub-2026-01-0{day}.db" for day in (5, 6, 7)), "hub-before-step-2.db"]
    assert [copy.day.day for copy in list_daily_copies(store.folder)] == [7, 6, 5]


def test_0_makes_none_and_leaves_what_is_there(store: Store, clock: Clock) -> None:
    back_up_daily(make_hub(store, clock))
    clock.pass_s(30 * DAY_S)
    off = make_hub(store, clock, {"backup_days": 0})
    assert back_up_daily(off) is None
    assert names(off) == ["hub-2026-01-01.db"]
    assert get_status(off, "bridge").modules["backups"].detail == "off"


def test_copies_that_come_no_more_are_a_warning(hub: Hub, clock: Clock) -> None:
    back_up_daily(hub)
    clock.pass_s(3 * DAY_S)
    assert get_status(hub, "bridge").modules["backups"].level == "warning"
    restarted = make_hub(hub.store, clock)  # a machine that was off
    assert get_status(restarted, "bridge").modules["backups"].level == "healthy"


def test_a_short_disk_gets_none(hub: Hub) -> None:
    short = replace(hub, free_disk=FreeDisk(lambda _: 100 << 20))
    with pytest.raises(StorageFull, match="backupDays"):
        back_up_daily(short)
    assert list_daily_copies(hub.store.folder) == []


def test_a_damaged_database_replaces_no_good_copy(hub: Hub, clock: Clock) -> None:
    for n in range(300):
        put(hub, text(f"clip {n} " * 50))
    back_up_daily(hub)
    hub.store.close()
    content = bytearray(hub.store.path.read_bytes())
    for page in range(20, 40):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    hub.store.path.write_bytes(content)
    clock.pass_s(30 * DAY_S)
    with pytest.raises(HubError, match="damaged"):
        back_up_daily(hub)
    assert names(hub) == ["hub-2026-01-01.db"]


def test_a_copy_that_is_cut_off_leaves_nothing(hub: Hub) -> None:
    stop = threading.Event()
    stop.set()
    keep_daily_copies(hub, stop, Heartbeat(900, "daily_copy", lambda *_: None))
    from python_core.runtime.backups import _Ended

    with pytest.raises(_Ended):
        back_up_daily(hub, stop)
    assert names(hub) == []


def test_what_a_killed_process_left_is_removed(hub: Hub) -> None:
    folder = hub.store.folder / "backups"
    folder.mkdir()
    stray: Path = folder / ".hub-2025-12-31.db.x.tmp"
    stray.touch()
    os.utime(stray, (0, 0))
    back_up_daily(hub)
    assert names(hub) == ["hub-2026-01-01.db"]
