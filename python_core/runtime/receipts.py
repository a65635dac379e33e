"""What callers see of a forgetting: the count before it, and the receipt of it."""

from __future__ import annotations

from typing import Literal

from python_core.runtime.shapes import View
from python_core.store import Connection, clients
from python_core.store.forgettings import ForgettingRow
from python_core.utils.timestamps import to_rfc3339


class ForgetPreview(View, frozen=True, kw_only=True, omit_defaults=False):
    """How much would go, and from when to when it is; nothing was changed."""

    counts: dict[str, int]
    oldest: str | None
    newest: str | None


class PastReader(View, frozen=True, kw_only=True):
    """A client that had read some of it: how many of the items, how often, and when last."""

    client: str
    name: str
    items: int
    times: int
    last_at: str


class ForgottenItem(View, frozen=True, kw_only=True):
    """An item that went."""

    kind: str
    id: str


class ForgetReceipt(View, frozen=True, kw_only=True, omit_defaults=False):
    """What was removed, in numbers and ids, and who had read it.

    While ``pending``, some is still to be done; it is not shown any more all the same. ``waitsFor`` says what holds it up.
    ``copies`` says of each copy of the database what became of it.
    """

    id: str
    at: str
    finished_at: str | None
    cause: str
    pending: bool
    state: Literal["removing", "securing", "overwriting", "done"]
    waits_for: str | None
    counts: dict[str, int]
    items: list[ForgottenItem]
    outputs_marked: list[str]
    read_by: list[PastReader]
    copies: dict[str, str]


class ForgetPlan(View, frozen=True, kw_only=True):
    """What a forgetting would take; nothing was changed."""

    would: ForgetPreview


class ReceiptReply(View, frozen=True, kw_only=True):
    """A receipt."""

    receipt: ForgetReceipt


class ReceiptPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Receipts, newest first, without the items and outputs that each names."""

    items: list[ForgetReceipt]
    next_cursor: str | None


def preview_of(counts: dict[str, int], oldest_ms: int | None, newest_ms: int | None) -> ForgetPreview:
    """Return a count as callers see it."""
    return ForgetPreview(
        counts=counts,
        oldest=None if oldest_ms is None else to_rfc3339(oldest_ms),
        newest=None if newest_ms is None else to_rfc3339(newest_ms),
    )


def names_in(conn: Connection) -> dict[str, str]:
    """Return the names of all clients by their ids."""
    return {client.id: client.name for client in clients.list_clients(conn)}


def receipt_of(names: dict[str, str], row: ForgettingRow, *, whole: bool = True) -> ForgetReceipt:
    """Return a receipt as callers see it; one that is not whole names no items and no outputs."""
    return ForgetReceipt(
        id=row.id,
        at=to_rfc3339(row.at_ms),
        finished_at=None if row.finished_ms is None else to_rfc3339(row.finished_ms),
        cause=row.cause,
        pending=row.state != "done",
        state=row.state,  # type: ignore[arg-type]  # the store holds no other states
        waits_for=row.detail or None,
        counts=row.gone.counts,
        items=[ForgottenItem(kind=kind, id=item) for kind, item in row.gone.items if whole],
        outputs_marked=row.gone.outputs_marked if whole else [],
        read_by=[
            PastReader(client=client, name=names.get(client, client), items=n, times=times, last_at=to_rfc3339(last))
            for client, (n, times, last) in row.gone.readers.items()
        ],
        copies=row.gone.copies,
    )
