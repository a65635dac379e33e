"""What every verb is handed: the hub (settings, store, clock) and the caller."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from python_core.config import Settings
from python_core.runtime.free_disk import FreeDisk
from python_core.runtime.meter import Meter
from python_core.runtime.notes import Notes
from python_core.runtime.privacy import LiveRules
from python_core.store import Store, meta
from python_core.store.meta import Identity
from python_core.utils.timestamps import now_ms

#: The owner's client id: whoever can read the runtime file is the user.
OWNER = "owner"
#: Callers that wait for a run at once, each holding a thread of the server: eight would leave none for anybody else.
WAITERS_AT_MOST = 2
#: So a stream's reader, and all between, know that it goes on.
HEARTBEAT_S = 15.0
#: The client id of a program that was let in without a token, because the system names it as the user's own.
SAME_USER = "same-user"


class Places:
    """How many places of a kind are taken in this process."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self.taken = 0

    def take(self, at_most: int) -> bool:
        """Take a place, unless so many are taken."""
        with self._mutex:
            if self.taken >= at_most:
                return False
            self.taken += 1
            return True

    def free(self) -> None:
        """Give a place back."""
        with self._mutex:
            self.taken -= 1


@dataclass(frozen=True)
class Hub:
    """One process's hold on the hub.

    ``rules`` are the privacy rules in force.
    ``notes`` is what the ledger is to be told; ``meter`` counts what is answered; ``free_disk`` says how much room there is;
    ``waiters`` bounds who may wait for a run; ``work_queued`` is set when this process has queued a run, to wake its own
    worker; who holds ``forgetting`` goes on with what is to be forgotten.
    ``followers`` bounds who may follow the events; a stream says after ``heartbeat_s`` of silence that it is still there.
    """

    settings: Settings
    store: Store
    now: Callable[[], int] = now_ms
    started_at_ms: int = field(default_factory=now_ms)
    rules: LiveRules = field(default_factory=LiveRules)
    notes: Notes = field(default_factory=Notes)
    meter: Meter = field(default_factory=Meter)
    free_disk: FreeDisk = field(default_factory=FreeDisk)
    waiters: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(WAITERS_AT_MOST))
    followers: Places = field(default_factory=Places)
    heartbeat_s: float = HEARTBEAT_S
    work_queued: threading.Event = field(default_factory=threading.Event)
    forgetting: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def identity(self) -> Identity:
        """Who this hub is, in every process and at every start."""
        return meta.identity_of(self.store)


class Caller(msgspec.Struct, frozen=True):
    """Who asks: a client's id and scopes, the server it came through (``bridge``, ``web-listener``, …) and its trace."""

    client: str
    service: str
    trace_id: str
    scopes: frozenset[str] = frozenset()
