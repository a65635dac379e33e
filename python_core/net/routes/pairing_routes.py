"""Pairing: a program asks for a token on the web listener, the user answers on the bridge."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import pairing
from python_core.runtime.clients import ClientMade
from python_core.runtime.pairing import (
    Decision,
    DeviceCode,
    PairingAsked,
    PairingBegun,
    PairingList,
    PairingView,
    WindowWanted,
)

asking = Routes("Pairing")
deciding = Routes("Pairing")


@asking.declare(
    "POST",
    "/pair",
    access="pairing",
    anonymous=True,
    body=PairingAsked,
    body_limit=4_096,
    replies={201: PairingBegun},
    codes=("access_denied", "conflict"),
)
def post_pair(call: Call, body: PairingAsked) -> Reply:
    """Ask for a token, while the user has the pairing window open.

    Show the user code and compare it with the hub's; then poll ``POST /pair/token``. An extension's token is bound to the
    Origin that asks.
    """
    return Reply(pairing.ask_pairing(call.hub, body, call.header("Origin")), 201)


@asking.declare(
    "POST",
    "/pair/token",
    access="pairing",
    anonymous=True,
    body=DeviceCode,
    body_limit=4_096,
    replies={200: ClientMade},
    codes=("authorization_pending", "slow_down", "access_denied", "expired_token"),
)
def post_pair_token(call: Call, body: DeviceCode) -> Reply:
    """Get the token once the user has approved; it is told this once. Event: ``client_paired``."""
    return Reply(pairing.collect_token(call.hub, call.caller, body, call.header("Origin")))


@deciding.declare("POST", "/pairing/window", scope="admin", body=WindowWanted, replies={200: PairingList})
def post_pairing_window(call: Call, body: WindowWanted) -> Reply:
    """Open the pairing window, for 120 seconds unless said otherwise; 0 closes it."""
    return Reply(pairing.open_window(call.hub, body))


@deciding.declare("GET", "/pairing", scope="admin", replies={200: PairingList})
def get_pairing(call: Call) -> Reply:
    """Show whether programs may ask, and who has asked: compare the codes before you approve."""
    return Reply(pairing.list_pairings(call.hub))


@deciding.declare(
    "POST",
    "/pairing/<user_code>",
    scope="admin",
    body=Decision,
    replies={200: PairingView},
    codes=("not_found", "conflict"),
)
def post_pairing(call: Call, user_code: str, body: Decision) -> Reply:
    """Approve or deny a program; a denial can be taken back while the request waits."""
    return Reply(pairing.decide_pairing(call.hub, user_code, body))
