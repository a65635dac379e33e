"""What a forgetting does once it has begun: its rows go, then the files lose what rows left; each step can be repeated."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

from python_core.runtime.events import announce
from python_core.runtime.hub import Hub
from python_core.runtime.removal import caller_of, remove_rows
from python_core.store import Connection, forgettings
from python_core.store.blobs import has_doomed_blobs, sweep_blobs
from python_core.store.copies import clean_copy, forget_in_copy, list_copies, remove_drafts
from python_core.store.forgettings import ForgettingRow
from python_core.store.overwriting import fold_log, overwrite_slack

#: How long one attempt waits for readers of an older moment.
WAITS_S = 2.0
PAUSE_S = 0.02
#: After a turn at the slack, for who waits to write: a lock goes to who asks for it again at once.
YIELD_S = 0.002
#: ``more``: the time was over; ``waits``: somebody else is in the way, trying again later is right.
Progress = Literal["done", "more", "waits"]


def erase(hub: Hub, rows: list[ForgettingRow], until_s: float) -> Progress:
    """Go on with forgettings until they are done or ``time.monotonic()`` is ``until_s``."""
    for row in rows:
        if not remove_rows(hub, row, until_s):
            return "more"
    ids = {row.id for row in rows}
    progress = _secure(hub, _in_state(hub, ids, "securing"), until_s)
    while progress == "done" and (left := _in_state(hub, ids, "overwriting")):
        # Those that are equally far go together: one look at every page serves them all.
        page = max(row.gone.page for row in left)
        progress = _overwrite(hub, [row for row in left if row.gone.page == page], until_s)
    return progress


def _in_state(hub: Hub, ids: set[str], state: str) -> list[ForgettingRow]:
    with hub.store.reading() as conn:
        return [row for row in forgettings.list_unfinished(conn) if row.id in ids and row.state == state]


def _secure(hub: Hub, group: list[ForgettingRow], until_s: float) -> Progress:
    """Remove the files of contents, and clean the copies of the database; from then on it is not said what was wanted."""
    sweep_blobs(hub.store)
    if group and has_doomed_blobs(hub.store):
        return _note_progress(hub, group, "waits", "files")
    if group and not remove_drafts(hub.store.folder):
        return _note_progress(hub, group, "waits", "copies")
    for copy in list_copies(hub.store.folder) if group else ():
        if all(copy.name in row.gone.copies for row in group):
            continue
        outcome = forget_in_copy(copy, group)
        if outcome is None:
            return _note_progress(hub, group, "waits", "copies")
        for row in group:
            row.gone.copies[copy.name] = outcome
        if time.monotonic() >= until_s:
            return _note_progress(hub, group, "more")
    return _note_progress(hub, group, "done", goes_on=forgettings.clear_wanted)


def _overwrite(hub: Hub, group: list[ForgettingRow], until_s: float) -> Progress:
    """Rid the database's own files of what the removed rows left behind."""
    page = group[0].gone.page
    tried_since = time.monotonic()
    while (following := _overwrite_some(hub, page)) is not None:
        if following == page and time.monotonic() - tried_since >= _patience_s(until_s):
            return _note_progress(hub, group, "waits", "readers")
        if following == page:
            time.sleep(PAUSE_S)
            continue
        page, tried_since = following, time.monotonic()
        for row in group:
            row.gone.page = page
        if time.monotonic() >= until_s:
            return _note_progress(hub, group, "more")
        time.sleep(YIELD_S)
    if not _fold(hub, _patience_s(until_s)):
        return _note_progress(hub, group, "waits", "readers")
    if not _clean_new_copies(hub, group):
        return _note_progress(hub, group, "waits", "copies")

    def end(conn: Connection, row: ForgettingRow) -> None:
        row.gone.page = 0
        forgettings.set_forgetting(conn, row._replace(state="done", finished_ms=hub.now()))
        if row.cause != "removed":
            announce(conn, hub, caller_of(row), "forgetting_finished", id=row.id)

    return _note_progress(hub, group, "done", goes_on=end)


def _overwrite_some(hub: Hub, page: int) -> int | None:
    with (
        hub.store.alone()
    ):  # else an act that begins a log anew has all pages looked at again: one turn in 80 under load
        return overwrite_slack(hub.store.path, page)


def _fold(hub: Hub, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while True:
        with hub.store.alone():
            if fold_log(hub.store.path):
                return True
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE_S)


def _clean_new_copies(hub: Hub, group: list[ForgettingRow]) -> bool:
    """Clean the copies that were made since the rows went: they have the same slack."""
    known = set(group[0].gone.copies).intersection(*(row.gone.copies for row in group))
    new = [copy for copy in list_copies(hub.store.folder) if copy.name not in known]
    for copy in new:
        if not clean_copy(copy):
            return False
        for row in group:
            row.gone.copies.setdefault(copy.name, "cleaned")
    return remove_drafts(hub.store.folder)


def _patience_s(until_s: float) -> float:
    return max(0.0, min(WAITS_S, until_s - time.monotonic()))


def _note_progress(
    hub: Hub,
    group: list[ForgettingRow],
    progress: Progress,
    waits_for: str = "",
    goes_on: Callable[[Connection, ForgettingRow], None] = forgettings.set_forgetting,
) -> Progress:
    """Write down how far forgettings are, those that another process has not brought further meanwhile."""

    def note(conn: Connection) -> None:
        for row in group:
            now = forgettings.get_forgetting(conn, row.id)
            if now is not None and now.state == row.state:
                goes_on(conn, row._replace(detail=waits_for))

    if group:
        hub.store.write(note)
    return progress
