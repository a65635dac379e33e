"""Programs that stand where the hub should be: one that is right, impostors, strangers that speak HTTP and that do not."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Loopback

TOKEN = "shb_owner_" + "ab" * 32


@dataclass
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str | None:
        return self.headers.get("Authorization")


@dataclass
class Said:
    """What to answer; ``service`` None leaves our header out."""

    value: object = None
    status: int = 200
    service: str | None = "bridge"
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None


class Posing(Loopback):
    """A server on loopback that answers ``/ping`` with a proof made of ``token``, and all else by ``answer``."""

    def __init__(
        self,
        answer: Callable[[Asked], Said] = lambda _: Said({"status": "ok"}),
        *,
        token: str = TOKEN,
        port: int = 0,
        proves_port: int | None = None,
        ping: Said | None = None,
        keeps_open: bool = True,
    ) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keeps_open else "HTTP/1.0"

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def reply(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers), body)
                outer.asked.append(asked)
                if not self.path.startswith("/ping"):
                    said = answer(asked)
                elif ping is not None:
                    said = ping
                else:
                    [nonce] = parse_qs(urlsplit(self.path).query)["nonce"]
                    said = Said({"status": "ok", "proof": proof(token, proves_port or outer.port, nonce)})
                self.send(said)

            def send(self, said: Said) -> None:
                content = json.dumps(said.value).encode() if said.content is None else said.content
                self.send_response(said.status)
                service = {"X-SmrtHub-Service": said.service} if said.service else {}
                for name, value in ({"Content-Length": str(len(content))} | service | said.headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = reply  # noqa: N815 (the standard library's names)

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(Handler, port)

    @property
    def tokens(self) -> set[str]:
        """What it was told in Authorization headers."""
        return {asked.token for asked in self.asked if asked.token is not None}


class Blunt:
    """A server that speaks no HTTP: it says ``greeting`` to whoever connects, and stays silent or hangs up."""

    def __init__(self, greeting: bytes, *, hangs_up: bool) -> None:
        self.heard = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(0.05)
        self.port: int = self._listening.getsockname()[1]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(greeting, hangs_up), daemon=True)
        self._thread.start()

    def _serve(self, greeting: bytes, hangs_up: bool) -> None:
        met: list[socket.socket] = []
        while not self._stop.is_set():
            try:
                one = self._listening.accept()[0]
            except TimeoutError:
                continue
            one.sendall(greeting)
            self.heard += one.recv(65536)
            if hangs_up:
                one.close()
            met.append(one)
        for one in met:
            one.close()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._listening.close()


def proof(token: str, port: int, nonce: str, service: str = "bridge") -> str:
    """Make a proof as the contract says it, without the client's own code."""
    key = hmac.digest(hashlib.sha256(token.encode()).digest(), b"smrthub server proof", "sha256")
    return hmac.digest(key, f"smrthub {service} {port} {nonce}".encode(), "sha256").hex()


def write_runtime_file(home: Path, port: Any, service: str = "bridge", **more: Any) -> dict[str, str]:
    """Write what a hub on this port would have written, and return the environment in which it is found."""
    facts = {
        "service": f"smrthub-{service}",
        "url": f"http://127.0.0.1:{port}",
        "host": "127.0.0.1",
        "port": port,
        "pid": 1,
        "startedAt": "2026-01-02T03:04:05.678Z",
        "version": "0.1.0",
        "instance": "01a2030d-d7a8-7384-aa2b-f33327964fe5",
        "token": TOKEN,
    }
    return write_runtime_text(home, json.dumps({**facts, **more}), service)


def write_runtime_text(home: Path, text: str, service: str = "bridge") -> dict[str, str]:
    """Write a runtime file that holds this text."""
    path = home / "local" / "SmrtHub" / "Runtime" / "python-net" / f"{service}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return {"APPDATA": str(home / "roaming"), "LOCALAPPDATA": str(home / "local")}
