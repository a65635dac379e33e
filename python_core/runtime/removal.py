"""Take the rows of a forgetting out, in slices that others can write between, and note in its receipt what went."""

from __future__ import annotations

import time
from contextlib import nullcontext
from functools import partial

from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.store import Connection, document_index, forgettings, removal, runs, tallies
from python_core.store.forgettings import KINDS, ForgettingRow, Taken

#: How long one slice holds the writer, and how many rows it looks up for it.
SLICE_S, SLICE_ROWS = 0.025, 200
#: From so many items on, and one of so many stored, the search index is written anew instead of searched for each of their words:
#: that costs 0.1 ms for each item that is stored, searching 50 ms for each that goes (120 words).
LOOSE_FROM, LOOSE_SHARE = 20, 500
#: Items and outputs that a receipt names; its counts hold all.
NAMED_AT_MOST = 1_000
_EVENTS = {"clip": "clipboard_forgotten", "visit": "visit_forgotten", "output": "output_removed"}


def remove_rows(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Remove the rows of a forgetting, if they are not yet; say whether the time was enough."""
    return row.state != "removing" or (_clear_asides(hub, row, until_s) and _remove_items(hub, row, until_s))


def _clear_asides(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Take the texts out of what ran, was shown or was asked since the oldest item came: it may hold a piece of any of them."""
    oldest_ms, is_loose = row.oldest_ms, row.gone.is_loose
    if oldest_ms is None:
        with hub.store.reading() as conn:
            counts, oldest_ms, _ = forgettings.count_taken(conn, row)
            stored = sum(tallies.get_tallies(conn)[f"{kind}s"] for kind in KINDS)
        is_loose = sum(counts.values()) >= max(LOOSE_FROM, stored // LOOSE_SHARE)
    if oldest_ms is None:
        return True

    span = forgettings.asides_of(row, oldest_ms)

    def clear(conn: Connection) -> int:
        now = forgettings.get_forgetting(conn, row.id) or row
        now.gone.is_loose = is_loose
        forgettings.set_forgetting(conn, now._replace(oldest_ms=oldest_ms))
        if span is None:
            return 0
        for run, trigger in removal.list_runs_within(conn, span):
            runs.set_run_cancelled(conn, run, hub.now())
            announce(conn, hub, caller_of(row), "trigger_finished", id=run, trigger=trigger, state="cancelled")
        removal.clear_asides_within(conn, span)
        return removal.clear_runs_within(conn, span)

    while hub.store.write(clear):
        if time.monotonic() >= until_s:
            return False
    return True


def _remove_items(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    for kind in KINDS:
        after = 0
        while True:
            with hub.store.reading() as conn:
                found = forgettings.list_taken(conn, row, kind, after, SLICE_ROWS)
            if not found:
                break
            if time.monotonic() >= until_s:
                return False
            done = hub.store.write(partial(_remove_slice, hub, row, kind, found))
            after = found[done - 1]

    if not _write_index_anew(hub, row, until_s):
        return False

    def remove_rest(conn: Connection) -> None:
        now = forgettings.get_forgetting(conn, row.id) or row
        if now.state != "removing":  # another thread or process has brought it further, and what was wanted is cleared
            return
        if row.from_ms is not None and row.to_ms is not None and row.site is None and row.visits_upto:
            count = removal.remove_sightings_within(conn, row.from_ms, row.to_ms)
            now.gone.counts["sightings"] = now.gone.counts.get("sightings", 0) + count
        forgettings.set_forgetting(conn, now._replace(state="securing"))

    hub.store.write(remove_rest)
    return True


def _write_index_anew(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Rid the search index of words that were only noted as gone."""

    def write_piece(conn: Connection) -> bool:
        now = forgettings.get_forgetting(conn, row.id) or row
        if not now.gone.is_loose:
            return False
        has_more = document_index.merge_index(conn, begin=not now.gone.is_merging)
        if not now.gone.is_merging:
            now.gone.is_merging = True
            forgettings.set_forgetting(conn, now)
        return has_more

    while hub.store.write(write_piece):
        if time.monotonic() >= until_s:
            return False
    return True


def _remove_slice(hub: Hub, row: ForgettingRow, kind: str, found: list[int], conn: Connection) -> int:
    """Remove as many of these rows as the time of a slice allows, one at least; return how many."""
    now = forgettings.get_forgetting(conn, row.id) or row
    if now.state != "removing":  # others have taken them: what stands in these rows now has come since
        return len(found)
    end, done = time.monotonic() + SLICE_S, 0
    with document_index.loosely_removing(conn) if now.gone.is_loose else nullcontext():
        for seq in found:
            removed = removal.remove_item(conn, kind, seq, hub.now(), keeps_readers=row.cause == "removed")
            if removed is not None:
                _note(conn, hub, row, now.gone, removed)
            done += 1
            if time.monotonic() >= end:
                break
    forgettings.set_forgetting(conn, now)
    return done


def _note(conn: Connection, hub: Hub, row: ForgettingRow, gone: Taken, removed: removal.Removed) -> None:
    """Add an item that went to the receipt, and announce it."""
    caller = caller_of(row)
    announce(conn, hub, caller, _EVENTS[removed.kind], id=removed.id)
    for name, count in removed.counts.items():
        gone.counts[name] = gone.counts.get(name, 0) + count
    if len(gone.items) < NAMED_AT_MOST:
        gone.items.append((removed.kind, removed.id))
    for output in removed.outputs:
        announce(conn, hub, caller, "output_marked", id=output)
        if output not in gone.outputs_marked and len(gone.outputs_marked) < NAMED_AT_MOST:
            gone.outputs_marked.append(output)
    for client, times, last_at_ms in removed.readers:
        items, known, last = gone.readers.get(client, [0, 0, 0])
        gone.readers[client] = [items + 1, known + times, max(last, last_at_ms)]


def caller_of(row: ForgettingRow) -> Caller:
    """Return who asked for a forgetting, as the caller of what it does."""
    return Caller(row.client, "forgetting", row.trace_id)
