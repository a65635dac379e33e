"""A connection on which the hub has proven that it is the hub, before it is told anything.

The order on each new connection: the peer is on this machine; ``GET /ping``, without the token, is answered as our servers
answer, with a proof that only who knows the token's hash can make; only then is the token sent. Whoever took the port after
the hub ended learns nothing. Where the hub has a Unix socket that is taken, since no other user can reach it; the rest is
the same, so that one check holds everywhere, and finds a wrong token too.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import NamedTuple
from urllib.parse import urlencode

from python_core.client.findings import Refused, Stranger, finding_of, object_of
from python_core.client.runtime_file import TITLES, RunningServer, is_loopback, not_running
from python_core.errors import NotReachable
from python_core.utils.port_holder import holder_of

#: A connection idle for longer is not used again: the server ends it after 30 s, perhaps this moment.
IDLE_AT_MOST_S = 10.0


class Exchanged(NamedTuple):
    """A reply of the hub, read to its end; header names are in lower case."""

    status: int
    headers: dict[str, str]
    content: bytes


class HubConnection:
    """Sends requests to one server, over one connection that is made anew when it has ended; one thread at a time."""

    def __init__(self, server: RunningServer, timeout_s: float) -> None:
        self.server = server
        self._timeout_s = timeout_s
        self._open: HTTPConnection | None = None
        self._used_at_s = 0.0

    def close(self) -> None:
        """End the connection; the next request makes another."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def prove(self) -> None:
        """Make sure that the hub answers.

        :raises NotReachable: nobody does.
        :raises Stranger: another program does, or the hub of somebody else.
        """
        connection = self._open
        is_idle = time.monotonic() - self._used_at_s > IDLE_AT_MOST_S
        if connection is not None and connection.sock is not None and not is_idle:
            return
        self._connect()
        self._check_proof()
        if self._open is not None and self._open.sock is None:
            self._connect()  # a host that ends the connection with every reply

    def send(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], timeout_s: float | None = None
    ) -> Exchanged:
        """Send a request with the token and return its reply, whatever its status.

        :raises NotReachable: as ``prove``, or the server ended or did not answer within ``timeout_s``.
        """
        self.prove()
        return self._exchange(
            method,
            target,
            body,
            {**headers, **self._bearer()},
            self._timeout_s if timeout_s is None else timeout_s,
        )

    def stream(self, target: str, headers: dict[str, str], silence_s: float) -> Iterator[bytes]:
        """Get a path with the token and yield the lines of its reply, as they come, until it ends.

        :raises NotReachable: as ``send``, or nothing came for ``silence_s``.
        :raises HubError: what the hub found wrong.
        """
        self.prove()
        with self._ending(silence_s):
            reply = self._request("GET", target, None, {**headers, **self._bearer()}, silence_s)
            if reply.status != 200:
                raise finding_of(*_whole(reply))
            while line := reply.readline():
                yield line
        self.close()

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.token}"}

    def _connect(self) -> None:
        self.close()
        if self.server.socket and self._connect_by(_BySocket(self.server.socket, self._timeout_s)):
            return
        if not self._connect_by(HTTPConnection(self.server.host, self.server.port, timeout=self._timeout_s)):
            raise not_running(self.server.service)
        if self._open is not None and not is_loopback(self._open.sock.getpeername()[0]):
            self.close()
            raise NotReachable(f"{self.server.host} leads to another machine: the hub is only called on this one.")

    def _connect_by(self, connection: HTTPConnection) -> bool:
        """Open a connection; say whether there is somebody."""
        connection.auto_open = 0  # else http.client would by itself connect to whoever is there by then
        try:
            connection.connect()
        except TimeoutError:
            raise self._no_answer(self._timeout_s) from None
        except OSError:
            return False
        self._open = connection
        return True

    def _check_proof(self) -> None:
        server, nonce = self.server, secrets.token_hex(16)
        asked = urlencode({"client": _client_in(server.token), "nonce": nonce})
        reply = self._exchange("GET", f"/ping?{asked}", None, {}, self._timeout_s)
        if reply.status != 200:
            self.close()
            raise finding_of(*reply)
        told = str(object_of(reply.content).get("proof"))
        by_socket = isinstance(self._open, _BySocket)
        if not hmac.compare_digest(told.encode(), proof_of(server, nonce, by_socket=by_socket).encode()):
            self.close()
            if server.is_token_given:
                raise Refused("unauthorized", f"SMRTHUB_SESSION_TOKEN is not a token of the hub at {server.url}.")
            raise Stranger(f"What answers at {server.url} is not your hub. Start yours with: smrthub serve")

    def _exchange(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], timeout_s: float
    ) -> Exchanged:
        """Send one request on the open connection and read its reply."""
        with self._ending(timeout_s):
            answered = _whole(self._request(method, target, body, headers, timeout_s))
        self._used_at_s = time.monotonic()
        return answered

    def _request(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str], timeout_s: float
    ) -> HTTPResponse:
        """Send one request on the open connection and read its reply's head."""
        connection = self._open
        assert connection is not None
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        connection.request(method, target, body, {"Accept": "application/json", **headers})
        reply = connection.getresponse()
        self._check_service(reply)
        return reply

    @contextmanager
    def _ending(self, timeout_s: float) -> Iterator[None]:
        """End the connection at any fault, and say the fault in the hub's terms."""
        try:
            yield
        except BaseException as fault:
            self.close()
            if isinstance(fault, TimeoutError):
                raise self._no_answer(timeout_s) from None
            if isinstance(fault, (OSError, IncompleteRead)):
                raise NotReachable(f"The {TITLES[self.server.service]} ended before it had answered.") from None
            if isinstance(fault, HTTPException):
                raise self._stranger() from None
            raise

    def _check_service(self, reply: HTTPResponse) -> None:
        if reply.headers.get("X-SmrtHub-Service") != self.server.service:
            raise self._stranger()

    def _stranger(self) -> Stranger:
        title, port = TITLES[self.server.service], self.server.port
        if isinstance(self._open, _BySocket):
            return Stranger(f"Cannot reach the {title}: another program answers at its socket {self.server.socket}.")
        return Stranger(
            f"Cannot reach the {title}: {holder_of(port)} holds its port {port}. "
            "Start the hub, which then takes another port, with: smrthub serve"
        )

    def _no_answer(self, timeout_s: float) -> NotReachable:
        server = self.server
        return NotReachable(f"The {TITLES[server.service]} at {server.url} did not answer within {timeout_s:g} s.")


def _whole(reply: HTTPResponse) -> Exchanged:
    return Exchanged(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.read())


class _BySocket(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket; an OSError where there is none, or the system knows no such sockets."""
        if not hasattr(socket, "AF_UNIX"):
            raise OSError("no Unix sockets here")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except BaseException:
            self.close()
            raise


def proof_of(server: RunningServer, nonce: str, *, by_socket: bool = False) -> str:
    """Return what the hub that knows the token answers on this port, or by its socket, to this nonce."""
    key = hmac.digest(hashlib.sha256(server.token.encode()).digest(), b"smrthub server proof", "sha256")
    return hmac.digest(
        key, f"smrthub {server.service} {0 if by_socket else server.port} {nonce}".encode(), "sha256"
    ).hex()


def _client_in(token: str) -> str:
    """Return the client's id in a token; one of another form is the owner's, given by a supervisor."""
    found = re.fullmatch(r"shb_([0-9a-z-]{1,40})_[0-9a-f]{64}", token)
    return found[1] if found else "owner"
