"""Large contents as files named by their digest, written before the row that names them and removed after the last one.

Removal happens under the writer's lock, after the transaction that took the last row away is on disk; an addition checks
under that same lock that its file is there. So a row never names a file that is gone. What a crash leaves is a file that
no row names: ``recover_blobs`` removes it at the next start.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from python_core.errors import StorageFull
from python_core.store.connection import Connection, connect
from python_core.store.database import Store
from python_core.utils.config_path_resolver import make_private, sync_folder
from python_core.utils.ids import new_id

#: A draft that is older is nobody's: no put takes an hour.
DRAFT_S = 3600
_NAME = re.compile(r"[0-9a-f]{64}")


def blob_path(folder: Path, digest: str) -> Path:
    """Return where the content of ``sha256:<hex>`` is or would be."""
    name = digest.removeprefix("sha256:")
    return folder / "blobs" / name[:2] / name


def put_blob(folder: Path, digest: str, content: bytes) -> None:
    """Have ``content`` on disk under its digest, whole or not at all; does nothing when it is there.

    :raises StorageFull: the disk has no room.
    """
    path = blob_path(folder, digest)
    if path.exists():
        return
    draft = path.with_name(f"{new_id()}.tmp")
    try:
        make_private(folder / "blobs")
        make_private(path.parent)
        _write(draft, content)
        draft.replace(path)
    except OSError as fault:
        draft.unlink(missing_ok=True)
        if fault.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
            raise StorageFull("The disk is full: nothing was stored. Free some space and try again.") from fault
        if not path.exists():  # else another caller has put it there; Windows replaces no file that somebody reads
            raise
    sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def get_blob(folder: Path, digest: str) -> bytes:
    """Read a content back.

    :raises FileNotFoundError: no row names it any more.
    """
    return blob_path(folder, digest).read_bytes()


def doom_blobs(conn: Connection, digests: Iterable[str]) -> None:
    """Note, in the transaction that removes rows, which files may now be without any."""
    conn.executemany("INSERT OR IGNORE INTO doomed_blobs VALUES (?)", ((digest,) for digest in digests))


def sweep_blobs(store: Store) -> int:
    """Remove the doomed files that no row names; return how many went."""

    def sweep(conn: Connection) -> int:
        gone = 0
        # As others see it: rows that other acts of this very transaction took away come back if it is not committed.
        on_disk = connect(store.path)
        try:
            rows: list[Any] = on_disk.execute("SELECT digest FROM doomed_blobs").fetchall()
            for (digest,) in rows:
                if not _is_named(conn, digest):
                    if _is_named(on_disk, digest) or not _remove(blob_path(store.folder, digest)):
                        continue
                    gone += 1
                conn.execute("DELETE FROM doomed_blobs WHERE digest = ?", (digest,))
        finally:
            on_disk.close()
        return gone

    return store.write(sweep) if has_doomed_blobs(store) else 0


def has_doomed_blobs(store: Store) -> bool:
    """Say whether a file waits to be removed: on Windows none goes that somebody reads."""
    with store.reading() as conn:
        return conn.execute("SELECT 1 FROM doomed_blobs LIMIT 1").fetchone() is not None


def blob_files(folder: Path) -> Iterator[str]:
    """Give the digest in the name of each content that is on disk, whether a row names it or not."""
    for file in (folder / "blobs").glob("??/*"):
        if _NAME.fullmatch(file.name):
            yield f"sha256:{file.name}"


def recover_blobs(store: Store) -> int:
    """Remove the files that no row names; return how many went. For a host's start: it looks at every file's name."""
    for file in (store.folder / "blobs").glob("??/*.tmp"):
        if time.time() - file.stat().st_mtime > DRAFT_S:
            _remove(file)
    found = set(blob_files(store.folder))
    if found:
        with store.reading() as conn:
            rows: list[Any] = conn.execute("SELECT digest FROM fragments WHERE content IS NULL").fetchall()
        strays = found.difference(digest for (digest,) in rows)
        if strays:
            store.write(lambda conn: doom_blobs(conn, strays))
    return sweep_blobs(store)


def _is_named(conn: Connection, digest: str) -> bool:
    row = conn.execute("SELECT 1 FROM fragments WHERE digest = ? AND content IS NULL", (digest,)).fetchone()
    return row is not None


def _remove(path: Path) -> bool:
    try:
        path.unlink(missing_ok=True)
    except PermissionError:  # Windows removes no file that somebody reads: the next sweep tries again
        return False
    return True
