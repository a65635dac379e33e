"""Who is at the other end of a loopback connection: the user id of the process, where the system tells."""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

#: The key in environ for the caller's user id, where the host has looked it up, once a connection.
PEER_UID = "smrthub.peer_uid"
#: The key in environ of a call that came by the Unix socket.
BY_SOCKET = "smrthub.by_socket"
_NETLINK: int = getattr(socket, "AF_NETLINK", 0)  # Linux alone has it
_SOCK_DIAG = 4  # NETLINK_SOCK_DIAG
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ANY_STATE = _NO_COOKIE = 0xFFFFFFFF
#: Stands for the user id of a caller who has closed the connection already: nobody's.
GONE = -1
_NLMSG_ERROR = 2
_HEADER = struct.Struct("=IHHII")
_ERROR = struct.Struct("=i")
#: inet_diag_msg: family, state, timer, retrans; the socket's id; expires, rqueue, wqueue; then this, uid and inode.
_UID_AT = _HEADER.size + 4 + 48 + 12
_UID = struct.Struct("=II")
#: What ``getsockopt`` tells of a Unix socket's peer: on Linux ``struct ucred`` (pid, uid, gid); on macOS and the BSDs, at level
#: 0 (``SOL_LOCAL``), ``struct xucred``, which begins with a version and the uid, and goes on with 16 groups.
_SO_PEERCRED, _UCRED = 17, struct.Struct("=iII")
_LOCAL_PEERCRED, _XUCRED, _XUCRED_BYTES = 1, struct.Struct("=II"), 256


def own_uid() -> int | None:
    """Return this process's user id; None on a system without them (Windows)."""
    return os.geteuid() if hasattr(os, "geteuid") else None


class Peers:
    """Tells this user's own programs from those of other users, as far as the system names the caller.

    :param own: this process's user id.
    :param owner_of: the name of the user whose program holds the other end, and ``own_name`` this user's, for systems
        without user ids (Windows).
    """

    def __init__(
        self,
        own: Callable[[], int | None] = own_uid,
        owner_of: Callable[[str, int], str | None] | None = None,
        own_name: Callable[[], str | None] | None = None,
    ) -> None:
        self._own = own()
        self._owner_of = owner_of or owner_of_connection
        self._own_name = own_name or name_of_this_user

    def is_foreign(self, environ: dict[str, Any]) -> bool:
        """Say whether the system names another user as the caller; where it names nobody the token alone decides."""
        uid = self._uid(environ)
        return uid is not None and uid != self._own

    def is_own(self, environ: dict[str, Any]) -> bool:
        """Say whether the system names this very user as the caller; where it names nobody, no."""
        if self._own is not None:
            return self._uid(environ) == self._own
        owner = self._owner_of(environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0))
        return owner is not None and owner == self._own_name()

    def _uid(self, environ: dict[str, Any]) -> int | None:
        if PEER_UID in environ:
            uid: int | None = environ[PEER_UID]
            return uid
        if not environ.get("REMOTE_PORT"):
            return None  # not every host tells it
        return uid_of_peer((environ.get("REMOTE_ADDR", ""), int(environ["REMOTE_PORT"])), called_address(environ))


def called_address(environ: dict[str, Any]) -> tuple[str, int]:
    """Return the address and port that a request came to; cheroot gives its own name for the address: then it is a loopback one."""
    name, peer = environ.get("SERVER_NAME", ""), environ.get("REMOTE_ADDR", "")
    try:
        socket.inet_pton(socket.AF_INET6 if ":" in name else socket.AF_INET, name)
    except OSError:
        name = "::1" if ":" in peer else "127.0.0.1"
    return name, int(environ["SERVER_PORT"])


def owner_of_connection(address: str, port: int) -> str | None:
    """Return the user name, domain included, of the program that holds one end of a connection; None if unknown."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and tuple(connection.laddr) == (address, port) and connection.pid:
                name: str = psutil.Process(connection.pid).username()
                return name
    except (psutil.Error, OSError):
        pass
    return None


def name_of_this_user() -> str | None:
    """Return this user's name as ``owner_of_connection`` would: the environment's is anybody's to set."""
    import psutil

    try:
        name: str = psutil.Process().username()
    except (psutil.Error, OSError):
        return None
    return name


def uid_of_peer(peer: tuple[str, int], local: tuple[str, int]) -> int | None:
    """Return the user id of the program that holds the other end of a TCP connection on this machine; None if unknown.

    ``GONE`` for one that has hung up: the kernel names root for what is left of its socket, or knows of none.
    Linux alone tells: by one question to the kernel about exactly this connection (16 µs, however many there are; reading
    ``/proc/net/tcp`` took 4 ms on the same machine), which also answers in most containers.

    :param peer: the caller's address and port, ``local`` the ones it called.
    """
    return _ask(peer, local) if _is_told() else None


def uid_of_socket_peer(ask: Callable[[int, int, int], bytes], platform: str = sys.platform) -> int:
    """Return the user id of the process at the other end of a Unix socket, as it was when it connected.

    ``GONE`` where the system does not say: every one with Unix sockets does, so that is no answer to go on with.

    :param ask: the socket's ``getsockopt``.
    """
    try:
        if platform == "linux":
            return int(_UCRED.unpack(ask(socket.SOL_SOCKET, _SO_PEERCRED, _UCRED.size))[1])
        version, uid = _XUCRED.unpack_from(ask(0, _LOCAL_PEERCRED, _XUCRED_BYTES))
    except (OSError, struct.error):
        return GONE
    return int(uid) if version == 0 else GONE


def _ask(peer: tuple[str, int], local: tuple[str, int]) -> int | None:
    try:
        with socket.socket(_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.send(_question(peer, local))
            answer = kernel.recv(4096)
    except (OSError, ValueError):
        return None
    kind = _HEADER.unpack_from(answer)[1]
    if kind == _NLMSG_ERROR:
        return GONE if _ERROR.unpack_from(answer, _HEADER.size)[0] == -errno.ENOENT else None
    if kind != _SOCK_DIAG_BY_FAMILY or len(answer) < _UID_AT + _UID.size:
        return None
    uid, inode = _UID.unpack_from(answer, _UID_AT)
    return int(uid) if inode else GONE


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
