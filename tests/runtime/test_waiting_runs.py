"""Runs that wait are not without end, and those of a client end with its access."""

from __future__ import annotations

import pytest

from python_core.errors import Busy
from python_core.runtime.clients import NewClient, make_client, revoke_client
from python_core.runtime.hub import Hub
from python_core.runtime.triggers import NewRun, get_run, queue_run, run_next
from python_core.runtime.waiting_runs import WAITING_AT_MOST
from tests.hubs import caller, page_of_events

RUN = NewRun(trigger="smrtsearch", args={"query": "sea", "open": False})


def client(hub: Hub, name: str) -> str:
    return make_client(hub, caller(), NewClient(name=name, kind="agent", scopes=["trigger:run"])).client.id


def queue(hub: Hub, of: str) -> str:
    return queue_run(hub, caller(of), RUN, None).run.id


def state(hub: Hub, run: str) -> str:
    return get_run(hub, run).state


def test_what_a_revoked_client_has_queued_is_not_carried_out(hub: Hub) -> None:
    ended, other = client(hub, "ended"), client(hub, "other")
    done = queue(hub, ended)
    assert run_next(hub)
    waiting, others = queue(hub, ended), queue(hub, other)
    revoke_client(hub, caller(), ended)
    assert [state(hub, run) for run in (done, waiting, others)] == ["succeeded", "cancelled", "queued"]
    assert run_next(hub)
    assert not run_next(hub)
    assert state(hub, others) == "succeeded"
    told = [event.data for event in page_of_events(hub, 0, 50, "trigger_finished").items]
    assert {"id": waiting, "trigger": "smrtsearch", "state": "cancelled"} in told


def test_so_many_runs_wait_and_no_more_until_one_has_ended(hub: Hub) -> None:
    queue(hub, "owner")
    with hub.store.reading() as conn:
        columns = [row[1] for row in conn.execute("PRAGMA table_info(runs)") if row[1] not in ("seq", "id")]
    copied = ", ".join(columns)
    hub.store.write(
        lambda conn: conn.executemany(
            f"INSERT INTO runs(id, {copied}) SELECT ?, {copied} FROM runs WHERE seq = 1",
            ((f"run-{n}",) for n in range(WAITING_AT_MOST - 1)),
        )
    )
    with pytest.raises(Busy, match="1,000 runs wait already"):
        queue(hub, "owner")
    assert run_next(hub)
    queue(hub, "owner")
