"""The first requests of a fresh hub, all at once, with threads that take turns as often as they can."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.whole.hub_home import Home, at_once

AT_ONCE = 16
#: Python's threads change at each of its steps then: what is not safe in the first moments breaks nearly always.
RESTLESS = """
import sys, threading
import python_core
python_core.start_flask_bridge(), python_core.start_web_listener()
sys.setswitchinterval(1e-6)
print("Started", "http://here", flush=True)
threading.Event().wait()
"""


def clip_with_all_members(number: int) -> dict[str, Any]:
    source = {"app": "Editor", "windowTitle": "A window", "url": "https://example.org/", "title": "A page"}
    encounter = {"encounterId": f"id {number}", "capturedAt": "2026-01-02T03:04:05Z", "source": source}
    return {"fragments": [{"type": "text", "content": f"text {number}"}], "encounter": encounter}


ROUTES: dict[str, tuple[str, str, str, Callable[[int], Any]]] = {
    "a clip": ("bridge", "POST", "/clipboard", clip_with_all_members),
    "a trigger": ("bridge", "POST", "/trigger", lambda n: {"trigger": "smrtsearch", "args": {"query": f"word{n}"}}),
    "the window": ("bridge", "PATCH", "/hub-window", lambda n: {"window": {"visible": n % 2 == 0, "pinned": True}}),
    "a search": ("bridge", "GET", "/search?q=word&limit=5", lambda _: None),
    "the document": ("bridge", "GET", "/apispec.json", lambda _: None),
    "a tab": ("web-listener", "POST", "/tab-info", lambda n: {"url": f"https://example.org/{n}", "title": "A page"}),
    "tabs": ("web-listener", "POST", "/tab-info", lambda n: {"tabs": [{"url": f"https://example.org/{n}"}] * 3}),
}


@pytest.mark.parametrize("subject", ROUTES)
def test_the_first_requests_to_a_route_can_come_at_once(home: Home, subject: str) -> None:
    service, method, path, body = ROUTES[subject]
    hub = home.start("-c", RESTLESS)
    hub.url("Started")
    callers = [home.caller(home.facts(service)["url"]) for _ in range(AT_ONCE)]
    answers = at_once(
        [lambda caller=caller, n=n: caller.call(method, path, body(n)) for n, caller in enumerate(callers)],
        or_says=hub.says,
    )
    assert [answer for answer in answers if answer.status not in (200, 201, 202)] == []
