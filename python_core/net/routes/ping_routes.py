"""``/ping``: is this the hub?"""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime.status import Ping, get_ping

routes = Routes("Status")


@routes.declare("GET", "/ping", access="open", anonymous=True, replies={200: Ping})
def get_ping_reply(call: Call) -> Reply:
    """Say that this is the hub, and nothing more.

    For anyone on this machine, a browser's address bar too. A reply without the header ``X-SmrtHub-Service`` comes from
    another program on the port.
    """
    return Reply(get_ping(call.caller.service))
