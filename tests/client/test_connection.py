"""The token goes to the hub and to nobody else, whoever stands on its port and whatever it says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from python_core.client import HubClient, Refused, Stranger
from python_core.client.connection import HubConnection
from python_core.client.runtime_file import find_server
from python_core.errors import HubError, NotReachable
from tests.client.posing import TOKEN, Asked, Blunt, Posing, Said, write_runtime_file

OTHER_TOKEN = "shb_owner_" + "cd" * 32


@pytest.fixture
def pose() -> Iterator[Callable[..., Posing]]:
    """Start servers that stand on the hub's port; all end with the test."""
    with ExitStack() as started:

        def start(*args: Any, **named: Any) -> Posing:
            server = Posing(*args, **named)
            started.callback(server.stop)
            return server

        yield start


def client(tmp_path: Path, server: Posing | Blunt, **more: Any) -> HubClient:
    return HubClient(environ=write_runtime_file(tmp_path, server.port), **more)


def test_the_token_follows_the_proof(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    hub = pose(lambda _: Said({"status": "ok", "level": "healthy"}))
    with client(tmp_path, hub) as calls:
        assert calls.call("GET", "/status") == {"level": "healthy"}
    ping, status = hub.asked
    assert ping.target.startswith("/ping?client=owner&nonce=")
    assert ping.token is None
    assert status.token == f"Bearer {TOKEN}"


def test_one_connection_serves_many_calls(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    hub = pose()
    with client(tmp_path, hub) as calls:
        for _ in range(5):
            calls.call("GET", "/status")
    assert hub.connections == 1
    assert [asked.target for asked in hub.asked].count("/status") == 5
    assert len(hub.asked) == 6


def test_a_nonce_is_never_used_twice(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    hub = pose()
    for _ in range(3):
        with client(tmp_path, hub) as calls:
            calls.prove()
    assert len({asked.target for asked in hub.asked}) == 3


def test_a_host_that_ends_every_connection_is_served_too(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    hub = pose(keeps_open=False)
    with client(tmp_path, hub) as calls:
        calls.call("GET", "/status")
        calls.call("GET", "/status")
    assert hub.tokens == {f"Bearer {TOKEN}"}


IMPOSTORS: dict[str, dict[str, Any]] = {
    "another program": {"ping": Said({"status": "ok"}, service=None)},
    "AirPlay": {"ping": Said(status=403, service=None, content=b"", headers={"Server": "AirTunes/1.0"})},
    "the other server of the hub": {"ping": Said({"status": "ok"}, service="web-listener")},
    "a hub that does not know the token": {"token": OTHER_TOKEN},
    "one that passes on the proof of the hub on another port": {"proves_port": 5001},
    "one that proves nothing": {"ping": Said({"status": "ok"})},
    "one whose proof is null": {"ping": Said({"status": "ok", "proof": None})},
    "one whose proof is no text": {"ping": Said({"status": "ok", "proof": [1]})},
    "one whose proof is not ASCII": {"ping": Said({"status": "ok", "proof": "ü"})},
    "one that answers no JSON": {"ping": Said(content=b"<html>")},
    "one that answers a list": {"ping": Said([])},
    "one that answers with very deep JSON": {"ping": Said(content=b"[" * 200_000)},
    "one that refuses": {"ping": Said({"status": "error", "error": {"code": "x", "message": "y"}}, status=403)},
    "one that leads elsewhere": {"ping": Said(status=302, headers={"Location": "http://127.0.0.1:1/"})},
}


@pytest.mark.parametrize("impostor", IMPOSTORS)
def test_an_impostor_is_refused_and_learns_nothing(tmp_path: Path, pose: Callable[..., Posing], impostor: str) -> None:
    server = pose(**IMPOSTORS[impostor])
    with client(tmp_path, server) as calls, pytest.raises(HubError):
        calls.call("POST", "/clipboard", {"fragments": [{"type": "text", "content": "secret words"}]})
    assert server.tokens == set()
    assert [asked.method for asked in server.asked] == ["GET"]
    assert not any(b"secret words" in asked.body for asked in server.asked)


def test_a_stranger_on_the_port_is_named(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    server = pose(ping=Said(service=None))
    with client(tmp_path, server) as calls, pytest.raises(Stranger) as told:
        calls.prove()
    assert f"(pid {os.getpid()}) holds its port {server.port}" in told.value.message
    assert "smrthub serve" in told.value.message


def test_a_wrong_token_of_a_supervisor_is_told_as_such(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    server = pose()
    environ = write_runtime_file(tmp_path, server.port) | {"SMRTHUB_SESSION_TOKEN": "wrong"}
    with HubClient(environ=environ) as calls, pytest.raises(Refused, match="SMRTHUB_SESSION_TOKEN is not a token"):
        calls.prove()
    assert server.tokens == set()


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\0\0\0", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 abc\r\n"]
)
def test_what_speaks_no_http_is_a_stranger(tmp_path: Path, greeting: bytes) -> None:
    server = Blunt(greeting, hangs_up=True)
    try:
        with client(tmp_path, server, timeout_s=5) as calls, pytest.raises(NotReachable):
            calls.call("GET", "/status")
    finally:
        server.stop()
    assert b"Authorization" not in server.heard


def test_a_silent_server_is_waited_for_only_so_long(tmp_path: Path) -> None:
    server = Blunt(b"", hangs_up=False)
    try:
        with client(tmp_path, server, timeout_s=0.2) as calls, pytest.raises(NotReachable, match=r"within 0\.2 s"):
            calls.prove()
    finally:
        server.stop()


def test_nobody_on_the_port_is_a_hub_that_does_not_run(tmp_path: Path) -> None:
    gone = Posing()
    gone.stop()
    with client(tmp_path, gone) as calls, pytest.raises(NotReachable, match=r"^Cannot reach the hub\. Start it with"):
        calls.call("GET", "/status")


def test_every_reply_has_to_be_the_hubs(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    server = pose(lambda _: Said({"status": "ok"}, service=None))
    with client(tmp_path, server) as calls, pytest.raises(Stranger):
        calls.call("GET", "/status")


def test_a_hub_that_is_replaced_between_two_calls_proves_itself_again(
    tmp_path: Path, pose: Callable[..., Posing]
) -> None:
    hub = Posing(keeps_open=False)
    with client(tmp_path, hub) as calls:
        calls.call("GET", "/status")
        hub.stop()
        squatter = pose(ping=Said(service=None), port=hub.port)
        with pytest.raises(Stranger):
            calls.call("GET", "/status")
    assert squatter.tokens == set()


def test_a_connection_that_ended_while_idle_is_made_anew(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    hub = pose()
    connection = HubConnection(find_server("bridge", write_runtime_file(tmp_path, hub.port)), 5.0)
    connection.send("GET", "/status", None, {})
    connection._used_at_s -= 60
    connection.send("GET", "/status", None, {})
    connection.close()
    assert hub.connections == 2
    assert sum(asked.target.startswith("/ping") for asked in hub.asked) == 2


def test_a_reply_that_breaks_off_is_no_answer(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    server = pose(lambda _: Said({"status": "ok"}, headers={"Content-Length": "1000", "Connection": "close"}))
    with client(tmp_path, server, timeout_s=5) as calls, pytest.raises(NotReachable, match="ended before"):
        calls.call("GET", "/status")


def test_after_a_fault_the_next_call_begins_anew(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    told = iter([Said(service=None), Said({"status": "ok", "n": 2})])
    server = pose(lambda _: next(told))
    with client(tmp_path, server) as calls:
        with pytest.raises(Stranger):
            calls.call("GET", "/status")
        assert calls.call("GET", "/status") == {"n": 2}
    assert server.connections == 2


def test_a_body_goes_as_json_and_an_answer_without_one_too(tmp_path: Path, pose: Callable[..., Posing]) -> None:
    heard: list[Asked] = []
    server = pose(lambda asked: heard.append(asked) or Said({"status": "ok"}))
    with client(tmp_path, server) as calls:
        calls.call("POST", "/x", {"a": "ü"})
        calls.call("DELETE", "/x")
    post, delete = heard
    assert (post.headers["Content-Type"], post.body) == ("application/json", '{"a": "ü"}'.encode())
    assert "Content-Type" not in delete.headers
