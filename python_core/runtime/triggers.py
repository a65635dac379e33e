"""Triggers: the durable queue of what is to be run; every run is one row with its state and result."""

from __future__ import annotations

import time
from typing import Any, Literal

from python_core.errors import Conflict, HubError, NotFound
from python_core.runtime.built_in_triggers import args_of, find_trigger
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.room import need_room
from python_core.runtime.shapes import Body, View, cursor_of, place_of, shown_instant
from python_core.runtime.waiting_runs import need_place
from python_core.store import Connection, answered, runs
from python_core.store.runs import RunRow
from python_core.utils.ids import new_id
from python_core.utils.logger import get_logger_for, new_span_id, trace
from python_core.utils.timestamps import to_rfc3339

#: A worker's claim on a run; a run whose worker died comes back after it.
LEASE_MS = 60_000
#: Between two looks at a run that a caller waits for.
WAIT_STEP_S = 0.02
RunState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
log = get_logger_for("python-runtime", __name__)
ENDED = frozenset({"succeeded", "failed", "cancelled"})


class NewRun(Body, frozen=True, kw_only=True):
    """What to run: a trigger by its hotkey's id or by its name."""

    hotkey: str | None = None
    trigger: str | None = None
    args: dict[str, Any] = {}
    dry_run: bool = False


class RunView(View, frozen=True, kw_only=True):
    """One run: ``result`` when it succeeded, ``error`` (for people) when it failed."""

    id: str
    trigger: str
    state: RunState
    client: str
    queued_at: str
    trace_id: str
    started_at: str | None = None
    finished_at: str | None = None
    result: dict[str, Any] | None = None
    error: str | None = None


class RunReceipt(View, frozen=True, kw_only=True):
    """A run is on disk; ``duplicate``: it was before, under this id."""

    run: RunView
    duplicate: bool


class DryRun(View, frozen=True, kw_only=True):
    """What a run would do; nothing was changed."""

    would: dict[str, Any]


class RunPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Runs, newest first."""

    items: list[RunView]
    next_cursor: str | None


def queue_run(hub: Hub, caller: Caller, wanted: NewRun, key: str | None) -> RunReceipt:
    """Queue a run, durably; announces ``trigger_queued``.

    :param key: the caller's own key: the same key again answers with the first run.
    :raises BadInput: there is no such trigger, or the arguments are not its own.
    :raises Busy: too many wait already.
    """
    trigger = find_trigger(wanted.hotkey, wanted.trigger)
    args_of(trigger, wanted.args)
    run = RunRow(new_id(), trigger.name, wanted.args, caller.client, caller.trace_id, "queued", hub.now())

    def queue(conn: Connection) -> RunReceipt:
        known = answered.get_first_item(conn, caller.client, "run", key)
        first = runs.get_run(conn, known) if known else None
        if first is not None:
            return RunReceipt(run=_view(first), duplicate=True)
        need_room(conn, hub, is_item=False)
        need_place(conn)
        runs.add_run(conn, run)
        answered.add_answer(conn, caller.client, "run", key, run.id, run.queued_at_ms)
        announce(conn, hub, caller, "trigger_queued", id=run.id, trigger=run.trigger)
        return RunReceipt(run=_view(run), duplicate=False)

    receipt = hub.store.write(queue)
    log.information("Queued {trigger} as run {run_id}", trigger=trigger.name, run_id=receipt.run.id)
    hub.work_queued.set()
    return receipt


def dry_run(hub: Hub, wanted: NewRun) -> DryRun:
    """Say what a run would do, and do nothing.

    :raises BadInput: as ``queue_run``.
    """
    trigger = find_trigger(wanted.hotkey, wanted.trigger)
    return DryRun(would=trigger.act(hub, args_of(trigger, wanted.args), True))


def wait_for_run(hub: Hub, run_id: str, timeout_s: float) -> RunView:
    """Return a run once it has ended, or as it is when the time is over or too many wait already."""
    if not hub.waiters.acquire(blocking=False):
        return get_run(hub, run_id)
    try:
        return _wait(hub, run_id, time.monotonic() + timeout_s)
    finally:
        hub.waiters.release()


def _wait(hub: Hub, run_id: str, end: float) -> RunView:
    while True:
        run = get_run(hub, run_id)
        if run.state in ENDED or time.monotonic() >= end:
            return run
        time.sleep(WAIT_STEP_S)


def get_run(hub: Hub, run_id: str) -> RunView:
    """Return one run.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        run = runs.get_run(conn, run_id)
    if run is None:
        raise NotFound("There is no run of that id.")
    return _view(run)


def list_runs(hub: Hub, limit: int, cursor: str | None) -> RunPage:
    """Return a page of runs, newest first."""
    place = place_of(cursor, 1)
    with hub.store.reading() as conn:
        rows = runs.list_runs(conn, place[0] if place else None, limit + 1)
    return RunPage(
        items=[_view(row) for row in rows[:limit]],
        next_cursor=cursor_of(rows[limit - 1].seq) if len(rows) > limit else None,
    )


def cancel_run(hub: Hub, caller: Caller, run_id: str) -> RunView:
    """Cancel a run that has not ended; announces ``trigger_finished``.

    :raises NotFound: there is none of that id.
    :raises Conflict: it has ended.
    """

    def cancel(conn: Connection) -> RunRow:
        run = runs.get_run(conn, run_id)
        if run is None:
            raise NotFound("There is no run of that id.")
        if not runs.set_run_cancelled(conn, run_id, hub.now()):
            raise Conflict("The run has ended.")
        announce(conn, hub, caller, "trigger_finished", id=run.id, trigger=run.trigger, state="cancelled")
        return runs.get_run(conn, run_id) or run

    return _view(hub.store.write(cancel))


def run_next(hub: Hub) -> bool:
    """Take the run that waits longest and carry it out; say whether there was one. Announces ``trigger_finished``."""
    with hub.store.reading() as conn:
        if not runs.has_waiting_run(conn, hub.now(), hub.now() + LEASE_MS):
            return False
    run = hub.store.write(lambda conn: runs.take_run(conn, hub.now(), hub.now() + LEASE_MS))
    if run is None:
        return False
    with trace(
        run.trace_id, new_span_id()
    ):  # what it logs belongs to the request that queued it, whoever carries it out
        state, result, error = _carry_out(hub, run)
        log.information("Run {run_id} of {trigger}: {state}", run_id=run.id, trigger=run.trigger, state=state)

    def finish(conn: Connection) -> None:
        if runs.set_run_finished(conn, run, state, hub.now(), result, error):
            worker = Caller(run.client, "save-worker", run.trace_id)
            announce(conn, hub, worker, "trigger_finished", id=run.id, trigger=run.trigger, state=state)

    hub.store.write(finish)
    return True


def _carry_out(hub: Hub, run: RunRow) -> tuple[str, dict[str, Any] | None, str | None]:
    if run.attempts > runs.ATTEMPTS_AT_MOST:
        return "failed", None, "The worker ended three times while it ran this: it is not tried again."
    trigger = find_trigger(name=run.trigger)
    try:
        return "succeeded", trigger.act(hub, args_of(trigger, run.args), False), None
    except HubError as finding:
        return "failed", None, finding.message
    except Exception as fault:  # noqa: BLE001  # a trigger that breaks must not end the worker
        log.error("The trigger {trigger} broke", trigger=trigger.name, exception=fault)
        return "failed", None, f"The trigger broke ({type(fault).__name__}); the log says where."


def _view(run: RunRow) -> RunView:
    return RunView(
        id=run.id,
        trigger=run.trigger,
        state=run.state,  # type: ignore[arg-type]  # the store holds no other states
        client=run.client,
        queued_at=to_rfc3339(run.queued_at_ms),
        trace_id=run.trace_id,
        started_at=shown_instant(run.started_at_ms),
        finished_at=shown_instant(run.finished_at_ms),
        result=run.result,
        error=run.error,
    )
