"""Have all threads allocate from one heap: glibc gives each its own, and none gets smaller by what another could use."""

from __future__ import annotations

import os
import sys

#: ``M_ARENA_MAX`` of glibc's ``malloc.h``.
_ARENA_MAX = -8


def share_one_arena() -> None:
    """Tell glibc so, before threads are there; nothing on another system, or where the environment says how many it shall be."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        import ctypes  # 4 ms, here alone

        set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none, and no arenas
        if set_option is not None:
            set_option(_ARENA_MAX, 1)
