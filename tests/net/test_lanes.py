"""Quick requests have a thread of their own: posts that arrive together share a commit, and hold up nobody who reads."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from python_core.net.lanes import AT_ONCE, SHORT_BODY, WriteLane
from python_core.net.routes import subjects_of
from python_core.runtime.clients import NewClient, make_client
from python_core.store import Store
from python_core.store.connection import Connection, connect
from tests.gate.doors import EXTENSION, FIREFOX_EXTENSION, OTHER_EXTENSION, SERVICES, House, Wire, house_of, request
from tests.hubs import Clock, caller, make_hub
from tests.whole.hub_home import wait_for


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    with house_of(make_hub(store, Clock()), telling=False) as house:
        yield house


def hold(store: Store) -> Connection:
    """Return a connection that writes: whoever else writes to the store waits until it is closed."""
    other = connect(store.path)
    other.execute("BEGIN IMMEDIATE")
    return other


@pytest.fixture
def held(house: House) -> Iterator[Connection]:
    with closing(hold(house.hub.store)) as other:
        yield other


def pair(house: House, origin: str) -> str:
    wanted = NewClient(name=f"browser {origin[:6]}", kind="extension", scopes=["tabs:write"], origin=origin)
    return make_client(house.hub, caller(), wanted).token


def body_of(text: str, *, encounter: str | None = None) -> dict[str, Any]:
    return {
        "fragments": [{"type": "text", "content": text}],
        "encounter": {"encounterId": encounter} if encounter else {},
    }


CLIPS = [body_of(f"clip {n}") for n in range(13)]


def post(house: House, body: object, path: str = "/clipboard", token: str = "", origin: str = "") -> Wire:
    """Send a clip or a tab over a connection of its own, and do not wait for the answer."""
    service = "bridge" if path == "/clipboard" else "web-listener"
    content = json.dumps(body).encode()
    headers = [
        ("Host", house.host(service)),
        ("Authorization", f"Bearer {token or house.owner}"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(content))),
        *([("Origin", origin), ("Sec-Fetch-Site", "none")] if origin else []),
    ]
    wire = house.wire(service)
    wire.send(request("POST", path, headers, content))
    return wire


def answers_of(wires: list[Wire]) -> list[Any]:
    answers = [wire.answer() for wire in wires]
    for wire in wires:
        wire.close()
    return answers


def post_all(house: House, bodies: list[Any]) -> list[Wire]:
    """Post the first, which begins to write, then the others, which wait."""
    wires = [post(house, bodies[0])]
    wait_for(lambda: house.hub.store._writer._led)
    wires += [post(house, body) for body in bodies[1:]]
    await_in_lane(house, "bridge", len(bodies) - 1)
    return wires


def await_in_lane(house: House, service: str, count: int) -> None:
    """Wait until so many requests wait for the thread of the quick writes."""
    dispatcher: Any = house.servers[service]._waitress.task_dispatcher
    wait_for(lambda: max(len(lane.queue) for lane in dispatcher._lanes) == count)


def test_posts_that_arrive_together_share_a_commit(house: House, held: Connection) -> None:
    before = house.hub.store.commits.total
    wires = post_all(house, CLIPS)
    held.close()
    answers = answers_of(wires)
    assert [answer.status for answer in answers] == [201] * len(CLIPS)
    assert len({answer.json["id"] for answer in answers}) == len(CLIPS)
    assert house.hub.store.commits.total - before <= 3  # the first one's, that of the others, and one of the hub's own


def test_each_gets_the_answer_to_its_own_request(house: House, held: Connection) -> None:
    bodies = [
        body_of("the first"),
        body_of("one"),
        body_of("again", encounter="the-same"),
        body_of("again", encounter="the-same"),
        {"fragments": []},
        body_of("two"),
        body_of("a password") | {"encounter": {"secret": True}},
    ]
    wires = post_all(house, bodies)
    held.close()
    first, one, again, same, bad, two, secret = answers_of(wires)
    assert [each.status for each in (first, one, bad, two, secret)] == [201, 201, 400, 201, 200]
    assert sorted([again.status, same.status]) == [200, 201]
    assert again.json["id"] == same.json["id"]
    assert secret.json["stored"] is False
    for answer, text in ((first, "the first"), (one, "one"), (two, "two"), (again, "again")):
        assert house.own("GET", f"/clipboard/{answer.json['id']}")["fragments"][0]["content"] == text


def test_each_browser_gets_the_answer_to_its_own_request(house: House) -> None:
    """Flask-CORS answers them, with a request of Flask's within another."""
    origins = [EXTENSION, OTHER_EXTENSION, FIREFOX_EXTENSION]
    tokens = [pair(house, origin) for origin in origins]
    tabs = [({"url": f"https://example.org/{n}", "title": f"page {n}", "id": f"tab-{n}"}, n % 3) for n in range(7)]
    wires = []
    with closing(hold(house.hub.store)):
        for tab, whose in tabs:
            wires.append(post(house, tab, "/tab-info", tokens[whose], origins[whose]))
            if len(wires) == 1:
                wait_for(lambda: house.hub.store._writer._led)
        await_in_lane(house, "web-listener", len(tabs) - 1)
    for (_, whose), answer in zip(tabs, answers_of(wires), strict=True):
        assert (answer.status, dict(answer.headers)["Access-Control-Allow-Origin"]) == (200, origins[whose])
        assert answer.json["results"][0]["stored"] is True


def test_reads_are_answered_while_posts_wait_for_the_disk(house: House, held: Connection) -> None:
    wires = post_all(house, CLIPS)
    for path in ("/ping", "/status", "/hub-window", "/clipboard", "/search?q=clip"):
        assert house.own("GET", path)["status"] == "ok"
    held.close()
    assert {answer.status for answer in answers_of(wires)} == {201}


def test_what_waits_is_answered_before_the_end(house: House, held: Connection) -> None:
    wires = post_all(house, CLIPS)
    server = house.servers.pop("bridge")
    server.stop(30)
    held.close()
    server.join()
    assert {answer.status for answer in answers_of(wires)} == {201}


def test_a_long_body_is_another_threads(house: House, held: Connection) -> None:
    short = post(house, body_of("short"))
    wait_for(lambda: house.hub.store._writer._led)
    long = post(house, body_of("x" * SHORT_BODY))
    wait_for(lambda: house.hub.store.waiting)  # while the lane's own thread waits for the disk
    held.close()
    assert [answer.status for answer in answers_of([long, short])] == [201, 201]


def test_only_what_is_answered_before_flask_has_a_lane() -> None:
    endpoints = [endpoint for service in SERVICES for routes in subjects_of(service) for endpoint in routes.endpoints]
    lanes = {(each.method, each.path): each.lane for each in endpoints if each.lane}
    assert lanes == {
        ("GET", "/status"): "reads",
        ("GET", "/hub-window"): "reads",
        ("POST", "/clipboard"): "writes",
        ("POST", "/tab-info"): "writes",
    }
    assert all(each.hot for each in endpoints if each.lane)


class Told:
    """Stands for a connection: says when it is served, and gathers as a request that writes does."""

    def __init__(self, served: list[int], name: int, gather: Callable[[], object], fault: BaseException | None) -> None:
        self._served, self._name, self._gather, self._fault = served, name, gather, fault

    def service(self) -> None:
        self._gather()
        self._served.append(self._name)
        if self._fault is not None:
            raise self._fault


def serve(count: int, faults: dict[int, BaseException]) -> list[int]:
    """Have a lane serve so many at once, and return them in the order in which they were done."""
    gathering: list[Callable[[], None]] = []
    lane, served, held = WriteLane(gathering.append), list[int](), threading.Event()
    lane.add_task(Told(served, -1, lambda: held.wait(30), None))
    wait_for(lambda: gathering)
    for n in range(count):
        lane.add_task(Told(served, n, gathering[0], faults.get(n)))
    held.set()
    wait_for(lambda: len(served) == count + 1)
    assert not lane.shutdown(cancel_pending=False, timeout=30)
    return served[1:]


def test_so_many_share_a_commit_at_most() -> None:
    first, rest = list(reversed(range(AT_ONCE))), list(reversed(range(AT_ONCE, 2 * AT_ONCE)))
    assert serve(2 * AT_ONCE + 1, {}) == [*first, *rest, 2 * AT_ONCE]


def test_one_that_breaks_takes_no_other_with_it() -> None:
    faults = {0: RuntimeError("broken"), 3: SystemExit(), 4: KeyboardInterrupt()}
    assert sorted(serve(AT_ONCE, faults)) == list(range(AT_ONCE))
    assert sorted(serve(3 * AT_ONCE, faults)) == list(range(3 * AT_ONCE))
