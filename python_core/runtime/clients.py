"""Clients: who may call, with which scopes; their tokens are made here, exchanged, checked and revoked."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Annotated, Literal

import msgspec

from python_core.errors import BadInput, Conflict, NotFound
from python_core.runtime.client_names import fault_in_name
from python_core.runtime.events import announce
from python_core.runtime.hub import OWNER, Caller, Hub
from python_core.runtime.ledger import write_notes
from python_core.runtime.shapes import PAGE_AT_MOST, Body, View, cursor_of, place_of, shown_instant
from python_core.runtime.waiting_runs import cancel_waiting_of
from python_core.store import Connection, clients
from python_core.store.clients import ClientRow
from python_core.utils.ids import new_id
from python_core.utils.timestamps import to_rfc3339

#: Every scope and what it allows. ``admin`` is the owner's alone: it is never given to a client.
SCOPES: dict[str, str] = {
    "tabs:write": "tell the hub which pages are open",
    "clipboard:read": "read clips",
    "clipboard:write": "add and remove clips",
    "search:read": "search clips, visits and outputs",
    "hub:read": "read the hub window's state",
    "hub:write": "change the hub window and send it commands",
    "trigger:run": "see, run and cancel triggers",
    "output:read": "read structured outputs and schemas",
    "output:write": "add and remove structured outputs and schemas",
    "events:read": "follow the event log",
    "status:read": "read the hub's health",
    "admin": "give and revoke tokens",
}
#: Who a valid token belongs to.
Client = ClientRow
ExtensionOrigin = Annotated[
    str, msgspec.Meta(max_length=200, pattern="^(chrome|moz|safari-web)-extension://[A-Za-z0-9-]{1,64}$")
]
_TOKEN = re.compile(r"shb_([0-9a-z-]{1,40})_([0-9a-f]{64})")


class NewClient(Body, frozen=True, kw_only=True):
    """A program that shall get a token; ``origin`` binds it to one origin, an extension else to the first it calls from."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[^\\x00-\\x1f]*$")]
    kind: Literal["extension", "agent", "script"]
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=20)]
    origin: ExtensionOrigin | None = None
    expires_in_seconds: Annotated[int, msgspec.Meta(ge=1, le=10 * 365 * 86400)] | None = None


class ClientView(View, frozen=True, kw_only=True, omit_defaults=False):
    """A client, without its token; ``lastUsedAt`` is known some seconds after the use."""

    id: str
    name: str
    kind: str
    scopes: list[str]
    origin: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None


class ClientMade(View, frozen=True, kw_only=True):
    """A client and its new token, which is told this once."""

    client: ClientView
    token: str


class ClientList(View, frozen=True, kw_only=True, omit_defaults=False):
    """Clients, the revoked ones too: the owner, then the oldest first."""

    items: list[ClientView]
    next_cursor: str | None


def hash_of(token: str) -> bytes:
    """Return what is kept of a token, hashed once: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def client_of(hub: Hub, token: str) -> ClientRow | None:
    """Return whose token this is; None when nobody's, or when it was revoked or has expired."""
    client = hub.store.recall(("token", token), lambda conn: _holder_of(conn, token), is_single=True)
    return client if client is not None and _is_valid(hub, client) else None


def _holder_of(conn: Connection, token: str) -> ClientRow | None:
    parts = _TOKEN.fullmatch(token)
    client = clients.get_client(conn, parts[1] if parts else OWNER)
    is_right = hmac.compare_digest(hash_of(token), client.secret_hash if client else bytes(32))
    return client if is_right else None


def _is_valid(hub: Hub, client: ClientRow) -> bool:
    return client.revoked_at_ms is None and (client.expires_at_ms is None or client.expires_at_ms > hub.now())


def bind_origin(hub: Hub, client_id: str, origin: str) -> bool:
    """Bind an extension to the origin it first calls from; say whether it is bound to that one."""
    return hub.store.write(lambda conn: clients.set_client_origin(conn, client_id, origin))


def is_paired_origin(hub: Hub, origin: str) -> bool:
    """Say whether a client with a valid token is bound to this origin: only then does its browser get a CORS answer."""
    with hub.store.reading() as conn:
        return clients.has_origin(conn, origin, hub.now())


def make_client(hub: Hub, caller: Caller, wanted: NewClient) -> ClientMade:
    """Make a client and its token, which is told this once; announces ``client_paired``.

    :raises BadInput: as ``check_client``.
    """
    check_client(wanted)
    return hub.store.write(lambda conn: add_client(conn, hub, caller, wanted))


def check_client(wanted: NewClient) -> None:
    """Check what a client may be.

    :raises BadInput: a scope does not exist or is not for clients, an extension asks for more than ``tabs:write``, or
        the name hides something or poses as another's.
    """
    if (fault := fault_in_name(wanted.name)) is not None:
        raise BadInput.at("/name", fault)
    if (wanted.origin or "").endswith("\n"):  # the struct's pattern lets it through
        raise BadInput.at("/origin", "must hold no control characters")
    for n, scope in enumerate(wanted.scopes):
        if scope not in SCOPES or scope == "admin":
            told = f"is no scope for a client; there are: {', '.join(SCOPES)} (admin is the owner's)"
            raise BadInput.at(f"/scopes/{n}", told)
    if wanted.kind == "extension" and set(wanted.scopes) != {"tabs:write"}:
        raise BadInput.at("/scopes", "must be tabs:write alone for an extension")
    if wanted.origin is not None and wanted.kind != "extension":
        raise BadInput.at("/origin", "is for extensions only")


def add_client(conn: Connection, hub: Hub, caller: Caller, wanted: NewClient) -> ClientMade:
    """Add a checked client in the transaction of the act that grants it, and return its token."""
    client_id, now_ms = new_id(), hub.now()
    token = _new_token(client_id)
    row = ClientRow(
        id=client_id,
        kind=wanted.kind,
        name=wanted.name,
        secret_hash=hash_of(token),
        scopes=" ".join(sorted(set(wanted.scopes))),
        origin=wanted.origin,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + wanted.expires_in_seconds * 1000 if wanted.expires_in_seconds else None,
        revoked_at_ms=None,
        last_used_at_ms=None,
    )
    clients.set_client(conn, row)
    announce(conn, hub, caller, "client_paired", id=client_id, clientKind=wanted.kind)
    return ClientMade(client=_view(row), token=token)


def _new_token(client_id: str) -> str:
    return f"shb_{client_id}_{secrets.token_hex(32)}"


def proof_for(hub: Hub, client_id: str, said: str) -> str | None:
    """Return the HMAC by which a client knows the hub; None for a client that has no valid token.

    The key is made from the token's SHA-256, which the client can make and a squatter on the port cannot have.
    """
    with hub.store.reading() as conn:
        client = clients.get_client(conn, client_id)
    if client is None or not _is_valid(hub, client):
        return None
    key = hmac.new(client.secret_hash, b"smrthub server proof", hashlib.sha256).digest()
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def list_clients(hub: Hub, limit: int = PAGE_AT_MOST, cursor: str | None = None) -> ClientList:
    """Return a page of the clients."""
    write_notes(hub)
    [offset] = place_of(cursor, 1) or (0,)
    with hub.store.reading() as conn:
        found = clients.page_of_clients(conn, limit + 1, offset)
    return ClientList(
        items=[_view(row) for row in found[:limit]],
        next_cursor=cursor_of(offset + limit) if len(found) > limit else None,
    )


def revoke_client(hub: Hub, caller: Caller, client_id: str) -> None:
    """End a client's token at once in every process, and the runs that it has queued; announces ``client_revoked``.

    :raises NotFound: there is no client of that id.
    :raises BadInput: it is the owner, whose token ends with the hub.
    """
    if client_id == OWNER:
        raise BadInput("The owner cannot be revoked: restart the hub to get a new owner token.")

    def revoke(conn: Connection) -> None:
        if clients.get_client(conn, client_id) is None:
            raise NotFound("There is no client of that id.")
        if clients.set_client_revoked(conn, client_id, hub.now()):
            announce(conn, hub, caller, "client_revoked", id=client_id)
            cancel_waiting_of(conn, hub, caller, client_id)

    hub.store.write(revoke)


def rotate_token(hub: Hub, caller: Caller, client_id: str) -> ClientMade:
    """Give a client a new token, which is told this once, and end its old one at once in every process.

    All else stays as it is: name, scopes, origin, expiry and the user's trust. Announces ``client_rotated``.

    :raises NotFound: there is no client of that id.
    :raises BadInput: it is the owner, who gets a new token with each start.
    :raises Conflict: it was revoked or has expired: a new token would not work either.
    """
    if client_id == OWNER:
        raise BadInput("The owner gets a new token whenever the hub starts: restart it.")
    token = _new_token(client_id)

    def rotate(conn: Connection) -> ClientMade:
        row = clients.get_client(conn, client_id)
        if row is None:
            raise NotFound("There is no client of that id.")
        if not _is_valid(hub, row):
            raise Conflict("This client was revoked or has expired: make a new one.")
        clients.set_client_secret(conn, client_id, hash_of(token))
        announce(conn, hub, caller, "client_rotated", id=client_id)
        return ClientMade(client=_view(row), token=token)

    return hub.store.write(rotate)


def _view(row: ClientRow) -> ClientView:
    return ClientView(
        id=row.id,
        name=row.name,
        kind=row.kind,
        scopes=row.scopes.split(),
        origin=row.origin,
        created_at=to_rfc3339(row.created_at_ms),
        expires_at=shown_instant(row.expires_at_ms),
        revoked_at=shown_instant(row.revoked_at_ms),
        last_used_at=shown_instant(row.last_used_at_ms),
    )
