"""Whatever is sent: where a handler ran, form, Host, Origin, token and scope were right; and no answer repeats the request."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from hypothesis import example, given, settings
from hypothesis import strategies as st

from python_core.net.apps import build_app
from python_core.runtime.clients import NewClient, make_client, revoke_client
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import open_store
from tests.gate.doors import CANARY, DOORS, EXTENSION, OTHER_EXTENSION, SERVICES, Door, told
from tests.hubs import Clock, caller, make_hub

PORTS = {"bridge": "5001", "web-listener": "5000"}
KINDS = ("owner", "agent", "extension", "unbound", "revoked", "wrong", "none")
SCOPES = {
    "agent": {"clipboard:read", "output:write", "status:read"},
    "extension": {"tabs:write"},
    "unbound": {"tabs:write"},
}
#: WSGI strings hold bytes; a surrogate comes from no host, and must still break nothing.
TEXT = st.text(st.characters(codec=None), max_size=30) | st.text(st.characters(codec="latin-1"), max_size=30)
PAD = st.sampled_from(["", " ", "/", ".", ",", "0", "\t", "\x00"])


@dataclass
class Wsgi:
    """Both apps, called without a socket."""

    hub: Hub
    apps: dict[str, Flask]
    ran: list[tuple[str, str]]
    tokens: dict[str, str]

    def call(self, service: str, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
        started: list[tuple[str, dict[str, str]]] = []
        reply = self.apps[service](environ, lambda status, headers, _=None: started.append((status, dict(headers))))
        body = b"".join(reply)
        return *started[-1], body


@pytest.fixture(scope="module")
def wsgi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wsgi]:
    store = open_store(tmp_path_factory.mktemp("random") / "stored")
    hub = make_hub(store, Clock(), bridge={"test_hooks": True}, listener={})
    ran: list[tuple[str, str]] = []
    sections = {"bridge": hub.settings.bridge, "web-listener": hub.settings.web_listener}
    apps = {service: build_app(service, hub, told(service, ran), sections[service]) for service in SERVICES}

    def make(kind: str, scopes: set[str], origin: str | None = None) -> str:
        wanted = NewClient(name="x", kind=kind, scopes=sorted(scopes), origin=origin)  # type: ignore[arg-type]
        return make_client(hub, caller(), wanted).token

    tokens = {
        "owner": begin_owner_session(hub, None),
        "agent": make("agent", SCOPES["agent"]),
        "extension": make("extension", SCOPES["extension"], EXTENSION),
        "revoked": make("script", SCOPES["agent"]),
        "wrong": f"shb_owner_{'0' * 64}",
    }
    revoke_client(hub, caller(), tokens["revoked"].split("_")[1])
    yield Wsgi(hub, apps, ran, tokens)
    store.close()


@dataclass(frozen=True)
class Sent:
    """What is sent: headers by their names in environ, ``{own}`` for the server's own host and port; a token by its kind."""

    door: Door
    method: str
    path: str
    protocol: str
    headers: dict[str, str]
    token: str
    scheme: str


def usually(right: st.SearchStrategy[Any], other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw what is right more often than not: of many random parts, at most a few may be wrong for a handler to run."""
    return st.integers(0, 4).flatmap(lambda n: other if n == 0 else right)


def header(*values: str) -> st.SearchStrategy[str]:
    """One of these values, one of them with something added, or anything."""
    known = st.sampled_from(values)
    return known | st.builds(lambda a, value, b: a + value + b, PAD, known, PAD) | TEXT


ORIGINS = ("http://{own}", "http://localhost:5001", "null", "https://a.example", EXTENSION, OTHER_EXTENSION, "")
OPTIONAL: dict[str, st.SearchStrategy[str]] = {
    "HTTP_ORIGIN": header(*ORIGINS),
    "HTTP_SEC_FETCH_SITE": header("none", "same-origin", "same-site", "cross-site"),
    "HTTP_SEC_FETCH_MODE": header("navigate", "cors", "no-cors", "websocket"),
    "HTTP_SEC_FETCH_DEST": header("document", "empty", "iframe", "image"),
    "HTTP_UPGRADE": header("websocket", "h2c"),
    "HTTP_X_FORWARDED_HOST": header("{own}"),
    "HTTP_COOKIE": header("token={token}"),
    "HTTP_TRACEPARENT": header("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": header("GET", "POST"),
    "HTTP_CONTENT_ENCODING": header("identity", "gzip"),
    "HTTP_TRANSFER_ENCODING": header("chunked"),
    "HTTP_REFERER": header("http://{own}/"),
}
HOSTS = header("127.0.0.1:5001", "localhost:5000", "[::1]:5001", "127.0.0.1", "a.example:5001", "127.0.0.1:80")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "get", "")


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    door = draw(st.sampled_from(DOORS))
    headers = {"HTTP_HOST": draw(usually(st.just("{own}"), HOSTS))}
    for name in draw(usually(st.just([]), st.lists(st.sampled_from(sorted(OPTIONAL)), max_size=4, unique=True))):
        headers[name] = draw(OPTIONAL[name])
    if draw(st.booleans()) and door.endpoint.access in ("extension", "open"):
        headers |= {"HTTP_ORIGIN": draw(st.sampled_from(ORIGINS)), "HTTP_SEC_FETCH_SITE": "cross-site"}
    if door.endpoint.body is not None:
        headers["CONTENT_TYPE"] = draw(usually(st.just("application/json"), header("text/plain", "application/json")))
    other = st.builds(lambda a, path, b: a + path + b, PAD, st.just(door.path), PAD) | TEXT
    return Sent(
        door,
        draw(usually(st.just(door.endpoint.method), st.sampled_from(METHODS))),
        draw(usually(st.just(door.path), other)),
        draw(usually(st.just("HTTP/1.1"), st.sampled_from(["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", ""]))),
        headers,
        draw(st.sampled_from(("owner", *KINDS))),
        draw(
            usually(st.just("Bearer {token}"), header("Bearer {token}", "bearer {token}", "Basic {token}", "{token}"))
        ),
    )


def environ_of(wsgi: Wsgi, sent: Sent) -> dict[str, Any]:
    own, token = f"127.0.0.1:{PORTS[sent.door.service]}", wsgi.tokens.get(sent.token, "")
    headers = {
        name: value.replace("{own}", own).replace("{token}", token)
        for name, value in (sent.headers | ({"HTTP_AUTHORIZATION": sent.scheme} if token else {})).items()
    }
    body = b"{}" if sent.door.endpoint.body is not None else b""
    return {
        "REQUEST_METHOD": sent.method,
        "PATH_INFO": sent.path,
        "REQUEST_URI": sent.path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": PORTS[sent.door.service],
        "SERVER_PROTOCOL": sent.protocol,
        "CONTENT_LENGTH": str(len(body)),
        "smrthub.peer_uid": None,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    } | headers


def wrongs(wsgi: Wsgi, door: Door, environ: dict[str, Any]) -> list[str]:
    """Say why this door must not open, from the contract's words alone."""
    return [
        what
        for what, is_so in {
            "form": environ["SERVER_PROTOCOL"] != "HTTP/1.1" or "HTTP_UPGRADE" in environ,
            "path": not re.fullmatch(pattern_of(door.endpoint.path), environ["PATH_INFO"]),
            "method": ("GET" if environ["REQUEST_METHOD"] == "HEAD" else environ["REQUEST_METHOD"])
            != door.endpoint.method,
            "host": not is_own_host(door.service, environ["HTTP_HOST"]),
            "origin": not is_admitted(door, environ),
            "type": door.endpoint.body is not None and not is_json(environ),
            "encoding": "HTTP_TRANSFER_ENCODING" in environ,
            "token": not is_allowed(wsgi, door, environ),
        }.items()
        if is_so
    ]


def pattern_of(path: str) -> str:
    return re.sub(r"<\w+>", "[A-Za-z0-9._-]{1,64}", re.sub(r"<int:\w+>", "[0-9]{1,9}", re.escape(path)))


def is_json(environ: dict[str, Any]) -> bool:
    kind = environ.get("CONTENT_TYPE", "").strip().lower()
    return kind == "application/json" and environ.get("HTTP_CONTENT_ENCODING", "identity") == "identity"


def is_own_host(service: str, host: str) -> bool:
    return host.lower() in {f"{name}:{PORTS[service]}" for name in ("127.0.0.1", "localhost", "[::1]")}


def is_admitted(door: Door, environ: dict[str, Any]) -> bool:
    """The table of docs/security.md; nobody pairs in this test."""
    origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE", "none")
    if origin is None:
        link = (environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")) == ("navigate", "document")
        return site in ("none", "same-origin") or (door.endpoint.access == "page" and link)
    if origin in (EXTENSION, OTHER_EXTENSION):
        return door.endpoint.access in ("open", "extension") and site in ("none", "same-origin", "cross-site")
    own = door.service == "bridge" and origin == f"http://{environ['HTTP_HOST']}"
    return own and door.endpoint.access in ("open", "api", "page") and site in ("none", "same-origin")


def is_allowed(wsgi: Wsgi, door: Door, environ: dict[str, Any]) -> bool:
    shown, origin = environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_ORIGIN")
    if shown is None:
        return door.endpoint.anonymous
    scheme, _, token = shown.partition(" ")
    kind = next((kind for kind, known in wsgi.tokens.items() if known == token), None)
    if scheme.lower() != "bearer" or kind in (None, "revoked", "wrong"):
        return False
    if kind == "owner":
        return origin not in (EXTENSION, OTHER_EXTENSION)
    if kind == "extension":
        return origin == EXTENSION and door.endpoint.scope in (None, "tabs:write")
    is_right_kind = origin not in (EXTENSION, OTHER_EXTENSION) and door.endpoint.access != "extension"
    return is_right_kind and (door.endpoint.scope is None or door.endpoint.scope in SCOPES["agent"])


def rightly(path: str, token: str = "owner", **headers: str) -> Sent:
    door = next(door for door in DOORS if door.endpoint.path == path)
    kind = {"CONTENT_TYPE": "application/json"} if door.endpoint.body is not None else {}
    sent = {"HTTP_HOST": "{own}"} | kind | headers
    return Sent(door, door.endpoint.method, door.path, "HTTP/1.1", sent, token, "Bearer {token}")


@settings(max_examples=400, deadline=None)
@given(sent=requests())
@example(rightly("/clipboard"))
@example(rightly("/tab-info", "extension", HTTP_ORIGIN=EXTENSION, HTTP_SEC_FETCH_SITE="cross-site"))
@example(rightly("/tab-info", "owner", HTTP_ORIGIN=EXTENSION))
@example(rightly("/status", "none"))
@example(rightly("/apidocs/", "none", HTTP_SEC_FETCH_MODE="navigate", HTTP_SEC_FETCH_DEST="document"))
def test_a_handler_runs_only_for_a_request_that_is_right_in_every_way(wsgi: Wsgi, sent: Sent) -> None:
    environ = environ_of(wsgi, sent)
    status, headers, body = wsgi.call(sent.door.service, dict(environ))
    ran, wsgi.ran[:] = list(wsgi.ran), []
    if ran:  # at this door, or at one with another method or a like path
        doors = [door for door in DOORS if door.key in ran]
        assert (len(ran), [wrongs(wsgi, door, environ) for door in doors]) == (1, [[]])
        assert status == "200 OK"
    else:
        assert wrongs(wsgi, sent.door, environ), "it was right in every way and refused"
        assert int(status[:3]) in (204, 400, 401, 403, 404, 405, 413, 415, 421, 429)
    assert headers["X-SmrtHub-Service"] == sent.door.service
    assert body == b"" or json.loads(body)


REPEATABLE = (
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "CONTENT_TYPE",
    "PATH_INFO",
    "QUERY_STRING",
)


@settings(max_examples=200, deadline=None)
@given(texts=st.dictionaries(st.sampled_from(REPEATABLE), st.text(st.characters(codec="latin-1")), min_size=1))
def test_no_refusal_repeats_what_was_sent(wsgi: Wsgi, texts: dict[str, str]) -> None:
    sent = {name: f"{text}{CANARY}{text}" for name, text in texts.items()}
    status, headers, body = wsgi.call("bridge", environ_of(wsgi, rightly("/clipboard")) | sent)
    wsgi.ran.clear()
    assert status[0] in "24"
    assert CANARY.lower() not in f"{headers} {body.decode()}".lower()
