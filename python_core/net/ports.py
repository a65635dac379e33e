"""Take a loopback port, or the next free one, and say who holds the one that was wanted."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address

from python_core.errors import HubError
from python_core.utils.port_holder import holder_of

#: Where a server goes when its own port is taken.
FALLBACK_PORTS = {"bridge": range(5011, 5020), "web-listener": range(5020, 5029)}


class PortTaken(HubError):
    """No port could be had; the message names the holder and what to do."""

    code = "port_taken"


@dataclass(frozen=True)
class Bound:
    """A socket that is ours; ``note`` says why it is another than wanted, empty when it is not."""

    socket: socket.socket
    host: str
    port: int
    note: str

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def bind(service: str, host: str, port: int, *, fallback: bool) -> Bound:
    """Bind a socket to the wanted port, or with ``fallback`` to the next free one of the service's own.

    :raises PortTaken: none is free.
    """
    note = ""
    for candidate in [port, *(FALLBACK_PORTS[service] if fallback else ())]:
        taken = _try_bind(host, candidate)
        if taken is not None:
            return Bound(taken, host, taken.getsockname()[1], note)
        if not note:
            note = f"Port {port} is taken by {holder_of(port)}"
    advice = "Set another port in the settings, or end that program."
    if fallback:
        advice = f"The ports {FALLBACK_PORTS[service][0]} to {FALLBACK_PORTS[service][-1]} are taken too. {advice}"
    raise PortTaken(f"{note}. {advice}")


def _try_bind(host: str, port: int) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    # On Windows SO_REUSEADDR would let another program take the port beside us; elsewhere it only skips TIME_WAIT.
    option = socket.SO_EXCLUSIVEADDRUSE if os.name == "nt" else socket.SO_REUSEADDR  # type: ignore[attr-defined,unused-ignore]
    made.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        made.bind((host, port))
        if ip_address(made.getsockname()[0]).is_loopback:
            made.listen(1024)
            return made
    except OSError as fault:
        made.close()
        if fault.errno in (errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEACCES", -1)):
            return None
        raise HubError(f"{host}:{port} cannot be listened on: {fault.strerror}.") from None
    made.close()
    raise HubError(f"{host} is no loopback address: the hub listens on this machine alone.")
