"""``/apidocs/`` and ``/apispec.json``: ours alone, whole, and nothing of Flasgger's own behind them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from python_core.net.apidocs import ASSETS, PAGE_CSP, ApiDocs
from python_core.net.openapi import build_document
from python_core.store import open_store
from tests.hubs import ROOT, Clock, make_hub, run_python
from tests.net.documented import SUBJECTS, Servers

NET = ROOT / "python_core" / "net"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    store = open_store(tmp_path)
    yield Servers(make_hub(store, Clock()))
    store.close()


def ask(servers: Servers, path: str, **more: Any) -> TestResponse:
    return servers.ask("GET", path, token="", **more)


def test_the_page_is_there_for_anyone_on_this_machine_under_its_policy(servers: Servers) -> None:
    reply = ask(servers, "/apidocs/")
    assert (reply.status_code, reply.mimetype) == (200, "text/html")
    assert reply.headers.getlist("Content-Security-Policy") == [PAGE_CSP]
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert "unsafe-eval" not in PAGE_CSP
    assert "script-src 'self';" in PAGE_CSP


def test_the_page_holds_no_inline_script_or_style_and_all_it_names_is_served(servers: Servers) -> None:
    page = ask(servers, "/apidocs/").get_data(as_text=True)
    assert re.findall(r"<script(?![^>]* src=)[^>]*>|<style|\son\w+=|style=", page) == []
    named = set(re.findall(r'(?:src|href|data-document)="([^"]+)"', page))
    assert {"/apispec.json", "/assets/swagger/swagger-ui-bundle.js", "/assets/apidocs/page.js"} <= named
    for url in named:
        assert url.startswith("/")
        assert ask(servers, url).status_code == 200, url


def test_the_document_is_the_one_that_is_built(servers: Servers) -> None:
    reply = ask(servers, "/apispec.json")
    assert reply.mimetype == "application/json"
    assert json.dumps(reply.get_json()) == json.dumps(build_document(SUBJECTS))


def test_the_address_without_the_slash_leads_to_the_page(servers: Servers) -> None:
    reply = ask(servers, "/apidocs")
    assert (reply.status_code, reply.headers["Location"]) == (308, "/apidocs/")


@pytest.mark.parametrize("name", ASSETS)
def test_an_asset_is_served_as_what_it_is(servers: Servers, name: str) -> None:
    reply = ask(servers, f"/assets/{name}")
    assert (reply.status_code, reply.mimetype) == (200, ASSETS[name])
    assert reply.get_data() == (NET / "assets" / name).read_bytes()
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/swagger/LICENSE",
        "/assets/swagger/VENDORED.md",
        "/assets/swagger/page.js",
        "/assets/apidocs/..",
        "/assets/templates/index.html",
    ],
)
def test_nothing_else_of_the_folders_is_served(servers: Servers, path: str) -> None:
    assert ask(servers, path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/flasgger_static/swagger-ui.css",
        "/assets/swagger",
        "/apidocs/index.html",
        "/oauth2-redirect.html",
        "/apispec_1.json",
        "/static/flasgger.js",
    ],
)
def test_nothing_of_flasggers_own_is_reachable(servers: Servers, path: str) -> None:
    assert ask(servers, path).status_code == 401
    assert servers.ask("GET", path).status_code == 404


@pytest.mark.parametrize("query", ["?url=http://evil.example/x.json", "?configUrl=//evil.example", "?json=1"])
def test_a_query_is_refused(servers: Servers, query: str) -> None:
    assert ask(servers, f"/apidocs/{query}").status_code == 400
    assert ask(servers, f"/apispec.json{query}").status_code == 400


@pytest.mark.parametrize("path", ["/apidocs/", "/apidocs", "/apispec.json", "/assets/apidocs/page.js"])
def test_the_web_listener_has_none_of_it(servers: Servers, path: str) -> None:
    assert servers.ask("GET", path, service="web-listener").status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_another_page_may_link_to_it_and_no_more(servers: Servers, headers: dict[str, str], status: int) -> None:
    for path in ("/apidocs/", "/apispec.json", "/assets/apidocs/page.js"):
        assert ask(servers, path, headers=headers).status_code == status


@pytest.mark.parametrize("debug", ["0", "1"])
def test_flasgger_builds_no_document_of_its_own(monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    monkeypatch.setenv("FLASK_DEBUG", debug)
    docs = ApiDocs(lambda: {"openapi": "3.1.0", "info": {"title": "Ours"}, "paths": {}})
    assert json.loads(docs.document()) == {"openapi": "3.1.0", "info": {"title": "Ours"}, "paths": {}}
    assert b"SmrtHub API" in docs.page()


def test_flasgger_is_imported_when_the_page_is_first_asked_for(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from typing import Any
from python_core.store import open_store
from tests.hubs import Clock, make_hub
from tests.net.documented import Servers

servers = Servers(make_hub(open_store(Path(sys.argv[1])), Clock()))
assert servers.ask("GET", "/ping", token="").status_code == 200
print("flasgger" in sys.modules)
assert servers.ask("GET", "/apidocs/", token="").status_code == 200
print("flasgger" in sys.modules)
"""
    assert run_python(script, str(tmp_path)).split() == ["False", "True"]


def test_the_vendored_files_are_as_they_were_published() -> None:
    folder = NET / "assets" / "swagger"
    told = dict(
        reversed(line.split())
        for line in re.findall(r"^[0-9a-f]{64}  \S+$", (folder / "VENDORED.md").read_text(), re.M)
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert told == {name: digest for name, digest in found.items() if name != "VENDORED.md"}


def test_the_page_has_the_extensions_icon() -> None:
    assert (NET / "assets/apidocs/icon.svg").read_bytes() == (ROOT / "extension/icons/icon.svg").read_bytes()
