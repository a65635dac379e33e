"""Daily copies of the database in ``backups/`` beside it: made while the hub runs, kept for ``backupDays``.

A copy is the database alone. Pictures are files that never change under names that are their digests: what a copy names is there
until it is forgotten.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from python_core.errors import HubError, StorageFull
from python_core.runtime.hub import Hub
from python_core.store.copying import copy_database, faults_in, list_daily_copies, remove_replaced
from python_core.utils.config_path_resolver import make_private
from python_core.utils.heartbeat import Heartbeat
from python_core.utils.ids import new_id
from python_core.utils.logger import get_logger_for

#: A start has more to do than copying; then it is looked at every quarter of an hour whether the day's copy is there.
FIRST_AFTER_S, EVERY_S = 120.0, 900.0
#: A pause after each mebibyte, for those who wait for the disk.
PAUSE_S = 0.002
_MIB = 1024 * 1024
log = get_logger_for("python-runtime", __name__)


class _Ended(Exception):
    """The hub ends in the middle of a copy."""


def back_up_daily(hub: Hub, stop: threading.Event | None = None) -> Path | None:
    """Make the day's copy unless it is there, remove those that are too old, and return it where one was made.

    :param stop: ends it when set; what was begun is removed.
    :raises StorageFull: the copy would leave less than ``minFreeDiskMib`` of the disk.
    :raises HubError: the copy is damaged, as the database is; older ones stay.
    """
    days, folder = hub.settings.bridge.backup_days, hub.store.folder / "backups"
    if days == 0:
        return None
    today = datetime.fromtimestamp(hub.now() / 1000, UTC).date()
    target = folder / f"hub-{today.isoformat()}.db"
    made = None
    if not target.exists():
        _need_room(hub)
        made = _copy(hub, target, _looking_at(stop))
    for copy in list_daily_copies(hub.store.folder):
        if copy.day <= today - timedelta(days=days):
            copy.path.unlink(missing_ok=True)
    return made


def keep_daily_copies(hub: Hub, stop: threading.Event, heartbeat: Heartbeat) -> None:
    """Have a copy of each day until ``stop`` is set; what goes wrong is logged, and tried again."""
    remove_replaced(hub.store.folder)  # the start with the restored store has succeeded
    wait_s = FIRST_AFTER_S
    while not stop.wait(wait_s):
        wait_s = EVERY_S
        heartbeat.pulse()
        try:
            made = back_up_daily(hub, stop)
        except _Ended:
            return
        except (HubError, OSError) as fault:
            log.warning("The daily copy was not made", exception=fault)
            heartbeat.error(f"the day's copy was not made: {getattr(fault, 'code', 'the disk cannot be used')}")
        else:
            if made is not None:
                log.information("The daily copy was made")


def _copy(hub: Hub, target: Path, look: Callable[[], None]) -> Path:
    """Copy to a draft and check that before it gets its name: what bears it is whole."""
    draft = make_private(target.parent) / f".{target.name}.{new_id()}.tmp"
    for stray in target.parent.glob(".hub-*.tmp*"):
        stray.unlink(missing_ok=True)
    try:
        copy_database(hub.store.path, draft, lambda _done, _total: look())
        if faults_in(draft, thorough=False, look=look):
            raise HubError("The database is damaged: see smrthub doctor --store")
        draft.rename(target)
    finally:
        for stray in (draft, draft.with_name(draft.name + "-journal")):
            stray.unlink(missing_ok=True)
    return target


def _looking_at(stop: threading.Event | None) -> Callable[[], None]:
    def look() -> None:
        if stop is not None and stop.wait(PAUSE_S):
            raise _Ended

    return look


def _need_room(hub: Hub) -> None:
    needed = hub.store.path.stat().st_size + hub.settings.bridge.min_free_disk_mib * _MIB
    if hub.free_disk.bytes_in(hub.store.folder) < needed:
        raise StorageFull("The disk has no room for a daily copy: free some space, or set backupDays to 0.")
