"""All routes, one module a subject; each is declared once, with all that the gate and the documentation know of it."""

from __future__ import annotations

from python_core.net.endpoints import Routes
from python_core.net.routes import (
    capture_routes,
    client_routes,
    clipboard_routes,
    confirmation_routes,
    documentation_routes,
    event_routes,
    forgetting_routes,
    hub_window_routes,
    pairing_routes,
    ping_routes,
    rule_routes,
    search_routes,
    shutdown_routes,
    status_routes,
    structured_output_routes,
    support_bundle_routes,
    tab_info_routes,
    trigger_routes,
)

_SUBJECTS: dict[str, tuple[Routes, ...]] = {
    "bridge": (
        ping_routes.routes,
        clipboard_routes.routes,
        hub_window_routes.routes,
        trigger_routes.routes,
        structured_output_routes.routes,
        search_routes.routes,
        forgetting_routes.routes,
        event_routes.routes,
        status_routes.routes,
        capture_routes.routes,
        rule_routes.routes,
        client_routes.routes,
        pairing_routes.deciding,
        confirmation_routes.routes,
        support_bundle_routes.routes,
        shutdown_routes.routes,
    ),
    "web-listener": (ping_routes.routes, tab_info_routes.routes, pairing_routes.asking),
}
_SUBJECTS["bridge"] += (documentation_routes.routes_about(_SUBJECTS),)


def subjects_of(service: str) -> list[Routes]:
    """Return the declarations of one server, ``bridge`` or ``web-listener``."""
    return list(_SUBJECTS[service])
