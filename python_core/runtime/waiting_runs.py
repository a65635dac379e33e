"""The runs that wait: how many may, and that those of a client end with its access."""

from __future__ import annotations

from python_core.errors import Busy
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.store import Connection, runs

#: Runs that wait at once: a person starts a few, and each may open a page.
WAITING_AT_MOST = 1_000


def need_place(conn: Connection) -> None:
    """Pass when one more run may wait.

    :raises Busy: too many do.
    """
    if runs.count_unfinished_runs(conn)["queued"] >= WAITING_AT_MOST:
        raise Busy(f"{WAITING_AT_MOST:,} runs wait already: try again when some have ended.")


def cancel_waiting_of(conn: Connection, hub: Hub, caller: Caller, client: str) -> None:
    """Cancel what a client has queued and nobody has begun; announces ``trigger_finished`` for each."""
    for run_id, trigger in runs.list_queued_of(conn, client):
        runs.set_run_cancelled(conn, run_id, hub.now())
        announce(conn, hub, caller, "trigger_finished", id=run_id, trigger=trigger, state="cancelled")
