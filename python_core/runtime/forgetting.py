"""Forgetting: take captured items out of everything the hub holds, and answer with a receipt.

It begins with one small transaction, from which on nobody is shown what is to go. The rows go in slices, so that others can write
meanwhile; then the files are rid of what rows leave behind. Whatever ends the process, the next one goes on with it.
"""

from __future__ import annotations

import re
import time
from functools import partial
from typing import Annotated, Literal, NamedTuple

import msgspec

from python_core.errors import BadInput, NotFound
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.ledger import write_notes
from python_core.runtime.receipts import ForgetPreview, ForgetReceipt, ReceiptPage, preview_of, receipt_of
from python_core.runtime.shapes import Body, Instant, cursor_of, instant_ms, place_of
from python_core.smrtdetect.web_address import read_host, site_of
from python_core.store import Connection, forgettings, removal, runs
from python_core.store.blobs import sweep_blobs
from python_core.store.forgettings import KINDS, ForgettingRow, Taken
from python_core.store.overwriting import fold_log
from python_core.utils.ids import new_id

#: How long a caller waits for the end; then the receipt says ``pending``, and the worker goes on.
ANSWER_WITHIN_S = 5.0
#: How long one slice holds the writer, and how many rows it looks up for it.
SLICE_S, SLICE_ROWS = 0.05, 200
#: How long one attempt waits for readers of an older moment.
FOLD_WITHIN_S = 2.0
IDS_AT_MOST = 1_000
#: Items and outputs that a receipt names; its counts hold all.
NAMED_AT_MOST = 1_000
_ALL = 2**62
_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|m|min|h|d|w)", re.ASCII)
_SPAN_MS = {"s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_EVENTS = {"clip": "clipboard_forgotten", "visit": "visit_forgotten", "output": "output_removed"}
Kind = Literal["clip", "visit", "output"]
Cause = Literal["asked", "removed", "retention", "rule"]
_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class ForgetRequest(Body, frozen=True, kw_only=True):
    """What shall go: by ``ids``; or from a ``site`` with its subdomains, in a span of time, or both.

    ``kinds`` narrows it; without it, ids may be of any kind, and a site or a span takes clips and visits: an output is somebody's
    work, and is marked instead. ``dryRun``: only count.
    """

    ids: Annotated[list[_Id], msgspec.Meta(min_length=1, max_length=IDS_AT_MOST)] | None = None
    site: Annotated[str, msgspec.Meta(min_length=1, max_length=253)] | None = None
    last: (
        Annotated[str, msgspec.Meta(max_length=12, description="The last `30s`, `10m`, `2h`, `3d` or `1w`.")] | None
    ) = None
    from_: Instant | None = msgspec.field(name="from", default=None)
    to: Instant | None = None
    kinds: Annotated[list[Kind], msgspec.Meta(min_length=1, max_length=3)] | None = None
    dry_run: bool = False


class Selection(NamedTuple):
    """What a forgetting takes, judged."""

    ids: list[str] | None
    site: str | None
    from_ms: int | None
    to_ms: int | None
    kinds: frozenset[str]
    spares_cited: bool = False


def forget(hub: Hub, caller: Caller, wanted: ForgetRequest, cause: Cause = "asked") -> ForgetReceipt:
    """Forget what is wanted and return the receipt, as far as it got within ``ANSWER_WITHIN_S``.

    Announces ``clipboard_forgotten``, ``visit_forgotten`` or ``output_removed`` for each item, ``output_marked`` for each
    output that cited one, and ``forgetting_finished``.

    :raises BadInput: it is not clear what is wanted.
    """
    return carry_out(hub, caller, selection_of(hub, wanted), cause)


def preview(hub: Hub, wanted: ForgetRequest) -> ForgetPreview:
    """Count what ``forget`` would take now, and change nothing.

    :raises BadInput: as ``forget``.
    """
    row = _row_of(hub, Caller("", "", ""), selection_of(hub, wanted), "asked")
    with hub.store.reading() as conn:
        return preview_of(*forgettings.count_taken(conn, row))


def carry_out(
    hub: Hub, caller: Caller, chosen: Selection, cause: Cause, answer_within_s: float = ANSWER_WITHIN_S
) -> ForgetReceipt:
    """Begin a forgetting, durably, and return its receipt as it is once it is done, or at latest after a time."""
    write_notes(hub)  # who has read it is in the receipt
    wanted = _row_of(hub, caller, chosen, cause)
    row = hub.store.write(lambda conn: forgettings.add_forgetting(conn, wanted))
    end = time.monotonic() + answer_within_s
    if hub.forgetting.acquire(timeout=answer_within_s):
        try:
            _go_on(hub, row, end)
        finally:
            hub.forgetting.release()
    hub.work_queued.set()  # the worker does the rest
    return get_receipt(hub, row.id)


def remove_one(hub: Hub, caller: Caller, kind: Kind, item: str) -> None:
    """Forget one item, known to be there, without asking for its receipt; the ledger still tells who had read it."""
    carry_out(hub, caller, Selection([item], None, None, None, frozenset({kind})), "removed")


def go_on_forgetting(hub: Hub, until_s: float = float("inf")) -> bool:
    """Go on with what is not finished until ``time.monotonic()`` is ``until_s``; say whether all is done."""
    with hub.store.reading() as conn:
        unfinished = forgettings.list_unfinished(conn)
    if not unfinished:
        return True
    if not hub.forgetting.acquire(blocking=False):
        return False
    try:
        return all(_go_on(hub, row, until_s) for row in unfinished)
    finally:
        hub.forgetting.release()


def get_receipt(hub: Hub, forgetting_id: str) -> ForgetReceipt:
    """Return one receipt.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        row = forgettings.get_forgetting(conn, forgetting_id)
        if row is None:
            raise NotFound("There is no receipt of that id.")
        return receipt_of(conn, row)


def list_receipts(hub: Hub, limit: int, cursor: str | None) -> ReceiptPage:
    """Return a page of receipts, newest first."""
    place = place_of(cursor, 1)
    with hub.store.reading() as conn:
        rows = forgettings.list_forgettings(conn, place[0] if place else None, limit + 1)
        items = [receipt_of(conn, row) for row in rows[:limit]]
    return ReceiptPage(items=items, next_cursor=cursor_of(rows[limit - 1].seq) if len(rows) > limit else None)


def selection_of(hub: Hub, wanted: ForgetRequest) -> Selection:
    """Judge what a caller wants.

    :raises BadInput: nothing is named, or what contradicts itself.
    """
    from_ms, to_ms = _span_of(hub, wanted)
    has_span = from_ms is not None
    if wanted.ids is None and wanted.site is None and not has_span:
        raise BadInput("Say what to forget: ids, site, last, or from and to.")
    if wanted.ids is not None and (wanted.site is not None or has_span):
        raise BadInput.at("/ids", "stands alone: not with site, last, from or to")
    kinds = frozenset(wanted.kinds or (KINDS if wanted.ids is not None else ("clip", "visit")))
    if wanted.site is not None and "output" in (wanted.kinds or ()):
        raise BadInput.at("/kinds", "names outputs, which are of no site: give their ids")
    return Selection(wanted.ids, _site_of(wanted.site), from_ms, to_ms, kinds)


def _span_of(hub: Hub, wanted: ForgetRequest) -> tuple[int | None, int | None]:
    from_ms, to_ms = instant_ms(wanted.from_, "/from"), instant_ms(wanted.to, "/to")
    if wanted.last is not None:
        span = _SPAN.fullmatch(wanted.last)
        if span is None:
            raise BadInput.at("/last", "is no span of time, such as 30s, 10m, 2h, 3d or 1w")
        if from_ms is not None or to_ms is not None:
            raise BadInput.at("/last", "stands for from and to: not with them")
        return hub.now() - int(span[1]) * _SPAN_MS[span[2]], hub.now()
    if (from_ms is None) != (to_ms is None):
        raise BadInput.at("/to" if to_ms is None else "/from", "is missing: a span needs both ends")
    if from_ms is not None and to_ms is not None and from_ms > to_ms:
        raise BadInput.at("/to", "is before from")
    return from_ms, to_ms


def _site_of(given: str | None) -> str | None:
    if given is None:
        return None
    host = read_host(given.strip().removesuffix("."))
    if host is None:
        raise BadInput.at("/site", "is no name of a site, such as example.com")
    return site_of(host)


def _row_of(hub: Hub, caller: Caller, chosen: Selection, cause: Cause) -> ForgettingRow:
    upto = [_ALL if kind in chosen.kinds else 0 for kind in KINDS]
    return ForgettingRow(
        seq=0,
        id=new_id(),
        at_ms=hub.now(),
        cause=cause,
        client=caller.client,
        trace_id=caller.trace_id,
        state="removing",
        ids=chosen.ids,
        site=chosen.site,
        from_ms=chosen.from_ms,
        to_ms=chosen.to_ms,
        clips_upto=upto[0],
        visits_upto=upto[1],
        outputs_upto=upto[2],
        spares_cited=chosen.spares_cited,
        oldest_ms=None,
        finished_ms=None,
        gone=Taken(),
        detail="",
    )


def _go_on(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Do the next steps of one forgetting until they are done or the time is over; say which."""
    if row.state == "removing" and not (_clear_asides(hub, row, until_s) and _remove_rows(hub, row, until_s)):
        return False
    return _secure(hub, row, until_s)


def _clear_asides(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Take the texts out of what ran, was shown or was asked since the oldest item came: it may hold a piece of any of them."""
    with hub.store.reading() as conn:
        oldest_ms = row.oldest_ms if row.oldest_ms is not None else forgettings.count_taken(conn, row)[1]
    if oldest_ms is None:
        return True

    def clear(conn: Connection) -> int:
        now = forgettings.get_forgetting(conn, row.id) or row
        forgettings.set_forgetting(conn, now._replace(oldest_ms=oldest_ms))
        caller = _caller_of(row)
        for run, trigger in removal.list_runs_since(conn, oldest_ms):
            runs.set_run_cancelled(conn, run, hub.now())
            announce(conn, hub, caller, "trigger_finished", id=run, trigger=trigger, state="cancelled")
        removal.clear_asides_since(conn, oldest_ms)
        return removal.clear_runs_since(conn, oldest_ms)

    while hub.store.write(clear):
        if time.monotonic() >= until_s:
            return False
    return True


def _remove_rows(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
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

    def remove_rest(conn: Connection) -> None:
        now = forgettings.get_forgetting(conn, row.id) or row
        if row.from_ms is not None and row.to_ms is not None and row.site is None and row.visits_upto:
            count = removal.remove_sightings_within(conn, row.from_ms, row.to_ms)
            now.gone.counts["sightings"] = now.gone.counts.get("sightings", 0) + count
        forgettings.set_forgetting(conn, now._replace(state="securing"))

    hub.store.write(remove_rest)
    return True


def _remove_slice(hub: Hub, row: ForgettingRow, kind: str, found: list[int], conn: Connection) -> int:
    """Remove as many of these rows as the time of a slice allows, one at least; return how many."""
    now = forgettings.get_forgetting(conn, row.id) or row
    end, done = time.monotonic() + SLICE_S, 0
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
    caller = _caller_of(row)
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


def _secure(hub: Hub, row: ForgettingRow, until_s: float) -> bool:
    """Rid the files of what the removed rows left behind; say whether that is done."""
    sweep_blobs(hub.store)
    within_s = min(FOLD_WITHIN_S, max(0.0, until_s - time.monotonic()))
    waits_for = "" if fold_log(hub.store, within_s) else "readers"

    def note(conn: Connection) -> None:
        now = forgettings.get_forgetting(conn, row.id) or row
        if waits_for:
            forgettings.set_forgetting(conn, now._replace(detail=waits_for))
        elif now.state != "done":
            forgettings.end_forgetting(conn, now._replace(detail="", finished_ms=hub.now()))
            if row.cause != "removed":
                announce(conn, hub, _caller_of(row), "forgetting_finished", id=row.id)

    hub.store.write(note)
    return not waits_for


def _caller_of(row: ForgettingRow) -> Caller:
    return Caller(row.client, "forgetting", row.trace_id)
