"""What Waitress's connections get of ours: who is at the other end, our answers, a loop that is woken for a reason."""

from __future__ import annotations

import socket
from io import BytesIO
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.task import WSGITask
from waitress.utilities import Error, InternalServerError, RequestEntityTooLarge, RequestHeaderFieldsTooLarge

from python_core.errors import BadInput, Busy, HubError, TooLarge
from python_core.net.endpoints import UNREAD_BYTES
from python_core.net.failures import FINDING
from python_core.net.peers import BY_SOCKET, GONE, PEER_UID, uid_of_peer, uid_of_socket_peer

#: A larger body is counted while it is held; so many of the largest that a server takes are held at once.
SMALL_BODY, BODIES_AT_MOST = 65_536, 4


class Task(WSGITask):  # type: ignore[misc]  # waitress ships no types
    """A request that knows whose connection it came by."""

    wrote_header: bool

    def get_environment(self) -> dict[str, Any]:
        """Return Waitress's environ with what we add, and with the Transfer-Encoding that Waitress has undone."""
        environ: dict[str, Any] = super().get_environment()
        environ[PEER_UID] = self.channel.peer_uid()
        if self.channel.by_socket:
            environ[BY_SOCKET], environ["SERVER_PORT"] = True, "0"  # Waitress names the file's path for a port
        environ[UNREAD_BYTES] = lambda: self.channel.total_outbufs_len
        if self.request.chunked:
            environ["HTTP_TRANSFER_ENCODING"] = "chunked"
        return environ

    def write(self, data: bytes) -> None:
        """Send the headers with what follows: alone they take a send of their own, and wake the caller once more."""
        if self.wrote_header or not self.complete:
            super().write(data)
            return
        self.channel.headers = self.build_response_header()
        self.wrote_header = True
        super().write(data)
        self.channel.write_soon(b"")  # there was no body

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
    if isinstance(error, Crowded):
        return Busy("Too much is being sent to the hub at once: try again.")
    if isinstance(error, InternalServerError):
        return HubError("Something broke inside the hub; the log says what.")
    return BadInput("The hub takes plain HTTP/1.1 requests for plain paths.")


class Request(HTTPRequestParser):  # type: ignore[misc]  # waitress ships no types
    """A request as it comes in; a body that will not be looked at is let pass, and kept nowhere.

    Waitress takes a whole body before the gate sees its headers, from anyone: 190 callers with 16 MiB each were 3 GiB.
    """

    path = ""  # Waitress logs it even when there was none to find, and would break there
    holds = 0
    _is_judged = False

    def __init__(self, adj: Any, channel: Channel) -> None:
        super().__init__(adj)
        self._channel = channel

    def received(self, data: bytes) -> int:
        """Take some bytes; where the headers end it is judged whether those of the body are kept."""
        taken: int = super().received(data)
        if self.headers_finished and not self._is_judged:
            self._is_judged = True
            if self.body_rcv is not None and not self.completed:
                self._judge_body()
        return taken

    def _judge_body(self) -> None:
        if self.chunked:
            self.body_rcv.buf = _Nowhere()  # the gate refuses it
        elif self.content_length > SMALL_BODY:
            if self._channel.held_bytes() + self.content_length > BODIES_AT_MOST * self.adj.max_request_body_size:
                self.error, self.body_rcv.buf = Crowded("too much at once"), _Nowhere()
            else:
                self.holds = self.content_length


class Crowded(Error):  # type: ignore[misc]  # waitress ships no types
    """So much is being sent at once that this body is not kept."""


class _Nowhere:
    """Stands for a buffer, and forgets what it is given."""

    def append(self, _: bytes) -> None:
        pass

    def __len__(self) -> int:
        return 0

    def getfile(self) -> BytesIO:
        return BytesIO()

    def close(self) -> None:
        pass


class _Waker:
    """A connection's server, whose loop is woken where that has something to do.

    Waitress wakes it after every answer, so that it looks at all connections anew: a third of what a small request costs. With
    ``channel_request_lookahead`` it goes on reading while a request is answered, so that it has nothing to learn from that.
    """

    def __init__(self, server: Any, channel: Channel) -> None:
        self._server, self._channel = server, channel
        self.adj, self.add_task, self.active_channels = server.adj, server.add_task, server.active_channels

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def pull_trigger(self) -> None:
        if self._channel.needs_loop():
            self._server.pull_trigger()


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress ships no types
    """A connection of ours."""

    task_class = Task
    error_task_class = Refused
    #: How long the loop lets a worker end what it is sending.
    sending_s = 0.001
    headers = b""
    _unsent = 0
    _uid: tuple[int | None] | None = None

    def __init__(self, server: Any, sock: Any, addr: Any, adj: Any, map: Any = None) -> None:  # noqa: A002  # Waitress's name
        self.by_socket = sock.family == getattr(socket, "AF_UNIX", None)
        super().__init__(_Waker(server, self), sock, addr, adj, map)

    def readable(self) -> bool:
        """Say whether to look for what comes in, once the worker that is sending has done so; settles what ``writable`` says.

        Else the loop is told again and again that the caller can take more, and takes the interpreter from the worker each
        time: 40 turns and up to 1 ms between an answer of 10 KB and the next one on its connection. And what is left to send is
        looked at once for both questions: where a worker sent it between them, neither held, and the caller was not heard.
        """
        if self.total_outbufs_len and self.outbuf_lock.acquire(timeout=self.sending_s):
            self.outbuf_lock.release()
        self._unsent = self.total_outbufs_len
        is_ending = self.will_close or self.close_when_flushed
        return not (self._unsent or is_ending or len(self.requests) > self.adj.channel_request_lookahead)

    def writable(self) -> bool:
        """Say whether to look for when something can be sent, or the connection ended; asked after ``readable``."""
        return bool(self._unsent or super().writable())

    def needs_loop(self) -> bool:
        """Say whether the loop's thread has something to do for this connection that it does not see by itself."""
        return bool(
            self.total_outbufs_len or self.will_close or self.close_when_flushed or self.requests or not self.connected
        )

    def parser_class(self, adj: Any) -> Request:
        """Make what reads the next request."""
        return Request(adj, self)

    def write_soon(self, data: Any) -> int:
        """Send some bytes, after headers that wait."""
        headers, self.headers = self.headers, b""
        written: int = super().write_soon(headers + data if headers else data)
        return written

    def held_bytes(self) -> int:
        """Count the bytes of the large bodies that all connections of this server hold, or will when they are whole."""
        channels = [each for each in self._map.values() if isinstance(each, Channel)]
        return sum(
            request.holds
            for channel in channels
            for request in (channel.request, *channel.requests)
            if request is not None
        )

    def peer_uid(self) -> int | None:
        """Return the caller's user id, asked for at the first request."""
        if self._uid is None:
            taken = self.socket  # the loop's thread takes it away when the caller hangs up
            try:
                if taken is None:
                    self._uid = (GONE,)
                elif self.by_socket:
                    self._uid = (uid_of_socket_peer(taken.getsockopt),)
                else:
                    self._uid = (uid_of_peer(self.addr[:2], taken.getsockname()[:2]),)
            except OSError:  # it has hung up and is closed here too
                self._uid = (GONE,)
        return self._uid[0]
