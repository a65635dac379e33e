"""Status: the hub is as well as its worst part, and says so also when its store is gone."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.fragments import TextFragment
from python_core.runtime.health import LEVELS
from python_core.runtime.hub import Hub
from python_core.runtime.status import (
    end_beat,
    get_ping,
    get_readiness,
    get_status,
    is_ready,
    record_beat,
)
from python_core.runtime.triggers import NewRun, queue_run
from python_core.store import open_store
from python_core.utils.ids import is_id
from tests.hubs import Clock, caller, make_hub, page_of_events


def test_a_new_hub_is_ready_healthy_and_empty(hub: Hub, clock: Clock) -> None:
    clock.pass_s(61.9)
    status = get_status(hub, "bridge")
    assert (status.ready, status.level, status.service, status.pid) == (True, "healthy", "smrthub-bridge", os.getpid())
    assert (status.uptime_seconds, status.last_event_id, status.capture) == (61, 0, "running")
    assert status.counts == {"clips": 0, "visits": 0, "outputs": 0}
    assert set(status.modules) == {
        "bridge",
        "webListener",
        "saveWorker",
        "dailyCopy",
        "store",
        "disk",
        "logs",
        "eventLog",
        "queue",
        "clock",
        "backups",
        "privacyRules",
    }
    assert is_id(status.instance)


def test_strangers_are_told_no_more_than_that_it_is_the_hub(hub: Hub) -> None:
    assert set(get_ping(hub, "bridge").__struct_fields__) == {"service", "api_version", "proof"}
    assert get_ping(hub, "web-listener").proof is None
    assert set(get_readiness(hub, "bridge").__struct_fields__) == {"service", "api_version", "ready"}


def test_the_instance_is_kept_and_each_hub_has_its_own(hub: Hub, tmp_path: Path) -> None:
    again, other = (make_hub(open_store(folder), Clock()) for folder in (hub.store.folder, tmp_path / "other"))
    assert again.identity == hub.identity
    assert other.identity.instance != hub.identity.instance
    assert other.identity.secret != hub.identity.secret
    for each in (again, other):
        each.store.close()


def test_threads_that_ask_first_at_once_get_the_same_identity(hub: Hub) -> None:
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.append(hub.identity.instance)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(told)) == 1


@pytest.mark.parametrize(
    ("age_s", "level"), [(0, "healthy"), (22, "healthy"), (23, "warning"), (46, "degraded"), (91, "critical")]
)
def test_a_part_that_stops_beating_gets_worse_with_time(hub: Hub, clock: Clock, age_s: float, level: str) -> None:
    record_beat(hub, "bridge", 15, "healthy", "")
    record_beat(hub, "web_listener", 3600, "healthy", "")
    clock.pass_s(age_s)
    status = get_status(hub, "bridge")
    assert (status.modules["bridge"].level, status.modules["webListener"].level) == (level, "healthy")
    assert status.level == level


@pytest.mark.parametrize("level", LEVELS)
def test_what_a_part_says_of_itself_counts(hub: Hub, level: str) -> None:
    record_beat(hub, "save_worker", 30, level, "because")
    module = get_status(hub, "bridge").modules["saveWorker"]
    assert (module.level, module.detail) == (level, "because")


def test_a_clock_that_was_set_back_makes_no_part_ill(hub: Hub, clock: Clock) -> None:
    record_beat(hub, "bridge", 15, "healthy", "")
    clock.pass_s(-3600)
    modules = get_status(hub, "bridge").modules
    assert (modules["bridge"].level, modules["clock"].level) == ("healthy", "warning")


def test_beats_are_told_when_a_part_starts_changes_or_ends_and_not_in_between(hub: Hub) -> None:
    for level in ("healthy", "healthy", "warning", "warning", "healthy"):
        record_beat(hub, "bridge", 15, level, "")
    end_beat(hub, "bridge")
    told = [event.data["level"] for event in page_of_events(hub, 0, 50, "heartbeat").items]
    assert told == ["healthy", "warning", "healthy", "stopped"]
    assert get_status(hub, "bridge").modules["bridge"].detail == "not running"


def test_counts_and_queues_follow_what_is_stored(hub: Hub) -> None:
    put_clip(hub, caller(), NewClip(fragments=[TextFragment(content="x")]), None)
    queue_run(hub, caller(), NewRun(trigger="smrtsearch"), None)
    status = get_status(hub, "bridge")
    assert (status.counts["clips"], status.queues, status.last_event_id) == (
        1,
        {"runs": {"queued": 1, "running": 0}},
        2,
    )


@pytest.mark.parametrize("spoil", ["away", "damaged"])
def test_a_hub_without_its_store_is_not_ready(hub: Hub, spoil: str) -> None:
    assert is_ready(hub)
    hub.store.close()
    if spoil == "away":
        hub.store.path.rename(hub.store.path.with_suffix(".away"))
    else:
        hub.store.path.write_bytes(b"no database" * 1000)
    assert not is_ready(hub)
    assert not get_readiness(hub, "bridge").ready
