"""The contract over real sockets, under each WSGI host that docs/deploy.md shows, by the commands that stand there."""

from __future__ import annotations

import http.client
import re
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from benchmarks.hosts import commands
from python_core.net.runtime_files import RuntimeFile
from tests.streams import Stream
from tests.whole.hub_home import PATIENCE_S, Answer, Caller, Home, Served, at_once, free_port, wait_for

#: How docs/deploy.md starts each host.
COMMANDS = commands()
HOSTS = ("python", "gunicorn", "granian", "cheroot", "flask")
#: How each is ended while a stream is open, and its exit code. The runtime file stays behind where a process is killed.
ENDINGS = {
    "python": (signal.SIGTERM, 0),
    "gunicorn": (signal.SIGTERM, 0),
    "granian": (signal.SIGTERM, 0),
    "cheroot": (signal.SIGTERM, -signal.SIGTERM),
    "flask": (signal.SIGINT, 0),
}
SETTINGS = {
    "SMRTHUB_BRIDGE_MAX_CLIP_BYTES": "65536",
    "SMRTHUB_BRIDGE_EVENT_STREAMS": "2",
    "SMRTHUB_BRIDGE_REQUEST_TIMEOUT_SECONDS": "2",
}


class Hosted:
    """One host that serves a bridge of its own."""

    def __init__(self, name: str, home: Home) -> None:
        self.name, self.home, self.port = name, home, free_port()
        words = shlex.split(COMMANDS[name].replace("5001", str(self.port)))
        arguments = words[1:] if name == "python" else ["-m", *words]
        self.served: Served = home.start(*arguments, **SETTINGS, SMRTHUB_BRIDGE_PORT=str(self.port))
        self.url = f"http://127.0.0.1:{self.port}"
        wait_for(self._answers, self.served.is_up, self.served.says)
        self.token: str = home.facts()["token"]

    def _answers(self) -> bool:
        try:
            with closing(Caller(self.url)) as caller:
                return caller.call("GET", "/ping").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def owner(self) -> Caller:
        return self.home.caller(self.url, token=self.token)

    def stream(self, token: str = "", last_event_id: int | None = None) -> Stream:
        """Follow; a reader that has just hung up may have its place for 15 seconds still.

        Some hosts close a connection that waits for as long as that: whoever calls after this opens another.
        """

        def open_one() -> Stream | None:
            stream = Stream(self.url, token or self.token, last_event_id=last_event_id)
            if stream.status == 503:
                stream.close()
                return None
            return stream.opened()

        stream: Stream = wait_for(open_one)
        return stream

    def raw(self, head: str, body: bytes = b"", *, host: str | None = None) -> bytes:
        """Send a request as it stands here, and return all that comes back."""
        sent = f"{head}\r\nHost: {host or f'127.0.0.1:{self.port}'}\r\nConnection: close\r\n\r\n".encode() + body
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as wire:
            wire.sendall(sent)
            return b"".join(iter(lambda: wire.recv(65_536), b""))


@pytest.fixture(scope="module", params=HOSTS)
def hosted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    name: str = request.param
    if name == "gunicorn" and sys.platform == "win32":
        pytest.skip("gunicorn needs fork")
    if name != "python" and find_spec(name) is None:
        pytest.skip(f"{name} is not installed; it is in requirements/test.txt")
    home = Home(tmp_path_factory.mktemp(name))
    yield Hosted(name, home)
    home.end_all()


def headers_of(answer: Answer) -> dict[str, str]:
    """Hosts write the names of headers each in its own way."""
    return {name.lower(): value for name, value in answer.headers.items()}


def check_ours(answer: Answer) -> None:
    """Every reply, refusals included, bears these."""
    headers = headers_of(answer)
    assert headers["x-smrthub-service"] == "bridge"
    assert re.fullmatch("[0-9a-f]{32}", headers["x-trace-id"])
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "cache-control" in headers


def check_refused(answer: Answer, status: int, code: str) -> None:
    """It has the one shape that every refusal has."""
    check_ours(answer)
    told = answer.json
    assert (answer.status, told["status"], told["error"]["code"]) == (status, "error", code)
    assert told["error"]["message"]
    assert told["traceId"] == headers_of(answer)["x-trace-id"]


def test_the_page_starts_each_host() -> None:
    assert tuple(COMMANDS) == HOSTS


def test_pages_are_answered_and_the_runtime_file_tells_where(hosted: Hosted) -> None:
    ping = hosted.home.anyone(hosted.url).call("GET", "/ping")
    assert ping.json == {"status": "ok", "service": "smrthub-bridge", "apiVersion": 1}
    check_ours(ping)
    caller = hosted.owner()
    for path in ("/status", "/apispec.json", "/apidocs/", "/clipboard", "/hub-window", "/trigger", "/metrics"):
        answer = caller.call("GET", path)
        assert answer.status == 200, path
        check_ours(answer)
    facts = hosted.home.facts()
    assert (facts["url"], facts["host"], facts["port"]) == (hosted.url, "127.0.0.1", hosted.port)


def test_status_tells_which_parts_run_beside_this_host(hosted: Hosted) -> None:
    modules = hosted.owner().get("/status")["modules"]
    beats = {name: modules[name]["lastBeatAt"] is not None for name in ("bridge", "webListener", "saveWorker")}
    ours = hosted.name == "python"
    assert beats == {"bridge": ours, "webListener": False, "saveWorker": ours}


def test_what_is_posted_is_there_once_and_unharmed(hosted: Hosted) -> None:
    caller = hosted.owner()
    text = f"naïve 漢字 😀 {hosted.name}"
    body = {"fragments": [{"type": "text", "content": text}], "encounter": {"encounterId": f"once-{hosted.name}"}}
    first, again = caller.call("POST", "/clipboard", body), caller.call("POST", "/clipboard", body)
    assert (first.status, again.status, again.json["duplicate"]) == (201, 200, True)
    assert again.json["id"] == first.json["id"]
    raw = caller.call("GET", f"/clipboard/{first.json['id']}/fragments/0")
    assert (raw.body.decode(), headers_of(raw)["x-content-type-options"]) == (text, "nosniff")
    assert caller.call("DELETE", f"/clipboard/{first.json['id']}").status == 200


def test_sixteen_at_once_are_all_stored(hosted: Hosted) -> None:
    callers = [hosted.owner() for _ in range(16)]
    answers: list[Any] = at_once([lambda n=n, c=c: c.copy(f"at once {n}") for n, c in enumerate(callers)])
    assert len({answer["id"] for answer in answers}) == 16
    for answer in answers:
        assert callers[0].get(f"/clipboard/{answer['id']}")["id"] == answer["id"]


REFUSED: dict[str, tuple[str, str, object, dict[str, str], int, str]] = {
    "a name that is not ours": ("GET", "/ping", None, {"Host": "rebound.example"}, 421, "misdirected"),
    "a page": ("GET", "/ping", None, {"Origin": "https://page.example"}, 403, "forbidden_origin"),
    "a page's picture": ("GET", "/ping", None, {"Sec-Fetch-Site": "cross-site"}, 403, "forbidden_origin"),
    "a wrong token": ("GET", "/clipboard", None, {"Authorization": "Bearer shb_x_y"}, 401, "unauthorized"),
    "no such path": ("GET", "/none", None, {}, 404, "not_found"),
    "no such method": ("PUT", "/clipboard", None, {}, 405, "method_not_allowed"),
    "a method nobody has": ("BREW", "/clipboard", None, {}, 405, "method_not_allowed"),
    "another shape": ("POST", "/clipboard", {"fragments": [{"type": "text"}]}, {}, 400, "bad_input"),
    "another type": ("POST", "/clipboard", {}, {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
    "an unknown parameter": ("GET", "/clipboard?x=1", None, {}, 400, "bad_input"),
    "slashes": ("GET", "/clipboard//x", None, {}, 400, "bad_input"),
    "an upgrade": ("GET", "/ping", None, {"Upgrade": "websocket"}, 400, "bad_input"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_gate_refuses(hosted: Hosted, what: str) -> None:
    method, path, body, headers, status, code = REFUSED[what]
    answer = hosted.owner().call(method, path, body, **headers)
    check_refused(answer, status, code)
    if status == 405:
        assert "GET" in headers_of(answer)["allow"]
    if code == "bad_input" and body:
        assert answer.json["error"]["details"][0]["at"] == "/fragments/0"


def test_without_a_token_only_what_anyone_may_know_is_told(hosted: Hosted) -> None:
    anyone = hosted.home.anyone(hosted.url)
    refused = anyone.call("GET", "/clipboard")
    check_refused(refused, 401, "unauthorized")
    assert headers_of(refused)["www-authenticate"] == "Bearer"
    assert set(anyone.call("GET", "/status").json) == {"status", "service", "apiVersion", "ready"}


def test_a_token_does_what_its_scopes_say_until_it_is_revoked(hosted: Hosted) -> None:
    caller = hosted.owner()
    made = caller.post("/clients", {"name": "narrow", "kind": "script", "scopes": ["status:read"]})
    script = hosted.home.caller(hosted.url, token=made["token"])
    assert script.call("GET", "/status").status == 200
    check_refused(script.call("GET", "/clipboard"), 403, "insufficient_scope")
    assert caller.call("DELETE", f"/clients/{made['client']['id']}").status == 200
    check_refused(script.call("GET", "/status"), 401, "unauthorized")


def test_head_and_304_have_no_body_and_the_connection_goes_on(hosted: Hosted) -> None:
    caller = hosted.owner()
    whole, head = caller.call("GET", "/hub-window"), caller.call("HEAD", "/hub-window")
    tag = headers_of(whole)["etag"]
    assert (head.status, head.body, headers_of(head)["etag"]) == (200, b"", tag)
    check_ours(head)
    same = caller.call("GET", "/hub-window", **{"If-None-Match": tag})
    assert (same.status, same.body) == (304, b"")
    check_ours(same)
    assert caller.call("GET", "/hub-window").body == whole.body


def test_a_body_that_is_too_large_is_refused(hosted: Hosted) -> None:
    body = {"fragments": [{"type": "text", "content": "x" * 70_000}]}
    check_refused(hosted.owner().call("POST", "/clipboard", body), 413, "too_large")


def test_a_body_in_chunks_is_refused_and_nothing_of_it_is_stored(hosted: Hosted) -> None:
    head = f"POST /clipboard HTTP/1.1\r\nAuthorization: Bearer {hosted.token}\r\nContent-Type: application/json"
    reply = hosted.raw(f"{head}\r\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400 ")
    assert b'"bad_input"' in reply


@pytest.mark.parametrize("line", ["GARBAGE", "GET http://rebound.example/ping HTTP/1.1", "GET /ping HTTP/1.0"])
def test_what_is_no_plain_request_is_not_answered(hosted: Hosted, line: str) -> None:
    if hosted.name == "granian" and "example" in line:
        pytest.skip("Granian hands on the path alone of an address: docs/deploy.md says so")
    assert b"200 OK" not in hosted.raw(line)


def await_clip(stream: Stream, clip_id: str) -> None:
    """Read until the stream tells of a clip."""
    event = stream.next()
    while event is not None and event.data["data"].get("id") != clip_id:
        event = stream.next()
    assert event is not None


def test_a_stream_tells_what_happens_and_goes_on_where_it_was(hosted: Hosted) -> None:
    caller = hosted.owner()
    with closing(hosted.stream()) as stream:
        await_clip(stream, caller.copy(f"seen {hosted.name}")["id"])
    missed = caller.copy(f"missed {hosted.name}")["id"]
    with closing(hosted.stream(last_event_id=stream.last_event_id)) as resumed:
        await_clip(resumed, missed)


def test_a_page_that_is_waited_for_comes_with_the_event(hosted: Hosted) -> None:
    waiting = hosted.owner()
    wait_for(lambda: waiting.call("GET", "/events?timeout=1").status == 200)  # a reader before may hold the place still
    caller = hosted.owner()
    newest = caller.get("/events")["newest"]
    page, posted = at_once(
        [
            lambda: waiting.get(f"/events?after={newest}&kinds=clipboard_processed&timeout=30"),
            lambda: caller.copy(f"waited for {hosted.name}"),
        ]
    )
    assert [item["data"]["id"] for item in page["items"]] == [posted["id"]]


def test_a_revoked_token_ends_its_stream(hosted: Hosted) -> None:
    made = hosted.owner().post("/clients", {"name": "reader", "kind": "script", "scopes": ["events:read"]})
    with closing(hosted.stream(made["token"])) as stream:
        assert hosted.owner().call("DELETE", f"/clients/{made['client']['id']}").status == 200
        while stream.next() is not None:
            pass


def test_readers_that_hang_up_give_their_places_back(hosted: Hosted) -> None:
    for _ in range(3):  # there are two places
        hosted.stream().close()


def test_half_open_connections_do_not_keep_others_out(hosted: Hosted) -> None:
    count = 4 if hosted.name == "gunicorn" else 12  # each holds a thread there, and all may meet in one worker
    wires = [socket.create_connection(("127.0.0.1", hosted.port), timeout=PATIENCE_S) for _ in range(count)]
    try:
        for wire in wires:
            wire.sendall(b"GET /ping HTTP/1.1\r\nHost: 127.0")
        assert hosted.home.anyone(hosted.url).call("GET", "/ping").status == 200
        if hosted.name in ("python", "cheroot"):  # the others wait for such a caller for ever, or for half a minute
            assert not all(wire.recv(65_536).startswith(b"HTTP/1.1 200") for wire in wires)
    finally:
        for wire in wires:
            wire.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGTERM ends a process at once there")
@pytest.mark.parametrize("name", HOSTS)
def test_it_ends_with_a_stream_open_and_nobody_believes_a_file_it_leaves(name: str, tmp_path: Path) -> None:
    if name != "python" and find_spec(name) is None:
        pytest.skip(f"{name} is not installed; it is in requirements/test.txt")
    home = Home(tmp_path)
    try:
        hosted = Hosted(name, home)
        with closing(hosted.stream()):
            number, code = ENDINGS[name]
            hosted.served.signal(number)
            assert (name, hosted.served.wait()) == (name, code), hosted.served.says()
        wait_for(lambda: RuntimeFile(home.paths, "bridge", None).read_current() is None)
        if name in ("python", "flask"):
            assert not home.runtime_file().exists()
    finally:
        home.end_all()
