"""Streams of events over real processes: nothing is missed over three of them, over a kill and over an end in order."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import closing
from typing import Any

import apsw
import pytest

from tests.streams import Event, Stream
from tests.whole.hub_home import BRIDGE, PATIENCE_S, Home, Served, at_once, wait_for

POSTS = 90


class Follower(threading.Thread):
    """Follows a server and keeps what it is told; ``resume`` lets it go on where it was, at another address."""

    def __init__(self, url: str, token: str, after: int) -> None:
        super().__init__(daemon=True)
        self.stream = Stream(url, token, last_event_id=after).opened()
        self.events: list[Event] = []
        self.start()

    def run(self) -> None:
        with closing(self.stream):
            while (event := self.stream.next()) is not None:
                self.events.append(event)

    def resume(self, url: str, token: str) -> Follower:
        self.join(PATIENCE_S)
        assert not self.is_alive(), "the stream did not end with its process"
        assert self.stream.last_event_id is not None
        return Follower(url, token, self.stream.last_event_id)


def clips_of(events: list[Event]) -> list[str]:
    return [event.data["data"]["id"] for event in events if event.name == "clipboard_processed"]


def is_without_gap(events: list[Event], after: int) -> bool:
    return [event.id for event in events] == list(range(after + 1, after + 1 + len(events)))


def post(home: Home, urls: list[str], words: str) -> list[str]:
    callers = [home.caller(urls[n % len(urls)]) for n in range(POSTS)]
    answers: list[Any] = at_once([lambda n=n, c=c: c.copy(f"{words} {n}") for n, c in enumerate(callers)])
    for each in callers:
        each.close()
    return [answer["id"] for answer in answers]


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_nothing_is_missed_over_three_processes_and_a_kill(home: Home) -> None:
    hub = home.start_hub()
    alone = home.start(*BRIDGE)
    gunicorn = home.start_gunicorn("--threads", "8", "--graceful-timeout", "2")
    urls = [hub.url(), alone.url(), gunicorn.url("Listening at")]
    token = home.facts()["token"]
    start = home.caller(urls[0]).get("/events")["newest"]
    followers = [Follower(url, token, start) for url in urls]
    first = post(home, urls, "before")
    for follower in followers:
        wait_for(lambda f=follower: len(clips_of(f.events)) == POSTS)

    hub.signal(signal.SIGKILL)
    hub.wait()
    between = post(home, urls[1:], "while it is down")
    hub = home.start_hub()
    token = home.facts()["token"]  # the owner's is another now: the streams that had the old one are over
    resumed = [follower.resume(url, token) for follower, url in zip(followers, [hub.url(), *urls[1:]], strict=True)]
    after = post(home, [hub.url(), *urls[1:]], "after")
    for before, follower in zip(followers, resumed, strict=True):
        wait_for(lambda b=before, f=follower: len(clips_of(b.events + f.events)) == 3 * POSTS)
        assert is_without_gap(before.events + follower.events, start)
        assert sorted(clips_of(before.events + follower.events)) == sorted(first + between + after)
    assert [each.end() for each in (gunicorn, alone, hub)] == [0, 0, 0]
    for follower in resumed:
        follower.join(PATIENCE_S)


def _ending(home: Home, owner: Served, beside: list[str], how: str) -> None:
    caller = home.caller(owner.url())
    made = caller.post("/clients", {"name": "a", "kind": "script", "scopes": ["events:read"]})
    streams = [Stream(url, made["token"]).opened() for url in beside]
    if how == "revoked":
        assert caller.call("DELETE", f"/clients/{made['client']['id']}").status == 200
    else:
        caller.post(f"/clients/{made['client']['id']}/rotate", None)
    for stream in streams:
        with closing(stream):
            while stream.next() is not None:
                pass


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
@pytest.mark.parametrize("how", ["revoked", "exchanged"])
def test_a_token_that_ends_in_one_process_ends_its_streams_in_all(home: Home, how: str) -> None:
    hub = home.start_hub()
    alone = home.start(*BRIDGE)
    gunicorn = home.start_gunicorn("--threads", "8")
    urls = [hub.url(), alone.url(), gunicorn.url("Listening at")]
    _ending(home, hub, urls, how)


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM ends a process at once there")
def test_the_hub_ends_in_order_with_streams_open_and_they_go_on_with_the_next_one(home: Home) -> None:
    hub = home.start_hub()
    start = home.caller().get("/events")["newest"]
    followers = [Follower(hub.url(), home.facts()["token"], start) for _ in range(4)]
    waiting = home.caller(hub.url())
    assert waiting.call("GET", "/events?timeout=60").status == 503  # four are as many as may
    assert hub.end() == 0
    hub = home.start_hub()
    last = home.caller().copy("with the next one")["id"]
    resumed = [follower.resume(hub.url(), home.facts()["token"]) for follower in followers]
    for before, follower in zip(followers, resumed, strict=True):
        wait_for(lambda f=follower: last in clips_of(f.events))
        assert is_without_gap(before.events + follower.events, start)
    assert hub.end() == 0
    for follower in resumed:
        follower.join(PATIENCE_S)


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_a_reader_that_does_not_read_gives_its_place_back_under_another_host_too(home: Home) -> None:
    environ = {"SMRTHUB_BRIDGE_EVENT_STREAMS": "1", "SMRTHUB_BRIDGE_REQUEST_TIMEOUT_SECONDS": "1"}
    gunicorn = home.start_gunicorn("-w", "1", "--graceful-timeout", "1", **environ)
    url = gunicorn.url("Listening at")
    home.anyone(url).call("GET", "/ping")

    def status_of_a_wait() -> int:
        caller = home.caller()  # gunicorn ends a connection that is idle for two seconds
        try:
            return caller.call("GET", "/events?timeout=1&kinds=client_paired").status
        finally:
            caller.close()

    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", int(url.rpartition(":")[2])))
        token = home.facts()["token"]
        head = f"GET /events?after=0 HTTP/1.1\r\nHost: {url[7:]}\r\nAuthorization: Bearer {token}\r\n"
        slow.sendall(f"{head}Accept: text/event-stream\r\n\r\n".encode())
        assert slow.recv(15) == b"HTTP/1.1 200 OK"
        assert status_of_a_wait() == 503
        conn = apsw.Connection(str(home.paths.stored() / "hub.db"))
        conn.set_busy_timeout(60_000)
        conn.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
            "INSERT INTO events(kind, source, at, trace_id, data) SELECT 'hub_window_changed', 'bridge', 0, '', '{}' FROM n"
        )
        conn.close()
        wait_for(lambda: status_of_a_wait() == 200)
    assert gunicorn.end() == 0
