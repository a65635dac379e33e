"""What is answered before Flask is answered as Flask would."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from python_core.net.apps import build_app
from python_core.net.endpoints import Routes
from python_core.net.routes import subjects_of
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from tests.hubs import run_python
from tests.net.documented import DECLARED, URLS

CLIP = {"fragments": [{"type": "text", "content": "a text"}], "encounter": {"encounterId": "one"}}
TAB = {"url": "https://example.com/", "title": "A page", "id": "one"}
ASKED: list[tuple[str, str, str, Any]] = [
    ("bridge", "GET", "/ping", None),
    ("bridge", "HEAD", "/ping", None),
    ("bridge", "GET", "/ping?client=a", None),
    ("bridge", "GET", "/ping?unknown=1", None),
    ("web-listener", "GET", "/ping", None),
    ("bridge", "GET", "/status", None),
    ("bridge", "HEAD", "/status", None),
    ("bridge", "GET", "/hub-window", None),
    ("bridge", "HEAD", "/hub-window", None),
    ("bridge", "POST", "/clipboard", CLIP),
    ("bridge", "POST", "/clipboard", {"fragments": []}),
    ("bridge", "POST", "/clipboard", {"fragments": [{"type": "image", "content": "AAAA"}]}),
    ("web-listener", "POST", "/tab-info", TAB),
    ("web-listener", "POST", "/tab-info", {"tabs": [TAB, {"url": "x"}]}),
    ("web-listener", "POST", "/tab-info", {"tabs": 1}),
]


def slowly(subjects: list[Routes]) -> list[Routes]:
    """The same declarations, none of them hot."""
    made = []
    for routes in subjects:
        made.append(Routes(routes.tag))
        made[-1].endpoints = [replace(endpoint, hot=False) for endpoint in routes.endpoints]
    return made


def seen(reply: TestResponse) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = sorted((name, value) for name, value in reply.headers if name != "X-Trace-Id")
    return reply.status_code, headers, reply.get_data()


@pytest.mark.parametrize(("service", "method", "path", "body"), ASKED)
def test_it_is_the_same_answer(hub: Hub, service: str, method: str, path: str, body: Any) -> None:
    token, section = begin_owner_session(hub, None), getattr(hub.settings, service.replace("-", "_"), None)
    section = section or hub.settings.bridge
    subjects = subjects_of(service)
    apps = [build_app(service, hub, each, section) for each in (subjects, slowly(subjects), subjects)]
    sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    first, flasks, again = [
        seen(Client(app).open(path, method=method, base_url=URLS[service], headers=headers, **sent)) for app in apps
    ]
    assert again == flasks  # of a write the first is the one that is stored, the others repeat it
    assert {name for name, _ in first[1]} == {name for name, _ in flasks[1]}
    if body is None:
        assert first == flasks


def test_a_window_that_has_not_changed_is_a_304_without_a_body_either_way(hub: Hub) -> None:
    token = begin_owner_session(hub, None)
    answers = []
    for subjects in (subjects_of("bridge"), slowly(subjects_of("bridge"))):
        client = Client(build_app("bridge", hub, subjects, hub.settings.bridge))
        ask: dict[str, Any] = {"base_url": URLS["bridge"], "headers": {"Authorization": f"Bearer {token}"}}
        etag = client.get("/hub-window", **ask).headers["ETag"]
        ask["headers"]["If-None-Match"] = etag
        answers.append(seen(client.get("/hub-window", **ask)))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][2]) == (304, b"")


def test_hot_paths_have_no_parts() -> None:
    hot = [endpoint for _, endpoint in DECLARED if endpoint.hot]
    assert hot
    assert [endpoint.path for endpoint in hot if "<" in endpoint.path] == []


def test_a_host_of_ours_imports_flask_after_it_has_begun_to_answer() -> None:
    script = "import sys, python_core.net.running; print(sorted({'flask', 'werkzeug', 'flasgger'} & set(sys.modules)))"
    assert run_python(script).strip() == "[]"
