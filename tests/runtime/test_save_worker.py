"""The save worker: it takes what is queued, wherever it was queued, and no fault ends it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest

from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_new
from python_core.runtime.save_worker import save_and_route_worker
from python_core.runtime.triggers import NewRun, get_run, queue_run, wait_for_run
from python_core.store import open_store
from python_core.utils.heartbeat import Heartbeat
from tests.hubs import Clock, caller, make_hub

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


def test_the_search_index_is_joined_once_no_more_comes(worker: Worker) -> None:
    def pieces() -> int:
        with worker.hub.store.reading() as conn:
            return len(conn.execute("SELECT DISTINCT segid FROM documents_index_idx").fetchall())

    for n in range(8):
        put_clip(
            worker.hub,
            caller(),
            msgspec.convert({"fragments": [{"type": "text", "content": f"clip {n}"}]}, NewClip),
            None,
        )
        index_new(worker.hub)
    end = time.monotonic() + 60
    while pieces() > 3 and time.monotonic() < end:
        time.sleep(0.05)
    assert pieces() <= 3
