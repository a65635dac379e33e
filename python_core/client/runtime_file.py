"""Where the user's hub is: its runtime files, read and judged; and who holds a port instead of it."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from python_core.client.findings import Refused
from python_core.errors import BadInput, NotReachable, SettingsInvalid
from python_core.utils.atomic_json import read_json
from python_core.utils.config_path_resolver import check_private, resolve_paths

Service = Literal["bridge", "web-listener"]
TITLES: dict[Service, str] = {"bridge": "hub", "web-listener": "hub's web listener"}
_RESTART = "Start the hub again: smrthub serve"


@dataclass(frozen=True)
class RunningServer:
    """Where a server said that it is, and the token for it; whether it still runs is not known from this.

    ``socket`` is the path of its Unix socket, if it has one.
    """

    service: Service
    host: str
    port: int
    pid: int
    started_at: str
    token: str = field(repr=False)
    is_token_given: bool
    socket: str | None = None

    @property
    def url(self) -> str:
        """Its address, such as ``http://127.0.0.1:5001``."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def find_server(service: Service = "bridge", environ: Mapping[str, str] | None = None) -> RunningServer:
    """Read a server's runtime file; ``SMRTHUB_SESSION_TOKEN`` wins over the token in it.

    :raises NotReachable: there is none, or it is damaged.
    :raises HubError: others can read it, or nobody told the token.
    """
    environ = os.environ if environ is None else environ
    path = resolve_paths(environ).runtime() / f"{service}.json"
    facts = _read(path, service)
    host, port, pid, started_at = (facts.get(name) for name in ("host", "port", "pid", "startedAt"))
    if not (isinstance(host, str) and isinstance(port, int) and isinstance(pid, int) and isinstance(started_at, str)):
        raise NotReachable(f"{path} is damaged. {_RESTART}")
    if not (is_loopback(host) and 0 < port < 65_536):
        raise NotReachable(f"{path} names a place that is not on this machine. {_RESTART}")
    given = environ.get("SMRTHUB_SESSION_TOKEN", "")
    token = given or str(facts.get("token", ""))
    if not token:
        raise Refused("unauthorized", "What started the hub keeps its token: set SMRTHUB_SESSION_TOKEN to it.")
    if not token.isascii() or not token.isprintable():
        raise BadInput("The token for the hub holds characters that no token has: see SMRTHUB_SESSION_TOKEN.")
    socket = facts.get("socket")
    return RunningServer(
        service, host, port, pid, started_at, token, bool(given), socket if isinstance(socket, str) else None
    )


def not_running(service: Service) -> NotReachable:
    """Say that nobody answers, and what to do."""
    return NotReachable(f"Cannot reach the {TITLES[service]}. Start it with: smrthub serve")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its form; ``localhost`` still has to be looked up."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(path: Path, service: Service) -> dict[str, Any]:
    try:
        check_private(path)
        facts = read_json(path)
    except FileNotFoundError:
        raise not_running(service) from None
    except OSError as fault:
        raise NotReachable(f"{path} cannot be read: {fault.strerror}.") from None
    except SettingsInvalid:
        facts = None
    return facts if isinstance(facts, dict) else {}
