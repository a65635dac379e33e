"""The gate: what every request passes first. What it does not let through reaches no handler and changes nothing.

The order, each step with a fixed answer that holds nothing of the request:

1. **Form.** HTTP/1.1, a known method, a plain path (no absolute form, ``//``, ``%``), no ``Upgrade``: else 400.
2. **Host** is exactly a loopback name with our port, or in ``allowedHosts``, or by the Unix socket ``localhost``: else 421. A
   page that rebinds its own name to 127.0.0.1 sends that name here, and nothing else betrays it: such a GET has neither
   ``Origin`` nor ``Sec-Fetch-*``.
   **Peer.** On Linux the caller is a process of this user, as the kernel says: else 403.
3. **Origin and Fetch-Metadata** are those that the route's class admits: else 403, without any CORS header. No browser
   comes by the Unix socket.
4. **Size and type** of the body: 413, 415.
5. **Token**: one ``Bearer``, compared in constant time: else 401. Then the **token's origin**, 403, and its **scope**, 403.
6. Only now is a path that does not exist a 404, and a method that it does not have a 405.

Every answer, of the gate or of a handler, gets ``X-SmrtHub-Service``, ``X-Trace-Id`` and the security headers here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from python_core.config import BridgeSettings, WebListenerSettings
from python_core.errors import HubError, TooLarge
from python_core.net.bodies import check_media_type
from python_core.net.endpoints import Access, Endpoint, RouteTable
from python_core.net.failures import FINDING, Refusal, shaped, status_line
from python_core.net.peers import BY_SOCKET, Peers
from python_core.net.rates import Rates
from python_core.runtime.clients import Client, bind_origin, client_of, is_paired_origin
from python_core.runtime.hub import OWNER, SAME_USER, Caller, Hub
from python_core.runtime.ledger import note_outcome, note_use
from python_core.runtime.pairing import may_pair
from python_core.utils.log_levels import DEBUG
from python_core.utils.log_records import Trace
from python_core.utils.logger import bind_trace, get_logger_for

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[Environ, StartResponse], Iterable[bytes]]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: What stands in environ for the app behind: the endpoint, the caller, and the origin that Flask-CORS shall answer.
ENDPOINT, CALLER, CORS_ORIGIN = "smrthub.endpoint", "smrthub.caller", "smrthub.cors_origin"
EXTENSION_ORIGIN = re.compile(
    r"chrome-extension://[a-p]{32}|(?:moz|safari-web)-extension://[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
)
#: Calls without a valid token that are answered as such, a second in the long run: guessing is hopeless, this keeps it cheap.
FAILURES_PER_SECOND = 20
#: Calls about pairing of one origin, or of all programs together; each may write. A program asks every two seconds.
PAIRINGS_PER_SECOND = 5
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
log = get_logger_for("python-net", __name__)


class Gate:
    """Wraps a WSGI app; see the module's text for what it does, in which order."""

    def __init__(
        self,
        app: WsgiApp,
        hub: Hub,
        service: str,
        table: RouteTable,
        settings: BridgeSettings | WebListenerSettings,
        limit: Callable[[Endpoint], int],
        peers: Peers | None = None,
    ) -> None:
        self._app = app
        self._hub = hub
        self._service = service
        self._table = table
        self._names = (
            "127.0.0.1",
            "localhost",
            "[::1]",
            f"[{settings.host}]" if ":" in settings.host else settings.host,
        )
        self._allowed_hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self._is_our_host = lru_cache(maxsize=64)(self._names_us)
        self._peers = peers or Peers()
        self._check_peer = settings.check_peer_user
        self._admit_programs = isinstance(settings, BridgeSettings) and settings.admit_same_user_programs
        self._rates = Rates(settings.requests_per_second, 2 * settings.requests_per_second)
        self._pairing = Rates(PAIRINGS_PER_SECOND, 4 * PAIRINGS_PER_SECOND)
        self._failures = Rates(FAILURES_PER_SECOND, 10 * FAILURES_PER_SECOND)
        self._limit = limit
        headers = {"X-SmrtHub-Service": service, **_SECURITY_HEADERS}

        @lru_cache(maxsize=64)
        def added(own: tuple[str, ...]) -> list[tuple[str, str]]:
            """Return our headers beside those that an answer has itself."""
            lower = {name.lower() for name in own}
            return [(name, value) for name, value in headers.items() if name.lower() not in lower]

        self._added = added

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answered = ""
        context = _trace_of(environ)
        trace_id = context.trace_id

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal answered
            answered = status
            endpoint = environ.get(ENDPOINT)
            if endpoint is not None and endpoint.deprecated is not None:
                headers = [*headers, *endpoint.deprecated.headers]
            added = self._added(tuple([name for name, _ in headers]))
            return start_response(status, [*headers, ("X-Trace-Id", trace_id), *added], exc_info)

        with bind_trace(context):
            try:
                self._admit(environ, trace_id)
                reply = self._app(environ, start)
            except HubError as finding:
                log.debug("{method} refused: {code}", method=method_of(environ), code=finding.code)
                self._hub.meter.note_refusal(self._service, finding.code)
                note_outcome(self._hub, self._service, finding.code)
                fault: Exception = finding
            except Exception as broken:  # noqa: BLE001  # the last layer: whatever broke gets the contract's shape
                log.error("A request broke", exception=broken)
                fault = broken
            else:
                if log.is_on(DEBUG):
                    _tell_answer(environ, answered)
                return reply
            status, body, headers = shaped(fault, trace_id)
            start(
                status_line(status),
                [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers.items()],
            )
            return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _admit(self, environ: Environ, trace_id: str) -> None:
        """Let the request through, with its endpoint and caller in ``environ``, or raise what refuses it."""
        if FINDING in environ:
            raise environ[FINDING]
        path = _checked_path(environ)
        if self._check_peer and self._peers.is_foreign(environ):
            raise Refusal("forbidden_user", "The hub belongs to another user of this machine.")
        self._check_host(environ)
        methods = self._table.methods_at(path)
        method = environ["REQUEST_METHOD"]
        endpoint = methods.get("GET" if method == "HEAD" else method)
        origin = environ.get("HTTP_ORIGIN")
        if method == "OPTIONS" and endpoint is None and self._is_preflight(environ, methods, origin):
            environ[ENDPOINT] = None
            return
        access = endpoint.access if endpoint else "api"
        self._check_origin(environ, access, origin)
        self._check_body(environ, endpoint)
        if (
            endpoint is None
            and "HTTP_AUTHORIZATION" not in environ
            and any(each.anonymous for each in methods.values())
        ):
            raise _not_taken(methods)  # that the path is there is no secret
        environ[CALLER] = self._caller(environ, endpoint, origin, trace_id)
        if not methods:
            raise Refusal("not_found", "There is nothing at this path: see /apidocs/ on the bridge.")
        if endpoint is None:
            raise _not_taken(methods)
        environ[ENDPOINT] = endpoint

    def _check_host(self, environ: Environ) -> None:
        host = environ.get("HTTP_HOST", "")
        is_ours = (
            host.lower() == "localhost" if BY_SOCKET in environ else self._is_our_host(host, environ["SERVER_PORT"])
        )
        if not is_ours:
            raise Refusal("misdirected", "This host name is not the hub's: call 127.0.0.1, or add it to allowedHosts.")

    def _names_us(self, host: str, own_port: str) -> bool:
        name, _, port = host.lower().rpartition(":")
        return (name in self._names and port == own_port) or host.lower() in self._allowed_hosts

    def _is_preflight(self, environ: Environ, methods: dict[str, Endpoint], origin: str | None) -> bool:
        """Say whether a browser asks, for an extension that may, whether it may call a route of extensions."""
        wanted = methods.get(environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD", ""))
        if wanted is None or origin is None or not EXTENSION_ORIGIN.fullmatch(origin):
            return False
        if wanted.access == "pairing":
            allowed = may_pair(self._hub, origin)
        else:
            allowed = wanted.access == "extension" and is_paired_origin(self._hub, origin)
        if allowed:
            environ[CORS_ORIGIN] = origin
            environ.pop("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK", None)  # Flask-CORS would answer it, with a no
        return allowed

    def _check_origin(self, environ: Environ, access: Access, origin: str | None) -> None:
        """Compare whole strings; what a browser says of the page that asks must fit the route's class."""
        site = environ.get("HTTP_SEC_FETCH_SITE", "none")
        from_extension = origin is not None and EXTENSION_ORIGIN.fullmatch(origin) is not None
        if BY_SOCKET in environ:
            fits = origin is None and "HTTP_SEC_FETCH_SITE" not in environ
        elif origin is None:
            fits = site in ("none", "same-origin") or (access == "page" and _is_followed_link(environ))
        elif from_extension:
            fits = site in ("none", "same-origin", "cross-site") and (
                access in ("open", "extension") or (access == "pairing" and may_pair(self._hub, origin))
            )
        else:
            own = self._service == "bridge" and origin == f"http://{environ.get('HTTP_HOST', '')}"
            fits = own and access not in ("extension", "pairing") and site in ("none", "same-origin")
        if not fits:
            raise Refusal("forbidden_origin", "This page or extension may not call the hub.")

    def _check_body(self, environ: Environ, endpoint: Endpoint | None) -> None:
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise Refusal("bad_input", "Send the body with a Content-Length.")
        text = environ.get("CONTENT_LENGTH")
        if not text and (endpoint is None or endpoint.body is None):
            return
        text = text or "0"
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise Refusal("bad_input", "Content-Length is no number.")
        length = int(text)
        if endpoint is None or endpoint.body is None:
            if length and endpoint is not None:
                raise Refusal("bad_input", "This route takes no body.")
            return
        if length > self._limit(endpoint):
            raise TooLarge(f"The body may be {self._limit(endpoint)} bytes at most.")
        check_media_type(environ)

    def _caller(self, environ: Environ, endpoint: Endpoint | None, origin: str | None, trace_id: str) -> Caller:
        authorization = environ.get("HTTP_AUTHORIZATION")
        if authorization is None:
            if self._admit_programs and endpoint is not None and endpoint.same_user and self._is_own_program(environ):
                note_outcome(self._hub, self._service, "admitted_same_user")
                return Caller(SAME_USER, self._service, trace_id, frozenset({endpoint.scope or ""}))
            if endpoint is not None and endpoint.anonymous:
                wait_s = self._pairing.take(origin or "") if endpoint.access == "pairing" else 0
                if wait_s:
                    raise _too_often(wait_s)
                if origin is not None and EXTENSION_ORIGIN.fullmatch(origin):
                    environ[CORS_ORIGIN] = origin
                return Caller("anonymous", self._service, trace_id)
            raise self._unauthorized("A token is needed: Authorization: Bearer <token>.")
        scheme, _, token = authorization.partition(" ")
        client = client_of(self._hub, token) if scheme.lower() == "bearer" else None
        if client is None:
            raise self._unauthorized("This token is not valid, or no longer.")
        note_use(self._hub, client.id)
        wait_s = 0 if client.id == OWNER else self._rates.take(client.id)
        if wait_s:
            raise _too_often(wait_s)
        self._check_client_origin(client, endpoint, origin)
        scopes = _scopes_of(client.scopes)
        if endpoint is not None and endpoint.scope is not None and endpoint.scope not in scopes:
            raise Refusal("insufficient_scope", f"This token does not allow {endpoint.scope}.")
        if client.kind == "extension" and origin is not None:
            self._bind(client, origin)
            environ[CORS_ORIGIN] = origin
        return Caller(client.id, self._service, trace_id, scopes)

    def _is_own_program(self, environ: Environ) -> bool:
        """Say whether a program of this user calls, and no browser: every browser sends one of these headers."""
        if "HTTP_ORIGIN" in environ or any(name.startswith("HTTP_SEC_FETCH_") for name in environ):
            return False
        return self._peers.is_own(environ)

    def _unauthorized(self, message: str) -> Refusal:
        """Answer a call without a valid token; whoever keeps trying is slowed down before tokens are looked at."""
        wait_s = self._failures.take("")
        return _too_often(wait_s) if wait_s else Refusal("unauthorized", message, {"WWW-Authenticate": "Bearer"})

    def _check_client_origin(self, client: Client, endpoint: Endpoint | None, origin: str | None) -> None:
        """An extension's token works from the one origin it is bound to, and nobody else's from an extension."""
        from_extension = origin is not None and EXTENSION_ORIGIN.fullmatch(origin) is not None
        if from_extension != (client.kind == "extension") or (from_extension and client.origin not in (None, origin)):
            raise Refusal("forbidden_origin", "This token is not for this extension.")
        if not from_extension and endpoint is not None and endpoint.access == "extension" and client.id != OWNER:
            raise Refusal("forbidden_origin", "Without an extension's Origin, only the owner's token is taken here.")

    def _bind(self, client: Client, origin: str) -> None:
        """The first call that is let in binds an extension's token to its origin; of two at once one does."""
        if client.origin is None and not bind_origin(self._hub, client.id, origin):
            raise Refusal("forbidden_origin", "This token is not for this extension.")


@lru_cache(maxsize=256)
def _scopes_of(text: str) -> frozenset[str]:
    return frozenset(text.split(" "))


def _not_taken(methods: dict[str, Endpoint]) -> Refusal:
    allowed = sorted({*methods, *(["HEAD"] if "GET" in methods else [])})
    return Refusal("method_not_allowed", "This path does not take that method.", {"Allow": ", ".join(allowed)})


def _too_often(wait_s: int) -> Refusal:
    return Refusal("rate_limited", "Too many requests: wait, then go on.", {"Retry-After": str(wait_s)})


def _tell_answer(environ: Environ, status: str) -> None:
    endpoint = environ[ENDPOINT]  # None for a browser's question before the request
    route = endpoint.path if endpoint else None
    log.debug("{method} {route} answered {status}", method=method_of(environ), route=route, status=int(status[:3]))


def method_of(environ: Environ) -> str:
    """Return the request's method; ``other`` for one that is none of HTTP's."""
    method: str = environ.get("REQUEST_METHOD", "")
    return method if method in METHODS else "other"


def _checked_path(environ: Environ) -> str:
    """Return the path, when the request is of the one form that every client of ours sends."""
    path: str = environ.get("PATH_INFO", "")
    raw = environ.get("REQUEST_URI") or environ.get("RAW_URI") or path
    # As it was sent: hosts undo escapes, and drop leading slashes, tabs and fragments.
    is_plain = (
        (raw == path or raw.partition("?")[0] == path) and path.startswith("/") and "//" not in path and "%" not in path
    )
    if not is_plain or "HTTP_UPGRADE" in environ or environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        raise Refusal("bad_input", "The hub takes plain HTTP/1.1 requests for plain paths.")
    if environ.get("REQUEST_METHOD") not in METHODS:
        raise Refusal("method_not_allowed", "The hub does not know this method.", {"Allow": ", ".join(sorted(METHODS))})
    return path


def _is_followed_link(environ: Environ) -> bool:
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
        and environ.get("HTTP_SEC_FETCH_DEST") == "document"
    )


def _trace_of(environ: Environ) -> Trace:
    """Return the trace of a request with a new span: the caller's trace goes on where it sends a valid ``traceparent``."""
    made = random.randbytes(24).hex()  # noqa: S311  # ids, no secrets: no call of the system for them
    sent = environ.get("HTTP_TRACEPARENT")
    found = _TRACEPARENT.fullmatch(sent) if sent else None
    return Trace(found[1] if found else made[:32], made[32:])
