"""The one HTTP client of our own API: it finds this user's hub by the runtime files and trusts nobody else on its port.

The order at each new connection: the peer is on loopback; ``GET /ping``, without the token, is answered as a server of
ours answers; it proves that it knows the token; only then is the token sent. Whoever holds the hub's port while the hub
does not run learns nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from python_core import errors
from python_core.errors import BadInput, Busy, Detail, HubError, NotReachable, SettingsInvalid
from python_core.utils.atomic_json import read_json
from python_core.utils.config_path_resolver import check_private, resolve_paths

Service = Literal["bridge", "web-listener"]
NOT_RUNNING = "Cannot reach the hub. Start it with: smrthub serve"
TITLES: dict[str, str] = {"bridge": "hub", "web-listener": "hub's web listener"}
#: A connection that was idle for longer may just be ended by the server (after 30 s): a new one is made instead.
IDLE_AT_MOST_S = 10.0
_PLAIN = (
    errors.BadInput,
    errors.NotFound,
    errors.Conflict,
    errors.Gone,
    errors.PreconditionFailed,
    errors.TooLarge,
    errors.UnsupportedMediaType,
    errors.StorageFull,
)
_FINDINGS: dict[str, type[HubError]] = {finding.code: finding for finding in _PLAIN}
_PART = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Stranger(NotReachable):
    """Another program answers on the hub's port; nothing secret was sent to it."""


class Refused(HubError):
    """The hub refused for a reason that has no class of its own; ``code`` is the contract's."""

    code: ClassVar[str] = "refused"

    def __init__(self, code: str, message: str, *, details: tuple[Detail, ...] = ()) -> None:
        super().__init__(message, details=details)
        self.code = code  # type: ignore[misc]  # one class for the codes that only the gate gives


@dataclass(frozen=True)
class RunningServer:
    """Where a server of the hub said that it is, and the token for it; whether it still runs is not known yet."""

    service: Service
    host: str
    port: int
    pid: int
    started_at: str
    token: str = field(repr=False)
    from_environ: bool

    @property
    def url(self) -> str:
        """Its address, as in ``http://127.0.0.1:5001``."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def find_server(service: Service = "bridge", environ: Mapping[str, str] | None = None) -> RunningServer:
    """Read a server's runtime file; ``SMRTHUB_SESSION_TOKEN`` wins over the token in it.

    :raises NotReachable: there is none, or it is damaged.
    :raises HubError: others can read it, or nobody told the token.
    """
    environ = os.environ if environ is None else environ
    path = resolve_paths(environ).runtime() / f"{service}.json"
    try:
        check_private(path)
        facts = read_json(path)
        host, port, pid = facts["host"], facts["port"], facts["pid"]
        started_at, written = facts["startedAt"], facts.get("token", "")
    except FileNotFoundError:
        raise NotReachable(_not_running(service)) from None
    except OSError as fault:
        raise NotReachable(f"{path} cannot be read: {fault.strerror}.") from None
    except (SettingsInvalid, KeyError, TypeError, AttributeError):
        raise NotReachable(f"{path} is damaged. Restart the hub: smrthub serve") from None
    if not (isinstance(host, str) and _is_loopback(host) and isinstance(port, int) and isinstance(pid, int)):
        raise NotReachable(f"{path} names no place on this machine. Restart the hub: smrthub serve")
    given = environ.get("SMRTHUB_SESSION_TOKEN", "")
    token = given or str(written)
    if not token.isascii() or not token.isprintable():
        raise BadInput("The token holds other characters than a token has.")
    if not token:
        raise Refused("unauthorized", "What started the hub keeps its token: set SMRTHUB_SESSION_TOKEN to it.")
    return RunningServer(service, host, port, pid, str(started_at), token, bool(given))


def path_of(*parts: str) -> str:
    """Join the parts of a path, of which a person gave some.

    :raises BadInput: one holds what no id or name of ours does.
    """
    for part in parts:
        if not _PART.fullmatch(part):
            raise BadInput("An id is letters, digits and hyphens: copy it whole from a list.")
    return "/" + "/".join(parts)


class HubClient:
    """Calls one server of this user's running hub, over one connection that is reused; one thread at a time.

    :raises NotReachable: as ``find_server``, here and in every call: no hub answers.
    """

    def __init__(
        self, service: Service = "bridge", *, environ: Mapping[str, str] | None = None, timeout_s: float = 10.0
    ) -> None:
        self.server = find_server(service, environ)
        self.timeout_s = timeout_s
        self._connection: HTTPConnection | None = None
        self._used_at_s = 0.0

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; the next call makes a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ping(self) -> None:
        """Make sure that the hub itself answers, not another program on its port.

        :raises Stranger: another program does.
        """
        self._connected()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Call a route and return its JSON without ``status``; query parameters that are None are left out.

        :raises HubError: what the hub found wrong, as the class that has its code.
        """
        content = self.download(method, path, body, query=query, headers=headers, timeout_s=timeout_s)
        answer = _object_of(content)
        if answer.pop("status", None) != "ok":
            raise HubError(f"The {TITLES[self.server.service]} answered in a way that this version does not understand.")
        return answer

    def download(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
    ) -> bytes:
        """Call a route and return the bytes that it answers; else as ``call``."""
        given = urlencode({name: value for name, value in (query or {}).items() if value is not None})
        sent = {**(headers or {}), "Authorization": f"Bearer {self.server.token}"}
        if body is not None:
            sent["Content-Type"] = "application/json"
        target = f"{path}?{given}" if given else path
        reply, content = self._exchange(
            self._connected(), method, target, _encoded(body), sent, timeout_s or self.timeout_s
        )
        if reply.status >= 300:
            raise self._finding(reply, content)
        return content

    def _connected(self) -> HTTPConnection:
        """Return a connection to the hub, which has proven on it that it is the hub."""
        connection = self._connection
        idle = time.monotonic() - self._used_at_s > IDLE_AT_MOST_S
        if connection is not None and connection.sock is not None and not idle:
            return connection
        self.close()
        connection = self._open()
        self._check_proof(connection)
        if connection.sock is None:  # a host that ends the connection with every reply
            connection = self._open()
        self._connection = connection
        return connection

    def _open(self) -> HTTPConnection:
        server = self.server
        connection = HTTPConnection(server.host, server.port, timeout=self.timeout_s)
        connection.auto_open = 0  # else http.client itself would connect anew, to whoever is there then
        try:
            connection.connect()
        except TimeoutError:
            raise self._no_answer(self.timeout_s) from None
        except OSError:
            raise NotReachable(_not_running(server.service)) from None
        if not _is_loopback(connection.sock.getpeername()[0]):
            connection.close()
            raise NotReachable(f"{server.host} is not this machine: the hub is never called elsewhere.")
        return connection

    def _check_proof(self, connection: HTTPConnection) -> None:
        """Ask for a proof, without the token: its HMAC under a key that only who knows the token's hash can make."""
        server, nonce = self.server, secrets.token_hex(16)
        asked = urlencode({"client": _client_in(server.token), "nonce": nonce})
        reply, content = self._exchange(connection, "GET", f"/ping?{asked}", None, {}, self.timeout_s)
        if reply.status >= 300:
            raise self._finding(reply, content)
        key = hmac.digest(hashlib.sha256(server.token.encode()).digest(), b"smrthub server proof", "sha256")
        wanted = hmac.digest(key, f"smrthub {server.service} {server.port} {nonce}".encode(), "sha256").hex()
        if not hmac.compare_digest(wanted.encode(), str(_object_of(content).get("proof")).encode()):
            connection.close()
            if server.from_environ:
                raise Refused("unauthorized", f"SMRTHUB_SESSION_TOKEN is no token of the hub at {server.url}.")
            raise Stranger(f"A hub answers at {server.url}, but not yours. Start yours with: smrthub serve")

    def _exchange(  # noqa: PLR0913  # one request is these five
        self,
        connection: HTTPConnection,
        method: str,
        target: str,
        body: bytes | None,
        headers: dict[str, str],
        timeout_s: float,
    ) -> tuple[HTTPResponse, bytes]:
        """Send one request and read its reply; the connection is closed on any fault."""
        try:
            connection.sock.settimeout(timeout_s)
            connection.request(method, target, body, {"Accept": "application/json", **headers})
            reply = connection.getresponse()
            if reply.headers.get("X-SmrtHub-Service") != self.server.service:
                raise Stranger(self._who_is_there())
            content = reply.read()
        except TimeoutError:
            connection.close()
            raise self._no_answer(timeout_s) from None
        except OSError:
            connection.close()
            raise NotReachable(f"The {TITLES[self.server.service]} ended before it answered.") from None
        except HTTPException:
            connection.close()
            raise Stranger(self._who_is_there()) from None
        except Stranger:
            connection.close()
            raise
        self._used_at_s = time.monotonic()
        return reply, content

    def _who_is_there(self) -> str:
        title, port = TITLES[self.server.service], self.server.port
        return (
            f"Cannot reach the {title}: {_holder_of(port)} holds port {port}. "
            "End that program or leave it the port, and start the hub with: smrthub serve"
        )

    def _no_answer(self, timeout_s: float) -> NotReachable:
        title = TITLES[self.server.service]
        return NotReachable(f"The {title} at {self.server.url} did not answer within {timeout_s:g} s. Try again.")

    def _finding(self, reply: HTTPResponse, content: bytes) -> HubError:
        """Turn the contract's error into the exception of its code."""
        told = _object_of(content).get("error")
        if not isinstance(told, dict):
            return Busy("The hub is not ready: what it stores does not answer.") if reply.status == 503 else _broken()
        code, message = str(told.get("code")), str(told.get("message"))
        found = [each for each in told.get("details", ()) if isinstance(each, dict)]
        details = tuple(Detail(str(each.get("at")), str(each.get("message"))) for each in found)
        if code in _FINDINGS:
            return _FINDINGS[code](message, details=details)
        if code == "busy":
            wait = reply.headers.get("Retry-After", "")
            return Busy(message, retry_after_s=int(wait) if wait.isdecimal() else 1)
        if code == "internal":
            message = f"{message} ({reply.headers.get('X-Trace-Id')})"
        return Refused(code, message, details=details)


def _broken() -> HubError:
    return HubError("The hub answered with an error that this version does not understand.")


def _not_running(service: Service) -> str:
    return NOT_RUNNING.replace("the hub", f"the {TITLES[service]}", 1)


def _object_of(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _encoded(body: object) -> bytes | None:
    if body is None:
        return None
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    except UnicodeEncodeError:
        raise BadInput("That is no text in Unicode: it holds bytes that are not UTF-8.") from None
    except ValueError:
        raise BadInput("JSON has no NaN and no infinity.") from None


def _client_in(token: str) -> str:
    """Return the client's id in a token; one of another form is the owner's, as a supervisor gave it."""
    found = re.fullmatch(r"shb_([0-9a-z-]{1,40})_[0-9a-f]{64}", token)
    return found[1] if found else "owner"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _holder_of(port: int) -> str:
    """Return "name (pid 123)" of the program that listens on a port, where the system tells."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        pass
    return "another program"
