"""Answer a request that passed the gate: decode what its handler takes, encode what it gives. Flask is not needed for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from python_core.net.bodies import decode, read_body, read_query
from python_core.net.endpoints import Call, Endpoint, RawReply, Reply, StreamReply
from python_core.net.failures import shaped, status_line
from python_core.net.gate import CALLER, CORS_ORIGIN, ENDPOINT, Environ, StartResponse, WsgiApp
from python_core.runtime.confirmation import need_confirmation
from python_core.runtime.hub import Hub
from python_core.utils.logger import get_logger_for

log = get_logger_for("python-net", __name__)


class Answer(NamedTuple):
    """What goes back: ``body`` whole, or in pieces as they come."""

    status: int
    headers: dict[str, str]
    body: bytes | Iterable[bytes]


#: Answers a request with the parts of its path; raises what the handler raises.
Answering = Callable[..., Answer]


class Shortcut:
    """Answers the routes that are declared ``hot``, when no browser asks; all others are Flask's.

    Flask's routing, contexts and response take 130 of the 250 µs that a bare request costs on Waitress.

    :param flask: returns Flask's WSGI app; asked for at the first request that needs it.
    """

    def __init__(self, hub: Hub, endpoints: Iterable[Endpoint], flask: Callable[[], WsgiApp]) -> None:
        self._answers = {endpoint.name: answering(hub, endpoint) for endpoint in endpoints if endpoint.hot}
        self._flask = flask

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        endpoint: Endpoint | None = environ[ENDPOINT]
        answer_to = self._answers.get(endpoint.name) if endpoint is not None else None
        if answer_to is None or CORS_ORIGIN in environ:  # what a browser needs to hear is Flask-CORS's
            return self._flask()(environ, start_response)
        try:
            answer = answer_to(environ)
        except Exception as fault:  # noqa: BLE001  # whatever broke gets the contract's shape
            answer = answer_fault(fault, environ)
        body = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
        headers = [*answer.headers.items()]
        if answer.status not in (204, 304):
            headers.append(("Content-Length", str(len(body))))
        start_response(status_line(answer.status), headers)
        return [body] if environ["REQUEST_METHOD"] != "HEAD" else []


def answering(hub: Hub, endpoint: Endpoint) -> Answering:
    """Wrap an endpoint's handler: decode what it takes, encode what it answers."""
    handler, body_shape, query_shape = endpoint.handler, endpoint.body, endpoint.query

    def answer(environ: Environ, **parts: Any) -> Answer:
        query = read_query(environ, query_shape)
        if query_shape is not None:
            parts["query"] = query
        content = b""
        if body_shape is not None:
            content = read_body(environ)
            parts["body"] = decode(content, body_shape)
        if endpoint.side_effect or endpoint.asks_owner:
            target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}".removesuffix("?")
            each_time = endpoint.asks_owner
            need_confirmation(hub, environ[CALLER], endpoint.name, target, content, each_time=each_time)
        reply = handler(Call(hub, environ[CALLER], environ), **parts)
        if isinstance(reply, StreamReply):
            _limit_sending(environ, hub.settings.bridge.request_timeout_seconds)
        return _encoded(reply)

    return answer


def _limit_sending(environ: Environ, timeout_s: float) -> None:
    """Have a host whose threads wait for a stream's reader themselves not wait for ever; ours cuts it (``connections``)."""
    waits_in = environ.get("gunicorn.socket")
    if waits_in is not None:
        waits_in.settimeout(timeout_s)


def _encoded(reply: Reply | RawReply | StreamReply) -> Answer:
    if isinstance(reply, StreamReply):
        return Answer(200, {"Content-Type": reply.mime}, _Stream(reply))
    if isinstance(reply, RawReply):
        is_text = reply.mime.startswith("text/") or reply.mime.endswith("+xml")
        kind = f"{reply.mime}; charset=utf-8" if is_text else reply.mime
        return Answer(200, {"Content-Type": kind, **reply.headers}, reply.content)
    if reply.view is None:
        return Answer(reply.status, reply.headers, b"")
    encoded = msgspec.json.encode(reply.view)
    opening = b'{"status":"ok"' if encoded == b"{}" else b'{"status":"ok",'
    return Answer(reply.status, {"Content-Type": "application/json", **reply.headers}, opening + encoded[1:])


class _Stream:
    """What the host reads a stream from, and closes in any case: also when the client has gone before it began."""

    def __init__(self, reply: StreamReply) -> None:
        self._chunks = reply.chunks
        self._release: Callable[[], None] | None = reply.release

    def __iter__(self) -> Iterator[bytes]:
        return self._chunks

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            release()


def answer_fault(fault: Exception, environ: Environ) -> Answer:
    """Give every fault of a handler the contract's shape."""
    status, body, headers = shaped(fault, environ[CALLER].trace_id)
    if status == 500:
        log.error("A handler broke", exception=fault)
    return Answer(status, {"Content-Type": "application/json", **headers}, body)
