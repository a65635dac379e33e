"""The bridge by its Unix socket: the same gate, no browser, nobody else's file in its place, and nobody else at all."""

from __future__ import annotations

import logging
import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from python_core.errors import HubError
from python_core.net.unix_socket import PATH_AT_MOST, UnixSocket, bind_unix
from python_core.runtime.clients import NewClient, make_client
from python_core.store import Store
from tests.gate.doors import CANARY, DOORS, EXTENSION, Answer, Door, House, faults_of, house_of, request
from tests.hubs import Clock, caller, make_hub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Unix sockets for Python")
BRIDGE_DOORS = tuple(door for door in DOORS if door.service == "bridge")
NOBODY = 65_534


@pytest.fixture(scope="module")
def short() -> Iterator[Path]:
    """A folder with a short name: pytest's own are longer than a socket's path may be on some systems."""
    with tempfile.TemporaryDirectory(prefix="hub-") as name:
        yield Path(name)


@pytest.fixture
def path(short: Path, request: pytest.FixtureRequest) -> Path:
    return short / f"{abs(hash(request.node.name)):x}"[:8] / "bridge.sock"


@pytest.fixture(scope="module")
def house(short: Path, module_store: Store) -> Iterator[House]:
    settings: dict[str, object] = {"test_hooks": True, "allowed_hosts": ("hub.test:80",)}
    hub = make_hub(module_store, Clock(), bridge=settings)
    with house_of(hub, socket_path=short / "house" / "bridge.sock") as house:
        yield house


def ask(house: House, content: bytes) -> Answer | None:
    assert house.socket_path is not None
    return house.send_by(house.socket_path, content)


def knock(house: House, door: Door, headers: list[tuple[str, str]], hosts: list[str] | None = None) -> bytes:
    return house.knock(door, headers, hosts=["localhost"] if hosts is None else hosts)


def test_every_door_opens_by_the_socket_with_the_owners_token(house: House) -> None:
    for door in BRIDGE_DOORS:
        answer = ask(house, knock(house, door, house.bearer(door)))
        assert (answer and answer.status, house.took()) == (200, [door.key]), door.name


HOSTS = ["", "localhost:80", "localhost:0", "localhost.", "127.0.0.1", "[::1]", "unix", "hub.test:80", CANARY, None]


@pytest.mark.parametrize("host", HOSTS)
def test_its_one_name_is_localhost(house: House, host: str | None) -> None:
    name = house.host() if host is None else host
    for door in BRIDGE_DOORS:
        answer = ask(house, knock(house, door, house.bearer(door), [name]))
        assert faults_of(answer, 421, "misdirected", service="bridge") == [], door.name
    assert house.took() == []


OF_BROWSERS = [
    ("Origin", "http://localhost"),
    ("Origin", "null"),
    ("Origin", ""),
    ("Origin", EXTENSION),
    ("Origin", f"https://{CANARY}.example"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-Site", "cross-site"),
]


@pytest.mark.parametrize("header", OF_BROWSERS, ids=":".join)
def test_no_browser_comes_by_the_socket(house: House, header: tuple[str, str]) -> None:
    for door in BRIDGE_DOORS:
        answer = ask(house, knock(house, door, [*house.bearer(door), header]))
        assert faults_of(answer, 403, "forbidden_origin", service="bridge") == [], door.name
    assert house.took() == []


@pytest.mark.parametrize("shown", [None, CANARY, "shb_owner_" + "0" * 64])
def test_the_socket_alone_is_no_token(house: House, shown: str | None) -> None:
    headers = [("Authorization", f"Bearer {shown}")] if shown else []
    for door in (door for door in BRIDGE_DOORS if not door.endpoint.anonymous):
        answer = ask(house, knock(house, door, headers))
        assert answer is not None
        assert answer.code in ("unauthorized", "rate_limited"), door.name
    assert house.took() == []


def test_a_clients_scopes_hold_by_the_socket(house: House) -> None:
    token = make_client(house.hub, caller(), NewClient(name="x", kind="script", scopes=["status:read"])).token
    for door in (door for door in BRIDGE_DOORS if door.endpoint.scope):
        answer = ask(house, knock(house, door, [("Authorization", f"Bearer {token}")]))
        if door.endpoint.scope == "status:read":
            assert (answer and answer.status, house.took()) == (200, [door.key]), door.name
        else:
            assert faults_of(answer, 403, "insufficient_scope", service="bridge") == [], door.name
    assert house.took() == []


FORMS = [
    b"GET http://localhost/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET //status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    b"GET /status HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n",
    b"BREW\r\n\r\n",
]


@pytest.mark.parametrize("content", FORMS)
def test_the_form_is_looked_at_by_the_socket_too(house: House, content: bytes) -> None:
    answer = ask(house, content)
    assert answer is not None
    assert answer.status in (400, 421)
    assert house.took() == []


def test_a_program_of_this_user_is_known_by_the_socket(short: Path, store: Store) -> None:
    hub = make_hub(store, Clock(), bridge={"admit_same_user_programs": True})
    with house_of(hub, socket_path=short / "same" / "bridge.sock") as house:
        for door in (door for door in BRIDGE_DOORS if door.endpoint.same_user):
            answer = ask(house, knock(house, door, []))
            assert (answer and answer.status, house.took()) == (200, [door.key]), door.name


def test_a_request_that_drips_is_cut_by_the_socket_too(short: Path, store: Store) -> None:
    hub = make_hub(store, Clock(), bridge={"request_timeout_seconds": 1})
    with house_of(hub, socket_path=short / "slow" / "bridge.sock") as house:
        wire = house.wire_by(short / "slow" / "bridge.sock")
        wire.send(b"GET /ping HTTP/1.1\r\n")
        assert wire.is_cut()
        wire.close()
        answer = ask(house, request("GET", "/ping", [("Host", "localhost")]))
        assert (answer and answer.status) == 200


def test_who_takes_all_connections_of_the_port_does_not_close_the_socket(short: Path, store: Store) -> None:
    path = short / "full" / "bridge.sock"
    hub = make_hub(store, Clock(), bridge={"connection_limit": 8, "request_timeout_seconds": 600})
    with house_of(hub, socket_path=path) as house, ExitStack() as held:
        for _ in range(20):
            held.enter_context(closing(house.wire()))
        for _ in range(3):
            wire = held.enter_context(closing(house.wire_by(path)))
            wire.socket.settimeout(10)  # long before the idle ones are cut, which would make room
            wire.send(request("GET", "/ping", [("Host", "localhost")]))
            answer = wire.answer()
            assert (answer and answer.status) == 200


def test_the_socket_is_this_users_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        unix = bound(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    end(unix)
    assert not path.exists()


def bound(path: Path) -> UnixSocket:
    unix = bind_unix(path)
    assert unix is not None
    return unix


def end(unix: UnixSocket) -> None:
    unix.remove()
    unix.socket.close()


def test_a_socket_that_a_killed_hub_left_is_taken_over(path: Path) -> None:
    bound(path).socket.close()
    assert path.exists()
    end(bound(path))


def test_a_socket_on_which_somebody_answers_stays(path: Path) -> None:
    first = bound(path)
    assert bind_unix(path) is None
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
    end(first)


def test_of_many_starts_at_once_one_has_the_socket(path: Path) -> None:
    bound(path).socket.close()
    with ThreadPoolExecutor(8) as pool:
        made = [unix for unix in pool.map(lambda _: bind_unix(path), range(8)) if unix is not None]
    assert len(made) == 1
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
    end(made[0])


@pytest.mark.parametrize("kind", ["link", "dangling link", "file", "folder"])
def test_what_stands_in_its_place_is_left_and_told(path: Path, kind: str) -> None:
    path.parent.mkdir(0o700)
    elsewhere = path.with_name("elsewhere")
    if kind == "file":
        path.write_text("mine", "utf-8")
    elif kind == "folder":
        path.mkdir()
    else:
        if kind == "link":
            bound(elsewhere).socket.close()
        path.symlink_to(elsewhere)
    with pytest.raises(HubError, match="Move it away"):
        bind_unix(path)
    assert os.path.lexists(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="to give a file away takes root")
def test_somebody_elses_socket_is_left_and_told(path: Path) -> None:
    bound(path).socket.close()
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(HubError, match="somebody else's"):
        bind_unix(path)
    assert path.exists()


def test_a_path_that_is_too_long_is_told_with_what_to_do(short: Path) -> None:
    path = short / ("x" * PATH_AT_MOST) / "bridge.sock"
    with pytest.raises(HubError, match=f"{PATH_AT_MOST} at most.*LOCALAPPDATA"):
        bind_unix(path)
    longest = short / ("x" * (PATH_AT_MOST - len(os.fsencode(short)) - len("//bridge.sock"))) / "bridge.sock"
    end(bound(longest))


def test_the_file_of_a_later_hub_stays_when_an_earlier_one_ends(path: Path) -> None:
    earlier = bound(path)
    path.rename(path.with_name("moved"))
    later = bound(path)
    end(earlier)
    assert path.exists()
    end(later)


@pytest.mark.parametrize("by_socket", [False, True], ids=["by the port", "by the socket"])
def test_a_caller_who_hangs_up_at_once_breaks_nothing(
    house: House, caplog: pytest.LogCaptureFixture, by_socket: bool
) -> None:
    for _ in range(200):
        wire = house.wire_by(house.socket_path) if by_socket and house.socket_path else house.wire()
        wire.send(request("GET", "/ping", [("Host", "localhost" if by_socket else house.host())]))
        wire.socket.shutdown(socket.SHUT_WR)
        wire.close()
    assert house.ask("bridge", "GET", "/ping").status == 200
    house.took()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
