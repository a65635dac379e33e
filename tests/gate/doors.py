"""Both servers on loopback ports of their own, with every declared route; each handler only tells that it ran.

A door is one route of one server. The tables of this folder try each of their rows at every door, which are made from the
declarations: a route that is added is tried without a word here.
"""

from __future__ import annotations

import functools
import json
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from waitress.adjustments import Adjustments

from python_core.net.apps import build_app
from python_core.net.endpoints import Endpoint, Reply, Routes
from python_core.net.front import endpoints_of
from python_core.net.lanes import Dispatcher
from python_core.net.ports import bind
from python_core.net.routes import subjects_of
from python_core.net.serving import Server, waitress_options
from python_core.net.unix_socket import bind_unix
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.runtime.shapes import Done

SERVICES = ("bridge", "web-listener")
#: Put wherever a caller may write something; no refusal may hold it.
CANARY = "cAnArY7f3a"
#: An answer that does not come within this never comes.
PATIENCE_S = 60.0
#: Origins of extensions: two of Chromium, one of Firefox, where it is another at each installation.
EXTENSION = "chrome-extension://" + "abcdefghijklmnop" * 2
OTHER_EXTENSION = "chrome-extension://" + "ponmlkjihgfedcba" * 2
FIREFOX_EXTENSION = "moz-extension://0f8b2d6e-7a41-4c9d-9e35-1b6f7a2c3d4e"


class Door(NamedTuple):
    """One route of one server."""

    service: str
    endpoint: Endpoint

    @property
    def name(self) -> str:
        return f"{self.service} {self.endpoint.method} {self.endpoint.path}"

    @property
    def path(self) -> str:
        """A path that the route takes."""
        return re.sub(r"<\w+>", "x1", re.sub(r"<int:\w+>", "1", self.endpoint.path))

    @property
    def key(self) -> tuple[str, str]:
        """What a handler that ran leaves behind."""
        return self.service, self.endpoint.name


DOORS = tuple(
    Door(service, endpoint) for service in SERVICES for routes in subjects_of(service) for endpoint in routes.endpoints
)
GUARDED = tuple(door for door in DOORS if not door.endpoint.anonymous)


class Answer(NamedTuple):
    """One reply, its headers as they came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str:
        """The error's code; empty when it is none of ours."""
        try:
            return str(self.json["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""


@dataclass
class Wire:
    """One connection, to a port or by a Unix socket; a request is sent byte for byte as it is given."""

    port: int | Path
    buffer_bytes: int | None = None
    socket: socket.socket = field(init=False)
    _rest: bytes = b""

    def __post_init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX if isinstance(self.port, Path) else socket.AF_INET)
        if self.buffer_bytes is not None:  # before it connects: the other side learns how much may be sent
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.buffer_bytes)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(self.port) if isinstance(self.port, Path) else ("127.0.0.1", self.port))

    def send(self, content: bytes) -> None:
        self.socket.sendall(content)

    def answer(self, *, to_head: bool = False) -> Answer | None:
        """Read one reply; None when the connection ends without one."""
        while b"\r\n\r\n" not in self._rest:
            if not self._read():
                return None
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        answer = Answer(int(first.split(" ")[1]), headers, b"")
        if answer.status == 100:
            return self.answer(to_head=to_head)
        length = 0 if to_head else int(answer.header("Content-Length") or 0)
        while len(self._rest) < length and self._read():
            pass
        body, self._rest = self._rest[:length], self._rest[length:]
        return answer._replace(body=body)

    def is_cut(self) -> bool:
        """Wait until the other side ends the connection; an answer that comes before is passed over."""
        try:
            while self._read():
                pass
        except TimeoutError:
            return False
        return True

    def _read(self) -> bool:
        try:
            got = self.socket.recv(65_536)
        except ConnectionError:
            got = b""
        self._rest += got
        return bool(got)

    def close(self) -> None:
        self.socket.close()


def request(
    method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b"", protocol: str = "HTTP/1.1"
) -> bytes:
    """Write a request down as it goes over the wire."""
    lines = [f"{method} {target} {protocol}".rstrip(), *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


class House:
    """The servers of one hub, and which handlers ran."""

    def __init__(
        self, hub: Hub, apps: dict[str, Flask], ran: list[tuple[str, str]], socket_path: Path | None = None
    ) -> None:
        self.hub = hub
        self.socket_path = socket_path
        self.apps = apps
        self.ran = ran
        self.owner = begin_owner_session(hub, None)
        self.servers: dict[str, Server] = {}

    def port(self, service: str = "bridge") -> int:
        return self.servers[service].bound.port

    def host(self, service: str = "bridge") -> str:
        return f"127.0.0.1:{self.port(service)}"

    def wire(self, service: str = "bridge") -> Wire:
        return Wire(self.port(service))

    def send(self, service: str, content: bytes, *, to_head: bool = False) -> Answer | None:
        """Send bytes over a connection of their own, and read one reply."""
        wire = self.wire(service)
        try:
            wire.send(content)
            return wire.answer(to_head=to_head)
        finally:
            wire.close()

    def wire_by(self, path: Path) -> Wire:
        return Wire(path)

    def send_by(self, path: Path, content: bytes) -> Answer | None:
        """Send bytes by a Unix socket, and read one reply."""
        wire = self.wire_by(path)
        try:
            wire.send(content)
            return wire.answer()
        finally:
            wire.close()

    def ask(
        self,
        service: str,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Ask as a well-meaning program does; ``token`` None sends none."""
        sent = [("Host", self.host(service)), *headers]
        content = b"" if body is None else json.dumps(body).encode()
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        if body is not None:
            sent += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        answer = self.send(service, request(method, path, sent, content), to_head=method == "HEAD")
        assert answer is not None, f"{method} {path} got no answer"
        return answer

    def own(self, method: str, path: str, body: object = None, service: str = "bridge") -> Any:
        """Ask as the owner for what must succeed, and return the JSON."""
        answer = self.ask(service, method, path, body, token=self.owner)
        assert answer.status < 300, (method, path, answer)
        return answer.json

    def knock(
        self, door: Door, headers: Sequence[tuple[str, str]] = (), *, hosts: Sequence[str] | None = None
    ) -> bytes:
        """Write the request that a door lets in, but for what is given; without a token unless ``headers`` has one."""
        sent = [("Host", host) for host in ([self.host(door.service)] if hosts is None else hosts)]
        sent += headers
        if door.endpoint.body is not None:
            sent += [("Content-Type", "application/json"), ("Content-Length", "2")]
        return request(door.endpoint.method, door.path, sent, b"{}" if door.endpoint.body is not None else b"")

    def bearer(self, door: Door) -> list[tuple[str, str]]:
        """The owner's token where a door asks for one."""
        return [] if door.endpoint.anonymous else [("Authorization", f"Bearer {self.owner}")]

    def took(self) -> list[tuple[str, str]]:
        """Which handlers ran since this was asked last."""
        took, self.ran[:] = list(self.ran), []
        return took

    def start(self) -> None:
        for service, app in self.apps.items():
            section: Any = self.hub.settings.bridge if service == "bridge" else self.hub.settings.web_listener
            largest = (
                max(section.max_clip_bytes, section.max_output_bytes)
                if service == "bridge"
                else (section.max_tab_bytes)
            )
            bound = bind(service, section.host, 0, fallback=False)
            options = waitress_options(section, largest)
            unix = bind_unix(self.socket_path) if self.socket_path and service == "bridge" else None
            endpoints = endpoints_of(subjects_of(service), section)
            dispatcher = Dispatcher(endpoints, section.threads, self.hub.store.gather_by)
            self.servers[service] = Server(
                service, app, bound, options, section.request_timeout_seconds, dispatcher, unix
            )
            self.servers[service].start()

    def end(self) -> None:
        for server in self.servers.values():
            server.stop(1)
        for server in self.servers.values():
            server.join()


@contextmanager
def house_of(hub: Hub, *, telling: bool = True, socket_path: Path | None = None) -> Iterator[House]:
    """Serve a hub on two free ports; with ``telling`` no handler does more than tell that it ran.

    :param socket_path: where the bridge serves by a Unix socket, too.
    """
    ran: list[tuple[str, str]] = []
    sections = {"bridge": hub.settings.bridge, "web-listener": hub.settings.web_listener}
    apps = {
        service: build_app(service, hub, told(service, ran) if telling else subjects_of(service), sections[service])
        for service in SERVICES
    }
    house = House(hub, apps, ran, socket_path)
    with pytest.MonkeyPatch.context() as patch:
        # Waitress looks 0.0.0.0 up even when it is handed a socket; the tests' guard takes that for a stranger.
        patch.setattr(Adjustments, "listen", ["127.0.0.1:0"])
        house.start()
    try:
        yield house
    finally:
        house.end()


def told(service: str, ran: list[tuple[str, str]]) -> list[Routes]:
    """Declare a server's routes again, all that the gate knows of them unchanged, with handlers that note that they ran.

    Any JSON object is a right body, and the owner is asked for nothing: what the gate lets in then reaches the handler.
    """
    subjects = []
    for declared in subjects_of(service):
        routes = Routes(declared.tag)
        for endpoint in declared.endpoints:
            body = dict[str, Any] if endpoint.body is not None else None
            handler = _telling(endpoint, (service, endpoint.name), ran)
            routes.endpoints.append(replace(endpoint, handler=handler, body=body, query=None, asks_owner=False))
        subjects.append(routes)
    return subjects


def _telling(endpoint: Endpoint, key: tuple[str, str], ran: list[tuple[str, str]]) -> Callable[..., Reply]:
    @functools.wraps(endpoint.handler)
    def tell(*_: object, **__: object) -> Reply:
        ran.append(key)
        return Reply(Done())

    return tell


def faults_of(
    answer: Answer | None, status: int, code: str, *, service: str, has_body: bool = True, origin: str | None = None
) -> list[str]:
    """Say what is wrong with a refusal: its status and code, the shape of all answers, and what it must not hold.

    :param origin: the extension that may read it, when a handler refused: Flask-CORS says so.
    """
    if answer is None:
        return ["no answer"]
    faults = []
    if answer.status != status or (has_body and answer.code != code):
        faults.append(f"{answer.status} {answer.code or answer.body[:80]!r} instead of {status} {code}")
    return faults + faults_of_any(answer, service=service, has_body=has_body, origin=origin)


def faults_of_any(answer: Answer, *, service: str, has_body: bool = True, origin: str | None = None) -> list[str]:
    """Say what is wrong with the shape of an answer."""
    faults = []
    if answer.all("X-SmrtHub-Service") != [service] or len(answer.all("X-Trace-Id")) != 1:
        faults.append(f"does not say who answers: {answer.headers}")
    if has_body and not _is_shaped(answer):
        faults.append(f"not the shape of all refusals: {answer.body[:200]!r}")
    forbidden = {"server", "set-cookie", "via", "x-powered-by"}
    for name, value in answer.headers:
        is_for_origin = (name, value) == ("Access-Control-Allow-Origin", origin)
        if name.lower() in forbidden or (name.lower().startswith("access-control-") and not is_for_origin):
            faults.append(f"bears {name}: {value}")
    if CANARY.lower() in repr((answer.headers, answer.body)).lower():
        faults.append(f"holds something of the request: {answer}")
    return faults


def _is_shaped(answer: Answer) -> bool:
    try:
        told = answer.json
    except ValueError:
        return False
    error = told["error"]
    return (
        set(told) == {"status", "error", "traceId"}
        and {"code", "message"} <= set(error) <= {"code", "message", "details"}
        and (told["status"], told["traceId"]) == ("error", answer.header("X-Trace-Id"))
        and answer.header("Content-Type") == "application/json"
    )
