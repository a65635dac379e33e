"""Pairing: a program asks for a token, both sides show a code, the user decides (the shape of RFC 8628).

It works only while the user has opened the window, for a few minutes; a program without such a window learns that and
nothing else. All of it is in the store, since the program asks the web listener and the user answers on the bridge.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated, Literal

import msgspec

from python_core.errors import (
    AccessDenied,
    AuthorizationPending,
    BadInput,
    Conflict,
    ExpiredToken,
    HubError,
    NotFound,
    SlowDown,
)
from python_core.runtime.clients import ClientMade, NewClient, add_client, check_client
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.shapes import Body, View
from python_core.store import Connection, meta, pairings
from python_core.store.pairings import PairingRow
from python_core.utils.timestamps import to_rfc3339

WINDOW_S = 120
WINDOW_AT_MOST_S = 600
#: How long a request waits for the user, and how often its program may ask.
REQUEST_S = 300
INTERVAL_S = 2
#: Requests that wait at once: one an origin, and a few of programs, which have none.
PENDING_AT_MOST = 10
PENDING_PROGRAMS = 3
#: Letters that are not mistaken for one another and spell no words (RFC 8628, 6.1).
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_WINDOW = "pairing_open_until"


class PairingAsked(Body, frozen=True, kw_only=True):
    """A program that wants a token."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern="^[^\\x00-\\x1f]*$")]
    kind: Literal["extension", "agent", "script"]
    scopes: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(min_length=1, max_length=20)]


class PairingBegun(View, frozen=True, kw_only=True):
    """Show ``userCode`` to the user; poll ``POST /pair/token`` with ``deviceCode`` every ``interval`` seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


class DeviceCode(Body, frozen=True, kw_only=True):
    """What the program got from ``POST /pair``."""

    device_code: Annotated[str, msgspec.Meta(max_length=100)]


class WindowWanted(Body, frozen=True, kw_only=True):
    """For how long programs may ask; 0 closes the window."""

    seconds: Annotated[int, msgspec.Meta(ge=0, le=WINDOW_AT_MOST_S)] = WINDOW_S


class Decision(Body, frozen=True, kw_only=True):
    """What the user says; a denial can be taken back while the request waits."""

    decision: Literal["approve", "deny"]


class PairingView(View, frozen=True, kw_only=True, omit_defaults=False):
    """A request as the user sees it: compare the code with the one that the program shows. The name is its own claim."""

    user_code: str
    name: str
    kind: str
    scopes: list[str]
    origin: str | None
    state: str
    asked_at: str
    expires_at: str


class PairingList(View, frozen=True, kw_only=True, omit_defaults=False):
    """Whether programs may ask, until when, and who has asked."""

    open: bool
    open_until: str | None
    items: list[PairingView]


def open_window(hub: Hub, wanted: WindowWanted) -> PairingList:
    """Let programs ask for ``seconds``, or no more."""
    until_ms = hub.now() + wanted.seconds * 1000
    hub.store.write(lambda conn: meta.set_value(conn, _WINDOW, str(until_ms)))
    return list_pairings(hub)


def may_pair(hub: Hub, origin: str) -> bool:
    """Say whether an extension may ask now, or go on with what it asked while the window was open."""
    now_ms = hub.now()
    with hub.store.reading() as conn:
        return _open_until(conn) > now_ms or any(
            row.origin == origin and row.expires_at_ms > now_ms for row in pairings.list_pairings(conn)
        )


def list_pairings(hub: Hub) -> PairingList:
    """Return the window and the requests that have not expired."""
    now_ms = hub.now()
    with hub.store.reading() as conn:
        until_ms, rows = _open_until(conn), pairings.list_pairings(conn)
    is_open = until_ms > now_ms
    return PairingList(
        open=is_open,
        open_until=to_rfc3339(until_ms) if is_open else None,
        items=[_view(row) for row in rows if row.expires_at_ms > now_ms],
    )


def ask_pairing(hub: Hub, asked: PairingAsked, origin: str | None) -> PairingBegun:
    """Begin a pairing; a new request of an origin takes the place of its former one.

    :raises AccessDenied: the user has not opened the window.
    :raises BadInput: such a client cannot be; an extension without its Origin, or another kind with one.
    :raises Conflict: too many wait already.
    """
    if (asked.kind == "extension") != (origin is not None):
        raise BadInput.at("/kind", "must be extension when an extension asks, and only then")
    check_client(_client_of(asked, origin))
    device_code, now_ms = secrets.token_urlsafe(32), hub.now()
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    row = PairingRow(
        user_code=f"{letters[:4]}-{letters[4:]}",
        device_hash=_hash(device_code),
        name=asked.name,
        kind=asked.kind,
        scopes=" ".join(sorted(set(asked.scopes))),
        origin=origin,
        state="pending",
        asked_at_ms=now_ms,
        expires_at_ms=now_ms + REQUEST_S * 1000,
        polled_at_ms=0,
    )

    def act(conn: Connection) -> None:
        if _open_until(conn) <= now_ms:
            raise AccessDenied("Nobody is pairing: open the window first, with: smrthub pair")
        pairings.prune_pairings(conn, now_ms)
        if origin is not None:
            pairings.remove_pending_of(conn, origin)
        waiting = [other for other in pairings.list_pairings(conn) if other.state == "pending"]
        if origin is None and sum(other.origin is None for other in waiting) >= PENDING_PROGRAMS:
            raise Conflict("Other programs wait to be paired: decide on them first.")
        if len(waiting) >= PENDING_AT_MOST:
            raise Conflict("Too many programs wait to be paired: decide on them first.")
        pairings.add_pairing(conn, row)

    hub.store.write(act)
    return PairingBegun(device_code=device_code, user_code=row.user_code, expires_in=REQUEST_S, interval=INTERVAL_S)


def decide_pairing(hub: Hub, user_code: str, decision: Decision) -> PairingView:
    """Note what the user says.

    :raises NotFound: no request with this code waits.
    :raises Conflict: the program has its token already: revoke the client instead.
    """

    def act(conn: Connection) -> PairingView:
        row = pairings.get_pairing(conn, user_code.upper())
        if row is None or row.expires_at_ms <= hub.now():
            raise NotFound("No program with this code waits to be paired.")
        if row.state == "collected":
            raise Conflict("The program has its token already: revoke the client instead.")
        state = "approved" if decision.decision == "approve" else "denied"
        pairings.set_pairing_state(conn, row.user_code, state)
        return _view(row._replace(state=state))

    return hub.store.write(act)


def collect_token(hub: Hub, caller: Caller, code: DeviceCode, origin: str | None) -> ClientMade:
    """Give an approved program its token, once; announces ``client_paired``.

    :raises AuthorizationPending: the user has not decided.
    :raises SlowDown: the program asked less than ``INTERVAL_S`` ago.
    :raises AccessDenied: the user said no, or another origin asks.
    :raises ExpiredToken: the request is over or the token was given.
    """

    def act(conn: Connection) -> ClientMade | HubError:
        row, now_ms = pairings.get_pairing_of_device(conn, _hash(code.device_code)), hub.now()
        if row is None or row.expires_at_ms <= now_ms or row.state == "collected":
            return ExpiredToken("This request is over: begin again.")
        if row.origin != origin or row.state == "denied":
            return AccessDenied("The user has not allowed this program.")
        if row.state == "approved":
            pairings.set_pairing_state(conn, row.user_code, "collected")
            wanted = PairingAsked(name=row.name, kind=row.kind, scopes=row.scopes.split())  # type: ignore[arg-type]
            return add_client(conn, hub, caller, _client_of(wanted, origin))
        too_soon = now_ms - row.polled_at_ms < INTERVAL_S * 1000
        pairings.set_pairing_polled(conn, row.user_code, now_ms)
        if too_soon:
            return SlowDown(f"Ask every {INTERVAL_S} seconds.")
        return AuthorizationPending("The user has not decided yet.")

    outcome = hub.store.write(act)  # a finding is returned, not raised: that it was asked for is to be kept
    if isinstance(outcome, HubError):
        raise outcome
    return outcome


def _client_of(asked: PairingAsked, origin: str | None) -> NewClient:
    return NewClient(name=asked.name, kind=asked.kind, scopes=list(asked.scopes), origin=origin)


def _open_until(conn: Connection) -> int:
    return int(meta.get_value(conn, _WINDOW) or 0)


def _hash(device_code: str) -> bytes:
    return hashlib.sha256(device_code.encode(errors="surrogatepass")).digest()


def _view(row: PairingRow) -> PairingView:
    return PairingView(
        user_code=row.user_code,
        name=row.name,
        kind=row.kind,
        scopes=row.scopes.split(),
        origin=row.origin,
        state=row.state,
        asked_at=to_rfc3339(row.asked_at_ms),
        expires_at=to_rfc3339(row.expires_at_ms),
    )
