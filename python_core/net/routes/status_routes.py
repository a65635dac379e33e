"""``/status``: is the hub ready, and how is it? ``/metrics``: what does it count?"""

from __future__ import annotations

from python_core.net.endpoints import Call, RawReply, Reply, Routes
from python_core.runtime.metrics import MEDIA_TYPE, get_metrics
from python_core.runtime.status import Readiness, StatusView, get_readiness, get_status

routes = Routes("Status")


@routes.declare(
    "GET",
    "/status",
    hot=True,
    lane="reads",
    access="open",
    scope="status:read",
    anonymous=True,
    same_user=True,
    replies={200: StatusView | Readiness, 503: Readiness},
)
def get_status_reply(call: Call) -> Reply:
    """Say whether the hub is ready, for probes; with a token that allows ``status:read``, how its parts are too."""
    if call.caller.scopes:  # who may know how the parts are is told that in any case
        return Reply(get_status(call.hub, call.caller.service))
    view = get_readiness(call.hub, call.caller.service)
    return Reply(view, 200 if view.ready else 503)


@routes.declare("GET", "/metrics", scope="status:read", replies={200: None}, produces=(MEDIA_TYPE,))
def get_metrics_page(call: Call) -> RawReply:
    """Return what the hub counts, for Prometheus: requests, times, sizes, queues, signs of life; see the page Health."""
    return RawReply(get_metrics(call.hub).encode(), MEDIA_TYPE)
