"""The client by the hub's Unix socket: taken where it is there, with the same proof; the port where it is gone."""

from __future__ import annotations

import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_core.client import HubClient, Refused, Stranger
from python_core.errors import NotReachable
from tests.client.posing import write_runtime_file
from tests.whole.hub_home import HUB, Home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Unix sockets for Python")
ON = {"SMRTHUB_BRIDGE_UNIX_SOCKET": "true"}


@pytest.fixture
def home() -> Iterator[Home]:
    """A home whose path is short enough for a socket in it."""
    with tempfile.TemporaryDirectory(prefix="hub-") as name:
        home = Home(Path(name))
        yield home
        home.end_all()


def family_of(hub: HubClient) -> socket.AddressFamily:
    connection = hub._connection._open
    assert connection is not None
    family: socket.AddressFamily = connection.sock.family
    return family


def test_a_client_takes_the_socket_and_the_port_when_it_is_gone(home: Home) -> None:
    served = home.start_hub(**ON)
    path = home.paths.runtime() / "bridge.sock"
    assert home.facts()["socket"] == str(path)
    assert str(path) in served.output
    with HubClient(environ=home.environ) as hub:
        assert hub.call("GET", "/status")["ready"] is True
        assert family_of(hub) == socket.AF_UNIX
        hub.call("POST", "/clipboard", {"fragments": [{"type": "text", "content": "by the socket"}]})
    path.unlink()
    with HubClient(environ=home.environ) as hub:
        assert hub.call("GET", "/status")["counts"]["clips"] == 1
        assert family_of(hub) == socket.AF_INET
    assert served.end() == 0
    with pytest.raises(NotReachable):
        HubClient(environ=home.environ)


def test_the_socket_ends_with_the_hub_and_a_killed_hubs_is_taken_over(home: Home) -> None:
    path = home.paths.runtime() / "bridge.sock"
    killed = home.start_hub(**ON)
    killed.signal(signal.SIGKILL)
    killed.wait()
    assert path.exists()
    served = home.start_hub(**ON)
    with HubClient(environ=home.environ) as hub:
        assert hub.call("GET", "/status")["pid"] == served.pid
        assert family_of(hub) == socket.AF_UNIX
    assert served.end() == 0
    assert not path.exists()


def test_a_wrong_token_is_told_by_the_socket_as_by_the_port(home: Home) -> None:
    home.start_hub(**ON)
    with (
        HubClient(environ=home.environ | {"SMRTHUB_SESSION_TOKEN": "wrong"}) as hub,
        pytest.raises(Refused, match="SMRTHUB_SESSION_TOKEN is not a token"),
    ):
        hub.prove()


def test_no_socket_is_there_unless_it_was_asked_for(home: Home) -> None:
    home.start_hub()
    assert "socket" not in home.facts()
    assert not (home.paths.runtime() / "bridge.sock").exists()


def test_a_file_in_the_sockets_place_ends_the_start_and_stays(home: Home) -> None:
    path = home.paths.runtime() / "bridge.sock"
    path.parent.mkdir(parents=True, mode=0o700)
    path.write_text("mine", "utf-8")
    served = home.start(*HUB, **ON)
    assert served.wait() == 1
    assert f"{path} is a link, no socket, or somebody else's. Move it away." in served.output
    assert path.read_text("utf-8") == "mine"


def test_another_program_on_the_socket_learns_no_token(home: Home) -> None:
    path, heard = home.root / "posing.sock", bytearray()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def pose() -> None:
            caller, _ = server.accept()
            with caller:
                heard.extend(caller.recv(65_536))
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        posing = threading.Thread(target=pose)
        posing.start()
        environ = write_runtime_file(home.root, 1, socket=str(path))
        with HubClient(environ=environ) as hub, pytest.raises(Stranger, match="another program answers at its socket"):
            hub.call("GET", "/status")
        posing.join()
    assert heard.startswith(b"GET /ping?")
    assert b"Authorization" not in heard
