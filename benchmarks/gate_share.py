"""What the gate and the token cost of one request, without a socket in between."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from python_core.config import Settings, load_or_seed_settings
from python_core.net import bridge_server
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import open_store
from python_core.utils.config_path_resolver import Paths


def time_gate(folder: Path, calls: int = 200, rounds: int = 15) -> dict[str, tuple[float, float]]:
    """Return for each kind of ``GET /status`` the microseconds of the whole, and of what is behind the gate, at the least."""
    paths = Paths(roaming=folder / "roaming", local=folder / "local")
    settings: Settings = load_or_seed_settings(paths, {})
    store = open_store(paths.stored())
    hub = Hub(settings, store)
    token = begin_owner_session(hub, None)
    app = bridge_server.create_app(settings, store, hub)
    gate = app.wsgi_app.gate
    behind = gate._app  # noqa: SLF001  # what the gate lets through to
    kinds = {"minimal": {}, "full": {"HTTP_AUTHORIZATION": f"Bearer {token}"}}
    found: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in kinds}
    for _ in range(rounds):
        for kind, headers in kinds.items():
            environ = _environ() | headers
            admitted = dict(environ)
            _call(gate, admitted)  # the gate leaves in it what the app behind looks for
            found[kind][0].append(_lap(gate, environ, calls))
            found[kind][1].append(_lap(behind, admitted, calls))
    store.close()
    return {kind: (min(whole), min(behind)) for kind, (whole, behind) in found.items()}


def _lap(app: Callable[..., Any], environ: dict[str, Any], calls: int) -> float:
    environs = [dict(environ) for _ in range(calls)]
    began = time.perf_counter()
    for each in environs:
        _call(app, each)
    return (time.perf_counter() - began) / calls * 1e6


def _call(app: Callable[..., Any], environ: dict[str, Any]) -> None:
    statuses: list[str] = []
    reply = app(environ, lambda status, headers, exc_info=None: statuses.append(status))  # WSGI's shape
    for _ in reply:
        pass
    if hasattr(reply, "close"):
        reply.close()
    if statuses != ["200 OK"]:
        raise RuntimeError(f"it answered {statuses}")


def _environ() -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/status",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "5001",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:5001",
        "smrthub.peer_uid": None,  # a connection's, asked for once: not part of a request
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
