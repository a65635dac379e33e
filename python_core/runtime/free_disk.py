"""How much of the store's disk is free: looked at every few seconds at most, since every post asks."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOOK_EVERY_S = 3.0


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return sys.maxsize  # a system that does not say: what finds no room is told so by the write itself


class FreeDisk:
    """The free bytes of a folder's disk, a few seconds old at most; for many threads."""

    def __init__(
        self, look: Callable[[Path], int] = _free_bytes, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._look = look
        self._monotonic = monotonic
        self._seen: tuple[int, float] | None = None

    def bytes_in(self, folder: Path) -> int:
        """Return how many bytes are free where ``folder`` is."""
        now, seen = self._monotonic(), self._seen
        if seen is None or now - seen[1] >= LOOK_EVERY_S:
            self._seen = seen = self._look(folder), now
        return seen[0]
