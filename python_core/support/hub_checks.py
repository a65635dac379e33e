"""What the doctor asks of the hub that runs: that it is the hub, that its gate refuses, how its parts are, whom it heard from."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from python_core.support.hops import DAY_S, SILENT_DAYS, Check, span
from python_core.support.store_files import Finding, State
from python_core.utils.timestamps import from_rfc3339, now_ms

Service = Literal["bridge", "web-listener"]
_TIMEOUT_S = 5.0
_STATES: dict[str, State] = {"healthy": "ok", "warning": "warning", "degraded": "failed", "critical": "failed"}


class Called(Protocol):
    """A server of the running hub, as ``client.HubClient`` is one; its connection ends with the ``with`` block."""

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def server(self) -> Any:
        """Where it is: ``host`` and ``port``."""

    def prove(self) -> None:
        """Make sure that it is the hub."""

    def call(self, method: str, path: str, body: object = None, *, query: Mapping[str, object] | None = None) -> Any:
        """Call a route with the owner's token."""


@dataclass(frozen=True)
class Running:
    """The servers of the hub that runs; ``listener`` None where the bridge is served alone."""

    bridge: Called
    listener: Called | None
    now: Callable[[], int] = now_ms

    @property
    def servers(self) -> dict[Service, Called]:
        """Those that run, by their names."""
        both: dict[Service, Called | None] = {"bridge": self.bridge, "web-listener": self.listener}
        return {name: server for name, server in both.items() if server is not None}


def hub_checks(running: Running) -> list[Check]:
    """List the checks in their order."""
    return [
        *((f"{name} proof", partial(check_proof, name, server)) for name, server in running.servers.items()),
        *((f"{name} gate", partial(check_gate, name, server.server)) for name, server in running.servers.items()),
        ("parts", lambda: check_parts(running)),
        ("extension", lambda: check_extension(running)),
    ]


def check_proof(name: Service, called: Called) -> Finding:
    """The server proves that it is the hub before it is told the token."""
    called.prove()
    return Finding(f"{name} proof", "ok", "it is your hub")


def check_gate(name: Service, server: Any) -> Finding:
    """What must be refused is refused: a foreign Host, a foreign page, a call without a token."""
    method, path = ("GET", "/clipboard") if name == "bridge" else ("POST", "/tab-info")
    own = f"[{server.host}]:{server.port}" if ":" in server.host else f"{server.host}:{server.port}"
    asked = {
        "a foreign Host": ({"Host": "doctor.example"}, 421),
        "a foreign page": ({"Host": own, "Origin": "https://doctor.example"}, 403),
        "a call without a token": ({"Host": own}, 401),
    }
    let_in = [what for what, (headers, due) in asked.items() if _status(server, method, path, headers) != due]
    if let_in:
        advice = "Pair nothing and post nothing until it is clear why: see Security in the documentation."
        return Finding(f"{name} gate", "failed", f"does not refuse {', '.join(let_in)}", "gate_open", advice)
    return Finding(f"{name} gate", "ok", f"refuses {', '.join(asked)}")


def _status(server: Any, method: str, path: str, headers: dict[str, str]) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=_TIMEOUT_S)
    try:
        connection.putrequest(method, path, skip_host=True)
        body = b"{}" if method == "POST" else b""
        sent = {**headers, "Content-Length": str(len(body)), "Content-Type": "application/json"} if body else headers
        for key, value in sent.items():
            connection.putheader(key, value)
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()


def check_parts(running: Running) -> Iterator[Finding]:
    """Each part of the hub as its status tells it: heartbeats, store, logs, rules, copies."""
    modules = running.bridge.call("GET", "/status").get("modules", {})
    for name, told in modules.items() if isinstance(modules, dict) else ():
        level = str(told.get("level"))
        state = _STATES.get(level, "warning")
        detail, age_s = str(told.get("detail", "")) or level, None
        if told.get("lastBeatAt"):
            age_s = max(0, running.now() - from_rfc3339(told["lastBeatAt"])) // 1000
            detail = f"{detail}, last beat {span(age_s)} ago"
        advice = "" if state == "ok" else "smrthub status, and smrthub logs --level warning, say more."
        yield Finding(f"part: {name}", state, detail, "" if state == "ok" else f"part_{level}", advice, age_s)


def check_extension(running: Running) -> Finding:
    """When a browser extension was heard from last."""
    clients = running.bridge.call("GET", "/clients").get("items", ())
    paired = [each for each in clients if each.get("kind") == "extension" and not each.get("revokedAt")]
    if not paired:
        return Finding("extension", "skipped", "none is paired", "extension_none", "Pair it: smrthub pair")
    heard = [from_rfc3339(each["lastUsedAt"]) for each in paired if each.get("lastUsedAt")]
    advice = "Is the browser open, and the extension on? Its options say what it last heard from the hub."
    if not heard:
        return Finding("extension", "warning", "it has never called", "extension_silent", advice)
    age_s = max(0, running.now() - max(heard)) // 1000
    detail = f"{len(paired)} paired, last heard {span(age_s)} ago"
    if age_s > SILENT_DAYS * DAY_S:
        return Finding("extension", "warning", detail, "extension_silent", advice, age_s)
    return Finding("extension", "ok", detail, age_s=age_s)
