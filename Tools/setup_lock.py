"""Let one setup of a folder work at a time; the system frees the lock however the holder ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def one_at_a_time(lock_file: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Wait for the lock and hold it; gives its descriptor, which a child may keep open to keep the lock."""
    with lock_file.open("ab") as lock:
        told = False
        while not _try_lock(lock.fileno()):
            if not told:
                say("Another setup of this folder is at work; waiting for it ...")
                told = True
            time.sleep(0.1)
        yield lock.fileno()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
