"""Wake those who follow the event log when it has grown, whichever process wrote.

In this process the writer tells them as soon as it has committed. Across processes it rings a doorbell: a datagram to the port
on 127.0.0.1 that the other process has written into the store, which is the one way to wake another process that is the same on
every system and costs nothing while nothing happens. The log is the truth and a ring says no more than "look": one that is lost
costs ``LOOK_S``, for then the thread that listens looks by itself. It looks for all who wait whether they go on waiting, too, so
that none of them wakes for that.

The thread begins with the first who waits and ends when nobody has waited for ``LINGER_S``. A ring holds a secret that only who
may read the store knows, so that a stranger's datagrams wake nobody; they are taken at ``STRANGERS_PER_S`` at most.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple

import apsw

from python_core.errors import HubError
from python_core.store.bells import BellRow, list_bells, remove_bell, set_bell
from python_core.store.connection import Connection
from python_core.store.events import get_last_event_id
from python_core.utils.timestamps import now_ms

#: Between two looks for what no ring has told of, so that within a second a stream is over whose token has expired.
LOOK_S = 0.9
LINGER_S = 60.0
STRANGERS_PER_S = 100
#: A bell is renewed three times before it counts as that of a process which is no more.
_RENEW_S, _LEASE_MS = 30.0, 90_000
_LOOPBACK = "127.0.0.1"
_END = b"end"

Reading = Callable[[], AbstractContextManager[Connection]]
Write = Callable[[Callable[[Connection], Any]], Any]


class _Known(NamedTuple):
    """The bells that a connection read when its data was of this version, which rises by one with each of its commits."""

    conn: Connection
    version: int
    bells: list[BellRow]


class News:
    """What the followers of one process wait on; made anew in a forked child, which has neither threads nor followers."""

    def __init__(self, reading: Reading, write: Write, look_s: float = LOOK_S, linger_s: float = LINGER_S) -> None:
        self._reading = reading
        self._write = write
        self._look_s = look_s
        self._linger_s = linger_s
        self._changed = threading.Condition()
        self._bell: _Bell | None = None
        self._waiting: list[Callable[[], bool]] = []
        self._waited_at = 0.0
        self._known: _Known | None = None
        #: How often something was told; it changes with each time.
        self.rings = 0
        #: Nothing will be told any more: the store closes.
        self.is_over = False

    def wait(self, rings: int, timeout_s: float, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Wait until something is told beyond so many ``rings``, which one reads before one looks at the log.

        :param goes_on: asked every ``look_s`` by the thread that listens; all are woken when it says no.
        """
        with self._changed:
            if self._bell is None and not self.is_over:
                self._bell = _Bell(self)
                self._bell.start()
            self._waiting.append(goes_on)
            try:
                self._changed.wait_for(lambda: self.rings != rings or self.is_over, timeout_s)
            finally:
                self._waiting.remove(goes_on)
                self._waited_at = time.monotonic()

    def tell(self) -> None:
        """Wake those who wait in this process."""
        with self._changed:
            self.rings += 1
            self._changed.notify_all()

    def tell_all(self, conn: Connection) -> None:
        """Wake those who wait in any process; a bell that cannot be rung is no fault of who wrote."""
        self.tell()
        with contextlib.suppress(apsw.Error, OSError):
            own, at_ms = self._bell.port if self._bell else None, now_ms()
            others = [bell for bell in self._bells_of(conn) if bell.port != own and bell.until_ms > at_ms]
            if others:
                with _datagrams() as ringing:
                    for bell in others:
                        ringing.sendto(bell.secret, (_LOOPBACK, bell.port))

    def _bells_of(self, conn: Connection) -> list[BellRow]:
        """Return the bells of other processes, from memory where this connection's commit is the only one since they were read.

        Who hangs up a bell looks at the log after that: one that is hung up just now misses nothing.
        """
        known = self._known
        if known is None or known.conn is not conn or conn.data_version() != known.version + 1:
            known = _Known(conn, 0, list_bells(conn))
        self._known = known._replace(version=conn.data_version())
        return known.bells

    def end(self) -> None:
        """Wake all for the last time and end the thread."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()
            bell = self._bell
        if bell is not None:
            bell.end()

    def has_followers(self) -> bool:
        """Say whether somebody waits, or has done so lately; if not, whoever waits next begins another bell."""
        with self._changed:
            has_waited = bool(self._waiting) or time.monotonic() - self._waited_at < self._linger_s
            if self.is_over or not has_waited:
                self._bell = None
            return self._bell is not None

    def forget_bell(self, bell: _Bell) -> None:
        """Let whoever waits next begin another bell."""
        with self._changed:
            if self._bell is bell:
                self._bell = None

    def _all_go_on(self) -> bool:
        with self._changed:
            waiting = list(self._waiting)
        return all(goes_on() for goes_on in waiting)

    def listen(self, bell: _Bell) -> None:
        """Tell what the bell is rung for, and what is found without a ring, until nobody waits any more."""
        secret, newest, look_at, renew_at = secrets.token_bytes(16), -1, 0.0, 0.0
        while self.has_followers():
            now = time.monotonic()
            with contextlib.suppress(HubError):  # a store that cannot be used for a while
                if now >= renew_at:
                    renew_at = now + _RENEW_S
                    row = BellRow(bell.port, secret, now_ms() + _LEASE_MS)
                    self._write(partial(set_bell, bell=row, now_ms=now_ms()))
                if now >= look_at:
                    look_at = now + self._look_s
                    with self._reading() as conn:
                        found = get_last_event_id(conn)
                    if found != newest or not self._all_go_on():
                        newest = found
                        self.tell()
            said = bell.heard(look_at - time.monotonic())
            if said is not None and hmac.compare_digest(said, secret):
                self.tell()
            elif said is not None and not self.is_over:
                time.sleep(1 / STRANGERS_PER_S)
        with contextlib.suppress(HubError):
            self._write(lambda conn: remove_bell(conn, bell.port))


class _Bell(threading.Thread):
    """A port on 127.0.0.1 and the thread that listens there."""

    def __init__(self, news: News) -> None:
        super().__init__(name="smrthub-doorbell", daemon=True)
        self._news = news
        self._socket = _datagrams()
        self._socket.bind((_LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]

    def run(self) -> None:
        """Listen."""
        try:
            with self._socket:
                self._news.listen(self)
        finally:
            self._news.forget_bell(self)

    def heard(self, timeout_s: float) -> bytes | None:
        """Return the next datagram; None when none came in time."""
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            return self._socket.recv(64)
        except TimeoutError:
            return None
        except OSError:  # how Windows tells of one that is longer
            return b""

    def end(self) -> None:
        """Wake the thread, which finds that it is over, and wait for it."""
        with contextlib.suppress(OSError), _datagrams() as ringing:
            ringing.sendto(_END, (_LOOPBACK, self.port))
        if self is not threading.current_thread():
            self.join(2)


def _datagrams() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
