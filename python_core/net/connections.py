"""What Waitress's connections get of ours: who is at the other end, our answers, and an end for those who keep it waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask
from waitress.utilities import InternalServerError, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from python_core.errors import BadInput, HubError, TooLarge
from python_core.net.endpoints import UNREAD_BYTES
from python_core.net.failures import FINDING
from python_core.net.peers import BY_SOCKET, GONE, PEER_UID, uid_of_peer, uid_of_socket_peer


class Task(WSGITask):  # type: ignore[misc]  # waitress ships no types
    """A request that knows whose connection it came by."""

    def get_environment(self) -> dict[str, Any]:
        """Return Waitress's environ with what we add, and with the Transfer-Encoding that Waitress has undone."""
        environ: dict[str, Any] = super().get_environment()
        environ[PEER_UID] = self.channel.peer_uid()
        if self.channel.is_by_socket():
            environ[BY_SOCKET], environ["SERVER_PORT"] = True, "0"  # Waitress names the file's path for a port
        environ[UNREAD_BYTES] = lambda: self.channel.total_outbufs_len
        if self.request.chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        return environ

    def set_close_on_finish(self) -> None:
        """Keep the connection after a 204 or 304, which end with their headers: Waitress would close it for want of a length."""
        if self.has_body or self.version != "1.1" or self.request.headers.get("CONNECTION", "").lower() == "close":
            super().set_close_on_finish()


class Refused(WSGITask):  # type: ignore[misc]  # waitress ships no types
    """A request that Waitress cannot take: the app answers it, since Waitress's own text quotes it and has no shape of ours."""

    def execute(self) -> None:
        """Answer, and end the connection: where the next request begins is not known."""
        self.set_close_on_finish()
        super().execute()

    def get_environment(self) -> dict[str, Any]:
        """Return an environ with nothing of the request but what is wrong with it."""
        return {"REMOTE_ADDR": self.channel.addr[0], FINDING: _finding_of(self.request.error)}


def _finding_of(error: object) -> HubError:
    if isinstance(error, RequestEntityTooLarge | RequestHeaderFieldsTooLarge):
        return TooLarge("The request is larger than the hub takes.")
    if isinstance(error, InternalServerError):
        return HubError("Something broke inside the hub; the log says what.")
    return BadInput("The hub takes plain HTTP/1.1 requests for plain paths.")


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
    """A request as it comes in."""

    path = ""  # Waitress logs it even when there was none to find, and would break there


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress ships no types
    """A connection of ours."""

    task_class = Task
    error_task_class = Refused
    parser_class = Request
    _uid: tuple[int | None] | None = None

    def is_by_socket(self) -> bool:
        """Say whether it came by the Unix socket."""
        return bool(self.socket.family == getattr(socket, "AF_UNIX", None))

    def peer_uid(self) -> int | None:
        """Return the caller's user id, asked for at the first request."""
        if self._uid is None:
            try:
                if self.is_by_socket():
                    self._uid = (uid_of_socket_peer(self.socket.getsockopt),)
                else:
                    self._uid = (uid_of_peer(self.addr[:2], self.socket.getsockname()[:2]),)
            except OSError:  # it has hung up and is closed here too
                self._uid = (GONE,)
        return self._uid[0]


class SlowRequests:
    """Cuts what is not whole in time, however slowly it drips: Waitress has an idle timer only (security.md, 6).

    A connection that has never sent anything counts as such a request: 110 of those block a server that waits for them.
    So does an answer that is not taken. From 16 MiB of them on a thread waits for their reader, and Waitress never ends that
    wait: they have to become fewer in time, whether something of them is read or not.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._since: dict[Any, tuple[object, float]] = {}

    def cut(self, channels: Iterable[Any]) -> int:
        """End the connections that have kept us waiting for too long; return how many. Called every second or so."""
        now, waiting, cut = time.monotonic(), dict[Any, tuple[object, float]](), 0
        for channel in channels:
            owed = _owed_by(channel)
            if owed is None:
                continue
            before = self._since.get(channel)
            since = before[1] if before is not None and before[0] == owed else now
            if now - since > self._timeout_s:
                channel.handle_close()
                cut += 1
            else:
                waiting[channel] = (owed, since)
        self._since = waiting
        return cut


def _owed_by(channel: Any) -> object | None:
    """Return what we wait for: that an answer is read, the rest of a request, a first one; None for nothing."""
    if channel.total_outbufs_len > channel.adj.outbuf_high_watermark:
        return "answers"  # a thread waits for it
    owed: object = None
    if channel.total_outbufs_len:
        owed = channel.last_activity  # rises with each part of the answer that is read
    elif channel.request is not None:
        owed = channel.request
    if owed is not None:
        return owed
    is_fresh = not channel.requests and channel.last_activity == channel.creation_time
    return "request" if is_fresh else None
