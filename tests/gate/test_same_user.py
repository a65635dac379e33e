"""``admitSameUserPrograms``: off unless asked for; then this user's own programs, never a browser, at four routes, counted."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest

from python_core.net.endpoints import RouteTable
from python_core.net.gate import CALLER, Gate
from python_core.net.peers import PEER_UID, Peers, own_uid, uid_of_peer
from python_core.runtime.hub import SAME_USER
from python_core.store import Store, open_store
from tests.gate.doors import CANARY, DOORS, EXTENSION, Door, House, faults_of, house_of
from tests.gate.test_peers import connected, on_windows
from tests.hubs import Clock, make_hub

ADMITTED = {
    ("POST", "/clipboard"),
    ("POST", "/trigger"),
    ("GET", "/status"),
    ("GET", "/hub-window"),
    ("PATCH", "/hub-window"),
}
#: What a program of this user does not send, and every browser does, whatever page it shows.
OF_BROWSERS = {
    "an Origin": ("Origin", f"https://{CANARY}.example"),
    "no real Origin": ("Origin", "null"),
    "an empty Origin": ("Origin", ""),
    "an extension's Origin": ("Origin", EXTENSION),
    "site none": ("Sec-Fetch-Site", "none"),
    "site same-origin": ("Sec-Fetch-Site", "same-origin"),
    "site cross-site": ("Sec-Fetch-Site", "cross-site"),
    "an empty site": ("Sec-Fetch-Site", ""),
    "a mode": ("Sec-Fetch-Mode", "navigate"),
    "a destination": ("Sec-Fetch-Dest", "document"),
    "a user": ("Sec-Fetch-User", "?1"),
    "one to come": ("Sec-Fetch-Storage-Access", "none"),
}


@pytest.fixture(scope="module")
def _told() -> None:
    with connected("127.0.0.1") as (_, ends):
        if uid_of_peer(*ends) != own_uid():
            pytest.skip("this system does not name callers by their user id")


@pytest.fixture
def admitting(_told: None, module_store: Store) -> Iterator[House]:
    settings: dict[str, object] = {"admit_same_user_programs": True, "test_hooks": True}
    with house_of(make_hub(module_store, Clock(), bridge=settings)) as house:
        yield house


def admitted(door: Door) -> bool:
    return door.service == "bridge" and (door.endpoint.method, door.endpoint.path) in ADMITTED


def test_the_declarations_name_exactly_these_routes() -> None:
    named = {(door.endpoint.method, door.endpoint.path) for door in DOORS if door.endpoint.same_user}
    assert named == ADMITTED


def test_it_is_off_unless_it_is_asked_for(house: House) -> None:
    for door in (door for door in DOORS if admitted(door) and not door.endpoint.anonymous):
        assert faults_of(house.send("bridge", house.knock(door)), 401, "unauthorized", service="bridge") == []
    assert house.took() == []


def test_an_own_program_is_let_in_at_these_routes_and_no_other(admitting: House) -> None:
    for door in DOORS:
        answer = admitting.send(door.service, admitting.knock(door))
        if admitted(door) or door.endpoint.anonymous:
            assert (answer and answer.status, admitting.took()) == (200, [door.key]), door.name
        else:
            found = faults_of(answer, 401, "unauthorized", service=door.service)
            assert (found, admitting.took()) == ([], []), door.name


@pytest.mark.parametrize("header", OF_BROWSERS.values(), ids=OF_BROWSERS)
def test_a_browser_is_never_taken_for_an_own_program(admitting: House, header: tuple[str, str]) -> None:
    for door in (door for door in DOORS if admitted(door) and not door.endpoint.anonymous):
        answer = admitting.send("bridge", admitting.knock(door, [header]))
        assert answer is not None
        assert (answer.status, answer.code) in ((401, "unauthorized"), (403, "forbidden_origin")), door.name
    assert admitting.took() == []


@pytest.mark.parametrize("token", ["", "x", f"shb_owner_{'0' * 64}"])
def test_a_program_that_shows_a_wrong_token_is_not_admitted_without_one(admitting: House, token: str) -> None:
    for door in (door for door in DOORS if admitted(door)):
        answer = admitting.send("bridge", admitting.knock(door, [("Authorization", f"Bearer {token}")]))
        assert faults_of(answer, 401, "unauthorized", service="bridge") == []
    assert admitting.took() == []


def test_each_admission_is_counted(admitting: House) -> None:
    with house_of(admitting.hub, telling=False) as real:

        def count() -> int:
            outcomes = real.own("GET", "/audit")["outcomes"]
            return sum(each["times"] for each in outcomes if each["code"] == "admitted_same_user")

        before = count()
        for _ in range(3):
            assert real.ask("bridge", "GET", "/hub-window").status == 200
        assert count() == before + 3


@pytest.mark.usefixtures("_told")
def test_it_may_do_what_the_route_asks_for_and_nothing_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(tmp_path_factory.mktemp("admitted") / "stored")
    hub = make_hub(store, Clock(), bridge={"admit_same_user_programs": True})
    with house_of(hub, telling=False) as house:
        clip = {"fragments": [{"type": "text", "content": "From a desktop program."}]}
        made = house.ask("bridge", "POST", "/clipboard", clip)
        assert made.status == 201, made
        assert house.ask("bridge", "GET", f"/clipboard/{made.json['id']}").status == 401
        assert house.ask("bridge", "DELETE", f"/clipboard/{made.json['id']}").status == 401
        assert "version" in house.ask("bridge", "GET", "/status").json
        run = {"trigger": "smrtsearch", "args": {"query": "desktop", "open": False}}
        assert house.ask("bridge", "POST", "/trigger", run).status == 202
        readers = house.own("GET", f"/clipboard/{made.json['id']}/readers")["items"]
        assert readers == []
        house.ask("bridge", "GET", "/hub-window")
        readers = house.own("GET", f"/clipboard/{made.json['id']}/readers")["items"]
        assert [(reader["client"], reader["times"]) for reader in readers] == [(SAME_USER, 1)]
    store.close()


@pytest.mark.parametrize(("owner", "status"), [(r"DESK\ada", "200 OK"), (r"DESK\bob", "401 Unauthorized")])
def test_on_windows_the_owner_of_the_callers_process_is_asked_for(module_store: Store, owner: str, status: str) -> None:
    hub = make_hub(module_store, Clock(), bridge={"admit_same_user_programs": True})
    callers = []

    def behind(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        callers.append(environ[CALLER].client)
        start_response("200 OK", [])
        return []

    peers, asked = on_windows(owner)
    table = RouteTable([door.endpoint for door in DOORS if door.service == "bridge"])
    gate = Gate(behind, hub, "bridge", table, hub.settings.bridge, lambda _: 100, peers)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/hub-window",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5001",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "49152",
        PEER_UID: None,
        "HTTP_HOST": "127.0.0.1:5001",
        "wsgi.input": io.BytesIO(),
    }
    statuses: list[str] = []
    list(gate(environ, lambda status, headers, exc_info=None: statuses.append(status)))
    assert (statuses, asked) == ([status], [("127.0.0.1", 49152)])
    assert callers == ([SAME_USER] if status == "200 OK" else [])


def test_where_the_system_names_nobody_nobody_is_admitted() -> None:
    assert not Peers(own=lambda: 1000).is_own({PEER_UID: None})
