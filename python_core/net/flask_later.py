"""Flask when it is needed: our own host answers what is hot without it."""

from __future__ import annotations

import threading
from typing import Any

from python_core.net.endpoints import Routes
from python_core.net.front import endpoints_of
from python_core.net.gate import WsgiApp
from python_core.runtime.hub import Hub


class FlaskLater:
    """Flask's WSGI app of a server, built when it is first asked for: its import is two thirds of a cold start and 12 MB."""

    def __init__(self, hub: Hub, subjects: list[Routes], own_settings: Any) -> None:
        self._hub = hub
        self._endpoints = endpoints_of(subjects, own_settings)
        self._lock = threading.Lock()
        self._built: WsgiApp | None = None

    def __call__(self) -> WsgiApp:
        if self._built is None:
            with self._lock:
                if self._built is None:
                    from python_core.net.apps import build_flask

                    self._built = build_flask(self._hub, self._endpoints).wsgi_app
        return self._built
