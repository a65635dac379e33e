"""``/clients``: who has a token."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import clients
from python_core.runtime.audit import Audit, get_audit
from python_core.runtime.clients import ClientList, ClientMade, NewClient
from python_core.runtime.shapes import PAGE_DEFAULT, Cursor, Done, Instant, Limit, Query


class ClientQuery(Query, frozen=True, kw_only=True):
    """Which page of the clients."""

    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


class AuditQuery(Query, frozen=True, kw_only=True):
    """From when on."""

    since: Instant | None = None


routes = Routes("Clients")


@routes.declare("GET", "/clients", scope="admin", query=ClientQuery, replies={200: ClientList})
def get_clients(call: Call, query: ClientQuery) -> Reply:
    """List the clients, the revoked ones too, without their tokens."""
    return Reply(clients.list_clients(call.hub, query.limit, query.cursor))


@routes.declare("POST", "/clients", scope="admin", body=NewClient, replies={201: ClientMade})
def post_clients(call: Call, body: NewClient) -> Reply:
    """Make a client and tell its token, this once. Event: ``client_paired``."""
    return Reply(clients.make_client(call.hub, call.caller, body), 201)


@routes.declare("GET", "/audit", scope="admin", query=AuditQuery, replies={200: Audit})
def get_audit_reply(call: Call, query: AuditQuery) -> Reply:
    """Say how often callers were refused, who got and lost access, and how much each client has read.

    Refusals are counted by day, server and code, for 90 days. The newest 200 changes of access are told, and the 200 clients
    that called last; with ``since`` only what happened from then on.
    """
    return Reply(get_audit(call.hub, query.since))


@routes.declare(
    "POST",
    "/clients/<client_id>/rotate",
    scope="admin",
    replies={200: ClientMade},
    codes=("not_found", "conflict"),
)
def post_client_rotation(call: Call, client_id: str) -> Reply:
    """Give a client another token, told this once; its old one is over at once, in every process.

    Name, scopes, origin, expiry and trust stay. An extension has to be paired again, or given the token by hand: it does
    not learn of it. Event: ``client_rotated``.
    """
    return Reply(clients.rotate_token(call.hub, call.caller, client_id))


@routes.declare("DELETE", "/clients/<client_id>", scope="admin", replies={200: Done}, codes=("not_found",))
def delete_client(call: Call, client_id: str) -> Reply:
    """Revoke a client's token, at once and in every process, and cancel the runs that it has queued.

    Events: ``client_revoked``, ``trigger_finished``.
    """
    clients.revoke_client(call.hub, call.caller, client_id)
    return Reply(Done())
