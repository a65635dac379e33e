"""How the commits of one process went: how many, how long they took, what the last one failed by."""

from __future__ import annotations

import time
from collections.abc import Callable

#: A commit that takes so long is slow: as long as one waits for another process at most.
SLOW_S = 5.0
#: How long a slow one is told of, and a failed one after which nobody has tried again.
SLOW_KNOWN_S, FAULT_KNOWN_S = 300.0, 60.0


class Commits:
    """Noted by the one thread that commits at the time, read by any."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.monotonic = monotonic
        self.total = 0
        self.seconds = 0.0
        self.slowest_s = 0.0
        self._slow_at = self._failed_at = float("-inf")
        self._fault: Exception | None = None

    def note(self, began: float) -> None:
        """Note a commit that is on disk and began at a time of ``monotonic``."""
        now = self.monotonic()
        took_s = now - began
        self.total += 1
        self.seconds += took_s
        self._fault = None
        if took_s >= SLOW_S:
            self.slowest_s = max(took_s, self.slowest_s) if self.was_slow else took_s
            self._slow_at = now

    def note_fault(self, fault: Exception) -> None:
        """Note that nothing of a commit is stored."""
        self._fault, self._failed_at = fault, self.monotonic()

    @property
    def fault(self) -> Exception | None:
        """What the last commit failed by; None when it did not, or when that was a while ago and nobody has tried again."""
        return self._fault if self.monotonic() - self._failed_at < FAULT_KNOWN_S else None

    @property
    def was_slow(self) -> bool:
        """Say whether one of the last minutes was slow."""
        return self.monotonic() - self._slow_at < SLOW_KNOWN_S
