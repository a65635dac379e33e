"""Build a Flask app from declared routes, with the gate around it."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.routing import MapAdapter

from python_core.config import Settings, load_or_seed_settings
from python_core.net.answers import Answer, Answering, answer_fault, answering
from python_core.net.endpoints import Endpoint, Routes
from python_core.net.front import build_front, endpoints_of
from python_core.net.gate import CORS_ORIGIN
from python_core.net.peers import called_address
from python_core.net.runtime_files import RuntimeFile
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import given_token, join_owner_session
from python_core.runtime.privacy import load_rules
from python_core.store import Store, open_store
from python_core.utils.config_path_resolver import resolve_paths
from python_core.utils.logger import configure_logs

HUB = "smrthub"


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
    app = build_flask(hub, endpoints_of(subjects, own_settings))
    flask = app.wsgi_app
    app.wsgi_app = build_front(service, hub, subjects, own_settings, lambda: flask)  # type: ignore[method-assign]
    return app


def build_flask(hub: Hub, endpoints: Iterable[Endpoint]) -> Flask:
    """Return an app of the endpoints, without the gate, that lets nobody in who has not passed it."""
    app = _App("python_core.net", static_folder=None, template_folder=None)
    app.extensions[HUB] = hub
    for endpoint in endpoints:
        app.add_url_rule(
            endpoint.path,
            endpoint.name,
            _view_of(answering(hub, endpoint)),
            methods=[endpoint.method],
            provide_automatic_options=False,
        )
        if endpoint.access in ("extension", "pairing") and "options_any" not in app.view_functions:
            _answer_extensions(app)
    app.register_error_handler(Exception, _answer_fault)
    return app


def _view_of(answer: Answering) -> Callable[..., Response]:
    return lambda **parts: _response(answer(request.environ, **parts))


def _response(answer: Answer) -> Response:
    is_whole = isinstance(answer.body, bytes)
    return Response(answer.body, answer.status, answer.headers, direct_passthrough=not is_whole)


def _answer_fault(fault: Exception) -> Response:
    """Answer what a handler raised. Flask's own errors come here only by a defect of ours: the gate has matched the route."""
    return _response(answer_fault(fault, request.environ))


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
        from python_core.net.server_process import end_with_hub  # our own host never comes here

        if end_with_hub(os.environ):  # which tells where it is
            return app
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
            host, port = called_address(environ)
            self._file.write(self._hub, f"http://{f'[{host}]' if ':' in host else host}:{port}", host, port)
            atexit.register(self._file.remove)
        return self._app(environ, start_response)
