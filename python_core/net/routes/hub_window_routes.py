"""``/hub-window``: what the hub's window shows, and commands to it."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import hub_window
from python_core.runtime.hub_window import CommandReceipt, CommandView, HubCommand, HubWindowChange, HubWindowView

routes = Routes("Hub window")


@routes.declare(
    "GET",
    "/hub-window",
    hot=True,
    lane="reads",
    scope="hub:read",
    same_user=True,
    replies={200: HubWindowView, 304: None},
)
def get_hub_window(call: Call) -> Reply:
    """Show the window's state, its indicators and the shared state, with an ``ETag``; 304 while nothing has changed."""
    etag = hub_window.get_etag(call.hub)
    headers = {"ETag": etag}
    if call.header("If-None-Match") == etag:
        return Reply(None, 304, headers)
    return Reply(_shown(call), 200, headers)


@routes.declare(
    "PATCH",
    "/hub-window",
    scope="hub:write",
    same_user=True,
    body=HubWindowChange,
    replies={200: HubWindowView},
    codes=("precondition_failed",),
)
def patch_hub_window(call: Call, body: HubWindowChange) -> Reply:
    """Change the window and its indicators as one revision; with ``If-Match``, only while it is at that one.

    The answer holds the shared state only for who may read it (`hub:read`).

    Event: ``hub_window_changed``.
    """
    hub_window.change_hub_window(call.hub, call.caller, body, call.header("If-Match"))
    etag = hub_window.get_etag(
        call.hub
    )  # before the view: a tag that is older than what it is told of only costs a reply
    return Reply(_shown(call), 200, {"ETag": etag})


def _shown(call: Call) -> HubWindowView:
    view = hub_window.get_hub_window(call.hub, shared="hub:read" in call.caller.scopes)
    call.note_reads(*(item["id"] for name in ("clipboard", "lastOutput") if (item := view.shared_state.get(name))))
    return view


@routes.declare(
    "POST",
    "/hub-window/commands",
    scope="hub:write",
    body=HubCommand,
    replies={201: CommandReceipt, 200: CommandReceipt},
)
def post_hub_window_command(call: Call, body: HubCommand) -> Reply:
    """Send the window a command through the event log. Event: ``hub_window_command``."""
    receipt = hub_window.send_command(call.hub, call.caller, body, call.key())
    return Reply(receipt, 200 if receipt.duplicate else 201)


@routes.declare(
    "GET", "/hub-window/commands/<command_id>", scope="hub:read", replies={200: CommandView}, codes=("not_found",)
)
def get_hub_window_command(call: Call, command_id: str) -> Reply:
    """Show a command with its arguments, and when a window carried it out."""
    return Reply(hub_window.get_command(call.hub, command_id))


@routes.declare(
    "POST", "/hub-window/commands/<command_id>/ack", scope="hub:write", replies={200: CommandView}, codes=("not_found",)
)
def post_hub_window_ack(call: Call, command_id: str) -> Reply:
    """Say that a window has carried the command out. Event: ``hub_window_changed``, the first time."""
    return Reply(hub_window.ack_command(call.hub, call.caller, command_id))
