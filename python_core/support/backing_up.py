"""Backup: the whole store of one moment, database and pictures, with a manifest of hashes; checked before it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from python_core import __version__
from python_core.errors import HubError
from python_core.store import meta
from python_core.store.blobs import get_blob
from python_core.store.copying import blobs_named_in, copy_database, faults_in
from python_core.store.schema import DATABASE_NAME
from python_core.support.archive_writer import ArchiveWriter, room_told
from python_core.support.export_format import FORMAT_VERSION, Blob, FileFacts, Manifest, Unreadable
from python_core.support.exporting import open_existing
from python_core.support.progress import Progress, unseen
from python_core.utils.ids import digest_of
from python_core.utils.timestamps import now_ms, to_rfc3339

_CHUNK_BYTES = 1 << 20


def back_up(folder: Path, target: Path, progress: Progress = unseen) -> Manifest:
    """Write the store in ``folder`` to ``target``, a ``.zip`` or a folder, and return its manifest; writes go on meanwhile.

    :raises NotFound: nothing is stored there yet.
    :raises Conflict: something stands at ``target`` already.
    :raises StorageFull: its disk has no room; nothing is left there.
    :raises HubError: the copy is damaged, since the database is; nothing is left there.
    """
    store = open_existing(folder)
    instance = meta.identity_of(store).instance
    store.close()
    with room_told(), ArchiveWriter(target) as archive:
        copy_database(folder / DATABASE_NAME, archive.spare, progress)
        if faults_in(archive.spare, thorough=True):
            raise HubError("The database is damaged, and so its copy would be: see smrthub doctor --store")
        files, lost = dict[str, FileFacts](), list[Unreadable]()
        blobs = list(_put_blobs(folder, archive, lost, progress))
        with archive.open("hub.db") as file, archive.spare.open("rb") as copy:
            while chunk := copy.read(_CHUNK_BYTES):
                file.write(chunk)
        files["hub.db"] = FileFacts(bytes=file.written.bytes, sha256=file.written.sha256)
        lines: list[tuple[str, list[Blob] | list[Unreadable]]] = [("blobs", blobs), ("unreadable", lost)]
        for name, entries in lines:
            if entries or name == "blobs":
                with archive.open(f"{name}.jsonl") as file:
                    file.write(msgspec.json.Encoder().encode_lines(entries))
                files[f"{name}.jsonl"] = FileFacts(bytes=file.written.bytes, sha256=file.written.sha256)
        manifest = Manifest(
            format="smrthub-backup",
            format_version=FORMAT_VERSION,
            exported_at=to_rfc3339(now_ms()),
            hub_version=__version__,
            hub_instance=instance,
            counts={"blobs": len(blobs)} | ({"unreadable": len(lost)} if lost else {}),
            files=files,
        )
        with archive.open("manifest.json") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def _put_blobs(folder: Path, archive: ArchiveWriter, lost: list[Unreadable], progress: Progress) -> Iterator[Blob]:
    named = blobs_named_in(archive.spare)
    for number, digest in enumerate(named, 1):
        try:
            content = get_blob(folder, digest)
        except OSError:
            content = b""
        if digest_of(content) != digest:
            lost.append(Unreadable(kind="fragment", id=digest))
            continue
        name = digest.removeprefix("sha256:")
        with archive.open(f"blobs/{name[:2]}/{name}", packed=False) as file:
            file.write(content)
        progress(number, len(named))
        yield Blob(digest=digest, bytes=len(content))
