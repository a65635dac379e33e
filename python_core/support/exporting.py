"""Export: what was captured, of one moment, as lines of JSON with the pictures beside them and a manifest over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from python_core import __version__
from python_core.errors import NotFound
from python_core.store import Connection, Store, meta, open_store, outputs, tallies
from python_core.store.blobs import get_blob
from python_core.store.clips import ClipRow, FragmentRow
from python_core.store.schema import DATABASE_NAME
from python_core.store.walking import (
    Lost,
    WalkedVisit,
    Wanted,
    list_blobs,
    one_moment,
    walk_clips,
    walk_outputs,
    walk_visits,
)
from python_core.support.archive_writer import ArchiveWriter, room_told
from python_core.support.export_format import (
    FORMAT_VERSION,
    Blob,
    Entry,
    FileFacts,
    Manifest,
    Selection,
    Unreadable,
)
from python_core.support.export_rows import clip_of, output_of, schema_of, visit_of
from python_core.support.progress import Progress, unseen
from python_core.utils.ids import digest_of
from python_core.utils.timestamps import now_ms, to_rfc3339

__all__ = ["KINDS", "Kind", "Wanted", "export_items", "open_existing"]

T = TypeVar("T")
Kind = Literal["clip", "visit", "output"]
KINDS: tuple[Kind, ...] = ("clip", "visit", "output")
_GATHERED_BYTES = 1 << 20


def export_items(
    folder: Path,
    target: Path,
    wanted: Wanted,
    kinds: Iterable[Kind] = KINDS,
    progress: Progress = unseen,
) -> Manifest:
    """Write what is stored in ``folder`` to ``target``, a ``.zip`` or a folder, and return its manifest.

    Posts go on meanwhile; what they bring after the beginning is not in it.

    :raises NotFound: nothing is stored there yet.
    :raises Conflict: something stands at ``target`` already.
    :raises StorageFull: its disk has no room; nothing is left there.
    """
    store = open_existing(folder)
    chosen = [kind for kind in KINDS if kind in set(kinds)]
    try:
        instance = meta.identity_of(store).instance
        with room_told(), one_moment(store) as conn, ArchiveWriter(target) as archive:
            return _Export(store, instance, conn, archive, wanted, progress).write(chosen)
    finally:
        store.close()


def open_existing(folder: Path) -> Store:
    """Open the store in a folder.

    :raises NotFound: there is none.
    """
    if not (folder / DATABASE_NAME).exists():
        raise NotFound(f"Nothing is stored in {folder} yet.")
    return open_store(folder)


@dataclass
class _Export:
    """One export under way."""

    store: Store
    instance: str
    conn: Connection
    archive: ArchiveWriter
    wanted: Wanted
    progress: Progress
    files: dict[str, FileFacts] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    unreadable: list[Unreadable] = field(default_factory=list)
    _blobs: set[str] = field(default_factory=set)
    _done: int = 0

    def write(self, kinds: list[Kind]) -> Manifest:
        total = sum(tallies.get_tallies(self.conn)[f"{kind}s"] for kind in kinds)
        step = lambda: self._step(total)  # noqa: E731
        if "clip" in kinds:
            self._write_lines("blobs", self._put_blobs())
            self._write_lines("clips", map(clip_of, self._clips(step)))
        if "visit" in kinds:
            self._write_lines("visits", map(visit_of, self._visits(step)))
        if "output" in kinds:
            self._write_lines("schemas", map(schema_of, outputs.list_schemas(self.conn)))
            made = walk_outputs(self.conn, self.wanted)
            self._write_lines("outputs", map(output_of, self._readable("output", made, step)))
        if self.unreadable:
            self._write_lines("unreadable", self.unreadable)
        manifest = self._manifest(kinds)
        with self.archive.open("manifest.json") as file:
            file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        self.progress(total, total)
        return manifest

    def _manifest(self, kinds: list[Kind]) -> Manifest:
        times = (self.wanted.from_ms, self.wanted.to_ms)
        from_time, to_time = (None if at_ms is None else to_rfc3339(at_ms) for at_ms in times)
        return Manifest(
            format="smrthub-export",
            format_version=FORMAT_VERSION,
            exported_at=to_rfc3339(now_ms()),
            hub_version=__version__,
            hub_instance=self.instance,
            selection=Selection(kinds=kinds, from_time=from_time, to_time=to_time, site=self.wanted.site),
            counts=dict(self.counts),
            files=self.files,
        )

    def _write_lines(self, name: str, entries: Iterable[Entry]) -> None:
        encoder, gathered, count = msgspec.json.Encoder(), bytearray(), 0
        entries = list(entries) if name == "blobs" else entries  # these write files of their own meanwhile
        with self.archive.open(f"{name}.jsonl") as file:
            for entry in entries:
                gathered += encoder.encode(entry) + b"\n"
                count += 1
                if len(gathered) >= _GATHERED_BYTES:
                    file.write(bytes(gathered))
                    gathered.clear()
            file.write(bytes(gathered))
        self.counts[name] = count
        self.files[f"{name}.jsonl"] = FileFacts(bytes=file.written.bytes, sha256=file.written.sha256)

    def _put_blobs(self) -> Iterator[Blob]:
        """Put the pictures into the archive first: which of them are whole is known when the clips are written."""
        for digest in list_blobs(self.store, self.conn, self.wanted):
            try:
                content = get_blob(self.store.folder, digest)
            except OSError:
                continue
            if digest_of(content) != digest:
                continue
            name = digest.removeprefix("sha256:")
            with self.archive.open(f"blobs/{name[:2]}/{name}", packed=False) as file:
                file.write(content)
            self._blobs.add(digest)
            yield Blob(digest=digest, bytes=len(content))

    def _clips(self, step: Callable[[], None]) -> Iterator[ClipRow]:
        """Give the clips without the fragments whose contents cannot be read; those are noted."""
        for clip in self._readable("clip", walk_clips(self.conn, self.wanted), step):
            whole = [fragment for fragment in clip.fragments if self._is_whole(fragment)]
            if len(whole) < len(clip.fragments):
                left = {fragment.ordinal for fragment in clip.fragments}.difference(each.ordinal for each in whole)
                lost = [Unreadable(kind="fragment", id=clip.id, ordinal=ordinal) for ordinal in sorted(left)]
                self.unreadable += lost if whole else [Unreadable(kind="clip", id=clip.id)]
            if whole:
                yield replace(clip, fragments=whole)

    def _visits(self, step: Callable[[], None]) -> Iterator[WalkedVisit]:
        """Give the visits; one whose selection and sightings cannot be read is noted, too."""
        for walked in self._readable("visit", walk_visits(self.conn, self.wanted), step):
            if not walked.is_whole:
                self.unreadable.append(Unreadable(kind="visit", id=walked.row.id))
            yield walked

    def _is_whole(self, fragment: FragmentRow) -> bool:
        if fragment.content is None:
            return fragment.digest in self._blobs
        return digest_of(fragment.content) == fragment.digest

    def _readable(self, kind: Kind, rows: Iterable[T | Lost], step: Callable[[], None]) -> Iterator[T]:
        for row in rows:
            if isinstance(row, Lost):
                self.unreadable.append(Unreadable(kind=kind, row=row.row))
            else:
                yield row
                step()

    def _step(self, total: int) -> None:
        self._done += 1
        if self._done % 500 == 0:
            self.progress(self._done, total)
