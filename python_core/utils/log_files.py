"""A log file that several processes append whole lines to and that turns over by size.

How lines of several processes stay whole without a lock: the file is open with O_APPEND, and a block of whole
lines is one ``write``, which POSIX systems carry out as one step. Turning over takes the lock, but only if it
is free: who finds it taken writes on, into the old file or the new one, and looks at each write whether the
path still names the file that it has open.

Python's ``open`` has no such append on Windows, and Windows refuses to rename a file that anybody has open.
There the file is open only while it is written, under the lock.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from python_core.errors import HubError
from python_core.utils.config_path_resolver import make_private, private_opener
from python_core.utils.file_lock import FileLock

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_LOCK_WAIT_S = 3.0


class LogFile:
    """One file of lines; for one thread at a time.

    :param max_bytes: the file is turned over before a write that would make it larger.
    :param keep: how many full files stay, as ``<name>.1`` (the newest) to ``<name>.<keep>``.
    :param hold_open: keep the file open between writes; not possible on Windows.
    """

    def __init__(self, path: Path, *, max_bytes: int, keep: int, hold_open: bool = os.name != "nt") -> None:
        self.path = path
        self.lost = 0
        self._max_bytes = max_bytes
        self._keep = keep
        self._hold_open = hold_open
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        self._fd = -1
        self._key = (0, 0)  # device and inode of the open file
        self._own_end = -1  # where our last write ended

    def append(self, lines: Sequence[bytes]) -> int:
        """Write the lines, each with its line feed, in one call; tell how many are whole in the file.

        It never raises: a disk that is full or read-only makes the number smaller.
        """
        try:
            return self._append_beside_others(lines) if self._hold_open else self._append_alone(lines)
        except Exception:  # noqa: BLE001 # whatever it is, the work of who logs is worth more
            self.close()
            return 0

    def prove(self) -> None:
        """Open the file, making it and its folder where missing; OSError or HubError if that fails."""
        self._open()
        if not self._hold_open:
            self.close()

    def close(self) -> None:
        """Close the file; the next write opens it again."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _append_beside_others(self, lines: Sequence[bytes]) -> int:
        block = b"".join(lines)
        size = self._settle()
        if self._would_overflow(size, block) and self._lock_is_ours():
            try:
                if self._find() is not None:  # else another process did it between our look and our lock
                    self._turn_over()
            finally:
                self._lock.release()
            size = self._settle()
        return self._write(lines, block, size)

    def _append_alone(self, lines: Sequence[bytes]) -> int:
        block = b"".join(lines)
        make_private(self.path.parent)
        self._wait_for_lock()
        try:
            size = self._open()
            if self._would_overflow(size, block):
                self.close()
                self._turn_over()
                size = self._open()
            return self._write(lines, block, size)
        finally:
            self.close()
            self._lock.release()

    def _would_overflow(self, size: int, block: bytes) -> bool:
        return size > 0 and size + len(block) > self._max_bytes

    def _wait_for_lock(self) -> None:
        # FileLock.acquire asks ever more rarely: beside processes that write without a pause it may wait for
        # seconds.
        give_up_at = time.monotonic() + _LOCK_WAIT_S
        while not self._lock.try_acquire():
            if time.monotonic() >= give_up_at:
                raise TimeoutError
            time.sleep(0.001)

    def _lock_is_ours(self) -> bool:
        try:
            return self._lock.try_acquire()
        except (OSError, HubError):
            return False  # no lock file can be made: the file grows on

    def _settle(self) -> int:
        """Have that file open which the path names now; tell its size."""
        found = self._find()
        return found.st_size if found is not None and self._fd >= 0 else self._open()

    def _find(self) -> os.stat_result | None:
        """Look whether the path names the file that we opened last."""
        try:
            found = os.lstat(self.path)
        except FileNotFoundError:
            return None
        return found if (found.st_dev, found.st_ino) == self._key else None

    def _open(self) -> int:
        self.close()
        make_private(self.path.parent)
        self._fd = private_opener(os.fspath(self.path), _FLAGS)
        found = os.fstat(self._fd)
        self._key = (found.st_dev, found.st_ino)
        self._own_end = -1
        return found.st_size

    def _ends_torn(self) -> bool:
        """Tell whether the last line has no end, because its writer was killed inside of it or the power went."""
        first = self._end()
        if first[1] in {b"", b"\n"}:
            return False
        if sys.platform != "win32" and self._hold_open:
            # What we see may be half of a write under way. A change of mode waits for it: the system takes
            # the same lock of the file for both.
            os.fchmod(self._fd, 0o600)
        return self._end() == first

    def _end(self) -> tuple[int, bytes]:
        size = os.fstat(self._fd).st_size
        os.lseek(self._fd, max(0, size - 1), os.SEEK_SET)
        return size, os.read(self._fd, 1)

    def _turn_over(self) -> None:
        # Up to the first free number, so that a process killed in between costs no file.
        full = [self.path.with_name(f"{self.path.name}.{number}") for number in range(1, self._keep + 1)]
        free = next((at for at, path in enumerate(full) if not path.exists()), self._keep - 1)
        try:
            for at in range(free, 0, -1):
                full[at - 1].replace(full[at])
            self.path.replace(full[0])
        except OSError:
            return  # a reader on Windows, a folder closed to us: the file grows on

    def _write(self, lines: Sequence[bytes], block: bytes, size: int) -> int:
        # Others have written: begin a new line if the last of them did not come to the end of his.
        torn = b"\n" if size != self._own_end and self._ends_torn() else b""
        written = os.write(self._fd, torn + block)
        self._own_end = size + written
        if written == len(torn) + len(block):
            return len(lines)
        # The disk is full. What came through of a cut line is taken back, if nobody has written behind it.
        self._own_end = -1
        came_through = block[: max(0, written - len(torn))]
        whole = came_through.rfind(b"\n") + 1
        end = os.lseek(self._fd, 0, os.SEEK_CUR)
        if os.fstat(self._fd).st_size == end:
            os.ftruncate(self._fd, end - (len(came_through) - whole))
        return came_through.count(b"\n")
