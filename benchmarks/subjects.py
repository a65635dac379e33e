"""Which requests are measured, against which route of the bare app, and which ratio is wanted (README.md, "Goals")."""

from __future__ import annotations

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from benchmarks.load import NUMBER, Request

PROSE = "The hub remembers what was copied, and from which page it came; a person reads on and copies a sentence. "
TAB = {"tabId": 7, "windowId": 1, "browser": "chrome", "event": "activated", "focused": True}


@dataclass(frozen=True)
class Subject:
    """One request of ours beside its reference; ``goal`` is the least good ratio of requests a second."""

    name: str
    title: str
    ours: Request
    reference: Request
    goal: float


def list_subjects(facts: dict[str, dict[str, Any]], bare: str) -> list[Subject]:
    """Return all subjects, for a hub with these runtime files and a bare app at that address."""
    bridge, listener = facts["bridge"]["url"], facts["web-listener"]["url"]
    owner = {"Authorization": f"Bearer {facts['bridge']['token']}"}
    sends = {"Content-Type": "application/json"}
    etag = {"If-None-Match": _etag(bridge, owner)}
    clip = _sized({"fragments": [{"type": "text", "content": f"{NUMBER} "}], "encounter": {"source": {}}}, 1024)
    tab = json.dumps({"url": f"https://example.org/read/{NUMBER}", "title": PROSE[:98]} | TAB)
    tiny, page, unchanged = (Request("GET", f"{bare}/{path}") for path in ("tiny", "page", "unchanged"))
    return [
        Subject("ping", "GET /ping", Request("GET", f"{bridge}/ping"), tiny, 0.95),
        Subject("probe", "GET /status, minimal", Request("GET", f"{bridge}/status"), tiny, 0.95),
        Subject("status", "GET /status, full", Request("GET", f"{bridge}/status", owner), page, 0.80),
        Subject(
            *("window", "GET /hub-window, 304", Request("GET", f"{bridge}/hub-window", owner | etag), unchanged, 0.80)
        ),
        Subject(
            *("tab", "POST /tab-info, durable", Request("POST", f"{listener}/tab-info", owner | sends, tab)),
            *(Request("POST", f"{bare}/echo", sends, tab), 0.70),
        ),
        Subject(
            *("clip", "POST /clipboard, durable", Request("POST", f"{bridge}/clipboard", owner | sends, clip)),
            *(Request("POST", f"{bare}/echo", sends, clip), 0.70),
        ),
    ]


def _sized(body: dict[str, Any], size: int) -> str:
    """Fill a clip's text up with prose until the body has so many bytes."""
    missing = size - len(json.dumps(body))
    body["fragments"][0]["content"] += (PROSE * (missing // len(PROSE) + 1))[:missing]
    return json.dumps(body)


def _etag(bridge: str, headers: dict[str, str]) -> str:
    parts = urlsplit(bridge)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    before, etag = "", ""
    while not etag or etag != before:  # a request that the load before has left may change it still
        time.sleep(0.1)
        connection.request("GET", "/hub-window", headers=headers)
        reply = connection.getresponse()
        reply.read()
        before, etag = etag, reply.headers["ETag"]
    connection.close()
    return etag
