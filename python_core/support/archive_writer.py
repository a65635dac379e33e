"""Write files that belong together, into one ``.zip`` or one folder, whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from python_core.errors import BadInput, Conflict, StorageFull
from python_core.utils.config_path_resolver import make_private, private_opener
from python_core.utils.ids import new_id

#: A draft that is older is nobody's.
DRAFT_S = 86_400


class Written(NamedTuple):
    """What one file of an archive holds."""

    bytes: int
    sha256: str


class ArchiveWriter:
    """Writes an archive at ``path``, which nothing may stand at; its files stand there when the ``with`` block has ended.

    :raises Conflict: something is there already.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _refuse_taken(path)
        if not path.parent.is_dir():
            raise BadInput(f"There is no folder {path.parent}: make it first.")
        _remove_strays(path)
        self.draft = path.with_name(f".{path.name}.{new_id()}.tmp")
        #: A file of the writer's own beside the archive, for what is made before it goes in; gone at the end.
        self.spare = path.with_name(f".{path.name}.{new_id()}.tmp")
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> ArchiveWriter:
        if is_zip(self.path):
            file = open(self.draft, "xb", opener=private_opener)
            self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        else:
            make_private(self.draft)
        return self

    @contextmanager
    def open(self, name: str, *, packed: bool = True) -> Iterator[HashingWriter]:
        """Write one file; ``packed``: it is worth compressing."""
        if self._zip is not None:
            entry = zipfile.ZipInfo(name)  # with the format's first day as its time: equal contents make equal entries
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            entry.external_attr = (stat.S_IFREG | 0o600) << 16
            with self._zip.open(entry, "w", force_zip64=True) as file:
                yield HashingWriter(file)
            return
        path = self.draft / name
        make_private(path.parent)
        with open(path, "xb", opener=private_opener) as file:
            yield HashingWriter(file)
            file.flush()
            os.fsync(file.fileno())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._discard()

    def _finish(self) -> None:
        if self._zip is not None:
            file: Any = self._zip.fp
            self._zip.close()
            file.flush()
            os.fsync(file.fileno())
            file.close()
            self._zip = None
        _refuse_taken(self.path)
        self.draft.rename(self.path)

    def _discard(self) -> None:
        """Remove what did not become whole: a full disk needs the room."""
        if self._zip is not None:
            file: Any = self._zip.fp
            self._zip.fp = None  # closing it would write its table of contents
            with suppress(OSError):  # what is still in its buffer finds no room either
                file.close()
        remove_tree(self.draft)
        for ending in ("", "-journal", "-wal", "-shm"):
            self.spare.with_name(self.spare.name + ending).unlink(missing_ok=True)


class HashingWriter:
    """Counts and hashes what goes through it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._bytes = 0

    def write(self, content: bytes) -> None:
        self._file.write(content)
        self._hash.update(content)
        self._bytes += len(content)

    @property
    def written(self) -> Written:
        return Written(self._bytes, self._hash.hexdigest())


@contextmanager
def room_told() -> Iterator[None]:
    """Tell of a full disk or quota as such."""
    try:
        yield
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise StorageFull("The disk is full: nothing was written. Free some space or give another disk.") from fault
        raise


def is_zip(path: Path) -> bool:
    """Say whether an archive of this name is one file; else it is a folder."""
    return path.suffix.lower() == ".zip"


def remove_tree(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise Conflict(f"{path} is there already: give another name, nothing is overwritten.")


def _remove_strays(path: Path) -> None:
    """Remove the drafts that were left when a process was killed."""
    for stray in path.parent.glob(f".{path.name}.{'?' * 36}.tmp"):
        if time.time() - stray.stat().st_mtime > DRAFT_S:
            remove_tree(stray)
