"""A disk that fails when it is told to and keeps account of what reached it, as a virtual file system of SQLite's.

It has no shared memory, so a database on it is open once at a time: a connection hook makes each one exclusive.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw

NAME = "faulty"
#: What a disk writes whole or not at all.
SECTOR_BYTES = 512


class Op(NamedTuple):
    """What reached the disk: ``write``, ``truncate``, ``sync``, ``delete`` of a file, or a ``mark`` of the test's."""

    kind: str
    file: str
    at: int = 0
    content: bytes = b""


class Disk:
    """``ops`` in their order; ``fail_at`` counts them down: at 0 the fault is raised, and until ``mend`` at each that follows."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.fail_at: int | None = None
        self.fault: type[apsw.Error] = apsw.IOError
        self.kinds: tuple[str, ...] = ("write", "sync", "truncate")

    def note(self, op: Op) -> None:
        if self.fail_at is not None and op.kind in self.kinds:
            if self.fail_at == 0:
                raise self.fault("injected by the test")
            self.fail_at -= 1
        self.ops.append(op)

    def mark(self, number: int) -> None:
        """Note that something was acknowledged."""
        self.ops.append(Op("mark", "", number))

    def mend(self) -> None:
        self.fail_at = None

    def after_power_cut(self, cut: int, chance: random.Random) -> dict[str, bytes]:
        """Return what the files hold when the power goes after ``cut`` operations.

        What was synced is there; of each sector that was written since, the newest, an older or the first content.
        """
        safe: dict[str, bytearray] = {}
        loose: dict[str, list[Op]] = {}
        for op in self.ops[:cut]:
            if op.kind == "sync":
                for each in loose.pop(op.file, []):
                    _apply(safe, each)
            elif op.kind == "delete":
                safe.pop(op.file, None)
                loose.pop(op.file, None)
            elif op.kind != "mark":
                loose.setdefault(op.file, []).append(op)
        for ops in loose.values():
            for op in ops:
                for sector in _sectors(op):
                    if chance.random() < 0.5:
                        _apply(safe, sector)
        return {file: bytes(content) for file, content in safe.items()}


def _sectors(op: Op) -> Iterator[Op]:
    if op.kind != "write":
        yield op
    for start in range(0, len(op.content), SECTOR_BYTES):
        yield Op("write", op.file, op.at + start, op.content[start : start + SECTOR_BYTES])


def _apply(files: dict[str, bytearray], op: Op) -> None:
    content = files.setdefault(op.file, bytearray())
    if op.kind == "truncate":
        del content[op.at :]
        return
    content.extend(bytes(max(0, op.at - len(content))))
    content[op.at : op.at + len(op.content)] = op.content


class _File(apsw.VFSFile):
    def __init__(self, base: str, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__(base, name, flags)
        self._disk = disk
        self._file = Path(name.filename() if isinstance(name, apsw.URIFilename) else name or "temporary").name

    def xWrite(self, content: bytes, at: int) -> None:  # noqa: N802
        self._disk.note(Op("write", self._file, at, bytes(content)))
        super().xWrite(content, at)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.note(Op("sync", self._file))
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.note(Op("truncate", self._file, size))
        super().xTruncate(size)


class _Vfs(apsw.VFS):
    def __init__(self, base: str, disk: Disk) -> None:
        super().__init__(NAME, base)
        self._base = base
        self._disk = disk

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802
        return _File(self._base, self._disk, name, flags)

    def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
        self._disk.note(Op("delete", Path(name).name))
        super().xDelete(name, sync)


@contextmanager
def faulty_disk() -> Iterator[Disk]:
    """Put every database that is opened within on such a disk."""
    disk, base = Disk(), apsw.vfs_names()[0]
    vfs = _Vfs(base, disk)
    hook = _make_exclusive
    apsw.set_default_vfs(NAME)
    apsw.connection_hooks.append(hook)
    try:
        yield disk
    finally:
        apsw.connection_hooks.remove(hook)
        apsw.set_default_vfs(base)
        vfs.unregister()


def _make_exclusive(conn: apsw.Connection) -> None:
    conn.execute("PRAGMA locking_mode=EXCLUSIVE")
