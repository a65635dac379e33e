"""The bridge: the hub's API for the desktop window, scripts and agents, on 127.0.0.1:5001."""

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

SERVICE = "bridge"


def create_app(settings: Settings, store: Store, hub: Hub | None = None) -> Flask:
    """Build the bridge over a store: clipboard, hub window, trigger, structured-output, status and the other routes.

    :param hub: the host's own, so that the app wakes the host's worker; else one is made.
    """
    return build_app(SERVICE, hub or Hub(settings, store), subjects_of(SERVICE), settings.bridge)


_lazy = LazyApp(SERVICE, create_app)


def __getattr__(name: str) -> Any:
    """Build ``app`` when it is first asked for: importing the module reads and makes nothing."""
    if name == "app":
        return _lazy.get()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
