"""The ledger: who has read what, and what was refused; noted in memory, written a few seconds later in one transaction.

A read costs no write of its own. What a crash can lose is the last few seconds (``notes.WRITE_AFTER_MS``); asking writes first.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable

from python_core.errors import HubError
from python_core.runtime.hub import Hub
from python_core.runtime.notes import Taken
from python_core.runtime.shapes import PAGE_AT_MOST, View
from python_core.store import Connection, clients
from python_core.store import ledger as rows
from python_core.utils.timestamps import to_rfc3339

OUTCOME_DAYS = 90


class ReaderView(View, frozen=True, kw_only=True):
    """One client's reads of an item."""

    client: str
    name: str
    kind: str
    first_at: str
    last_at: str
    times: int


class ReaderList(View, frozen=True, kw_only=True):
    """Who has read an item, the latest first: 200 clients at most."""

    items: list[ReaderView]


def note_reads(hub: Hub, client: str, items: Iterable[str]) -> None:
    """Note that a client got to see captured items."""
    if hub.notes.add_reads(client, items, hub.now()):
        _write_aside(hub)


def note_outcome(hub: Hub, service: str, code: str) -> None:
    """Count a call that the gate turned away, or let in without a token."""
    if hub.notes.add_outcome(service, code, hub.now()):
        _write_aside(hub)


def note_use(hub: Hub, client: str) -> None:
    """Note that a client called with its token."""
    if hub.notes.add_use(client, hub.now()):
        _write_aside(hub)


def _write_aside(hub: Hub) -> None:
    """Write in a thread of its own: a thousand reads take 30 ms, and no answer is to wait for that."""
    threading.Thread(target=write_notes, args=(hub,), name="smrthub-ledger", daemon=True).start()


def write_notes(hub: Hub) -> None:
    """Write what was noted, if anything was. A store that cannot take it now loses these notes, not the caller's answer."""
    with hub.notes.writing:
        noted = hub.notes.take()
        if any(noted):
            _write(hub, noted)


def _write(hub: Hub, noted: Taken) -> None:
    def act(conn: Connection) -> None:
        rows.add_reads(conn, noted.reads)
        rows.add_outcomes(conn, noted.outcomes)
        clients.set_clients_used(conn, noted.uses)
        if noted.outcomes:
            rows.prune_outcomes(conn, to_rfc3339(hub.now() - OUTCOME_DAYS * 86_400_000)[:10])

    with contextlib.suppress(HubError):
        hub.store.write(act)


def list_readers(hub: Hub, item: str) -> ReaderList:
    """Return who has read an item; it need not be stored any more."""
    write_notes(hub)
    with hub.store.reading() as conn:
        found = rows.list_readers(conn, item, PAGE_AT_MOST)
        names = {row.client: client for row in found if (client := clients.get_client(conn, row.client))}
    return ReaderList(
        items=[
            ReaderView(
                client=row.client,
                name=names[row.client].name if row.client in names else row.client,
                kind=names[row.client].kind if row.client in names else "",
                first_at=to_rfc3339(row.first_at_ms),
                last_at=to_rfc3339(row.last_at_ms),
                times=row.times,
            )
            for row in found
        ]
    )
