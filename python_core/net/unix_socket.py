"""The bridge's Unix socket: a file that this user alone may connect to, taken over only where nobody answers on it."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_core.errors import HubError
from python_core.net.peers import own_uid
from python_core.utils.config_path_resolver import make_private
from python_core.utils.file_lock import FileLock

AF_UNIX: int = getattr(socket, "AF_UNIX", 0)  # Windows has none for Python: schema.contradictions says so
#: Connections that the socket takes when the port has reached ``connectionLimit``.
PLACES = 32
#: Bytes of a socket's path that every connect can name (``sun_path`` without its closing NUL).
PATH_AT_MOST = 107 if sys.platform == "linux" else 103


@dataclass(frozen=True)
class UnixSocket:
    """A socket that listens, and the file by which it is found."""

    socket: socket.socket
    path: Path
    inode: int

    def remove(self) -> None:
        """Remove the file, unless it is another process's by now."""
        with _lock_of(self.path):
            if os.path.lexists(self.path) and os.lstat(self.path).st_ino == self.inode:
                self.path.unlink()


def bind_unix(path: Path) -> UnixSocket | None:
    """Listen at ``path``, 0600 in a folder 0700; None while another process of this user answers there.

    :raises HubError: the path is too long, or a link, a file of another kind or somebody else's is in its place.
    """
    length = len(os.fsencode(path))
    if length > PATH_AT_MOST:
        raise HubError(
            f"{path} has {length} bytes, and the path of a socket may have {PATH_AT_MOST} at most. "
            "Turn unixSocket off, or set LOCALAPPDATA to a shorter folder."
        )
    make_private(path.parent)
    with _lock_of(path):  # else two starts at once could each take the other's for one that is left over
        if _is_taken(path):
            return None
        made = socket.socket(AF_UNIX, socket.SOCK_STREAM)
        try:
            made.bind(str(path))
            path.chmod(0o600)
            made.listen(1024)
        except OSError as fault:
            made.close()
            raise HubError(f"{path} cannot be listened on: {fault.strerror}.") from None
        return UnixSocket(made, path, os.lstat(path).st_ino)


def listen_beside(waitress: Any, app: Callable[..., Any], unix: UnixSocket) -> Any:
    """Have the threads and the loop of a Waitress server serve a Unix socket, too; returns its own server.

    It has ``PLACES`` of its own: other users can take all connections of the port, and this user still comes in here.
    """
    from waitress.server import UnixWSGIServer  # Windows has none

    limits = copy(waitress.adj)
    limits.connection_limit += PLACES
    shared = {"map": waitress._map, "dispatcher": waitress.task_dispatcher, "adj": limits}  # noqa: SLF001
    sockinfo = (unix.socket.family, unix.socket.type, unix.socket.proto, str(unix.path))
    return UnixWSGIServer(app, _sock=unix.socket, sockinfo=sockinfo, bind_socket=False, **shared)


def _lock_of(path: Path) -> FileLock:
    return FileLock(path.with_name(f"{path.name}.lock"))


def _is_taken(path: Path) -> bool:
    """Say whether somebody answers at ``path``; a socket of ours on which nobody does is removed."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != own_uid():
        raise HubError(f"{path} is a link, no socket, or somebody else's. Move it away.")
    with socket.socket(AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return False
        except OSError:  # it has more callers than it answers: it is there
            pass
    return True
