"""A hub that is asked to end does so in order and in time, whatever its clients do, and leaves nothing behind."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import psutil
import pytest

from tests.whole.hub_home import BRIDGE, HUB, PATIENCE_S, Caller, Home, Served, at_once, wait_for
from tests.whole.slow_browser import SlowBrowser

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing asks a process without a console to end there")
SHUTDOWN_S = 3
#: Beyond the promise: for the interpreter's own end on a busy machine.
MARGIN_S = 3
LIMITED = {"SMRTHUB_BRIDGE_SHUTDOWN_TIMEOUT_SECONDS": str(SHUTDOWN_S)}
SEARCH = {"trigger": "smrtsearch", "args": {"query": "word"}}


def _ends_in_time(hub: Served, number: int = signal.SIGTERM) -> None:
    began = time.monotonic()
    hub.signal(number)
    assert hub.wait() == 0, hub.says()
    assert time.monotonic() - began < SHUTDOWN_S + MARGIN_S
    assert "Traceback" not in hub.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", [HUB, BRIDGE], ids=["the hub", "the bridge alone"])
def test_either_signal_ends_it_in_order(home: Home, program: tuple[str, ...], number: int) -> None:
    hub = home.start(*program, **LIMITED)
    caller = home.caller(hub.url())
    caller.copy("a text")
    _ends_in_time(hub, number)
    assert hub.output.endswith("Ending…\n")
    assert list(home.paths.runtime().glob("*.json")) == []
    log = (home.paths.logs() / "python-net-log.json").read_text("utf-8").splitlines()
    assert json.loads(log[-1])["renderedMessage"] == "Ended in order"


def test_the_shutdown_route_ends_it_as_a_signal_does_where_test_hooks_are_on(home: Home) -> None:
    hub = home.start_hub(SMRTHUB_BRIDGE_TEST_HOOKS="true")
    assert home.anyone(hub.url()).call("POST", "/_shutdown").status == 401
    assert home.caller().call("POST", "/_shutdown").status == 200
    assert hub.wait() == 0
    assert list(home.paths.runtime().glob("*.json")) == []


def test_there_is_no_shutdown_route_else(home: Home) -> None:
    hub = home.start_hub()
    assert home.caller().call("POST", "/_shutdown").status == 404
    assert hub.is_up()


class SlowClients:
    """Connections that are in the middle of something and stay there."""

    def __init__(self, caller: Caller, token: str) -> None:
        self._caller = caller
        self._address = (caller.connection.host, caller.connection.port)
        host = f"Host: {self._address[0]}:{self._address[1]}\r\nAuthorization: Bearer {token}\r\n"
        self._head = host + "Content-Type: application/json\r\n"

    def send(self, text: str) -> socket.socket:
        connection = socket.create_connection(self._address, PATIENCE_S)
        connection.sendall(text.replace("\r\n\r\n", f"\r\n{self._head}\r\n").encode())
        return connection

    def connected(self) -> socket.socket:
        return socket.create_connection(self._address, PATIENCE_S)

    def half_a_head(self) -> socket.socket:
        connection = self.connected()
        connection.sendall(b"POST /clipboard HTTP/1.1\r\nHost: 127")
        return connection

    def half_a_body(self) -> socket.socket:
        return self.send('POST /clipboard HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"fragments": [')

    def reading_slowly(self) -> socket.socket:
        """Ask for more than the system's buffers hold, and read none of it."""
        clip = self._caller.copy("x" * 14_000_000)["id"]
        return self.send(f"GET /clipboard/{clip}/fragments/0 HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("kind", ["connected", "half_a_head", "half_a_body", "reading_slowly"])
def test_a_client_that_is_slow_does_not_hold_the_end_up(home: Home, kind: str) -> None:
    hub = home.start_hub(**LIMITED)
    clients = SlowClients(home.caller(), home.facts()["token"])
    with ExitStack() as open_until_then:
        for _ in range(3):
            open_until_then.enter_context(getattr(clients, kind)())
        assert home.caller().get("/status")["level"] == "healthy"
        _ends_in_time(hub)


def test_a_request_under_way_is_answered_before_the_end(home: Home, slow_browser: SlowBrowser) -> None:
    hub = home.start_hub(**slow_browser.environ)
    caller = home.caller()
    answers = []
    asks = threading.Thread(target=lambda: answers.append(caller.call("POST", "/trigger?wait=30", SEARCH)))
    asks.start()
    wait_for(lambda: slow_browser.opened)
    hub.signal(signal.SIGTERM)
    wait_for(lambda: "Ending" in hub.output)
    assert hub.is_up()
    slow_browser.go_on()
    asks.join()
    assert answers[0].status == 200
    assert answers[0].json["run"]["state"] == "succeeded"
    assert hub.wait() == 0


def test_no_new_connection_is_taken_while_it_ends(home: Home, slow_browser: SlowBrowser) -> None:
    hub = home.start_hub(**slow_browser.environ, **LIMITED)
    caller = home.caller()
    asks = threading.Thread(target=lambda: _swallow(lambda: caller.call("POST", "/trigger?wait=30", SEARCH)))
    asks.start()
    wait_for(lambda: slow_browser.opened)
    hub.signal(signal.SIGTERM)
    wait_for(lambda: not _takes_connections(hub))
    assert hub.wait() == 0
    asks.join()


def _takes_connections(hub: Served) -> bool:
    host, _, port = hub.url().removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), PATIENCE_S).close()
    except ConnectionError:
        return False
    return True


def _swallow(call: Callable[[], object]) -> None:
    with suppress(OSError, http.client.HTTPException):
        call()


def test_runs_that_wait_or_hang_do_not_hold_the_end_up_and_stay_queued(home: Home, slow_browser: SlowBrowser) -> None:
    hub = home.start_hub(**slow_browser.environ, **LIMITED)
    caller = home.caller()
    runs = [caller.post("/trigger", SEARCH)["run"]["id"] for _ in range(4)]
    wait_for(lambda: slow_browser.opened)
    _ends_in_time(hub)
    slow_browser.go_on()

    home.start_hub(**slow_browser.environ)
    caller = home.caller()
    for run in runs[1:]:
        wait_for(lambda run=run: caller.get(f"/trigger/runs/{run}")["state"] == "succeeded")
    assert caller.get(f"/trigger/runs/{runs[0]}")["state"] == "running", "its lease has not ended"


def test_posts_under_way_are_stored_or_not_acknowledged(home: Home) -> None:
    hub = home.start_hub(**LIMITED)
    stored: list[str] = []

    def post_on(name: int) -> None:
        caller = home.caller()
        for number in range(10_000):
            clip = caller.copy(f"client {name} text {number}")
            stored.append(clip["id"])

    threads = [threading.Thread(target=_swallow, args=(lambda name=name: post_on(name),)) for name in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(stored) > 100)
    _ends_in_time(hub)
    for thread in threads:
        thread.join()
    home.start_hub()
    assert home.caller().get("/status")["counts"]["clips"] >= len(set(stored)) == len(stored)
    assert home.caller().get(f"/clipboard/{stored[-1]}")["id"] == stored[-1]


#: Starts and stops both servers in one process, and tells what of them is left there.
TWICE = """
import gc, http.client, json, os, threading, psutil, python_core

def use(host):
    bound = host.servers[0].bound
    connection = http.client.HTTPConnection(bound.host, bound.port)
    connection.request("GET", "/ping")
    assert connection.getresponse().status == 200
    return connection

me = psutil.Process()
for _ in range(2):
    hosts = [python_core.start_flask_bridge(), python_core.start_web_listener()]
    connections = [use(host) for host in hosts]
    for host in hosts:
        host.stop()
    for connection in connections:
        connection.close()
left = {
    "threads": [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()],
    "children": [child.pid for child in me.children()],
    "sockets": [str(each) for each in me.net_connections()],
    "files": [each.path for each in me.open_files() if not each.path.endswith((".txt", ".json"))],
}
print("Left http://" + json.dumps(left).replace(" ", ""), flush=True)
"""


def test_what_was_started_in_a_process_leaves_no_thread_child_or_socket_when_it_is_stopped(home: Home) -> None:
    program = home.start("-X", "dev", "-W", "error", "-c", TWICE)
    left = json.loads(program.url("Left").removeprefix("http://"))
    assert left == {"threads": [], "children": [], "sockets": [], "files": []}
    assert program.wait() == 0
    assert "Warning" not in program.output, program.output


def test_a_hub_that_has_served_many_holds_no_more_descriptors_than_before(home: Home) -> None:
    hub = home.start_hub()
    process = psutil.Process(hub.pid)

    def serve_many() -> None:
        callers = [home.caller() for _ in range(40)]
        at_once([lambda caller=caller, n=n: caller.copy(f"{caller} {n}") for n, caller in enumerate(callers)])
        for caller in callers:
            caller.close()
        wait_for(lambda: [each.status for each in process.net_connections()] == [psutil.CONN_LISTEN] * 2)

    serve_many()
    serve_many()  # every thread has its connection to the database now
    before = process.num_fds()
    serve_many()
    assert process.num_fds() <= before
    assert process.children() == []
    assert hub.end() == 0
