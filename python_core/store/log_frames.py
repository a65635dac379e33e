"""Read which pages SQLite's write-ahead log holds: https://www.sqlite.org/fileformat2.html#the_write_ahead_log."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

_HEADER, _FRAME = struct.Struct(">8xI4x8s8x"), struct.Struct(">II8s8x")
#: Frames of the first commit that are read.
_FIRST_AT_MOST = 16


class Log(NamedTuple):
    """The frames of a log: with which ``salts`` it was begun (hexadecimal), its pages (0 is the first), and its first commit."""

    salts: str
    pages: frozenset[int]
    first: bytes


NO_LOG = Log("", frozenset(), b"")


def read_log(path: Path, frames: int) -> Log:
    """Read so many frames of the log of the database at ``path``, whose writer's lock is held; ``NO_LOG`` where they are not there.

    SQLite locks nothing in this file, so that a descriptor of our own may be closed.
    """
    try:
        file = path.with_name(f"{path.name}-wal").open("rb")
    except FileNotFoundError:
        return NO_LOG
    with file:
        header = file.read(_HEADER.size)
        if len(header) < _HEADER.size or frames <= 0:
            return NO_LOG
        page_bytes, salts = _HEADER.unpack(header)
        pages, first, is_first = set[int](), bytearray(), True
        for n in range(frames):
            file.seek(_HEADER.size + n * (_FRAME.size + page_bytes))
            frame = file.read(_FRAME.size)
            if len(frame) < _FRAME.size:
                return NO_LOG
            page, size, of_frame = _FRAME.unpack(frame)
            if of_frame != salts:  # of a log before this one: SQLite counts other frames than the file begins with
                return NO_LOG
            pages.add(page - 1)
            if is_first:
                first += file.read(page_bytes)
                is_first = size == 0 and n < _FIRST_AT_MOST
        return Log(salts.hex(), frozenset(pages), bytes(first))
