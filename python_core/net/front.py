"""What stands before Flask: the gate, and behind it the shortcut for the routes that are asked for all the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from python_core.net.answers import Shortcut
from python_core.net.endpoints import Endpoint, Routes, RouteTable
from python_core.net.gate import Gate, WsgiApp
from python_core.runtime.hub import Hub


def build_front(
    service: str, hub: Hub, subjects: list[Routes], own_settings: Any, flask: Callable[[], WsgiApp]
) -> Gate:
    """Return the gate of one server with all that is behind it.

    :param own_settings: the server's section of the settings, with ``allowed_hosts`` and the limits that routes name.
    :param flask: returns Flask's WSGI app of the same endpoints; asked for when a request needs it.
    """

    def limit(endpoint: Endpoint) -> int:
        bound = endpoint.body_limit
        return bound if isinstance(bound, int) else int(getattr(own_settings, bound))

    endpoints = endpoints_of(subjects, own_settings)
    return Gate(Shortcut(hub, endpoints, flask), hub, service, RouteTable(endpoints), own_settings, limit)


def endpoints_of(subjects: list[Routes], own_settings: Any) -> list[Endpoint]:
    """Return the endpoints of a server that its settings have it serve."""
    return [
        endpoint
        for routes in subjects
        for endpoint in routes.endpoints
        if endpoint.setting is None or getattr(own_settings, endpoint.setting)
    ]
