"""What stands before Flask: the count of all answers, the gate, the shortcut for the routes that are asked for all the time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from python_core.net.answers import Shortcut
from python_core.net.endpoints import Endpoint, Routes, RouteTable
from python_core.net.gate import ENDPOINT, Environ, Gate, StartResponse, WsgiApp, method_of
from python_core.runtime.hub import Hub


def build_front(
    service: str, hub: Hub, subjects: list[Routes], own_settings: Any, flask: Callable[[], WsgiApp]
) -> Counted:
    """Return the gate of one server with all that is behind it, counted.

    :param own_settings: the server's section of the settings, with ``allowed_hosts`` and the limits that routes name.
    :param flask: returns Flask's WSGI app of the same endpoints; asked for when a request needs it.
    """

    def limit(endpoint: Endpoint) -> int:
        bound = endpoint.body_limit
        return bound if isinstance(bound, int) else int(getattr(own_settings, bound))

    endpoints = endpoints_of(subjects, own_settings)
    gate = Gate(Shortcut(hub, endpoints, flask), hub, service, RouteTable(endpoints), own_settings, limit)
    return Counted(gate, hub, service)


class Counted:
    """Counts each answer of a gate, for ``/metrics``: by route, method and status, and how long it took to begin."""

    def __init__(self, gate: Gate, hub: Hub, service: str) -> None:
        self.gate = gate
        self._note = hub.meter.note
        self._service = service

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        began = perf_counter()

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            endpoint = environ.get(ENDPOINT)  # none where the gate let nothing through
            route = endpoint.path if endpoint else "none"
            self._note(self._service, method_of(environ), route, int(status[:3]), perf_counter() - began)
            return start_response(status, headers, exc_info)

        return self.gate(environ, start)


def endpoints_of(subjects: list[Routes], own_settings: Any) -> list[Endpoint]:
    """Return the endpoints of a server that its settings have it serve."""
    return [
        endpoint
        for routes in subjects
        for endpoint in routes.endpoints
        if endpoint.setting is None or getattr(own_settings, endpoint.setting)
    ]
