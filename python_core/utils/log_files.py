"""A log file that several processes append whole lines to and that turns over by size and by day.

How lines of several processes stay whole without a lock: the file is open with O_APPEND, and a block of whole
lines is one ``write``, which POSIX systems carry out as one step. Turning over takes the lock, but only if it
is free: who finds it taken writes on, into the old file or the new one, and looks at each write whether the
path still names the file that it has open.

Turning over is one rename, to ``<name>.<time of the last line, UTC>.<suffix>``: nobody ever sees half of it, and the
names stand in the order of time. A file is due when it is full, or when it was last changed on a day (UTC) before today.

Python's ``open`` has no such append on Windows, and Windows refuses to rename a file that anybody has open.
There the file is open only while it is written, under the lock. While a reader has it open it grows on.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from python_core.errors import HubError
from python_core.utils.config_path_resolver import make_private, private_opener
from python_core.utils.file_lock import FileLock
from python_core.utils.timestamps import to_rfc3339

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
_LOCK_WAIT_S = 3.0
_DAY_S = 86_400
_STAMP = re.compile(r"\.\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z")


def full_files(path: Path) -> list[Path]:
    """List the files that the one at ``path`` has turned into, oldest first; OSError if the folder cannot be read."""
    if not path.parent.is_dir():
        return []
    between = slice(len(path.stem), -len(path.suffix))
    return sorted(
        each
        for each in path.parent.iterdir()
        if each.name.startswith(path.stem)
        and each.suffix == path.suffix
        and _STAMP.fullmatch(each.name[between]) is not None
    )


def prune_full_files(paths: Iterable[Path], *, days: int, max_bytes: int) -> None:
    """Remove full files of these whose last line is older than ``days``, then the oldest until all, with the current ones,
    take ``max_bytes`` at most. It never raises; several processes may do it at once."""
    taken, kept = 0, []
    for path in paths:
        with suppress(OSError):
            taken += path.stat().st_size
        with suppress(OSError):
            for each in full_files(path):
                found = each.stat()
                kept.append((found.st_mtime, found.st_size, each))
                taken += found.st_size
    for changed_at_s, size, each in sorted(kept):
        if taken <= max_bytes and changed_at_s >= time.time() - days * _DAY_S:
            break
        with suppress(OSError):  # a reader on Windows has it open
            each.unlink(missing_ok=True)
            taken -= size


class LogFile:
    """One file of lines; for one thread at a time.

    :param max_bytes: the file is turned over before a write that would make it larger.
    :param hold_open: keep the file open between writes; not possible on Windows.
    :param when_full: called when this object has turned the file over.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        hold_open: bool = os.name != "nt",
        when_full: Callable[[], object] = lambda: None,
    ) -> None:
        self.path = path
        self.lost = 0
        self._max_bytes = max_bytes
        self._hold_open = hold_open
        self._when_full = when_full
        self._patience_s = _LOCK_WAIT_S
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

    def turn_over_if_due(self) -> None:
        """Turn the file over if its last line is of a day before today; it never raises."""
        with suppress(OSError, HubError):
            if self._is_due(os.lstat(self.path)):
                self._turn_over(0)

    def _append_beside_others(self, lines: Sequence[bytes]) -> int:
        block = b"".join(lines)
        found = self._settle()
        if self._is_due(found, len(block)):
            self._turn_over(len(block))
            found = self._settle()
        return self._write(lines, block, found.st_size)

    def _append_alone(self, lines: Sequence[bytes]) -> int:
        block = b"".join(lines)
        make_private(self.path.parent)
        self._wait_for_lock()
        is_turned = False
        try:
            found = self._open()
            if self._is_due(found, len(block)):
                self.close()
                is_turned = self._rename(len(block))
                found = self._open()
            return self._write(lines, block, found.st_size)
        finally:
            self.close()
            self._lock.release()
            if is_turned:
                self._when_full()

    def _is_due(self, found: os.stat_result, coming: int = 0) -> bool:
        is_full = found.st_size + coming > self._max_bytes
        return found.st_size > 0 and (is_full or found.st_mtime // _DAY_S < time.time() // _DAY_S)

    def _turn_over(self, coming: int) -> None:
        if not self._lock_is_ours():
            return
        try:
            is_turned = self._rename(coming)
        finally:
            self._lock.release()
        if is_turned:
            self._when_full()

    def _wait_for_lock(self) -> None:
        # FileLock.acquire asks ever more rarely: beside processes that write without a pause it may wait for
        # seconds.
        # Who has once waited in vain does not hold up the next caller too: some process hangs with the lock.
        give_up_at = time.monotonic() + self._patience_s
        while not self._lock.try_acquire():
            if time.monotonic() >= give_up_at:
                self._patience_s = 0.0
                raise TimeoutError
            time.sleep(0.001)
        self._patience_s = _LOCK_WAIT_S

    def _lock_is_ours(self) -> bool:
        try:
            return self._lock.try_acquire()
        except (OSError, HubError):
            return False  # no lock file can be made: the file grows on

    def _settle(self) -> os.stat_result:
        """Have that file open which the path names now."""
        if self._fd >= 0:
            with suppress(FileNotFoundError):
                found = os.lstat(self.path)
                if (found.st_dev, found.st_ino) == self._key:
                    return found
        return self._open()

    def _open(self) -> os.stat_result:
        self.close()
        make_private(self.path.parent)
        self._fd = private_opener(os.fspath(self.path), _FLAGS)
        found = os.fstat(self._fd)
        self._key = (found.st_dev, found.st_ino)
        self._own_end = -1
        return found

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

    def _rename(self, coming: int) -> bool:
        """Give the file, if it is still due, the name of a full one."""
        try:
            found = os.lstat(self.path)
            if not self._is_due(found, coming):
                return False  # another process has turned it over before we had the lock
            at_ms = found.st_mtime_ns // 1_000_000
            while os.path.lexists(full := self._full_at(at_ms)):
                at_ms += 1
            self.path.rename(full)
        except OSError:
            return False  # a reader on Windows, a folder closed to us: the file grows on
        return True

    def _full_at(self, at_ms: int) -> Path:
        stamp = re.sub("[:.]", "-", to_rfc3339(at_ms))  # Windows has no colons in names
        return self.path.with_name(f"{self.path.stem}.{stamp}{self.path.suffix}")

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
