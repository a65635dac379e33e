"""A lock on a file that at most one process or thread holds, and that the system frees when its holder dies.

The lock file is never deleted: a second process may have the old file open while a third one makes and locks
a new one of the same name, and then both hold "the" lock.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType

from python_core.errors import Busy
from python_core.utils.config_path_resolver import private_opener

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)  # locking() counts from where the file stands
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    # flock, not lockf: POSIX record locks let every thread of a process in, and fall when any descriptor of
    # the file is closed.
    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_UN)


class FileLock:
    """Exclusive lock on ``path``, whose folder must exist; one object is for one thread at a time.

    ``with FileLock(path, timeout_s=5):`` waits at most so long and then raises Busy.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        self.path = path
        self.timeout_s = timeout_s
        self._fd = -1
        self._pid = 0

    @property
    def held(self) -> bool:
        """Tell whether this object holds the lock in this process."""
        return self._fd >= 0 and self._pid == os.getpid()

    def try_acquire(self) -> bool:
        """Take the lock if it is free; False at once if it is not."""
        if self.held:
            raise RuntimeError("this FileLock is held already")
        fd = private_opener(os.fspath(self.path), os.O_RDWR | os.O_CREAT)
        try:
            taken = _try_lock(fd)
        except BaseException:
            os.close(fd)
            raise
        if taken:
            self._fd, self._pid = fd, os.getpid()
        else:
            os.close(fd)
        return taken

    def acquire(self) -> None:
        """Take the lock, waiting at most ``timeout_s`` seconds; Busy after that."""
        give_up_at = time.monotonic() + self.timeout_s
        pause_s = 0.001
        while not self.try_acquire():
            if time.monotonic() >= give_up_at:
                raise Busy(f"another process holds {self.path}")
            # Asked again and again, because neither system waits with a limit.
            time.sleep(min(pause_s, max(0.0, give_up_at - time.monotonic())))
            pause_s = min(pause_s * 2, 0.05)

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        fd, self._fd = self._fd, -1
        if fd < 0:
            return
        if self._pid == os.getpid():
            _unlock(fd)  # in a forked child, unlocking would take the lock from the parent
        os.close(fd)

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
