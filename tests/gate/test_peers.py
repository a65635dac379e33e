"""Who is at the other end of a connection: the kernel's word on Linux, a process's owner on Windows, else nobody's."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from python_core.net.peers import (
    GONE,
    PEER_UID,
    Peers,
    called_address,
    name_of_this_user,
    own_uid,
    owner_of_connection,
    uid_of_peer,
    uid_of_socket_peer,
)

Ends = tuple[tuple[str, int], tuple[str, int]]


@contextmanager
def connected(host: str) -> Iterator[tuple[socket.socket, Ends]]:
    """Connect to a server of our own; gives the caller's socket, and both addresses as the server sees them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        address = server.getsockname()[:2]
        with socket.create_connection(address) as caller:
            taken, peer = server.accept()
            with taken:
                yield caller, (peer[:2], address)


@pytest.fixture(scope="module")
def told() -> bool:
    """Whether this system names callers at all."""
    with connected("127.0.0.1") as (_, ends):
        return uid_of_peer(*ends) is not None


def need(told: bool) -> None:
    if not told:
        pytest.skip("this system does not name callers by their user id")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1"])
def test_the_kernel_names_the_caller(told: bool, host: str) -> None:
    need(told)
    try:
        with connected(host) as (_, ends):
            assert uid_of_peer(*ends) == own_uid()
    except OSError as fault:
        pytest.skip(f"{host} cannot be listened on here: {fault.strerror}")


def test_a_caller_who_only_sends_no_more_is_still_named(told: bool) -> None:
    need(told)
    with connected("127.0.0.1") as (caller, ends):
        caller.shutdown(socket.SHUT_WR)
        assert uid_of_peer(*ends) == own_uid()


@pytest.mark.parametrize("linger", [struct.pack("ii", 0, 0), struct.pack("ii", 1, 0)], ids=["closes", "resets"])
def test_a_caller_who_has_hung_up_is_nobody_and_not_root(told: bool, linger: bytes) -> None:
    need(told)
    with connected("127.0.0.1") as (caller, ends):
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        caller.close()
        end = time.monotonic() + 20
        while (uid := uid_of_peer(*ends)) != GONE and time.monotonic() < end:
            time.sleep(0.01)
        assert uid == GONE
        gone = {PEER_UID: uid}
        assert Peers(own=lambda: 0).is_foreign(gone)
        assert not Peers(own=lambda: 0).is_own(gone)


def test_a_connection_that_is_not_there_is_nobodys(told: bool) -> None:
    need(told)
    assert uid_of_peer(("127.0.0.1", 1), ("127.0.0.1", 2)) == GONE


@pytest.mark.parametrize("peer", [("", 0), ("hub.example", 1)])
def test_an_address_that_is_none_is_unknown(peer: tuple[str, int]) -> None:
    assert uid_of_peer(peer, ("127.0.0.1", 5001)) is None


@pytest.mark.parametrize(
    ("uid", "own", "is_foreign", "is_own"),
    [
        (1000, 1000, False, True),
        (1001, 1000, True, False),
        (0, 1000, True, False),
        (1000, 0, True, False),
        (GONE, 1000, True, False),
        (None, 1000, False, False),  # the system names nobody: the token alone decides, and nobody is let in without
    ],
)
def test_another_users_caller_is_foreign(uid: int | None, own: int, is_foreign: bool, is_own: bool) -> None:
    peers = Peers(own=lambda: own)
    assert (peers.is_foreign({PEER_UID: uid}), peers.is_own({PEER_UID: uid})) == (is_foreign, is_own)


def test_a_host_that_does_not_tell_the_port_leaves_the_caller_unknown() -> None:
    environ = {"REMOTE_ADDR": "127.0.0.1", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "5001"}
    assert not Peers().is_foreign(environ)
    assert not Peers(own=lambda: 1).is_own(environ)


@pytest.mark.parametrize(
    ("name", "peer", "called"),
    [
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("::1", "::1", "::1"),
        ("Cheroot/11.1.2", "127.0.0.1", "127.0.0.1"),
        ("localhost", "::1", "::1"),
        ("", "", "127.0.0.1"),
    ],
)
def test_a_host_that_names_itself_for_the_address_was_called_at_a_loopback_one(
    name: str, peer: str, called: str
) -> None:
    environ = {"REMOTE_ADDR": peer, "SERVER_NAME": name, "SERVER_PORT": "5001"}
    assert called_address(environ) == (called, 5001)


def on_windows(owner: str | None, own: str | None = r"DESK\ada") -> tuple[Peers, list[tuple[str, int]]]:
    """Make what a system without user ids would use, and note whom it is asked about."""
    asked: list[tuple[str, int]] = []

    def owner_of(address: str, port: int) -> str | None:
        asked.append((address, port))
        return owner

    return Peers(own=lambda: None, owner_of=owner_of, own_name=lambda: own), asked


@pytest.mark.parametrize(
    ("owner", "is_own"),
    [(r"DESK\ada", True), (r"DESK\bob", False), (r"OFFICE\ada", False), ("ada", False), ("", False), (None, False)],
)
def test_without_user_ids_the_owner_of_the_callers_process_decides_by_the_whole_name(
    owner: str | None, is_own: bool
) -> None:
    peers, asked = on_windows(owner)
    environ: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "49152", PEER_UID: None}
    assert peers.is_own(environ) is is_own
    assert asked == [("127.0.0.1", 49152)]
    assert not peers.is_foreign(environ)


def test_who_is_unknown_is_not_this_user_though_that_one_is_unknown_too() -> None:
    peers, _ = on_windows(None, None)
    assert not peers.is_own({"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "49152", PEER_UID: None})


def test_the_owner_of_a_connection_is_the_user_of_its_process() -> None:
    with connected("127.0.0.1") as (_, (peer, _server)):
        assert owner_of_connection(*peer) == name_of_this_user() is not None
    assert owner_of_connection("127.0.0.1", 1) is None


@pytest.mark.parametrize(
    ("platform", "told", "uid"),
    [
        ("linux", struct.pack("=iII", 42, 1001, 1001), 1001),
        ("linux", b"", GONE),
        ("linux", struct.pack("=i", 42), GONE),
        ("darwin", struct.pack("=IIhH16I", 0, 501, 1, 0, *[20] * 16), 501),
        ("darwin", struct.pack("=IIhH16I", 1, 501, 1, 0, *[20] * 16), GONE),
        ("darwin", b"", GONE),
        ("freebsd14", struct.pack("=IIhH16I", 0, 1001, 1, 0, *[20] * 16), 1001),
    ],
)
def test_the_peer_of_a_unix_socket_is_read_as_each_system_tells_it(platform: str, told: bytes, uid: int) -> None:
    assert uid_of_socket_peer(lambda *_: told, platform) == uid


def test_a_system_that_does_not_name_a_unix_sockets_peer_lets_nobody_in() -> None:
    def refuse(*_: int) -> bytes:
        raise OSError("not here")

    assert uid_of_socket_peer(refuse, "linux") == uid_of_socket_peer(refuse, "darwin") == GONE


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows has no Unix sockets for Python")
def test_this_system_names_the_peer_of_a_unix_socket() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert uid_of_socket_peer(one.getsockopt) == own_uid()
