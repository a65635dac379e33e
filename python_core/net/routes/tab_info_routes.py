"""``/tab-info``: what the browser extension tells of its tabs."""

from __future__ import annotations

from python_core.net.endpoints import Call, OneOf, Reply, Routes
from python_core.runtime.tabs import TabBatch, TabInfo, TabReceipts, record_tabs

routes = Routes("Tabs")


@routes.declare(
    "POST",
    "/tab-info",
    hot=True,
    lane="writes",
    access="extension",
    scope="tabs:write",
    body=OneOf(TabInfo, TabBatch, key="tabs"),
    body_limit="max_tab_bytes",
    replies={200: TabReceipts},
    codes=("storage_full",),
)
def post_tab_info(call: Call, body: TabInfo | TabBatch) -> Reply:
    """Record which page a browser has in front: one tab, or a batch of at most 100.

    For the extension that the token is bound to, and for the owner. ``{"url", "title"}`` is enough. Each tab gets its own
    result, so that one that cannot be taken never loses the others; private windows are never stored. The same ``id`` again
    changes nothing. Event: ``tab_changed``.
    """
    return Reply(record_tabs(call.hub, call.caller, body))
