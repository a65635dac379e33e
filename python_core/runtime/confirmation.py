"""Confirmation: a client that can read captured text, which an attacker may have written, asks the user before it acts.

The user confirms exactly one request, by the digest of its operation, path and body, once; or the client for good. What is made to
leave the machine is confirmed each time, whoever asks: there the owner's token is not enough.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from python_core.errors import Conflict, HubError, NotFound
from python_core.runtime.events import announce
from python_core.runtime.hub import OWNER, SAME_USER, Caller, Hub
from python_core.runtime.shapes import Body, View
from python_core.store import Connection, clients, confirmations
from python_core.store.confirmations import ConfirmationRow
from python_core.utils.ids import new_id
from python_core.utils.timestamps import to_rfc3339

#: Scopes that let a client read what was captured: what it does afterwards may be what a page told it to do.
READING = frozenset({"clipboard:read", "search:read", "hub:read", "output:read"})
WAITS_S = 600
WAITING_AT_MOST = 20
#: Characters of a request's body that the user is shown.
SHOWN_AT_MOST = 2_000


class ConfirmationRequired(HubError):
    """The user has to confirm this; repeat the request as it is once they have."""

    code = "confirmation_required"

    def __init__(self, message: str, confirmation_id: str | None) -> None:
        super().__init__(message)
        self.confirmation_id = confirmation_id


class ConfirmationView(View, frozen=True, kw_only=True):
    """What a client wants to do; ``asked`` is its own text, in part somebody's, hence ``trust``."""

    id: str
    client: str
    client_name: str
    operation: str
    asked: str
    state: str
    at: str
    expires_at: str
    trust: Literal["untrusted"]


class ConfirmationList(View, frozen=True, kw_only=True):
    """What waits for the user, oldest first."""

    items: list[ConfirmationView]


class ConfirmationDecision(Body, frozen=True, kw_only=True):
    """``once``: exactly this request, once; ``always``: this client may act without asking; ``deny``."""

    decision: Literal["once", "always", "deny"]


def need_confirmation(
    hub: Hub, caller: Caller, operation: str, path: str, body: bytes, *, each_time: bool = False
) -> None:
    """Pass when the caller may do this without asking, or the user has confirmed exactly this; it is used up then.

    :param path: with the query, if there is one: it is part of what is confirmed.
    :param each_time: nobody may without asking, the owner neither.
    :raises ConfirmationRequired: the user has not, or has denied it.
    """
    if not each_time and (caller.client in (OWNER, SAME_USER) or caller.scopes.isdisjoint(READING)):
        return
    digest = hashlib.sha256(f"{operation} {path}\n".encode() + body).hexdigest()
    now_ms = hub.now()

    def act(conn: Connection) -> ConfirmationRequired | None:
        if not each_time and clients.is_trusted(conn, caller.client):
            return None
        confirmations.prune_confirmations(conn, now_ms)
        row = confirmations.get_confirmation_of(conn, caller.client, digest)
        if row is not None and row.state == "confirmed":
            confirmations.set_confirmation_state(conn, row.id, "used")
            return None
        if row is not None and row.state == "denied":
            return ConfirmationRequired("The user has denied this.", None)
        if row is None or row.state == "used":
            waiting = [other for other in confirmations.list_confirmations(conn) if other.state == "waiting"]
            if len(waiting) >= WAITING_AT_MOST:
                return ConfirmationRequired("Too much waits for the user already.", None)
            asked = f"{path} {body[:SHOWN_AT_MOST].decode(errors='replace')}".strip()
            expires_at_ms = now_ms + WAITS_S * 1000
            row = ConfirmationRow(new_id(), caller.client, digest, operation, asked, "waiting", now_ms, expires_at_ms)
            confirmations.add_confirmation(conn, row)
        return ConfirmationRequired("The user has to confirm this: smrthub confirm. Then repeat the request.", row.id)

    refusal = hub.store.write(act)  # returned, not raised: that it waits is to be kept
    if refusal is not None:
        raise refusal


def list_confirmations(hub: Hub) -> ConfirmationList:
    """Return what waits for the user and has not expired."""
    now_ms = hub.now()
    with hub.store.reading() as conn:
        rows = confirmations.list_confirmations(conn)
        return ConfirmationList(
            items=[_view(conn, row) for row in rows if row.state == "waiting" and row.expires_at_ms > now_ms]
        )


def decide_confirmation(
    hub: Hub, caller: Caller, confirmation_id: str, wanted: ConfirmationDecision
) -> ConfirmationView:
    """Note what the user says; announces ``client_trusted`` when it is for good.

    :raises NotFound: nothing of that id waits.
    :raises Conflict: it was done already, or is the owner's own, who is asked each time.
    """

    def act(conn: Connection) -> ConfirmationView:
        row = confirmations.get_confirmation(conn, confirmation_id)
        if row is None or row.expires_at_ms <= hub.now():
            raise NotFound("Nothing of that id waits to be confirmed.")
        if row.state == "used":
            raise Conflict("This was confirmed and done already.")
        if row.client == OWNER and wanted.decision == "always":
            raise Conflict("What the owner asks for is confirmed each time: once, or deny.")
        state = "denied" if wanted.decision == "deny" else "confirmed"
        confirmations.set_confirmation_state(conn, row.id, state)
        if wanted.decision == "always" and not clients.is_trusted(conn, row.client):
            clients.set_trusted(conn, row.client)
            announce(conn, hub, caller, "client_trusted", id=row.client)
        return _view(conn, row._replace(state=state))

    return hub.store.write(act)


def _view(conn: Connection, row: ConfirmationRow) -> ConfirmationView:
    client = clients.get_client(conn, row.client)
    return ConfirmationView(
        id=row.id,
        client=row.client,
        client_name=client.name if client else "",
        operation=row.operation,
        asked=row.asked,
        state=row.state,
        at=to_rfc3339(row.at_ms),
        expires_at=to_rfc3339(row.expires_at_ms),
        trust="untrusted",
    )
