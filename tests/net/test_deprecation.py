"""A route that is to go one day works as before and says so: shown by declared routes of the tests' own."""

from __future__ import annotations

import json
import re
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path

import jsonschema_rs
import pytest
from werkzeug.test import Client

from python_core.net.apps import build_app
from python_core.net.deprecation import Deprecated
from python_core.net.endpoints import Call, Endpoint, Reply, Routes
from python_core.net.openapi import build_document
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.runtime.shapes import View
from tests.hubs import ROOT
from tests.net.documented import DECLARED, URLS
from Tools.published_api import broken, promise_of

GOING = Deprecated(date(2026, 11, 22), "`GET /new`", gone_from=date(2027, 6, 1))
TOLD = {"Deprecation": "@1795305600", "Sunset": "Tue, 01 Jun 2027 00:00:00 GMT"}


class Thing(View, frozen=True):
    """A thing."""

    name: str = "thing"


def declared(deprecated: Deprecated | None, *, hot: bool = False) -> Routes:
    routes = Routes("Things")

    @routes.declare("GET", "/old", scope="admin", replies={200: Thing}, hot=hot, deprecated=deprecated)
    def get_old(_call: Call) -> Reply:
        """Show a thing."""
        return Reply(Thing())

    @routes.declare("GET", "/new", scope="admin", replies={200: Thing})
    def get_new(_call: Call) -> Reply:
        """Show a thing."""
        return Reply(Thing())

    return routes


@pytest.mark.parametrize("hot", [False, True], ids=["through Flask", "before Flask"])
@pytest.mark.parametrize("path", ["/old", "/old?unknown=1"])
def test_each_answer_behind_the_gate_tells_since_when_and_until_when(hub: Hub, hot: bool, path: str) -> None:
    client = Client(build_app("bridge", hub, [declared(GOING, hot=hot)], hub.settings.bridge))
    headers = {"Authorization": f"Bearer {begin_owner_session(hub, None)}"}
    reply = client.get(path, base_url=URLS["bridge"], headers=headers)
    assert reply.status_code == (400 if "?" in path else 200)
    assert {name: reply.headers.getlist(name) for name in TOLD} == {name: [value] for name, value in TOLD.items()}
    assert reply.headers["X-SmrtHub-Service"] == "bridge"
    other = client.get("/new", base_url=URLS["bridge"], headers=headers)
    assert other.status_code == 200
    assert TOLD.keys().isdisjoint(other.headers.keys())


def test_who_may_not_call_is_not_told(hub: Hub) -> None:
    client = Client(build_app("bridge", hub, [declared(GOING)], hub.settings.bridge))
    reply = client.get("/old", base_url=URLS["bridge"])
    assert reply.status_code == 401
    assert TOLD.keys().isdisjoint(reply.headers.keys())


def test_the_headers_are_as_the_standards_write_them() -> None:
    assert dict(GOING.headers) == TOLD
    assert parsedate_to_datetime(TOLD["Sunset"]).date() == GOING.gone_from
    assert dict(Deprecated(date(2026, 11, 22), "`GET /new`").headers) == {"Deprecation": TOLD["Deprecation"]}


def test_it_cannot_go_sooner_than_was_promised() -> None:
    with pytest.raises(ValueError, match="stays until 2027-05-24"):
        Deprecated(date(2026, 11, 22), "`GET /new`", gone_from=date(2027, 5, 23))
    Deprecated(date(2026, 11, 22), "`GET /new`", gone_from=date(2027, 5, 24))


def test_the_document_says_so_and_stays_valid() -> None:
    document = build_document({"bridge": [declared(GOING)]})
    operation = document["paths"]["/old"]["get"]
    assert operation["deprecated"] is True
    assert operation["description"].startswith(
        "**Deprecated** since 2026-11-22: use `GET /new` instead. It may be gone from 2027-06-01 on.\n\n"
    )
    assert TOLD.keys() <= operation["responses"]["200"]["headers"].keys()
    assert "deprecated" not in document["paths"]["/new"]["get"]
    schema = json.loads((Path(__file__).parent / "vendor" / "openapi-3.1.schema.json").read_text("utf-8"))
    assert jsonschema_rs.Draft202012Validator(schema, offline=True).is_valid(document)


def test_it_breaks_no_promise_to_deprecate_a_route() -> None:
    before, after = (promise_of(build_document({"bridge": [declared(each)]})) for each in (None, GOING))
    assert list(broken(before, after)) == []


def untold(endpoints: list[Endpoint], changelog: str) -> list[str]:
    """Name the deprecated routes that no section *Deprecated* of the changelog has."""
    sections = "\n".join(re.findall(r"^### Deprecated\n(.*?)(?=^##|\Z)", changelog, re.MULTILINE | re.DOTALL))
    names = [f"{each.method} {each.path}" for each in endpoints if each.deprecated is not None]
    return [name for name in names if f"`{name}`" not in sections]


def test_what_is_deprecated_stands_in_the_changelog() -> None:
    assert untold([endpoint for _, endpoint in DECLARED], (ROOT / "CHANGELOG.md").read_text("utf-8")) == []
    going = declared(GOING).endpoints
    assert untold(going, "### Added\n- `GET /old`\n### Deprecated\n- `GET /new`\n## 0.1\n- `GET /old`\n") == [
        "GET /old"
    ]
    assert untold(going, "### Deprecated\n\n- `GET /old`: use `GET /new`.\n") == []
