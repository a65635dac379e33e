"""Read an archive, a ``.zip`` or a folder, with nothing believed that it says of itself."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from python_core.errors import BadInput

#: All names that an archive has: nothing else is ever opened, and none of them leads out of it.
NAMES = re.compile(
    r"manifest\.json|(?:clips|visits|outputs|schemas|blobs|unreadable)\.jsonl|hub\.db|blobs/[0-9a-f]{2}/[0-9a-f]{64}"
)
_CHUNK_BYTES = 1 << 20


class ArchiveReader:
    """Reads an archive; sizes are what its own table of contents says, and reading never goes beyond them.

    :raises BadInput: it is neither a zip nor a folder, or one that no hub writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._entries: dict[str, zipfile.ZipInfo] = {}
        if path.is_dir():
            return
        with _readable(path.name):
            self._zip = zipfile.ZipFile(path)
        for entry in self._zip.infolist():
            if entry.filename in self._entries:
                raise BadInput(f"{path.name} holds {_shown(entry.filename)} twice: no hub wrote it so.")
            if not entry.is_dir():
                self._entries[entry.filename] = entry

    def __enter__(self) -> ArchiveReader:
        return self

    def __exit__(self, *_: object) -> None:
        if self._zip is not None:
            self._zip.close()

    def names(self) -> Iterator[str]:
        """Give the names of all files in it, whatever they are."""
        if self._zip is not None:
            yield from self._entries
            return
        for folder, folders, files in os.walk(self.path):
            for name in [*files, *(each for each in folders if (Path(folder) / each).is_symlink())]:
                yield (Path(folder) / name).relative_to(self.path).as_posix()

    def size(self, name: str) -> int | None:
        """Return how many bytes a file has, unpacked; None when it is not there."""
        if NAMES.fullmatch(name) is None:
            return None
        if self._zip is not None:
            entry = self._entries.get(name)
            return entry.file_size if entry is not None else None
        path = self.path / name
        try:
            found = path.lstat()
        except OSError:
            return None
        inside = path.resolve().is_relative_to(self.path.resolve())
        return found.st_size if stat.S_ISREG(found.st_mode) and inside else None

    @contextmanager
    def open(self, name: str) -> Iterator[HashingReader]:
        """Read one file.

        :raises BadInput: it is not there, or what is there cannot be read.
        """
        if self.size(name) is None:
            raise BadInput(f"{name} is missing.")
        with _readable(name):
            file = self._zip.open(self._entries[name]) if self._zip is not None else (self.path / name).open("rb")
        with file:
            yield HashingReader(name, file)

    def read(self, name: str, most_bytes: int) -> bytes:
        """Return a whole file.

        :raises BadInput: as ``open``, or it is larger than that.
        """
        if (self.size(name) or 0) > most_bytes:
            raise BadInput(f"{name} is larger than {most_bytes} bytes.")
        with self.open(name) as file:
            return b"".join(file.chunks())


class HashingReader(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._file = file
        self._hash = hashlib.sha256()
        self.taken_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _readable(self._name):
            content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._hash.update(content)
        self.taken_bytes += len(content)
        return len(content)

    def lines(self, most_bytes: int) -> Iterator[tuple[int, bytes | None]]:
        """Give each line with its number, from 1, without its end; None for one that is longer than that."""
        buffered, number = io.BufferedReader(self, _CHUNK_BYTES), 0
        while line := buffered.readline(most_bytes + 1):
            number += 1
            if line.endswith(b"\n"):
                yield number, line[:-1]
            elif len(line) <= most_bytes:
                yield number, line
            else:
                while line and not line.endswith(b"\n"):
                    line = buffered.readline(_CHUNK_BYTES)
                yield number, None

    def chunks(self) -> Iterator[bytes]:
        """Give what is left, in pieces."""
        while chunk := self.read(_CHUNK_BYTES):
            yield chunk

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Say in our terms that a file cannot be read; ``zipfile`` has many ways to say it."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as fault:
        if isinstance(fault, FileNotFoundError):
            raise BadInput(f"There is no {name}.") from None
        raise BadInput(f"{name} cannot be read: it is damaged, or no export of a hub.") from fault


def _shown(name: str) -> str:
    return name if NAMES.fullmatch(name) else "a file"
