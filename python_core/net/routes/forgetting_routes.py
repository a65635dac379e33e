"""``/forget``: forget by id, site or time, and the receipts of it."""

from __future__ import annotations

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import forgetting, retention
from python_core.runtime.forgetting import ForgetRequest
from python_core.runtime.receipts import ForgetPlan, ReceiptPage, ReceiptReply
from python_core.runtime.retention import RetentionView
from python_core.runtime.shapes import PAGE_DEFAULT, Cursor, Limit, Query

routes = Routes("Forgetting")


class ReceiptQuery(Query, frozen=True, kw_only=True):
    """Which page of the receipts."""

    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


@routes.declare(
    "POST",
    "/forget",
    scope="admin",
    body=ForgetRequest,
    body_limit=131_072,
    replies={200: ForgetPlan | ReceiptReply},
    codes=("storage_full",),
)
def post_forget(call: Call, body: ForgetRequest) -> Reply:
    """Forget items by ``ids``; or by ``site`` (with its subdomains), by time (``last``, or ``from`` and ``to``), or by both.

    Nobody is shown them from the first moment. The receipt comes when all is done, or with ``"pending": true`` after five
    seconds: the hub goes on, also after a restart, and ``GET /forget/receipts/{id}`` tells how far it is. ``dryRun`` answers
    ``would``, the count, and changes nothing. Runs that wait and came after the oldest of the items are cancelled. Events:
    ``clipboard_forgotten``, ``visit_forgotten`` or ``output_removed`` for each item, ``output_marked`` for each output that
    cited one, ``forgetting_finished``.
    """
    if body.dry_run:
        return Reply(ForgetPlan(would=forgetting.preview(call.hub, body)))
    return Reply(ReceiptReply(receipt=forgetting.forget(call.hub, call.caller, body)))


@routes.declare("GET", "/forget/receipts", scope="admin", query=ReceiptQuery, replies={200: ReceiptPage})
def get_forget_receipts(call: Call, query: ReceiptQuery) -> Reply:
    """List the receipts, newest first, without the items and outputs that each names."""
    return Reply(forgetting.list_receipts(call.hub, query.limit, query.cursor))


@routes.declare(
    "GET", "/forget/receipts/<receipt_id>", scope="admin", replies={200: ReceiptReply}, codes=("not_found",)
)
def get_forget_receipt(call: Call, receipt_id: str) -> Reply:
    """Show one receipt: what went, in numbers and ids, who had read it, and whether something is still to be done."""
    return Reply(ReceiptReply(receipt=forgetting.get_receipt(call.hub, receipt_id)))


@routes.declare("GET", "/retention", scope="admin", replies={200: RetentionView})
def get_retention(call: Call) -> Reply:
    """Say which settings have things forgotten by age, count or size, how many that is now and within a week, and when."""
    return Reply(retention.get_retention(call.hub))
