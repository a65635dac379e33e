"""Large contents as files named by their digest, written before the row that names them and removed after the last one.

Removal happens under the writer's lock, after the transaction that took the last row away is on disk; an addition checks
under that same lock that its file is there. So a row never names a file that is gone, and a crash leaves at most a file
that no row names, which ``doomed_blobs`` still knows.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from python_core.store.connection import Connection, Store
from python_core.utils.config_path_resolver import make_private
from python_core.utils.ids import new_id


def blob_path(folder: Path, digest: str) -> Path:
    """Return where the content of ``sha256:<hex>`` is or would be."""
    name = digest.removeprefix("sha256:")
    return folder / "blobs" / name[:2] / name


def put_blob(folder: Path, digest: str, content: bytes) -> None:
    """Have ``content`` on disk under its digest, whole or not at all; does nothing when it is there."""
    path = blob_path(folder, digest)
    if path.exists():
        return
    make_private(folder / "blobs")
    make_private(path.parent)
    draft = path.with_name(f"{new_id()}.tmp")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    _sync_folder(path.parent)


def get_blob(folder: Path, digest: str) -> bytes:
    """Read a content back.

    :raises FileNotFoundError: no row names it any more.
    """
    return blob_path(folder, digest).read_bytes()


def doom_blobs(conn: Connection, digests: list[str]) -> None:
    """Note, in the transaction that removes rows, which files may now be without any."""
    conn.executemany("INSERT OR IGNORE INTO doomed_blobs VALUES (?)", ((digest,) for digest in digests))


def sweep_blobs(store: Store) -> int:
    """Remove the doomed files that no row names; return how many went. Also run at start, for what a crash left."""

    def sweep(conn: Connection) -> int:
        gone = 0
        rows: list[Any] = conn.execute("SELECT digest FROM doomed_blobs").fetchall()
        for (digest,) in rows:
            if not conn.execute("SELECT 1 FROM fragments WHERE digest = ? AND content IS NULL", (digest,)).fetchone():
                blob_path(store.folder, digest).unlink(missing_ok=True)
                gone += 1
        conn.execute("DELETE FROM doomed_blobs")
        return gone

    with store.reading() as conn:
        if conn.execute("SELECT 1 FROM doomed_blobs LIMIT 1").fetchone() is None:
            return 0
    return store.write(sweep)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # NTFS journals names; a folder cannot be opened for fsync there.
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
