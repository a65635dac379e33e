"""Who is at the other end of a loopback connection: the user id of the process, where the system tells."""

from __future__ import annotations

import getpass
import os
import socket
import struct
from collections.abc import Callable
from functools import cache
from typing import Any

#: The key in environ for the caller's user id, where the host has looked it up, once a connection.
PEER_UID = "smrthub.peer_uid"
_NETLINK: int = getattr(socket, "AF_NETLINK", 0)  # Linux alone has it
_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ANY_STATE = _NO_COOKIE = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
#: inet_diag_msg up to its uid: family, state, timer, retrans; the socket's id; expires, rqueue, wqueue, uid.
_UID_AT = _HEADER.size + 4 + 48 + 12


def own_uid() -> int | None:
    """Return this process's user id; None on a system without them (Windows)."""
    return os.geteuid() if hasattr(os, "geteuid") else None


class Peers:
    """Tells this user's own programs from those of other users, as far as the system names the caller.

    :param owner_of: the name of the user whose program holds the other end, for systems without user ids (Windows).
    """

    def __init__(self, owner_of: Callable[[str, int], str | None] | None = None) -> None:
        self._own = own_uid()
        self._owner_of = owner_of or owner_of_connection

    def is_foreign(self, environ: dict[str, Any]) -> bool:
        """Say whether the system names another user as the caller; where it names nobody the token alone decides."""
        uid = self._uid(environ)
        return uid is not None and uid != self._own

    def is_own(self, environ: dict[str, Any]) -> bool:
        """Say whether the system names this very user as the caller; where it names nobody, no."""
        if self._own is not None:
            return self._uid(environ) == self._own
        address, port = environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0)
        return self._owner_of(address, port) == getpass.getuser()

    def _uid(self, environ: dict[str, Any]) -> int | None:
        if PEER_UID in environ:
            uid: int | None = environ[PEER_UID]
            return uid
        local = (environ.get("SERVER_NAME", ""), int(environ["SERVER_PORT"]))
        return uid_of_peer((environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0)), local)


def owner_of_connection(address: str, port: int) -> str | None:
    """Return the user name of the program that holds one end of a connection, as psutil knows it; None if unknown."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and tuple(connection.laddr) == (address, port) and connection.pid:
                name: str = psutil.Process(connection.pid).username()
                return name.rpartition("\\")[2]
    except (psutil.Error, OSError):
        pass
    return None


def uid_of_peer(peer: tuple[str, int], local: tuple[str, int]) -> int | None:
    """Return the user id of the program that holds the other end of a TCP connection on this machine; None if unknown.

    Linux alone tells: by one question to the kernel about exactly this connection (16 µs, however many there are; reading
    ``/proc/net/tcp`` took 4 ms on the same machine), which also answers in most containers.

    :param peer: the caller's address and port, ``local`` the ones it called.
    """
    return _ask(peer, local) if _is_told() else None


def _ask(peer: tuple[str, int], local: tuple[str, int]) -> int | None:
    try:
        with socket.socket(_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.send(_question(peer, local))
            answer = kernel.recv(4096)
    except (OSError, ValueError):
        return None
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY or len(answer) < _UID_AT + 4:
        return None
    uid: int = struct.unpack_from("=I", answer, _UID_AT)[0]
    return uid


def _question(peer: tuple[str, int], local: tuple[str, int]) -> bytes:
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    ends = b"".join(socket.inet_pton(family, host).ljust(16, b"\0") for host in (peer[0], local[0]))
    place = struct.pack("!HH", peer[1], local[1]) + ends + struct.pack("=III", 0, _NO_COOKIE, _NO_COOKIE)
    request = struct.pack("=BBBBI", family, socket.IPPROTO_TCP, 0, 0, _ANY_STATE) + place
    return _HEADER.pack(_HEADER.size + len(request), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + request


@cache
def _is_told() -> bool:
    """Try it on a connection of our own, once: a sandbox may answer nothing or something else."""
    if not _NETLINK:
        return False
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as caller,
    ):
        return _ask(caller.getsockname(), server.getsockname()) == own_uid()
