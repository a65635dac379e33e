"""Who keeps the hub waiting is cut, and keeps nobody else waiting: half-open connections, drips, answers that nobody reads."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress

import pytest

from python_core.store import Store
from tests.gate.doors import SERVICES, House, Wire, house_of, request
from tests.hubs import Clock, make_hub

TIMEOUT_S = 2
#: ``/ping`` answers again within this, whatever others do.
AGAIN_S = 20.0
PATIENT: dict[str, object] = {"request_timeout_seconds": TIMEOUT_S}


@pytest.fixture
def house(module_store: Store) -> Iterator[House]:
    """Servers that do what they do, and wait for two seconds only."""
    with house_of(make_hub(module_store, Clock(), bridge=PATIENT, listener=PATIENT), telling=False) as house:
        yield house


def answers_ping(house: House, service: str) -> bool:
    """Ask as a program does that gives up after ``AGAIN_S``."""
    with socket.create_connection(("127.0.0.1", house.port(service)), timeout=AGAIN_S) as caller:
        caller.sendall(request("GET", "/ping", [("Host", house.host(service))]))
        return caller.recv(65_536).startswith(b"HTTP/1.1 200 ")


def dripped(wire: Wire, content: bytes, every_s: float = 0.1) -> bool:
    """Send byte by byte for much longer than a request may take; say whether the other side ended the connection."""
    wire.socket.settimeout(every_s)
    end = time.monotonic() + AGAIN_S
    rest = iter(content)
    while time.monotonic() < end:
        try:
            wire.socket.sendall(bytes([next(rest)]))
            if not wire.socket.recv(65_536):
                return True
        except TimeoutError:
            continue
        except ConnectionError:
            return True
    return False


def head(house: House, service: str, path: str, length: int) -> bytes:
    sent = [("Host", house.host(service)), ("Authorization", f"Bearer {house.owner}")]
    return request("POST", path, [*sent, ("Content-Type", "application/json"), ("Content-Length", str(length))])


@pytest.mark.parametrize("count", [110, 250])
@pytest.mark.parametrize("begun", [b"", b"GET /ping HTTP/1.1\r\nHost: 127.0"], ids=["silent", "begun"])
def test_half_open_connections_do_not_keep_others_out(house: House, count: int, begun: bytes) -> None:
    with ExitStack() as open_still:
        for service in SERVICES * count:
            wire = house.wire(service)
            open_still.callback(wire.close)
            wire.send(begun)
        assert [answers_ping(house, service) for service in SERVICES] == [True, True]


UNFINISHED = {
    "nothing": b"",
    "a letter": b"G",
    "half a header": b"GET /ping HTTP/1.1\r\nX-Any: a",
    "blank lines and a word": b"\r\n\r\nGET ",
    "a head without its body": b"POST /tab-info HTTP/1.1\r\nContent-Length: 100\r\n\r\n{",
    "a chunk without an end": b"POST /tab-info HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
}


def test_a_request_that_never_gets_whole_is_cut(house: House) -> None:
    wires = {(service, name): house.wire(service) for service in SERVICES for name in UNFINISHED}
    for (_, name), wire in wires.items():
        wire.send(UNFINISHED[name])
    left = [key for key, wire in wires.items() if not wire.is_cut()]
    for wire in wires.values():
        wire.close()
    assert left == []


@pytest.mark.parametrize("service", SERVICES)
def test_headers_that_drip_are_cut(house: House, service: str) -> None:
    with closing(house.wire(service)) as wire:
        assert dripped(wire, b"GET /ping HTTP/1.1\r\n" + b"X-Any: a\r\n" * 1000)


@pytest.mark.parametrize(("service", "path"), [("bridge", "/clipboard"), ("web-listener", "/tab-info")])
def test_a_body_that_drips_is_cut_and_nothing_of_it_is_stored(house: House, service: str, path: str) -> None:
    before = house.own("GET", "/status")["lastEventId"]
    with closing(house.wire(service)) as wire:
        wire.send(head(house, service, path, 1000))
        assert dripped(wire, b'{"url":"https://a.example/","title":"' + b"x" * 1000)
    assert house.own("GET", "/status")["lastEventId"] == before


def test_the_second_request_of_a_connection_is_cut_too(house: House) -> None:
    ping = request("GET", "/ping", [("Host", house.host())])
    with closing(house.wire()) as wire:
        wire.send(ping)
        assert wire.answer() is not None
        wire.send(ping[:-3])
        assert wire.is_cut()


def ask_for_more_than_fits(house: House) -> Wire:
    """Ask for more, in one breath, than Waitress gathers for a connection before it lets the thread wait; read nothing."""
    wire = Wire(house.port(), buffer_bytes=65_536)
    asset = request("GET", "/assets/swagger/swagger-ui-bundle.js", [("Host", house.host())])
    wire.send(asset * 40)
    return wire


@contextmanager
def reading_a_little(wires: list[Wire]) -> Iterator[None]:
    """Take a little now and then as long as the block lasts, so that something goes on."""
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.2):
            for wire in wires:
                with suppress(OSError):
                    wire.socket.recv(8192)

    for wire in wires:
        wire.socket.setblocking(False)
    reader = threading.Thread(target=read)
    reader.start()
    yield
    over.set()
    reader.join()


@pytest.mark.parametrize("reading", [nullcontext, reading_a_little])
def test_answers_that_are_not_read_hold_no_thread(
    house: House, reading: Callable[[list[Wire]], AbstractContextManager[object]]
) -> None:
    threads = house.hub.settings.bridge.threads
    with ExitStack() as open_still:
        wires = [ask_for_more_than_fits(house) for _ in range(2 * threads)]
        for wire in wires:
            open_still.callback(wire.close)
        with reading(wires):
            time.sleep(TIMEOUT_S)
            assert answers_ping(house, "bridge")


def test_an_answer_that_is_read_all_the_time_is_not_cut(house: House) -> None:
    asset = request("GET", "/assets/swagger/swagger-ui-bundle.js", [("Host", house.host())])
    with closing(house.wire()) as wire:
        end = time.monotonic() + 3 * TIMEOUT_S
        while time.monotonic() < end:
            wire.send(asset)
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 200


def test_a_connection_that_is_kept_and_quiet_is_not_cut(house: House) -> None:
    ping = request("GET", "/ping", [("Host", house.host())])
    with closing(house.wire()) as wire:
        for wait_s in (0, 2 * TIMEOUT_S):
            time.sleep(wait_s)
            wire.send(ping)
            answer = wire.answer()
            assert answer is not None
            assert answer.status == 200


def test_an_answer_that_takes_longer_than_a_request_may_is_waited_for(house: House) -> None:
    body = json.dumps({"trigger": "smrtsearch", "args": {"query": "x", "open": False}}).encode()
    content = head(house, "bridge", f"/trigger?wait={2 * TIMEOUT_S}", len(body)) + body
    answer = house.send("bridge", content)  # no worker runs here: nothing carries it out
    assert answer is not None
    assert (answer.status, answer.json["run"]["state"]) == (202, "queued")
