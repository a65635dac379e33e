"""Types that msgspec decodes into, learned by one thread at a time."""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")
_learning = threading.Lock()
_learned: set[object] = set()


def learned(shape: type[T]) -> type[T]:
    """Return a type that any thread may decode or convert into from now on.

    msgspec reads a type's annotations when it first decodes into it, and marks it as known before it knows all of it: a second
    thread that decodes into it at that moment reads what is not there yet (msgspec 0.22: the process ends by SIGSEGV).
    Asked where a type is used, not at the start, which learning all of them would make 6 ms longer.
    """
    if shape not in _learned:
        with _learning:
            msgspec.json.Decoder(shape)
        _learned.add(shape)
    return shape
