"""The web listener: takes tabs from the browser extension, on 127.0.0.1:5000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from python_core.net.apps import LazyApp, build_app
from python_core.net.routes import subjects_of
from python_core.runtime.hub import Hub

if TYPE_CHECKING:
    from flask import Flask

    from python_core.config import Settings
    from python_core.store import Store

    app: Flask

SERVICE = "web-listener"


def create_app(settings: Settings, store: Store, hub: Hub | None = None) -> Flask:
    """Build the web listener over a store: ``/tab-info`` and ``/ping``, with CORS for paired extensions.

    :param hub: the host's own; else one is made.
    """
    return build_app(SERVICE, hub or Hub(settings, store), subjects_of(SERVICE), settings.web_listener)


_lazy = LazyApp(SERVICE, create_app)


def __getattr__(name: str) -> Any:
    """Build ``app`` when it is first asked for: importing the module reads and makes nothing."""
    if name == "app":
        return _lazy.get()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
