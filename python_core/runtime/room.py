"""Room: whether the limits of the settings and the disk let something more be stored.

Asked in the act that stores, after what is known already was found: a repeated request is answered as the first one was. What
removes or changes is never asked, so that room can be made.
"""

from __future__ import annotations

from collections.abc import Callable

from python_core.errors import StorageFull
from python_core.runtime.hub import Hub
from python_core.store import Connection, tallies

_MIB = 1024 * 1024


def need_room(conn: Connection, hub: Hub, *, is_item: bool = True) -> None:
    """Pass when one more may be stored.

    :param is_item: it is a clip, a visit or an output, which ``maxStoredItems`` counts.
    :raises StorageFull: a limit is reached; told with its figure and what to do.
    """
    full = _limit_reached(hub, lambda: _stored_in(conn), is_item=is_item)
    if full is not None:
        raise StorageFull(f"Nothing was stored: {full}")


def has_room(conn: Connection, hub: Hub) -> bool:
    """Say whether one more item may be stored."""
    return _limit_reached(hub, lambda: _stored_in(conn), is_item=True) is None


def fullness_of(hub: Hub) -> str | None:
    """Say which limit is reached, in a sentence with what to do, or None."""
    return _limit_reached(hub, lambda: hub.store.recall("room", _stored_in), is_item=True)


def _stored_in(conn: Connection) -> tuple[int, int]:
    return sum(tallies.get_tallies(conn).values()), tallies.count_stored_bytes(conn)


def _limit_reached(hub: Hub, stored: Callable[[], tuple[int, int]], *, is_item: bool) -> str | None:
    """Look at what is stored, items and bytes, only where a limit is set."""
    limits = hub.settings.bridge
    free_mib, kept = hub.free_disk.bytes_in(hub.store.folder) // _MIB, limits.min_free_disk_mib
    if free_mib < kept:
        return (
            f"{free_mib:,} MiB of the disk are free, and minFreeDiskMib keeps {kept:,}: free some space, or lower it."
        )
    if not (limits.max_stored_items or limits.max_stored_mib):
        return None
    items, stored_bytes = stored()
    stored_mib = stored_bytes // _MIB
    if is_item and 0 < limits.max_stored_items <= items:
        return (
            f"{items:,} items are stored, and maxStoredItems is {limits.max_stored_items:,}: remove some, or raise it."
        )
    if 0 < limits.max_stored_mib <= stored_mib:
        return (
            f"{stored_mib:,} MiB are stored, and maxStoredMib is {limits.max_stored_mib:,}: remove clips, or raise it."
        )
    return None
