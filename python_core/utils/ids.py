"""Ids (UUIDv7 strings that rise within a process) and digests (``sha256:<hex>``)."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Callable

from python_core.utils.timestamps import now_ms

_RANDOM_BITS = 74  # what RFC 9562 leaves beside 48 bits of milliseconds, the version and the variant
_FRESH_MASK = (1 << 73) - 1  # a new millisecond starts with the top bit 0: room to count up in
_STEP_MASK = (1 << 32) - 1
_LOW_MASK = (1 << 62) - 1
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


class _Sequence:
    """The newest id of this process as a number: milliseconds, then 74 random bits."""

    def __init__(self, clock_ms: Callable[[], int] = now_ms) -> None:
        self._clock_ms = clock_ms
        self.start_afresh()

    def start_afresh(self) -> None:
        """Forget everything; a forked child does, as another thread of its parent may have held the lock."""
        self._lock = threading.Lock()
        self._newest = 0

    def next(self) -> int:
        random = int.from_bytes(os.urandom(10), "big")
        with self._lock:
            at_ms = self._clock_ms()
            if at_ms > self._newest >> _RANDOM_BITS:
                self._newest = at_ms << _RANDOM_BITS | random & _FRESH_MASK
            else:
                # The same millisecond, or a clock set back: up by a random step (RFC 9562, 6.2, method 2).
                self._newest += 1 + (random & _STEP_MASK)
            return self._newest


_sequence = _Sequence()
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_sequence.start_afresh)


def new_id() -> str:
    """Make a UUIDv7, greater as text than every earlier one of this process, whatever the clock does."""
    return _as_text(_sequence.next())


def is_id(text: str) -> bool:
    """Say whether a text is a lower-case UUIDv7 string, the only form in which the hub writes ids."""
    return _ID.fullmatch(text) is not None


def digest_of(content: bytes) -> str:
    """Name a content by its SHA-256: ``sha256:`` and 64 lower-case hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _as_text(value: int) -> str:
    high, low = value >> 62, value & _LOW_MASK
    text = f"{high >> 12 << 16 | 0x7000 | high & 0xFFF:016x}{1 << 63 | low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
