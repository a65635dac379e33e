"""``/ping``: is this the hub?"""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.errors import BadInput
from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.shapes import Query
from python_core.runtime.status import Ping, get_ping

routes = Routes("Status")


class PingQuery(Query, frozen=True, kw_only=True):
    """Who wants a proof that this is the hub, and for which nonce: both or neither."""

    client: Annotated[str, msgspec.Meta(pattern="^[0-9a-z-]{1,40}$", description="The id in the token.")] | None = None
    nonce: (
        Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{16,64}$", description="Random, new each time.")] | None
    ) = None


@routes.declare("GET", "/ping", hot=True, access="open", anonymous=True, query=PingQuery, replies={200: Ping})
def get_ping_reply(call: Call, query: PingQuery) -> Reply:
    """Say that this is the hub, and nothing more.

    For anyone on this machine, a browser's address bar too. A reply without the header ``X-SmrtHub-Service`` comes from
    another program on the port. With ``client`` and ``nonce`` also a ``proof``, so that a client knows the hub from a
    squatter before it sends its token: the hex of HMAC-SHA256 over ``smrthub <service> <port> <nonce>`` with the key
    HMAC-SHA256(SHA-256(token), ``smrthub server proof``). The port in it, 0 by the Unix socket, keeps a squatter from
    passing on another's proof.
    """
    if (query.client is None) != (query.nonce is None):
        raise BadInput("A proof takes both client and nonce.")
    proof_of = None
    if query.client is not None:
        proof_of = (query.client, f"smrthub {call.caller.service} {call.environ['SERVER_PORT']} {query.nonce}")
    return Reply(get_ping(call.hub, call.caller.service, proof_of))
