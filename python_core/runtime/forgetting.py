"""Forgetting: take captured items out of everything the hub holds, and answer with a receipt.

It begins with one small transaction, from which on nobody is shown what is to go. The rows go in slices, so that others can write
meanwhile; then the files are rid of what rows leave behind. Whatever ends the process, the next one goes on with it.
"""

from __future__ import annotations

import re
import time
from typing import Annotated, Literal, NamedTuple

import msgspec

from python_core.errors import BadInput, NotFound
from python_core.runtime.erasure import Progress, erase
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.ledger import write_notes
from python_core.runtime.receipts import ForgetPreview, ForgetReceipt, ReceiptPage, names_in, preview_of, receipt_of
from python_core.runtime.removal import remove_rows
from python_core.runtime.shapes import Body, Instant, cursor_of, instant_ms, place_of
from python_core.smrtdetect.web_address import read_authority, site_of
from python_core.store import Connection, forgettings, removal
from python_core.store.blobs import sweep_blobs
from python_core.store.forgettings import KINDS, ForgettingRow, Taken
from python_core.utils.ids import new_id

#: How long a caller waits for the end; then the receipt says ``pending``, and the worker goes on.
ANSWER_WITHIN_S = 5.0
IDS_AT_MOST = 1_000
_ALL = 2**62
_SPAN = re.compile(r"([1-9][0-9]{0,5})(s|m|min|h|d|w)", re.ASCII)
_SPAN_MS = {"s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
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
    """What a forgetting takes, judged: of each kind the rows up to ``upto``, but those that outputs cite where it spares them."""

    ids: list[str] | None
    site: str | None
    from_ms: int | None
    to_ms: int | None
    kinds: frozenset[str]
    spares_cited: bool = False
    upto: int = _ALL


def forget(hub: Hub, caller: Caller, wanted: ForgetRequest) -> ForgetReceipt:
    """Forget what is wanted and return the receipt, as far as it got within ``ANSWER_WITHIN_S``.

    Announces ``clipboard_forgotten``, ``visit_forgotten`` or ``output_removed`` for each item, ``output_marked`` for each
    output that cited one, and ``forgetting_finished``.

    :raises BadInput: it is not clear what is wanted.
    """
    return carry_out(hub, caller, selection_of(hub, wanted), "asked")


def preview(hub: Hub, wanted: ForgetRequest) -> ForgetPreview:
    """Count what ``forget`` would take now, and change nothing.

    :raises BadInput: as ``forget``.
    """
    return count_selected(hub, selection_of(hub, wanted))


def count_selected(hub: Hub, chosen: Selection, cause: Cause = "asked") -> ForgetPreview:
    """Count what a forgetting would take now."""
    row = _row_of(hub, Caller("", "", ""), chosen, cause)
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
            erase(hub, [row], end)
        finally:
            hub.forgetting.release()
    hub.work_queued.set()  # the worker does the rest
    return get_receipt(hub, row.id)


def note_rewritten(conn: Connection, hub: Hub, caller: Caller, ids: list[str], oldest_ms: int) -> str:
    """Have the old forms of rewritten items wiped from files and copies, in the act that rewrites them; return the receipt's id.

    Their rows stay. ``hub.work_queued`` is the caller's to set.
    """
    chosen = Selection(ids, None, None, None, frozenset(KINDS))
    row = _row_of(hub, caller, chosen, "rule")._replace(state="securing", oldest_ms=oldest_ms)
    since = forgettings.Span(oldest_ms, _ALL)
    removal.clear_asides_within(conn, since)
    while removal.clear_runs_within(conn, since):
        pass
    return forgettings.add_forgetting(conn, row).id


def remove_one(hub: Hub, caller: Caller, kind: Kind, item: str) -> None:
    """Forget one item, known to be there; the worker does what is left to do once its rows have gone.

    The ledger still tells who had read it.
    """
    chosen = Selection([item], None, None, None, frozenset({kind}))
    wanted = _row_of(hub, caller, chosen, "removed")
    row = hub.store.write(lambda conn: forgettings.add_forgetting(conn, wanted))
    remove_rows(hub, row, time.monotonic() + ANSWER_WITHIN_S)
    sweep_blobs(hub.store)
    hub.work_queued.set()


def go_on_forgetting(hub: Hub, until_s: float = float("inf")) -> Progress:
    """Go on with what is not finished until ``time.monotonic()`` is ``until_s``; say how far that is.

    ``done`` also where another thread of this process is at it: there is nothing to do for this one.
    """
    with hub.store.reading() as conn:
        unfinished = forgettings.list_unfinished(conn)
    if not unfinished or not hub.forgetting.acquire(blocking=False):
        return "done"
    try:
        return erase(hub, unfinished, until_s)
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
        return receipt_of(names_in(conn), row)


def list_receipts(hub: Hub, limit: int, cursor: str | None) -> ReceiptPage:
    """Return a page of receipts, newest first."""
    place = place_of(cursor, 1)
    with hub.store.reading() as conn:
        rows = forgettings.list_forgettings(conn, place[0] if place else None, limit + 1)
        names = names_in(conn)
    items = [receipt_of(names, row, whole=False) for row in rows[:limit]]
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
    found = read_authority(given.strip().removesuffix("."), 0)
    if found is None or found[1] or "@" in given:
        raise BadInput.at("/site", "is no name of a site, such as example.com")
    return site_of(found[0])


def _row_of(hub: Hub, caller: Caller, chosen: Selection, cause: Cause) -> ForgettingRow:
    upto = [chosen.upto if kind in chosen.kinds else 0 for kind in KINDS]
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
