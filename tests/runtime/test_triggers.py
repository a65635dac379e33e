"""Triggers: a run is on disk before it is answered, runs once, comes back from a killed worker, and can be cancelled."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, Conflict, NotFound
from python_core.runtime.built_in_triggers import list_triggers
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.triggers import (
    LEASE_MS,
    NewRun,
    RunReceipt,
    cancel_run,
    dry_run,
    get_run,
    list_runs,
    queue_run,
    run_next,
    wait_for_run,
)
from python_core.store import open_store
from python_core.store.runs import ATTEMPTS_AT_MOST, RunRow, set_run_finished, take_run
from tests.hubs import NOON_MS, TRACE, Clock, caller, make_hub, page_of_events, start_python

TAKE = """
import sys
from pathlib import Path
from python_core.store import open_store
from python_core.store.runs import take_run

store = open_store(Path(sys.argv[1]))
run = store.write(lambda conn: take_run(conn, int(sys.argv[2]), int(sys.argv[3])))
print(run.id, flush=True)
sys.stdin.read()
"""


def queue(hub: Hub, key: str | None = None, client: str = "owner", **said: Any) -> RunReceipt:
    wanted = {"trigger": "smrtsearch", "args": {"query": "words", "open": False}} | said
    return queue_run(hub, caller(client), msgspec.convert(wanted, NewRun), key)


def take(hub: Hub) -> RunRow | None:
    return hub.store.write(lambda conn: take_run(conn, hub.now(), hub.now() + LEASE_MS))


def kinds(hub: Hub) -> list[str]:
    return [event.kind for event in page_of_events(hub, 0, 200, None).items]


def test_a_run_is_queued_carried_out_and_told(hub: Hub) -> None:
    receipt = queue(hub)
    assert (receipt.run.state, receipt.run.trace_id, receipt.duplicate) == ("queued", TRACE, False)
    assert hub.work_queued.is_set()
    assert run_next(hub)
    run = get_run(hub, receipt.run.id)
    assert run.state == "succeeded"
    assert run.result is not None
    assert run.result["query"] == "words"
    assert not run_next(hub)
    events = page_of_events(hub, 0, 10, None).items
    assert [(event.kind, event.source, event.trace_id) for event in events] == [
        ("trigger_queued", "bridge", TRACE),
        ("trigger_finished", "save-worker", TRACE),
    ]


def test_runs_are_carried_out_in_the_order_in_which_they_came(hub: Hub) -> None:
    ids = [queue(hub).run.id for _ in range(3)]
    order = []
    while (run := take(hub)) is not None:
        order.append(run.id)
    assert order == ids


def test_a_trigger_is_named_by_its_hotkey_or_its_name(hub: Hub) -> None:
    assert queue(hub, trigger=None, hotkey="HOTKEY_SMRTSEARCH").run.trigger == "smrtsearch"
    [listed] = list_triggers().items
    assert (listed.name, listed.hotkey, listed.origin) == ("smrtsearch", "HOTKEY_SMRTSEARCH", "built-in")


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ({"trigger": "canary"}, "/trigger"),
        ({"trigger": None, "hotkey": "canary"}, "/hotkey"),
        ({"trigger": None}, None),
        ({"hotkey": "HOTKEY_SMRTSEARCH"}, None),
        ({"args": {"canary": 1}}, "/args"),
        ({"args": {"query": 5}}, "/args"),
        ({"args": {"query": 10**300}}, "/args"),
        ({"args": {"query": ""}}, "/args"),
        ({"args": {"query": "x" * 2001}}, "/args"),
        ({"args": {"open": "yes"}}, "/args"),
    ],
)
def test_what_cannot_be_run_is_told_and_not_queued(hub: Hub, said: dict[str, Any], at: str | None) -> None:
    with pytest.raises(BadInput) as found:
        queue(hub, **said)
    assert [detail.at for detail in found.value.details] == ([at] if at else [])
    assert "canary" not in found.value.message
    assert list_runs(hub, 10, None).items == []


def test_a_key_answers_with_the_first_run(hub: Hub) -> None:
    first = queue(hub, key="k")
    run_next(hub)
    again = queue(hub, key="k")
    assert (again.run.id, again.duplicate, again.run.state) == (first.run.id, True, "succeeded")
    assert queue(hub, key="k", client="other").run.id != first.run.id


def test_a_key_that_stored_something_else_does_not_stand_for_a_run(hub: Hub) -> None:
    clip = msgspec.convert({"fragments": [{"type": "text", "content": "x"}]}, NewClip)
    put_clip(hub, caller(), clip, "k")
    assert not queue(hub, key="k").duplicate


def test_a_dry_run_tells_what_would_happen_and_changes_nothing(hub: Hub) -> None:
    wanted = NewRun(trigger="smrtsearch", args={"query": "https://example.com/"}, dry_run=True)
    would = dry_run(hub, wanted).would
    assert (would["url"], would["opened"], would["notOpenedBecause"]) == ("https://example.com/", False, "dry run")
    assert kinds(hub) == []
    assert list_runs(hub, 10, None).items == []


def test_a_run_that_finds_its_arguments_wanting_fails_with_a_sentence(hub: Hub) -> None:
    receipt = queue(hub, args={"open": False})
    run_next(hub)
    run = get_run(hub, receipt.run.id)
    assert (run.state, run.result) == ("failed", None)
    assert run.error is not None
    assert "nothing to search for" in run.error


def test_a_taken_run_belongs_to_its_worker_until_the_lease_ends(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    assert take(hub) is not None
    assert take(hub) is None
    clock.at_ms += LEASE_MS
    assert take(hub) is None
    clock.at_ms += 1
    assert run_next(hub)
    assert get_run(hub, receipt.run.id).state == "succeeded"


def test_a_killed_workers_run_comes_back(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    worker = start_python(TAKE, str(hub.store.folder), str(NOON_MS), str(NOON_MS + LEASE_MS))
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == receipt.run.id
    worker.kill()
    worker.communicate()
    assert get_run(hub, receipt.run.id).state == "running"
    assert not run_next(hub)
    clock.at_ms += LEASE_MS + 1
    assert run_next(hub)
    assert get_run(hub, receipt.run.id).state == "succeeded"


def test_a_killed_workers_run_comes_back_also_when_the_clock_was_set_back(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    assert take(hub) is not None
    clock.at_ms -= 86_400_000
    assert run_next(hub)
    assert get_run(hub, receipt.run.id).state == "succeeded"


def test_a_worker_that_comes_too_late_does_not_overwrite_what_another_did(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    late = take(hub)
    assert late is not None
    clock.at_ms += LEASE_MS + 1
    run_next(hub)
    assert not hub.store.write(lambda conn: set_run_finished(conn, late, "failed", clock(), None, "late"))
    assert get_run(hub, receipt.run.id).state == "succeeded"
    assert kinds(hub).count("trigger_finished") == 1


def test_a_run_that_kills_its_workers_is_given_up(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    for _ in range(ATTEMPTS_AT_MOST):
        assert take(hub) is not None
        clock.at_ms += LEASE_MS + 1
    assert run_next(hub)
    run = get_run(hub, receipt.run.id)
    assert run.state == "failed"
    assert run.error is not None
    assert "three times" in run.error
    assert not run_next(hub)


def test_workers_in_several_stores_take_each_run_once(hub: Hub) -> None:
    ids = {queue(hub).run.id for _ in range(30)}
    taken: list[str] = []

    def work() -> None:
        store = open_store(hub.store.folder)
        while (run := store.write(lambda conn: take_run(conn, NOON_MS, NOON_MS + LEASE_MS))) is not None:
            taken.append(run.id)
        store.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(ids)


def test_a_cancelled_run_is_never_carried_out(hub: Hub) -> None:
    receipt = queue(hub)
    assert cancel_run(hub, caller(), receipt.run.id).state == "cancelled"
    assert not run_next(hub)
    with pytest.raises(Conflict):
        cancel_run(hub, caller(), receipt.run.id)
    assert kinds(hub) == ["trigger_queued", "trigger_finished"]


def test_a_run_that_is_cancelled_while_it_runs_stays_cancelled(hub: Hub) -> None:
    receipt = queue(hub)
    run = take(hub)
    assert run is not None
    cancel_run(hub, caller(), receipt.run.id)
    assert not hub.store.write(lambda conn: set_run_finished(conn, run, "succeeded", hub.now(), {}, None))
    assert get_run(hub, receipt.run.id).state == "cancelled"


def test_a_run_that_is_not_there_is_told(hub: Hub) -> None:
    for ask in (get_run, lambda hub, run_id: cancel_run(hub, caller(), run_id)):
        with pytest.raises(NotFound):
            ask(hub, "none")


def test_who_waits_gets_the_end_or_the_state_when_the_time_is_over(hub: Hub) -> None:
    receipt = queue(hub)
    assert wait_for_run(hub, receipt.run.id, 0).state == "queued"
    worker = threading.Thread(target=run_next, args=(hub,))
    worker.start()
    assert wait_for_run(hub, receipt.run.id, 60).state == "succeeded"
    worker.join()


def test_runs_are_listed_newest_first_and_stay_in_place_while_others_come(hub: Hub) -> None:
    ids = [queue(hub).run.id for _ in range(3)]
    page = list_runs(hub, 2, None)
    queue(hub)
    rest = list_runs(hub, 2, page.next_cursor)
    assert [run.id for run in page.items + rest.items] == ids[::-1]
    assert rest.next_cursor is None


def test_a_queue_outlives_the_hub(hub: Hub, clock: Clock) -> None:
    receipt = queue(hub)
    hub.store.close()
    again = make_hub(open_store(hub.store.folder), clock)
    assert run_next(again)
    assert get_run(again, receipt.run.id).state == "succeeded"
    again.store.close()


def test_a_caller_too_many_does_not_wait_and_gets_the_run_as_it_is(hub: Hub) -> None:
    run = queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"query": "x", "open": False}), None).run
    while hub.waiters.acquire(blocking=False):
        pass
    assert wait_for_run(hub, run.id, 600).state == "queued"
