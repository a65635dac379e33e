"""The WSGI hosts that may serve the bridge in our own's place: the command of each, and what does not hold under it."""

from __future__ import annotations

import signal
import sys
from functools import partial
from pathlib import Path

from python_core.config import BridgeSettings
from python_core.net.ports import Bound
from python_core.net.server_process import ServerProcess
from python_core.runtime.clients import proof_for
from python_core.runtime.hub import OWNER, Hub

APPLICATION = "python_core.net.wsgi:application"
#: Where ``python_core`` lies: each of the hosts imports from its working folder.
ROOT = Path(__file__).resolve().parents[2]
#: What the person has to know who chose it; docs/deploy.md has the whole list.
DIFFERENCES = {
    "gunicorn": "a caller that drips holds one of its threads for as long as it likes",
    "granian": "other users of this machine are kept out by the token alone, and admitSameUserPrograms admits nobody",
    "cheroot": "an open stream delays the end until shutdownTimeoutSeconds",
}
#: cheroot knows Ctrl-C alone; SIGTERM would cut what is under way.
_ASK = {"cheroot": signal.SIGINT}


def serve_by_other(service: str, bound: Bound, settings: BridgeSettings, hub: Hub) -> ServerProcess:
    """Return the server that is another host's process; the socket is let go at its start, and bound by that process."""
    prove = partial(proof_for, hub, OWNER)
    command = [sys.executable, "-m", *words_of(settings.wsgi_host, bound, settings)]
    ask = _ASK.get(settings.wsgi_host, signal.SIGTERM)
    server = ServerProcess(service, bound, settings.wsgi_host, command, folder=ROOT, prove=prove, ask=ask)
    server.note = f"served by {settings.wsgi_host} (wsgiHost): {DIFFERENCES[settings.wsgi_host]}"
    return server


def words_of(name: str, bound: Bound, settings: BridgeSettings) -> list[str]:
    """Return a host's command from its name on, as docs/deploy.md shows it."""
    threads, grace_s = str(settings.threads), str(max(1, settings.shutdown_timeout_seconds // 2))
    address, port = bound.url.removeprefix("http://"), str(bound.port)
    options = {
        "gunicorn": f"--worker-class gthread --workers 3 --threads {threads} --graceful-timeout {grace_s} "
        f"--no-control-socket --bind {address}",
        "granian": f"--interface wsgi --http 1 --no-ws --workers 2 --blocking-threads {threads} "
        f"--workers-kill-timeout {grace_s} --host {bound.host} --port {port}",
        "cheroot": f"--threads {threads} --max-threads {threads} --timeout {settings.request_timeout_seconds} "
        f"--request-queue-size 128 --bind {address}",
    }
    return [name, *options[name].split(), APPLICATION]
