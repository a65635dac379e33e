"""Health: each rule of docs/health.md, and that what changes is told once, whoever sees it."""

from __future__ import annotations

from pathlib import Path

import pytest

from python_core.errors import Busy, HubError, StorageFull
from python_core.runtime.event_kinds import EVENT_KINDS
from python_core.runtime.free_disk import FreeDisk
from python_core.runtime.health import BEATING, LEVELS, MANY_RUNS, TOO_MANY_RUNS
from python_core.runtime.hub import Hub
from python_core.runtime.status import end_beat, forget_beats, get_status, is_ready, record_beat
from python_core.runtime.triggers import NewRun, queue_run
from python_core.store import Store, open_store
from python_core.store.commits import FAULT_KNOWN_S, SLOW_KNOWN_S, SLOW_S, Commits
from python_core.store.schema import StoreUnusable
from python_core.utils.heartbeat import level_of
from tests.hubs import Clock, caller, make_hub, page_of_events

DAY_S = 86_400
ROOT = Path(__file__).resolve().parents[2]


def level(hub: Hub, module: str) -> str:
    return get_status(hub, "bridge").modules[module].level


def told(hub: Hub) -> list[tuple[str, str, str]]:
    return [
        (event.data["module"], event.data["before"], event.data["level"])
        for event in page_of_events(hub, 0, 200, "runtime_warning").items
    ]


def test_every_part_and_level_stands_in_the_documentation(hub: Hub) -> None:
    page = (ROOT / "docs" / "health.md").read_text("utf-8")
    for name in (*get_status(hub, "bridge").modules, *LEVELS):
        assert f"`{name}`" in page, name
    assert "runtime_warning" in EVENT_KINDS


def test_a_part_that_stops_is_told_at_each_step_down_and_once_when_it_is_well_again(hub: Hub, clock: Clock) -> None:
    record_beat(hub, "save_worker", 30, "healthy", "")
    for _ in range(30):
        record_beat(hub, "bridge", 15, "healthy", "")
        clock.pass_s(15)
    record_beat(hub, "save_worker", 30, "healthy", "")
    assert [each for each in told(hub) if each[0] == "saveWorker"] == [
        ("saveWorker", "healthy", "warning"),
        ("saveWorker", "warning", "degraded"),
        ("saveWorker", "degraded", "critical"),
        ("saveWorker", "critical", "healthy"),
    ]


def test_what_gets_better_but_not_well_is_not_told(hub: Hub) -> None:
    for said in ("critical", "degraded", "critical", "warning", "healthy"):
        record_beat(hub, "web_listener", 20, said, "")
    assert [each[1:] for each in told(hub)] == [
        ("healthy", "critical"),
        ("degraded", "critical"),
        ("warning", "healthy"),
    ]


def test_two_processes_tell_a_change_once(hub: Hub, clock: Clock) -> None:
    other = make_hub(open_store(hub.store.folder), clock)
    record_beat(hub, "bridge", 15, "healthy", "")
    clock.pass_s(40)
    for each in (other, hub, other):
        record_beat(each, "web_listener", 20, "healthy", "")
    assert told(hub) == [("bridge", "healthy", "warning")]
    other.store.close()


def test_what_was_left_by_a_process_that_was_killed_is_no_finding_of_the_next(hub: Hub, clock: Clock) -> None:
    for tag in BEATING:
        record_beat(hub, tag, 15, "healthy", "")
    clock.pass_s(DAY_S)
    forget_beats(hub, BEATING)
    record_beat(hub, "bridge", 15, "healthy", "")
    assert told(hub) == []
    assert get_status(hub, "bridge").level == "healthy"


def test_the_queue_is_told_when_it_is_long_and_when_nobody_works_at_it(hub: Hub) -> None:
    queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None)
    assert level(hub, "queue") == "warning"
    record_beat(hub, "save_worker", 30, "healthy", "")
    assert level(hub, "queue") == "healthy"
    for _ in range(MANY_RUNS - 1):
        queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None)
    assert level(hub, "queue") == "warning"
    for _ in range(TOO_MANY_RUNS - MANY_RUNS):
        queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None)
    assert level(hub, "queue") == "degraded"


def test_a_clock_that_was_set_back_is_told_until_what_is_stored_is_of_the_past(hub: Hub, clock: Clock) -> None:
    record_beat(hub, "bridge", 15, "healthy", "")
    clock.pass_s(-59)
    assert level(hub, "clock") == "healthy"
    clock.pass_s(-3600)
    assert level(hub, "clock") == "warning"
    clock.pass_s(3600)
    assert level(hub, "clock") == "healthy"


@pytest.mark.parametrize(
    ("free_mib", "expected"), [(512, "healthy"), (511, "warning"), (256, "warning"), (255, "degraded")]
)
def test_a_disk_is_short_before_it_is_too_full(store: Store, clock: Clock, free_mib: int, expected: str) -> None:
    plain = make_hub(store, clock)
    hub = Hub(plain.settings, store, clock, free_disk=FreeDisk(lambda _: free_mib * 1024 * 1024))
    assert level(hub, "disk") == expected
    assert (level(hub, "store") == "degraded") == (expected == "degraded")


@pytest.mark.parametrize(
    ("days", "expected"), [(1, "healthy"), (2, "healthy"), (3, "warning"), (7, "degraded"), (30, "degraded")]
)
def test_backups_that_come_no_more_are_told(hub: Hub, clock: Clock, days: int, expected: str) -> None:
    (hub.store.folder / "backups").mkdir()
    (hub.store.folder / "backups" / "hub-2026-01-01.db").touch()
    clock.pass_s(days * DAY_S)
    assert level(hub, "backups") == expected


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(StorageFull("x"), "degraded"), (Busy("x"), "degraded"), (StoreUnusable("x"), "critical")],
)
def test_a_store_that_cannot_be_written_is_not_ready_until_it_can(hub: Hub, fault: HubError, expected: str) -> None:
    level(hub, "store")  # a first look writes who the hub is
    hub.store.commits.note_fault(fault)
    status = get_status(hub, "bridge")
    assert (status.ready, status.modules["store"].level) == (False, expected)
    record_beat(hub, "save_worker", 30, "healthy", "")
    assert is_ready(hub)
    assert level(hub, "store") == "healthy"


def test_a_store_whose_file_has_gone_under_the_hub_is_not_ready(hub: Hub) -> None:
    assert is_ready(hub)
    hub.store.path.rename(hub.store.path.with_suffix(".away"))
    assert not is_ready(hub)


def test_commits_know_what_was_slow_and_what_failed_for_a_while() -> None:
    at = [1000.0]
    commits = Commits(lambda: at[0])
    commits.note(at[0] - 0.5)
    assert (commits.total, commits.seconds, commits.was_slow, commits.fault) == (1, 0.5, False, None)
    commits.note(at[0] - SLOW_S)
    assert (commits.was_slow, commits.slowest_s) == (True, SLOW_S)
    commits.note_fault(Busy("x"))
    at[0] += FAULT_KNOWN_S
    assert commits.fault is None
    at[0] += SLOW_KNOWN_S
    assert not commits.was_slow


def test_a_part_that_ended_in_order_is_no_finding(hub: Hub, clock: Clock) -> None:
    record_beat(hub, "web_listener", 20, "healthy", "")
    end_beat(hub, "web_listener")
    clock.pass_s(DAY_S)
    record_beat(hub, "bridge", 15, "healthy", "")
    assert (level(hub, "webListener"), told(hub)) == ("healthy", [])
    assert level_of(DAY_S, 20) == "critical"
