"""The save worker: it takes what is queued, wherever it was queued, and no fault ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import apsw
import msgspec
import pytest

from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_new
from python_core.runtime.save_worker import IDLE_POLL_S, save_and_route_worker
from python_core.runtime.triggers import LEASE_MS, NewRun, get_run, queue_run, wait_for_run
from python_core.store import Connection, open_store, runs
from python_core.store.runs import RunRow
from python_core.utils.heartbeat import Heartbeat
from python_core.utils.ids import new_id
from tests.hubs import TRACE, Clock, caller, make_hub

#: Pieces of a size that FTS5 joins by itself (``automerge``).
FTS5_JOINS = 16
WANTED = NewRun(trigger="smrtsearch", args={"query": "words", "open": False})


@dataclass
class Worker:
    """A worker under way."""

    hub: Hub
    heartbeat: Heartbeat
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=save_and_route_worker, args=(self.hub, self.stop, self.heartbeat))
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.hub.work_queued.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def worker(hub: Hub) -> Iterator[Worker]:
    made = Worker(hub, Heartbeat(30, "save_worker", lambda *_: None))
    yield made
    made.end()


def test_a_run_that_is_queued_in_this_process_is_carried_out(worker: Worker) -> None:
    for _ in range(3):
        run = queue_run(worker.hub, caller(), WANTED, None).run
        assert wait_for_run(worker.hub, run.id, 60).state == "succeeded"


def test_a_run_that_is_queued_elsewhere_is_carried_out(worker: Worker) -> None:
    other = make_hub(open_store(worker.hub.store.folder), Clock())
    run = queue_run(other, caller(), WANTED, None).run
    assert wait_for_run(other, run.id, 60).state == "succeeded"
    other.store.close()


def test_a_run_whose_worker_has_died_comes_back_though_nobody_writes(worker: Worker, clock: Clock) -> None:
    hub, now, run_id = worker.hub, clock(), new_id()

    def queue_and_claim(conn: Connection) -> None:
        runs.add_run(conn, RunRow(run_id, WANTED.trigger or "", WANTED.args, "owner", TRACE, "queued", now))
        runs.take_run(conn, now, now + LEASE_MS)

    hub.store.write(queue_and_claim)
    time.sleep(2 * IDLE_POLL_S)  # it has looked
    clock.pass_s(LEASE_MS // 1000 + 1)
    assert wait_for_run(hub, run_id, 60).state == "succeeded"


def test_what_is_queued_at_the_end_stays_queued(hub: Hub) -> None:
    worker = Worker(hub, Heartbeat(30, "save_worker", lambda *_: None))
    worker.end()
    run = queue_run(hub, caller(), WANTED, None).run
    assert get_run(hub, run.id).state == "queued"


def test_a_fault_of_the_store_is_told_and_does_not_end_the_worker(hub: Hub) -> None:
    told = threading.Event()

    def beat(_tag: str, level: str, _detail: str) -> None:
        if level == "degraded":
            told.set()

    away = hub.store.path.with_suffix(".away")
    hub.store.close()
    hub.store.path.rename(away)
    heartbeat = Heartbeat(3600, "save_worker", beat)
    heartbeat.start()
    worker = Worker(hub, heartbeat)
    assert told.wait(60)
    away.rename(hub.store.path)
    run = queue_run(hub, caller(), WANTED, None).run
    assert wait_for_run(hub, run.id, 60).state == "succeeded"
    worker.end()
    heartbeat.stop()


def pieces_in(hub: Hub) -> int:
    with hub.store.reading() as conn:
        return len(conn.execute("SELECT DISTINCT segid FROM documents_index_idx").fetchall())


def put_and_index(hub: Hub, content: str) -> None:
    clip = {"fragments": [{"type": "text", "content": content}]}
    put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)
    index_new(hub)


def test_the_search_index_is_joined_once_no_more_comes(worker: Worker) -> None:
    for n in range(8):
        put_and_index(worker.hub, f"clip {n}")
    end = time.monotonic() + 60
    while pieces_in(worker.hub) > 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert pieces_in(worker.hub) <= 3


def test_a_worker_without_work_looks_whether_somebody_has_committed_and_for_nothing_else(hub: Hub) -> None:
    asked = list[str]()

    def trace(_cursor: object, statement: str, _bindings: object) -> bool:
        if threading.current_thread() is worker.thread:
            asked.append(statement)
        return True

    def hook(conn: apsw.Connection) -> None:
        conn.exec_trace = trace  # type: ignore[assignment]

    def is_idle() -> bool:
        return len(asked) >= 3 and set(asked[-3:]) == {"PRAGMA data_version"}

    apsw.connection_hooks.append(hook)
    try:
        worker = Worker(hub, Heartbeat(30, "save_worker", lambda *_: None))
        end = time.monotonic() + 60
        while not is_idle() and time.monotonic() < end:
            time.sleep(0.05)
        worker.end()
    finally:
        apsw.connection_hooks.remove(hook)
    assert is_idle()


def test_the_search_index_is_joined_while_more_comes(worker: Worker) -> None:
    end, before, fewer = time.monotonic() + 60, 0, False
    while not fewer and time.monotonic() < end:
        put_and_index(worker.hub, f"clip {end - time.monotonic()}")
        time.sleep(0.1)  # never so long that it is quiet
        now = pieces_in(worker.hub)
        before, fewer = now, now < before < FTS5_JOINS
    assert fewer
