"""What Windows' ``msvcrt.locking`` does, as far as its documentation says: for tests of the code that calls it."""

from __future__ import annotations

import errno
import os


class FakeMsvcrt:
    """Locks by flock underneath, which like Windows has a lock belong to one opening of the file, and end with its process."""

    LK_UNLCK, LK_LOCK, LK_NBLCK = 0, 1, 2

    def __init__(self) -> None:
        self.locked: set[int] = set()

    def locking(self, fd: int, mode: int, count: int) -> None:
        import fcntl

        assert os.lseek(fd, 0, os.SEEK_CUR) == 0, (
            "it locks from where the file stands, and another would lock other bytes"
        )
        assert count == 1
        if mode == self.LK_UNLCK:
            if fd not in self.locked:  # ERROR_NOT_LOCKED
                raise PermissionError(errno.EACCES, "Permission denied")
            self.locked.remove(fd)
            fcntl.flock(fd, fcntl.LOCK_UN)
            return
        assert mode == self.LK_NBLCK, "LK_LOCK waits ten seconds and then fails"
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PermissionError(errno.EACCES, "Permission denied") from None
        self.locked.add(fd)
