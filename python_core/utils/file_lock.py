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
from typing import Any, Protocol

from python_core.errors import Busy
from python_core.utils.config_path_resolver import private_opener


class Locking(Protocol):
    """How a system locks an open file for one holder, without waiting."""

    def try_lock(self, fd: int) -> bool: ...

    def unlock(self, fd: int) -> None: ...


class WindowsLocking:
    """The first byte of the file is locked, whether the file has one or not; another handle of the same process is refused, too.

    :param msvcrt: the standard module, which is on Windows alone.
    """

    def __init__(self, msvcrt: Any) -> None:
        self._msvcrt = msvcrt

    def try_lock(self, fd: int) -> bool:
        os.lseek(fd, 0, os.SEEK_SET)  # locking() counts from where the file stands
        try:
            self._msvcrt.locking(fd, self._msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def unlock(self, fd: int) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        self._msvcrt.locking(fd, self._msvcrt.LK_UNLCK, 1)


if sys.platform == "win32":
    import msvcrt

    _LOCKING: Locking = WindowsLocking(msvcrt)
else:
    import fcntl

    class _PosixLocking:
        """flock, not lockf: POSIX record locks let every thread of a process in, and fall when any descriptor is closed."""

        def try_lock(self, fd: int) -> bool:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        def unlock(self, fd: int) -> None:
            fcntl.flock(fd, fcntl.LOCK_UN)

    _LOCKING = _PosixLocking()


class FileLock:
    """Exclusive lock on ``path``, whose folder must exist; one object is for one thread at a time.

    ``with FileLock(path, timeout_s=5):`` waits at most so long and then raises Busy.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0, locking: Locking = _LOCKING) -> None:
        self.path = path
        self.timeout_s = timeout_s
        self._locking = locking
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
            taken = self._locking.try_lock(fd)
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
            self._locking.unlock(fd)  # in a forked child, unlocking would take the lock from the parent
        os.close(fd)

    def __enter__(self) -> FileLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
