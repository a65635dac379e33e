"""The audit: what the gate counted, who got and lost access, and who has read how much; never what was in it."""

from __future__ import annotations

from python_core.runtime.hub import Hub
from python_core.runtime.ledger import write_notes
from python_core.runtime.shapes import View, instant_ms, shown_instant
from python_core.store import Connection, clients, events
from python_core.store import ledger as rows
from python_core.store.clients import ClientRow
from python_core.utils.timestamps import to_rfc3339

#: Changes of access that are told at most, the newest; the event log has all of them.
CHANGES_AT_MOST = 200
#: Clients that are told at most, those that called last; ``GET /clients`` has all of them.
CLIENTS_AT_MOST = 200


class OutcomeView(View, frozen=True, kw_only=True):
    """How often callers met one outcome on a day: an error code, or ``admitted_same_user``."""

    day: str
    service: str
    code: str
    times: int


class AccessChange(View, frozen=True, kw_only=True, omit_defaults=False):
    """One change of who may call: ``kind`` is the event's, such as ``client_revoked``."""

    at: str
    kind: str
    client: str
    client_name: str | None


class ClientUse(View, frozen=True, kw_only=True, omit_defaults=False):
    """What one client did: so many items read, so many times, since it has its first token."""

    client: str
    client_name: str | None
    client_kind: str | None
    items_read: int
    reads: int
    last_read_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class Audit(View, frozen=True, kw_only=True):
    """Who was turned away, who got access, and who used it; newest first, each list bounded."""

    outcomes: list[OutcomeView]
    changes: list[AccessChange]
    clients: list[ClientUse]


def get_audit(hub: Hub, since: str | None = None) -> Audit:
    """Return what is known since a time (RFC 3339), or all of it: outcomes of 90 days, changes and uses.

    :raises BadInput: ``since`` is no time.
    """
    since_ms = instant_ms(since, "?since") or 0
    write_notes(hub)
    with hub.store.reading() as conn:
        known = {client.id: client for client in clients.list_clients(conn)}
        return Audit(
            outcomes=[
                OutcomeView(day=row.day, service=row.service, code=row.code, times=row.times)
                for row in rows.list_outcomes(conn, to_rfc3339(since_ms)[:10])
            ],
            changes=_changes(conn, known, since_ms),
            clients=_uses(conn, known, since_ms),
        )


def _changes(conn: Connection, known: dict[str, ClientRow], since_ms: int) -> list[AccessChange]:
    changes = []
    for row in events.list_access_events(conn, since_ms, CHANGES_AT_MOST):
        client = known.get(str(row.data.get("id")))
        changes.append(
            AccessChange(
                at=to_rfc3339(row.at_ms),
                kind=row.kind,
                client=str(row.data.get("id")),
                client_name=client.name if client else None,
            )
        )
    return changes


def _uses(conn: Connection, known: dict[str, ClientRow], since_ms: int) -> list[ClientUse]:
    reads = {row.client: row for row in rows.list_reads_by_client(conn)}
    uses = []
    for client_id in {*known, *reads}:
        client, read = known.get(client_id), reads.get(client_id)
        used_ms = client.last_used_at_ms if client else None
        at_ms = max(used_ms or 0, read.last_at_ms if read else 0)
        if at_ms < max(since_ms, 1):
            continue  # it has not called, or not since
        view = ClientUse(
            client=client_id,
            client_name=client.name if client else None,
            client_kind=client.kind if client else None,
            items_read=read.items if read else 0,
            reads=read.times if read else 0,
            last_read_at=to_rfc3339(read.last_at_ms) if read else None,
            last_used_at=shown_instant(used_ms),
            revoked_at=shown_instant(client.revoked_at_ms) if client else None,
        )
        uses.append((at_ms, client_id, view))
    uses.sort(key=lambda use: use[:2], reverse=True)
    return [view for _, _, view in uses[:CLIENTS_AT_MOST]]
