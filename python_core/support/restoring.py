"""Restore: put a backup, or one of the hub's daily copies, in the place of the store; the one before is kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from python_core.errors import BadInput, Busy
from python_core.store.access import carry_access
from python_core.store.blobs import blob_path, put_blob
from python_core.store.copying import RESTORING, blobs_named_in, check_unused, faults_in, put_in_place, remove_draft
from python_core.store.restored_items import forget_again
from python_core.store.restored_log import begin_log_anew
from python_core.store.restored_state import carry_state, drop_what_was_due
from python_core.store.schema import DATABASE_NAME
from python_core.support.archive_reader import ArchiveReader
from python_core.support.archive_writer import room_told
from python_core.support.export_format import LINE_BYTES_AT_MOST, Blob, Manifest
from python_core.support.progress import Progress, unseen
from python_core.support.verifying import check_hash, read_blob, read_manifest
from python_core.utils.config_path_resolver import Paths, make_private, private_opener
from python_core.utils.file_lock import FileLock

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Restored:
    """What was restored: ``aside`` is where the store before lies, ``missing`` how many pictures are nowhere.

    ``knows_access``: tokens that were revoked or exchanged since the backup stay so. ``forgotten``: how many items of it stay
    forgotten; None when that was not wanted or cannot be known.
    """

    aside: Path | None
    missing: int
    knows_access: bool
    forgotten: int | None


def restore(paths: Paths, source: Path, progress: Progress = unseen, *, include_forgotten: bool = False) -> Restored:
    """Put a backup (a ``.zip`` or folder) or a single database file in the place of the store.

    :param include_forgotten: what was forgotten since comes back.

    :raises Busy: the hub runs, or another process uses the store; nothing was changed.
    :raises BadInput: it is no backup, or damaged; nothing was changed.
    :raises StorageFull: the disk has no room; nothing was changed.
    """
    folder = make_private(paths.stored())
    lock = FileLock(make_private(paths.runtime()) / "hub.lock")
    if not lock.try_acquire():
        raise Busy("The hub runs: end it first, with smrthub stop")
    draft = folder / RESTORING
    try:
        check_unused(folder)
        remove_draft(folder)
        with room_told():
            _fetch(source, folder, draft, progress)
        if faults_in(draft, thorough=True):
            raise BadInput(f"{source.name} is damaged, or no database of a hub: nothing was restored.")
        missing = sum(not blob_path(folder, digest).exists() for digest in blobs_named_in(draft))
        with room_told():
            current = folder / DATABASE_NAME
            forgotten = None if include_forgotten or not current.exists() else forget_again(current, draft)
            knows_access = carry_access(current, draft)
            drop_what_was_due(draft)
            carry_state(current, draft, include_forgotten=include_forgotten)
            begin_log_anew(current, draft)
            return Restored(put_in_place(folder), missing, knows_access, forgotten)
    finally:
        remove_draft(folder)
        lock.release()


def _fetch(source: Path, folder: Path, draft: Path, progress: Progress) -> None:
    """Bring the database of a backup to ``draft`` and its pictures, which are named by what they hold, into their place."""
    if source.suffix == ".db":
        try:
            with source.open("rb") as file:
                _write(draft, iter(lambda: file.read(_CHUNK_BYTES), b""))
        except FileNotFoundError:
            raise BadInput(f"There is no {source}.") from None
        return
    with ArchiveReader(source) as archive:
        manifest = read_manifest(archive)
        if manifest.format != "smrthub-backup":
            raise BadInput(f"{source.name} is an export: take it in with smrthub import, without --restore")
        with archive.open("hub.db") as database:
            _write(draft, database.chunks())
            check_hash("hub.db", database, manifest)
        for number, digest in enumerate(_list_blobs(archive, manifest), 1):
            try:
                put_blob(folder, digest, read_blob(archive, digest))
            except BadInput as finding:
                raise BadInput(
                    f"A picture of the backup {finding.message.rstrip('.')}: nothing was restored."
                ) from None
            progress(number, manifest.counts.get("blobs", 0))


def _list_blobs(archive: ArchiveReader, manifest: Manifest) -> list[str]:
    decoder, digests = msgspec.json.Decoder(Blob), list[str]()
    with archive.open("blobs.jsonl") as file:
        for number, line in file.lines(LINE_BYTES_AT_MOST):
            try:
                digests.append(decoder.decode(line or b"").digest)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                raise BadInput(f"blobs.jsonl, line {number}: does not have the form of a backup.") from None
        check_hash("blobs.jsonl", file, manifest)
    return digests


def _write(path: Path, chunks: Iterator[bytes]) -> None:
    with open(path, "xb", opener=private_opener) as file:
        for chunk in chunks:
            file.write(chunk)
