"""Tell systemd how the service is (sd_notify): a datagram to ``NOTIFY_SOCKET``, where that is set; no library is needed."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
#: An update may copy and change gigabytes on a slow disk: a start that was cut off would begin anew, and never end.
UPDATE_AT_MOST_S = 6 * 3600


def tell_update(line: str) -> None:
    """Tell a person, and systemd, that the start takes long because what is stored is brought up to date."""
    with suppress(OSError, AttributeError):  # a closed terminal; none at all, as Windows may have it
        sys.stderr.write(f"{line}\n")
    tell_system(f"STATUS={' '.join(line.split())}\nEXTEND_TIMEOUT_USEC={UPDATE_AT_MOST_S * 1_000_000}")


def tell_system(state: str, environ: Mapping[str, str] | None = None) -> bool:
    """Send a state, such as ``READY``; say whether somebody was told. It never raises: nobody need listen."""
    address = (os.environ if environ is None else environ).get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]  # Linux's names without a file
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.settimeout(1.0)
            teller.sendto(state.encode(), address)
    except OSError:
        return False
    return True
