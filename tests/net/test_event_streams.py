"""``GET /events`` as a stream, through the real host: where it begins, what it tells, when it ends, whom it keeps waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from python_core.runtime.clients import NewClient, make_client, revoke_client, rotate_token
from python_core.runtime.event_kinds import EVENT_KINDS
from python_core.runtime.events import announce
from python_core.runtime.hub import Hub
from python_core.store import Store
from tests.gate.doors import House, house_of, request
from tests.hubs import Clock, caller, make_hub
from tests.streams import PATIENCE_S, Stream

STREAMS = 3
#: Settings that let a test see the end of what takes long.
QUICK: dict[str, object] = {"event_streams": STREAMS, "threads": STREAMS + 2, "request_timeout_seconds": 2}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(store: Store, clock: Clock) -> Iterator[House]:
    hub = replace(make_hub(store, clock, bridge=QUICK), heartbeat_s=0.2)
    with house_of(hub, telling=False) as house:
        yield house
        store.news.end()


def stream_of(house: House, query: str = "", last_event_id: int | None = None, token: str | None = None) -> Stream:
    return Stream(f"http://{house.host()}", token or house.owner, query, last_event_id)


def tell(hub: Hub, revision: int = 0, times: int = 1) -> None:
    for _ in range(times):
        hub.store.write(lambda conn: announce(conn, hub, caller(), "hub_window_changed", revision=revision))


def makes_room(house: House) -> None:
    """Wait until no stream holds a place."""
    end = time.monotonic() + PATIENCE_S
    while house.hub.followers.taken:
        assert time.monotonic() < end, "a place was never given back"
        time.sleep(0.02)


def test_a_stream_begins_now_and_tells_what_happens(house: House) -> None:
    tell(house.hub)
    with closing(stream_of(house).opened()) as stream:
        newest = house.own("GET", "/events")["newest"]
        assert stream.last_event_id == newest
        assert stream.reply.headers["Cache-Control"] == "no-store"
        tell(house.hub, revision=7)
        event = stream.next()
        page = house.own("GET", f"/events?after={newest}")["items"]
    assert event is not None
    assert (event.id, event.name, event.data) == (newest + 1, "hub_window_changed", page[0])
    assert event.data["data"] == {"revision": 7}


def test_a_stream_goes_on_after_a_place_and_the_header_wins(house: House) -> None:
    tell(house.hub, times=6)
    for query, header, first in (("after=2", None, 3), ("after=2", 4, 5), ("", 5, 6)):
        with closing(stream_of(house, query, header)) as stream:
            event = stream.next()
            assert event is not None
            assert event.id == first


def test_a_stream_of_kinds_tells_no_others_but_moves_its_place_past_them(house: House) -> None:
    with closing(stream_of(house, "kinds=client_paired").opened()) as stream:
        tell(house.hub, times=3)
        newest = house.own("GET", "/events")["newest"]
        while stream.last_event_id != newest:
            assert stream.block() is not None
        house.own("POST", "/clients", {"name": "a", "kind": "script", "scopes": ["events:read"]})
        event = stream.next()
        assert event is not None
        assert event.name == "client_paired"


@pytest.mark.parametrize("after", [1, 10**6, 2**62])
def test_a_place_that_is_not_in_the_log_is_told_first_and_the_stream_goes_on_from_now(house: House, after: int) -> None:
    tell(house.hub, times=9)
    house.hub.store.write(lambda conn: conn.execute("DELETE FROM events WHERE id < 5"))
    with closing(stream_of(house, f"after={after}")) as stream:
        reset = stream.next()
        assert reset is not None
        assert (reset.name, reset.data) == ("reset", {"oldest": 5, "newest": reset.id})
        tell(house.hub)
        event = stream.next()
        assert event is not None
        assert event.id == reset.id + 1


def test_the_last_place_before_the_oldest_event_is_no_reset(house: House) -> None:
    tell(house.hub, times=9)
    house.hub.store.write(lambda conn: conn.execute("DELETE FROM events WHERE id < 5"))
    with closing(stream_of(house, "after=4")) as stream:
        event = stream.next()
        assert event is not None
        assert (event.id, event.name) == (5, "hub_window_changed")


def test_silence_is_broken_by_comments(house: House) -> None:
    with closing(stream_of(house).opened()) as stream:
        for _ in range(3):
            assert stream.block() is not None
    assert set(stream.comments) == {"still here"}


@pytest.mark.parametrize("header", ["x", "-1", "1.5", "9" * 19, "٣"])
def test_a_place_that_is_none_is_bad_input(house: House, header: str) -> None:
    sent = [("Accept", "text/event-stream"), ("Last-Event-ID", header.encode().decode("latin-1"))]
    assert house.ask("bridge", "GET", "/events", token=house.owner, headers=sent).code == "bad_input"
    assert house.hub.followers.taken == 0


def test_head_holds_no_place(house: House) -> None:
    sent = [("Accept", "text/event-stream")]
    answer = house.ask("bridge", "HEAD", "/events", token=house.owner, headers=sent)
    assert (answer.status, house.hub.followers.taken) == (200, 0)
    assert str(answer.header("Content-Type")).startswith("text/event-stream")


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/event-stream;q=0", "text/*"])
def test_who_does_not_name_the_type_gets_a_page(house: House, accept: str | None) -> None:
    headers = [("Accept", accept)] if accept else []
    assert house.ask("bridge", "GET", "/events", token=house.owner, headers=headers).json["status"] == "ok"


def test_one_stream_too_many_is_busy_and_everything_else_still_answers(house: House) -> None:
    streams = [stream_of(house).opened() for _ in range(STREAMS)]
    refused = stream_of(house)
    assert (refused.status, refused.reply.headers["Retry-After"]) == (503, "5")
    assert b'"busy"' in refused.reply.read()
    assert house.ask("bridge", "GET", "/events?timeout=5", token=house.owner).code == "busy"
    house.own("POST", "/clipboard", {"fragments": [{"type": "text", "content": "all the same"}]})
    assert all(stream.next() is not None for stream in streams)
    streams[0].close()
    end = time.monotonic() + PATIENCE_S
    while (again := stream_of(house)).status == 503:
        again.close()
        assert time.monotonic() < end
    for stream in (*streams, refused, again):
        stream.close()


def test_abandoned_streams_leave_the_hub_alive_and_give_their_places_back(house: House) -> None:
    for _ in range(2):
        for stream in [stream_of(house).opened() for _ in range(STREAMS)]:
            stream.close()
        assert house.own("GET", "/status")["ready"] is True
        makes_room(house)


def test_a_client_that_hangs_up_at_once_gives_its_place_back(house: House) -> None:
    for _ in range(20):
        wire = house.wire()
        head = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("Accept", "text/event-stream")]
        wire.send(request("GET", "/events", head))
        wire.close()
    makes_room(house)


def client(house: House, **more: object) -> tuple[str, str]:
    wanted = NewClient(name="a", kind="script", scopes=["events:read"], **more)  # type: ignore[arg-type]
    made = make_client(house.hub, caller(), wanted)
    return made.client.id, made.token


@pytest.mark.parametrize("how", ["revoked", "exchanged", "expired"])
def test_a_stream_ends_with_its_token_and_tells_nothing_after_that(house: House, clock: Clock, how: str) -> None:
    client_id, token = client(house, expires_in_seconds=60)
    with closing(stream_of(house, token=token).opened()) as stream:
        if how == "revoked":
            revoke_client(house.hub, caller(), client_id)
        elif how == "exchanged":
            rotate_token(house.hub, caller(), client_id)
        else:
            clock.pass_s(61)
        tell(house.hub)
        assert stream.next() is None
    makes_room(house)


def test_a_page_that_is_waited_for_ends_with_its_token(house: House) -> None:
    client_id, token = client(house)
    answers = list[str]()
    waiting = threading.Thread(
        target=lambda: answers.append(
            house.ask("bridge", "GET", "/events?timeout=60&kinds=heartbeat", token=token).code
        )
    )
    waiting.start()
    while not house.hub.followers.taken:
        time.sleep(0.01)
    revoke_client(house.hub, caller(), client_id)
    waiting.join(PATIENCE_S)
    assert answers == ["unauthorized"]


def test_a_page_waits_for_its_first_event(house: House) -> None:
    start = house.own("GET", "/events")["newest"]
    told = threading.Timer(0.2, tell, [house.hub, 3])
    told.start()
    page = house.own("GET", f"/events?after={start}&timeout=60")
    told.join()
    assert [(event["id"], event["data"]) for event in page["items"]] == [(start + 1, {"revision": 3})]
    assert house.own("GET", f"/events?after={page['nextAfter']}&timeout=1")["items"] == []
    makes_room(house)


def test_the_end_of_the_hub_ends_streams_and_waiting_at_once(house: House) -> None:
    with closing(stream_of(house).opened()) as stream:
        house.hub.store.news.end()
        assert stream.next() is None
    assert house.own("GET", "/events?timeout=60")["items"] == []
    makes_room(house)


def test_a_reader_that_does_not_read_is_cut_holds_no_writer_and_goes_on_where_it_was(house: House) -> None:
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", house.port()))
        head = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("Accept", "text/event-stream")]
        slow.sendall(request("GET", "/events?after=0", head))
        house.hub.store.write(
            lambda conn: [announce(conn, house.hub, caller(), "hub_window_changed", revision=n) for n in range(40_000)]
        )
        tell(house.hub)  # no writer waits for it
        makes_room(house)  # it was cut
    newest = house.own("GET", "/events")["newest"]
    with closing(stream_of(house, last_event_id=newest - 1)) as stream:
        event = stream.next()
        assert event is not None
        assert event.id == newest


def test_nothing_captured_is_in_any_event(house: House) -> None:
    canary = "cAnArY7f3a"
    with closing(stream_of(house, "after=0").opened()) as stream:
        house.own(
            "POST",
            "/clipboard",
            {
                "fragments": [{"type": "text", "content": canary}, {"type": "html", "content": f"<b>{canary}</b>"}],
                "encounter": {
                    "source": {
                        "app": canary,
                        "windowTitle": canary,
                        "url": f"https://{canary}.example/",
                        "title": canary,
                    }
                },
            },
        )
        tab = {"url": f"https://example.org/{canary}", "title": canary, "event": "activated", "focused": True}
        house.own("POST", "/tab-info", tab, "web-listener")
        output = {"schema": "note/1", "payload": {"text": canary}, "title": canary, "producer": canary}
        house.ask("bridge", "POST", "/structured-output", output, token=house.owner)
        house.own("POST", "/hub-window/commands", {"command": "notify", "args": {"text": canary}})
        house.own("POST", "/trigger", {"trigger": "smrtsearch", "args": {"query": canary, "open": False}})
        house.own("POST", "/clients", {"name": canary, "kind": "script", "scopes": ["events:read"]})
        told = list[str]()
        while "client_paired" not in told:
            event = stream.next()
            assert event is not None
            assert canary.lower() not in repr(event).lower()
            told.append(event.name)
    assert (
        {"clipboard_processed", "tab_changed", "hub_window_command", "trigger_queued"} <= set(told) <= set(EVENT_KINDS)
    )
