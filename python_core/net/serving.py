"""A server of the hub's in this process: Waitress with bounds, in a thread of its own, with an orderly end."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from python_core.net.connections import Channel
from python_core.net.gate import WsgiApp
from python_core.net.lanes import Dispatcher
from python_core.net.ports import Bound
from python_core.net.slow_requests import SlowRequests
from python_core.net.unix_socket import UnixSocket, listen_beside

#: Between two turns of a loop that nothing wakes: with connections, whose callers may keep us waiting, and without any.
TURN_S, IDLE_TURN_S = 1.0, 5.0


def waitress_options(settings: Any, largest_body: int) -> dict[str, Any]:
    """Return Waitress's settings for one of our servers, each for a measured reason."""
    return {
        "threads": settings.threads,
        "connection_limit": settings.connection_limit,
        "ident": None,  # no Server header
        "max_request_body_size": largest_body + 1,  # Waitress would take 1 GiB; it refuses from this size on
        "inbuf_overflow": largest_body + 1,  # nothing captured is spooled to a file in the temp folder
        "outbuf_overflow": sys.maxsize,  # nor is an answer that waits for its reader: from 16 MiB on the next one waits
        "channel_request_lookahead": 1,  # without it an open stream cannot see that its client has gone
        "channel_timeout": 30,  # idle connections: 120 s would let half-open ones hold the limit
        "cleanup_interval": 5,
        "asyncore_use_poll": True,
        "expose_tracebacks": False,
        "clear_untrusted_proxy_headers": True,
    }


class Server:
    """One app on one port, and beside it on a Unix socket if there is one, served by Waitress from a thread of its own."""

    note = ""

    def __init__(
        self,
        service: str,
        app: WsgiApp,
        bound: Bound,
        options: dict[str, Any],
        request_timeout_s: float,
        dispatcher: Dispatcher,
        unix: UnixSocket | None = None,
    ) -> None:
        self.service = service
        self.bound = bound
        self._waitress = create_server(app, sockets=[bound.socket], _dispatcher=dispatcher, **options)
        self.unix = unix
        self._listening = [self._waitress, *([listen_beside(self._waitress, app, unix)] if unix else [])]
        for each in self._listening:
            each.channel_class = Channel
        self._slow = SlowRequests(request_timeout_s)
        self.on_turn: Callable[[], None] = lambda: None
        self._stop_by: float | None = None
        self._thread = threading.Thread(target=self._loop, name=f"smrthub-{service}", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Take no more connections, let the requests that are under way end, for at most ``timeout_s``, and end."""
        self._stop_by = time.monotonic() + timeout_s
        self._waitress.pull_trigger()

    def is_alive(self) -> bool:
        """Say whether its thread runs."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()
        # Not by the loop's own thread: ``stop`` may be about to write to the trigger, whose number another file has by then.
        wasyncore.close_all(self._waitress._map)  # noqa: SLF001

    def _loop(self) -> None:
        """Waitress's own ``run`` ends only by a signal in the main thread, and cuts what is under way."""
        waitress, look_at = self._waitress, 0.0
        while self._stop_by is None:
            step_s = TURN_S if any(each.active_channels for each in self._listening) else IDLE_TURN_S
            wasyncore.loop(timeout=step_s, use_poll=True, map=waitress._map, count=1)  # noqa: SLF001
            self.on_turn()
            if time.monotonic() >= look_at:
                look_at = time.monotonic() + TURN_S
                self._slow.cut(self._channels())
        for each in self._listening:
            wasyncore.dispatcher.close(each)  # the listening socket alone: the worker threads still need the trigger
        while time.monotonic() < self._stop_by and not self._is_idle():
            wasyncore.loop(timeout=0.05, use_poll=True, map=waitress._map, count=1)  # noqa: SLF001
        waitress.task_dispatcher.shutdown(cancel_pending=True, timeout=1)

    def _is_idle(self) -> bool:
        is_done: bool = self._waitress.task_dispatcher.is_idle()
        return is_done and not any(channel.total_outbufs_len for channel in self._channels())

    def _channels(self) -> list[Any]:
        return [channel for each in self._listening for channel in each.active_channels.values()]
