"""Put load on a server and time it: with wrk where there is one, else with a client of our own on raw sockets."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: Stands in a body where each request gets a number of its own, of as many digits.
NUMBER = "@@@@@@@@@@@@"
_WRK_SCRIPT = """
local before, after, first, count = {before}, {after}, {first}, 0
wrk.method = {method}
{headers}
request = function()
  if before == "" then return wrk.format() end
  count = count + 1
  return wrk.format(nil, nil, nil, before .. string.format("%012d", first + count) .. after)
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{{"seconds": %f, "requests": %d, "refused": %d, "p50_ms": %f, "p99_ms": %f}}\\n',
    summary.duration / 1e6, summary.requests, errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Request:
    """One kind of request; ``NUMBER`` in the body makes each one's contents its own."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class Timing:
    """What came of some seconds of load; ``refused`` are answers other than 2xx and 3xx, and lost connections."""

    per_s: float
    p50_ms: float
    p99_ms: float
    refused: int


def tool() -> str:
    """Name what makes the load."""
    return "wrk" if shutil.which("wrk") else "own client"


def put_load(request: Request, connections: int, seconds: float, *, own: bool = False) -> Timing:
    """Send the same kind of request over so many connections, each as soon as its last is answered."""
    first = int.from_bytes(os.urandom(4), "big") * 100
    if own or tool() != "wrk":
        return _Client(request, connections, first).run(seconds)
    return _wrk(request, connections, seconds, first)


def _wrk(request: Request, connections: int, seconds: float, first: int) -> Timing:
    before, _, after = request.body.partition(NUMBER)
    quoted = {"before": before, "after": after, "method": request.method}
    script = _WRK_SCRIPT.format(
        first=first,
        headers="\n".join(f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}" for k, v in request.headers.items()),
        **{name: json.dumps(text) for name, text in quoted.items()},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load.lua"
        path.write_text(script, "utf-8")
        # wrk takes whole seconds only.
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(path), request.url]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(told.splitlines()[-1])
    return Timing(found["requests"] / found["seconds"], found["p50_ms"], found["p99_ms"], found["refused"])


class _Client:
    """Connections of raw sockets, served by one thread."""

    def __init__(self, request: Request, connections: int, first: int) -> None:
        parts = urlsplit(request.url)
        self._address = (parts.hostname, parts.port)
        self._before, self._mark, self._after = request.body.partition(NUMBER)
        length = {"Content-Length": str(len(request.body.encode()))} if request.body else {}
        headers = {"Host": parts.netloc, **request.headers, **length}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._head = f"{request.method} {path} HTTP/1.1\r\n{lines}\r\n"
        self._connections = connections
        self._next = first
        self._times_s: list[float] = []
        self._refused = 0

    def run(self, seconds: float) -> Timing:
        began = time.perf_counter()
        with selectors.DefaultSelector() as selector:
            for _ in range(self._connections):
                self._connect(selector)
            while time.perf_counter() - began < seconds or not self._times_s:  # of no answer there is no figure
                for key, _ in selector.select(0.1):
                    self._read(selector, key)
            for key in list(selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
        times = sorted(self._times_s) or [0.0]
        per_s = len(self._times_s) / (time.perf_counter() - began)
        return Timing(per_s, times[len(times) // 2] * 1e3, times[len(times) * 99 // 100] * 1e3, self._refused)

    def _connect(self, selector: selectors.BaseSelector) -> None:
        connection = socket.create_connection(self._address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = selector.register(connection, selectors.EVENT_READ, _Reply())
        self._send(key)

    def _send(self, key: selectors.SelectorKey) -> None:
        self._next += 1
        number = f"{self._next:012d}"[-12:] if self._mark else ""
        key.data.content, key.data.sent_at = b"", time.perf_counter()
        key.fileobj.sendall(f"{self._head}{self._before}{number}{self._after}".encode())  # type: ignore[union-attr]

    def _read(self, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
        try:
            piece = key.fileobj.recv(65_536)  # type: ignore[union-attr]
        except ConnectionError:
            piece = b""
        reply: _Reply = key.data
        reply.content += piece
        if reply.is_whole():
            self._times_s.append(time.perf_counter() - reply.sent_at)
            self._refused += not 200 <= int(reply.content[9:12]) < 400
        elif not piece:
            self._refused += 1
        else:
            return
        if piece and not reply.ends_connection():
            self._send(key)
            return
        selector.unregister(key.fileobj)
        key.fileobj.close()  # type: ignore[union-attr]
        self._connect(selector)


@dataclass
class _Reply:
    """What has come so far of the answer to one request."""

    content: bytes = b""
    sent_at: float = 0.0

    def ends_connection(self) -> bool:
        return b"\r\nconnection: close" in self.content.partition(b"\r\n\r\n")[0].lower()

    def is_whole(self) -> bool:
        head, end, body = self.content.partition(b"\r\n\r\n")
        if not end:
            return False
        if b"\r\ntransfer-encoding: chunked" in head.lower():
            return body.endswith(b"0\r\n\r\n")
        _, found, rest = head.lower().partition(b"\r\ncontent-length:")
        return not found or len(body) >= int(rest.partition(b"\r\n")[0])
