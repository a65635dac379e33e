"""What was acknowledged stays, however the hub ends."""

from __future__ import annotations

import http.client
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import apsw
import pytest

from tests.whole.hub_home import Caller, Home, Served, wait_for
from tests.whole.slow_browser import SlowBrowser

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
ROUNDS, CLIENTS, POSTS = 10, 8, 2_000


@dataclass
class Client:
    """One of those who post at once: what was acknowledged to it (id and digest by text), and what it cannot know of."""

    name: str
    acknowledged: dict[str, tuple[str, str]] = field(default_factory=dict)
    unanswered: str | None = None

    def post_texts(self, caller: Caller, posts: int) -> None:
        """Post one text after the other over one connection, until the hub dies."""
        try:
            for number in range(posts):
                self.unanswered = f"{self.name}, number {number}: " + "what a person selects " * 12
                self.post_unanswered(caller)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            caller.close()

    def post_unanswered(self, caller: Caller) -> None:
        """Post the text that has no answer so far; known to the hub by the same id each time."""
        text = self.unanswered
        if text is not None:
            receipt = caller.copy(text, encounterId=text[:60])
            self.acknowledged[text] = (receipt["id"], receipt["fragments"][0]["digest"])
            self.unanswered = None


def test_a_hub_that_is_killed_ten_times_among_2000_posts_keeps_all_it_acknowledged(home: Home) -> None:
    kept: list[tuple[str, str]] = []
    newest = 0
    hub = home.start_hub()
    for number in range(ROUNDS):
        clients = [Client(f"Round {number}, client {name}") for name in range(CLIENTS)]
        _kill_while_they_post(home, hub, clients, after=POSTS * (2 * number + 1) // (2 * ROUNDS + 1))

        hub = home.start_hub()
        caller = home.caller()
        assert caller.get("/status")["level"] == "healthy"
        assert home.facts()["pid"] == hub.pid
        for client in clients:
            client.post_unanswered(caller)
        acknowledged = [each for client in clients for each in client.acknowledged.values()]
        newest, announced = _clips_announced(caller, newest)
        assert len(set(acknowledged)) == len(acknowledged)
        assert sorted(announced) == sorted(acknowledged)
        kept += acknowledged

    assert sorted(_clips_listed(caller)) == sorted(kept)
    assert caller.get("/status")["counts"]["clips"] == len(kept)
    assert hub.end() == 0
    assert _faults_of_database(home) == []


def _kill_while_they_post(home: Home, hub: Served, clients: list[Client], after: int) -> None:
    callers = [home.caller(hub.url()) for _ in clients]
    threads = [
        threading.Thread(target=client.post_texts, args=(caller, POSTS // len(clients)))
        for client, caller in zip(clients, callers, strict=True)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: sum(len(client.acknowledged) for client in clients) >= after)
    hub.signal(signal.SIGKILL)
    for thread in threads:
        thread.join()
    hub.wait()
    assert any(client.unanswered is not None for client in clients), "they were done before the hub was killed"


def _clips_announced(caller: Caller, after: int) -> tuple[int, list[tuple[str, str]]]:
    """Follow the event log from an id on to its end: ids rise by one; return the last and the clips, id and digest."""
    found: list[tuple[str, str]] = []
    while items := caller.get(f"/events?after={after}&limit=200")["items"]:
        assert [item["id"] for item in items] == list(range(after + 1, after + 1 + len(items)))
        after = items[-1]["id"]
        found += [
            (item["data"]["id"], item["data"]["fragments"][0]["digest"])
            for item in items
            if item["kind"] == "clipboard_processed"
        ]
    return after, found


def _clips_listed(caller: Caller) -> Iterator[tuple[str, str]]:
    cursor = ""
    while cursor is not None:
        page = caller.get(f"/clipboard?limit=200{cursor and '&cursor='}{cursor}")
        yield from ((clip["id"], clip["fragments"][0]["digest"]) for clip in page["items"])
        cursor = page["nextCursor"]


def _faults_of_database(home: Home) -> list[Any]:
    conn = apsw.Connection(str(home.paths.stored() / "hub.db"))
    try:
        conn.execute("INSERT INTO documents_index(documents_index, rank) VALUES ('integrity-check', 1)")
        return [row for row in conn.execute("PRAGMA integrity_check") if row != ("ok",)]
    finally:
        conn.close()


def test_a_run_that_was_under_way_when_the_hub_was_killed_is_carried_out_after_its_lease(
    home: Home, slow_browser: SlowBrowser
) -> None:
    hub = home.start_hub(**slow_browser.environ)
    caller = home.caller(hub.url())
    runs = [caller.post("/trigger", {"trigger": "smrtsearch", "args": {"query": f"word{n}"}})["run"] for n in range(3)]
    wait_for(lambda: slow_browser.opened)
    hub.signal(signal.SIGKILL)
    hub.wait()
    _let_leases_end(home)
    slow_browser.go_on()

    hub = home.start_hub(**slow_browser.environ)
    caller = home.caller(hub.url())
    for run in runs:
        wait_for(lambda run=run: caller.get(f"/trigger/runs/{run['id']}")["state"] == "succeeded")
    assert [url.rpartition("=")[2] for url in slow_browser.opened] == ["word0", "word0", "word1", "word2"]
    assert caller.get("/status")["queues"]["runs"] == {"queued": 0, "running": 0}


def _let_leases_end(home: Home) -> None:
    """Do to the database what a minute does."""
    conn = apsw.Connection(str(home.paths.stored() / "hub.db"))
    try:
        conn.execute("UPDATE runs SET lease_until = 0 WHERE state = 'running'")
        assert conn.changes() == 1
    finally:
        conn.close()
