"""Build a Flask app from declared routes, with the gate around it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from python_core.config import Settings, load_or_seed_settings
from python_core.net.bodies import decode, read_body, read_query
from python_core.net.endpoints import Call, Endpoint, OneOf, RawReply, Reply, Routes, RouteTable, StreamReply
from python_core.net.failures import shaped
from python_core.net.gate import CALLER, CORS_ORIGIN, Gate
from python_core.net.runtime_files import RuntimeFile
from python_core.runtime.confirmation import need_confirmation
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import given_token, join_owner_session
from python_core.runtime.privacy import load_rules
from python_core.store import Store, open_store
from python_core.utils.config_path_resolver import resolve_paths
from python_core.utils.logger import configure_logs, get_logger_for

HUB = "smrthub"
log = get_logger_for("python-net", __name__)


class _App(Flask):
    """Flask, with the address taken as it is: the gate has checked the Host and the path before."""

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Make what finds a request's route: Flask's own takes the host apart first, 18 µs of a request."""
        if request is None:
            return None
        environ = request.environ
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        return MapAdapter(self.url_map, "127.0.0.1", "/", "", "http", path, method)


def build_app(service: str, hub: Hub, subjects: list[Routes], own_settings: Any) -> Flask:
    """Return the app of one server: ``app.wsgi_app`` is the gate, Flask and the handlers are behind it.

    :param own_settings: the server's section of the settings, with ``allowed_hosts`` and the limits that routes name.
    """
    app = _App("python_core.net", static_folder=None, template_folder=None)
    app.extensions[HUB] = hub
    endpoints = [
        endpoint
        for routes in subjects
        for endpoint in routes.endpoints
        if endpoint.setting is None or getattr(own_settings, endpoint.setting)
    ]
    for endpoint in endpoints:
        app.add_url_rule(
            endpoint.path,
            endpoint.name,
            _view_of(hub, endpoint),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
    app.register_error_handler(Exception, _answer_fault)
    if any(endpoint.access in ("extension", "pairing") for endpoint in endpoints):
        _answer_extensions(app)

    def limit(endpoint: Endpoint) -> int:
        bound = endpoint.body_limit
        return bound if isinstance(bound, int) else int(getattr(own_settings, bound))

    gate = Gate(app.wsgi_app, hub, service, RouteTable(endpoints), own_settings, limit)
    app.wsgi_app = gate  # type: ignore[method-assign]  # Flask's own idiom for a layer around it
    return app


_learning = threading.Lock()


def _learn_shapes(endpoint: Endpoint) -> None:
    """Have msgspec read the annotations of what an endpoint takes, one thread at a time.

    It does so when it first decodes into a struct, and marks the struct as known before it knows all of it: a second
    thread that decodes into it at that moment reads what is not there yet (msgspec 0.22: the process ends by SIGSEGV).
    At the first request rather than at the start, which it would make 6 ms longer.
    """
    body = endpoint.body
    with _learning:
        for shape in (*((body.usual, body.other) if isinstance(body, OneOf) else (body,)), endpoint.query):
            if shape is not None:
                msgspec.json.Decoder(shape)


def _view_of(hub: Hub, endpoint: Endpoint) -> Callable[..., Response]:
    """Wrap a handler for Flask: decode what it takes, encode what it answers."""
    handler, body_shape, query_shape = endpoint.handler, endpoint.body, endpoint.query
    learned = False

    def view(**parts: Any) -> Response:
        nonlocal learned
        if not learned:
            _learn_shapes(endpoint)
            learned = True
        environ = request.environ
        query = read_query(environ, query_shape)
        if query_shape is not None:
            parts["query"] = query
        content = b""
        if body_shape is not None:
            content = read_body(environ)
            parts["body"] = decode(content, body_shape)
        if endpoint.side_effect:
            target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}".removesuffix("?")
            need_confirmation(hub, environ[CALLER], endpoint.name, target, content)
        return _response(handler(Call(hub, environ[CALLER], environ), **parts))

    return view


def _response(reply: Reply | RawReply | StreamReply) -> Response:
    if isinstance(reply, StreamReply):
        return Response(_Stream(reply), 200, content_type=reply.mime, direct_passthrough=True)
    if isinstance(reply, RawReply):
        return Response(reply.content, 200, reply.headers, reply.mime)
    if reply.view is None:
        return Response(b"", reply.status, reply.headers)
    encoded = msgspec.json.encode(reply.view)
    opening = b'{"status":"ok"' if encoded == b"{}" else b'{"status":"ok",'
    return Response(opening + encoded[1:], reply.status, reply.headers, content_type="application/json")


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


def _answer_fault(fault: Exception) -> Response:
    """Give every fault of a handler the contract's shape. Flask's own errors cannot come here but by a defect of ours:
    the gate has matched the route.
    """
    trace_id = request.environ[CALLER].trace_id
    status, body, headers = shaped(fault, trace_id)
    if status == 500:
        log.error("A handler broke", exception=fault if not isinstance(fault, HTTPException) else None)
    return Response(body, status, headers, content_type="application/json")


def _answer_extensions(app: Flask) -> None:
    """Let Flask-CORS answer the browser of an extension that the gate knows, for its exact origin; it refuses nothing."""
    methods, headers = ["POST"], ["Authorization", "Content-Type", "Traceparent"]

    @app.after_request
    def answer(response: Response) -> Response:
        origin = request.environ.get(CORS_ORIGIN)
        if origin is not None:
            from flask_cors.core import get_cors_options, set_cors_headers  # 6 ms that no start has to wait for

            options = {"origins": [origin], "methods": methods, "allow_headers": headers, "max_age": 600}
            set_cors_headers(response, get_cors_options(app, options))
        return response

    @app.route("/<path:path>", methods=["OPTIONS"], provide_automatic_options=False)
    def options_any(path: str) -> Response:  # noqa: ARG001  # the gate has looked at it
        return Response(b"", 204)


class LazyApp:
    """An app with the user's own settings and store, built once, when it is first asked for: for hosts that are not ours."""

    def __init__(self, service: str, create: Callable[[Settings, Store, Hub], Flask]) -> None:
        self._service = service
        self._create = create
        self._lock = threading.Lock()
        self._app: Flask | None = None

    def get(self) -> Flask:
        """Return the app; the first call reads (or seeds) the settings and opens (or makes) the store."""
        with self._lock:
            if self._app is None:
                self._app = self._build()
            return self._app

    def _build(self) -> Flask:
        os.umask(0o077)
        paths = resolve_paths()
        settings = load_or_seed_settings(paths)
        rules = load_rules(paths)
        bridge = settings.bridge
        configure_logs(
            paths, level=bridge.log_level, days=bridge.log_days, max_total_bytes=bridge.log_mib * 1024 * 1024
        )
        store = open_store(paths.stored())
        hub = Hub(settings, store, rules=rules)
        given = given_token(os.environ)
        token = join_owner_session(hub, given)
        app = self._create(settings, store, hub)
        runtime_file = RuntimeFile(paths, self._service, None if given else token)
        runtime_file.check()
        app.wsgi_app = _Announcer(app.wsgi_app, hub, runtime_file)  # type: ignore[method-assign]
        return app


class _Announcer:
    """Writes the runtime file at the first request: only then does an app under another host know its port."""

    def __init__(self, app: Callable[..., Any], hub: Hub, runtime_file: RuntimeFile) -> None:
        self._app = app
        self._hub = hub
        self._file = runtime_file
        self._pid = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            host, port = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
            self._file.write(self._hub, f"http://{f'[{host}]' if ':' in host else host}:{port}", host, port)
            atexit.register(self._file.remove)
        return self._app(environ, start_response)
