"""``/confirmations``: what clients want to do and the user has to allow."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import confirmation
from python_core.runtime.confirmation import ConfirmationDecision, ConfirmationList, ConfirmationView

routes = Routes("Clients")


@routes.declare("GET", "/confirmations", scope="admin", replies={200: ConfirmationList})
def get_confirmations(call: Call) -> Reply:
    """List what waits for the user: side effects of clients that can also read captured text, and the owner's own bundles."""
    return Reply(confirmation.list_confirmations(call.hub))


@routes.declare(
    "POST",
    "/confirmations/<confirmation_id>",
    scope="admin",
    body=ConfirmationDecision,
    replies={200: ConfirmationView},
    codes=("not_found", "conflict"),
)
def post_confirmation(call: Call, confirmation_id: str, body: ConfirmationDecision) -> Reply:
    """Confirm exactly this request once, the client for good, or deny it; the client then repeats its request.

    ``always`` is no answer (``conflict``) to what the owner asked for.

    Event: ``client_trusted``.
    """
    return Reply(confirmation.decide_confirmation(call.hub, call.caller, confirmation_id, body))
