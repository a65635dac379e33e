"""The lines of one log, over all the files that it has turned into, and those that are added later."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from python_core.utils.log_files import full_files

#: How often a listing is taken anew when files turn over under it.
_TRIES = 10


class _Found(NamedTuple):
    path: Path
    key: tuple[int, int]  # device and inode: what stays when a file is renamed
    changed_ns: int


class LogLines:
    """Gives each whole line of the log at ``path`` once, in the order of writing; ask again for what was added since.

    A file is read whole and closed at once: on Windows nobody could turn it over meanwhile. What turned over since the last
    time is found again by its inode; what was removed by then is missed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = (0, 0)
        self._offset = 0
        self._changed_ns = -1

    def read(self, since_ms: int = 0) -> Iterator[bytes]:
        """Yield what was not given before; files that were last changed before ``since_ms`` are left out.

        :raises OSError: the folder or a file cannot be read.
        """
        for _ in range(_TRIES):
            if (yield from self._read_listed(since_ms)):
                return

    def _read_listed(self, since_ms: int) -> Generator[bytes, None, bool]:
        """Read the files as they are listed now; return whether they stayed so."""
        for each in self._coming():
            if each.key != self._key:
                self._key, self._offset = each.key, 0
            is_wanted = each.changed_ns >= since_ms * 1_000_000
            content = self._content(each) if is_wanted else b""
            if content is None:
                return False
            self._changed_ns = each.changed_ns
            whole = content.rfind(b"\n") + 1
            self._offset += whole
            yield from content[:whole].splitlines()
        return True

    def _coming(self) -> list[_Found]:
        """List the files from the one on in which the last line that was given is."""
        found = self._list()
        for at, each in enumerate(found):
            if each.key == self._key:
                return found[at:]
        return [each for each in found if each.changed_ns > self._changed_ns]

    def _list(self) -> list[_Found]:
        """List all files, oldest first, at a moment at which none turned over."""
        found: list[_Found] = []
        for _ in range(_TRIES):
            before = _look_at(self._path)
            found = [each for path in full_files(self._path) if (each := _look_at(path)) is not None]
            after = _look_at(self._path)
            if after is not None:
                found.append(after)
            if (before and before.key) == (after and after.key):
                break
        return found

    def _content(self, found: _Found) -> bytes | None:
        """Read the rest of a file, or None where another one bears its name by now."""
        try:
            with found.path.open("rb") as file:
                # By the path, not by the open file: on Windows the two tell one file's numbers differently.
                now = _look_at(found.path)
                if now is None or now.key != found.key:
                    return None
                if file.seek(0, os.SEEK_END) < self._offset:
                    self._offset = 0  # somebody has emptied it
                file.seek(self._offset)
                return file.read()
        except FileNotFoundError:
            return None


def _look_at(path: Path) -> _Found | None:
    with suppress(FileNotFoundError):
        found = path.stat()
        return _Found(path, (found.st_dev, found.st_ino), found.st_mtime_ns)
    return None
