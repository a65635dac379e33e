"""How often each caller may call: a bucket of requests that refills, one a caller, in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

#: Callers remembered at once; the one that has been away longest is forgotten first, with a full bucket.
CALLERS_AT_MOST = 1_024


class Rates:
    """``per_second`` requests in the long run, ``burst`` at once."""

    def __init__(self, per_second: float, burst: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> int:
        """Count one request; return 0 when it may pass, else after how many seconds the next one may."""
        now = self._monotonic()
        with self._lock:
            left, at = self._left.pop(caller, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._per_second)
            passes = left >= 1
            self._left[caller] = (left - 1 if passes else left, now)
            if len(self._left) > CALLERS_AT_MOST:
                del self._left[next(iter(self._left))]
        return 0 if passes else max(1, round((1 - left) / self._per_second))
