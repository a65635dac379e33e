"""``/trigger``: what can be run, and runs of it."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.net.endpoints import Call, Reply, Routes
from python_core.runtime import triggers
from python_core.runtime.built_in_triggers import TriggerList, list_triggers
from python_core.runtime.run_results import shown_result
from python_core.runtime.shapes import PAGE_DEFAULT, Cursor, Limit, Query
from python_core.runtime.triggers import DryRun, NewRun, RunPage, RunReceipt, RunView

routes = Routes("Triggers")


class WaitQuery(Query, frozen=True, kw_only=True):
    """How long to wait for the run's end."""

    wait: Annotated[int, msgspec.Meta(ge=0, le=30, description="Wait so many seconds for the run to end.")] = 0


class RunQuery(Query, frozen=True, kw_only=True):
    """Which page of the runs."""

    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


@routes.declare(
    "POST",
    "/trigger",
    scope="trigger:run",
    side_effect=True,
    same_user=True,
    body=NewRun,
    query=WaitQuery,
    replies={202: RunReceipt, 200: RunReceipt | DryRun},
    codes=("storage_full",),
)
def post_trigger(call: Call, body: NewRun, query: WaitQuery) -> Reply:
    """Run a trigger by its hotkey's id or its name; 202 once the run is on disk in the queue.

    What it found is told to who may search (`search:read`), to others only whether something was opened.

    ``?wait=4`` waits so long for its end and then answers 200 with the result. ``dryRun`` says what would happen and does
    nothing. Events: ``trigger_queued``, ``trigger_finished``.
    """
    if body.dry_run:
        would = shown_result(call.hub, call.caller, triggers.dry_run(call.hub, body).would)
        return Reply(DryRun(would=would or {}))
    receipt = triggers.queue_run(call.hub, call.caller, body, call.key())
    if query.wait:
        run = triggers.wait_for_run(call.hub, receipt.run.id, query.wait)
        receipt = RunReceipt(run=run, duplicate=receipt.duplicate)
    receipt = RunReceipt(run=_shown(call, receipt.run), duplicate=receipt.duplicate)
    return Reply(receipt, 200 if receipt.duplicate or receipt.run.state in triggers.ENDED else 202)


@routes.declare("GET", "/trigger", scope="trigger:run", replies={200: TriggerList})
def get_trigger(call: Call) -> Reply:  # noqa: ARG001  # what there is does not depend on who asks
    """List the triggers with the JSON Schema of their arguments."""
    return Reply(list_triggers())


@routes.declare("GET", "/trigger/runs", scope="trigger:run", query=RunQuery, replies={200: RunPage})
def get_trigger_runs(call: Call, query: RunQuery) -> Reply:
    """List runs, newest first; what they found only for who may search (`search:read`)."""
    page = triggers.list_runs(call.hub, query.limit, query.cursor)
    return Reply(RunPage(items=[_shown(call, run) for run in page.items], next_cursor=page.next_cursor))


@routes.declare("GET", "/trigger/runs/<run_id>", scope="trigger:run", replies={200: RunView}, codes=("not_found",))
def get_trigger_run(call: Call, run_id: str) -> Reply:
    """Show one run with its state, and its result once it has one; what it found only for who may search (`search:read`)."""
    return Reply(_shown(call, triggers.get_run(call.hub, run_id)))


@routes.declare(
    "POST",
    "/trigger/runs/<run_id>/cancel",
    scope="trigger:run",
    replies={200: RunView},
    codes=("not_found", "conflict"),
)
def post_trigger_run_cancel(call: Call, run_id: str) -> Reply:
    """Cancel a run that has not ended. Event: ``trigger_finished``."""
    return Reply(_shown(call, triggers.cancel_run(call.hub, call.caller, run_id)))


def _shown(call: Call, run: RunView) -> RunView:
    return msgspec.structs.replace(run, result=shown_result(call.hub, call.caller, run.result))
