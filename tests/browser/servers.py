"""Servers on loopback for the browser: pages to look at, a stand-in for the web listener, and a stranger."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Loopback

Answer = tuple[int, dict[str, Any]]
TOKENS = ("shb_test_0123456789abcdef", "shb_another_0123456789abcdef")


def proof_of(token: str | None, port: str, nonce: str) -> str | None:
    """What a hub that knows the token says to a nonce; written from the contract, not from the hub's code."""
    if token is None:
        return None
    key = hmac.digest(hashlib.sha256(token.encode()).digest(), b"smrthub server proof", "sha256")
    return hmac.digest(key, f"smrthub web-listener {port} {nonce}".encode(), "sha256").hex()


def refused(status: int, code: str) -> Answer:
    """The hub's one shape of an error."""
    return status, {"status": "error", "error": {"code": code, "message": "no"}}


def begun(**changes: Any) -> Answer:
    """What the hub answers to a program that may ask for a token."""
    code = {"deviceCode": "only-we-know", "userCode": "BCDF-GHJK", "expiresIn": 300, "interval": 1}
    return 201, {"status": "ok", **code, **changes}


class Server(Loopback):
    """An HTTP server on loopback whose subclasses answer (status, headers, body) for a method and a path."""

    def __init__(self, port: int = 0) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, headers, reply = outer.answer(self.command, self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(reply))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = do_OPTIONS = answer  # noqa: N815 (the standard library's names)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler, port)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict, bytes]:
        raise NotImplementedError


class Pages(Server):
    """Pages with a title made of their name: /a.html is "Page a"."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__()

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict, bytes]:
        self.asked.append(path)
        title = "Page " + path.lstrip("/").split(".")[0]
        return 200, {"Content-Type": "text/html"}, f"<!doctype html><title>{title}</title>".encode()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}.html"


class Stranger(Server):
    """Another program that holds a port of ours, as AirPlay Receiver does on macOS."""

    def __init__(self, port: int = 0) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        super().__init__(port)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict, bytes]:
        self.asked.append((method, path, headers))
        return 403, {"Server": "AirTunes/1.0"}, b""


class Listener(Server):
    """As the contract describes the web listener, with its replies open to change by the test."""

    def __init__(self, port: int = 0, unreadable: str | None = None) -> None:
        self.tabs: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.tokens = {token.split("_")[1]: token for token in TOKENS}
        self.unreadable = unreadable
        self.refusal: tuple[int, dict[str, str], dict[str, Any]] | None = None
        self.take: Callable[[dict[str, Any]], dict[str, Any]] = lambda tab: {"id": tab["id"], "stored": True}
        self.pair: Answer = refused(403, "forbidden_origin")  # what the gate says while the window is closed
        self.poll: Answer = refused(400, "authorization_pending")
        super().__init__(port)

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict, bytes]:
        sent = json.loads(body) if body else None
        self.requests.append((method, path, headers, sent))
        address = urlsplit(path)
        if address.path == "/ping":
            return self._reply(200, self._ping(headers["Host"], address.query))
        if address.path in ("/pair", "/pair/token"):
            return self._reply(*(self.pair if address.path == "/pair" else self.poll))
        if self.refusal:
            status, more, reply = self.refusal
            return self._reply(status, reply, more)
        if self.unreadable and self.unreadable in body.decode():
            return self._reply(*refused(400, "bad_input"))
        self.tabs.extend(sent["tabs"])
        return self._reply(200, {"status": "ok", "results": [self.take(tab) for tab in sent["tabs"]]})

    def _ping(self, host: str, query: str) -> dict[str, Any]:
        hub = {"status": "ok", "service": "smrthub-web-listener", "apiVersion": 1}
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if not asked:
            return hub
        proof = proof_of(self.tokens.get(asked["client"]), host.rpartition(":")[2], asked["nonce"])
        return hub | ({"proof": proof} if proof else {})

    def _reply(self, status: int, reply: dict, more: dict | None = None) -> tuple[int, dict, bytes]:
        headers = {"Content-Type": "application/json", "X-SmrtHub-Service": "web-listener", **(more or {})}
        return status, headers, json.dumps(reply).encode()

    def refuse(self, status: int, code: str, **headers: str) -> None:
        self.refusal = status, headers, refused(status, code)[1]

    def asked(self, path: str) -> list[Any]:
        """The bodies of the requests for a path so far."""
        return [body for _, asked, _, body in self.requests if asked == path]

    @property
    def posts(self) -> list[tuple[str, str, dict[str, str], Any]]:
        return [request for request in self.requests if request[1] == "/tab-info"]

    def told(self, **fields: object) -> list[dict[str, Any]]:
        """The tabs received so far whose fields are these."""
        return [tab for tab in self.tabs if fields.items() <= tab.items()]
