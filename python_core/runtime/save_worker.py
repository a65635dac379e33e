"""The save worker: carries out queued runs, one after the other, and indexes what is new, in whichever host process has it."""

from __future__ import annotations

import threading
import time

from python_core.runtime.forgetting import go_on_forgetting
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_when_quiet, join_pieces, pair_when_quiet
from python_core.runtime.retention import keep_retention
from python_core.runtime.triggers import run_next
from python_core.runtime.upkeep import tidy
from python_core.store import Connection, documents, forgettings, runs
from python_core.utils.heartbeat import Heartbeat
from python_core.utils.logger import get_logger_for

#: Between two looks for runs that another process queued; one queued in this process wakes the worker at once.
IDLE_POLL_S = 0.5
TIDY_EVERY_S = 86_400.0
RETENTION_EVERY_S = 3_600.0
#: How long it goes on with what is to be forgotten before it looks at the queue again.
FORGET_FOR_S = 1.0
#: Files are rid of what was removed once for all that came in so long: for each it costs a dozen writes that are waited for.
FORGET_EVERY_S = 1.0
#: After how long it tries again where somebody who reads an older moment is in the way.
FORGET_AGAIN_S = 5.0
log = get_logger_for("python-runtime", __name__)


def save_and_route_worker(hub: Hub, stop: threading.Event, heartbeat: Heartbeat) -> None:
    """Work until ``stop`` is set (set ``hub.work_queued`` too, to wake it); a fault is logged and never ends it."""
    tidy_at, join_at = time.monotonic() + TIDY_EVERY_S, time.monotonic() + IDLE_POLL_S
    retention_at = forget_at = 0.0
    newest, joined = 0, -1  # the last document, and the one at which nothing more was to be joined
    while not stop.is_set():
        hub.work_queued.clear()
        heartbeat.pulse()
        try:
            has_work, last = hub.store.recall("work", _find_work)
            if has_work or last != joined:
                while not stop.is_set() and run_next(hub):
                    heartbeat.pulse()
                before, newest = newest, index_when_quiet(hub, newest)
                if newest == before != joined and pair_when_quiet(hub):
                    hub.work_queued.set()
                elif newest != joined and time.monotonic() >= join_at:  # also while more comes: else pieces grow many
                    join_at = time.monotonic() + IDLE_POLL_S
                    joined = newest if not join_pieces(hub) and newest == before else joined
                if time.monotonic() >= forget_at:
                    forget_at = time.monotonic() + FORGET_AGAIN_S  # also where it fails
                    progress = go_on_forgetting(hub, time.monotonic() + FORGET_FOR_S)
                    pause_s = {"waits": FORGET_AGAIN_S, "done": FORGET_EVERY_S, "more": 0.0}[progress]
                    forget_at = time.monotonic() + pause_s
                    if progress == "more":
                        hub.work_queued.set()
            if time.monotonic() >= tidy_at:
                tidy(hub)
                tidy_at = time.monotonic() + TIDY_EVERY_S
            if time.monotonic() >= retention_at:
                retention_at = time.monotonic() + RETENTION_EVERY_S
                keep_retention(hub)
        except Exception as fault:  # noqa: BLE001  # the queue is on disk: whatever broke, it goes on with it later
            heartbeat.error(f"could not go on: {type(fault).__name__}")
            log.error("The save worker could not go on", exception=fault)
            stop.wait(1.0)
        hub.work_queued.wait(IDLE_POLL_S)


def _find_work(conn: Connection) -> tuple[bool, int]:
    """Return whether a run or a forgetting is not finished or a document not indexed, and which document is the last one.

    Asked for by ``recall``: until somebody commits there is no other work, and an idle hub looks for nothing else.
    """
    last = documents.get_last_row(conn)
    is_unindexed = last > documents.get_newest_document(conn)
    return is_unindexed or runs.has_unfinished_run(conn) or bool(forgettings.list_unfinished(conn)), last
