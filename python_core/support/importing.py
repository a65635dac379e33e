"""Import: take an export's items in, with their ids, beside what is stored; again, and the rest goes in.

Each item is judged by itself: a faulty one is told with its line and keeps no other out. What is stored is never overwritten.
Items go in by transactions of a bounded size, each with its event, so that posts go on meanwhile.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from python_core.errors import BadInput
from python_core.store import Connection, Store, document_index, events, forgettings, open_store
from python_core.store.blobs import put_blob
from python_core.store.schema import DATABASE_NAME
from python_core.support.archive_reader import ArchiveReader
from python_core.support.export_format import FILES, LINE_BYTES_AT_MOST, SHAPES, Clip, Item, Manifest, Schema
from python_core.support.export_rows import Row, judge
from python_core.support.import_items import Standing, add_item, standing_of
from python_core.support.progress import Progress, unseen
from python_core.support.verifying import check_hash, place_of, read_blob, read_manifest
from python_core.utils.ids import new_id
from python_core.utils.timestamps import now_ms

#: Items of one transaction, and bytes of their lines: bounds how long a post waits.
GROUP_SIZE, GROUP_BYTES = 500, 1 << 20
#: Documents of one transaction that puts them into the search index.
INDEXED_AT_ONCE = 1_000
#: Faults that are told one by one; beyond, they are only counted.
TOLD_AT_MOST = 1_000


class Fault(NamedTuple):
    """Why the item of a line was not taken: ``refused`` (it is faulty) or ``conflict`` (another of its id is stored)."""

    file: str
    line: int
    state: str
    reason: str


@dataclass
class Imported:
    """What became of the items, by file: ``added``, ``known`` (stored as it is), ``forgotten``, ``conflict``, ``refused``."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in FILES})
    faults: list[Fault] = field(default_factory=list)

    def total(self, state: str) -> int:
        return sum(each[state] for each in self.counts.values())


@dataclass(frozen=True)
class ImportChoice:
    """``dry_run``: only say what would become of each item; ``damaged``: take what is whole of a file that was changed;
    ``forgotten``: take in again what was forgotten here.
    """

    dry_run: bool = False
    damaged: bool = False
    forgotten: bool = False


class _Line(NamedTuple):
    number: int
    item: Item
    row: Row
    blobs: dict[str, bytes]


def import_items(
    folder: Path, path: Path, choice: ImportChoice = ImportChoice(), progress: Progress = unseen
) -> Imported:
    """Take an export's items into the store in ``folder``, which is made where there is none.

    :raises BadInput: it is no export, or a file is not as it was written; nothing was taken.
    :raises StorageFull: the disk has no room; what was taken stays, and another import takes the rest.
    """
    with ArchiveReader(path) as archive:
        manifest = read_manifest(archive)
        if manifest.format != "smrthub-export":
            raise BadInput(f"{path.name} is a backup: put it in the store's place with smrthub import --restore")
        if not choice.damaged:
            _check_hashes(archive, manifest)
        if choice.dry_run and not (folder / DATABASE_NAME).exists():
            return _Import(None, archive, manifest, choice, progress).run()
        store = open_store(folder)
        try:
            return _Import(store, archive, manifest, choice, progress).run()
        finally:
            store.close()


def _check_hashes(archive: ArchiveReader, manifest: Manifest) -> None:
    for name in manifest.files:
        with archive.open(name) as file:
            for _ in file.chunks():
                pass
            check_hash(name, file, manifest)


@dataclass
class _Import:
    """One import under way; without a store it is one that only looks, at nothing stored."""

    store: Store | None
    archive: ArchiveReader
    manifest: Manifest
    choice: ImportChoice
    progress: Progress
    done: Imported = field(default_factory=Imported)
    _trace_id: str = field(default_factory=lambda: new_id().replace("-", ""))
    _forgotten: set[str] = field(default_factory=set)
    _told_upto: int = 0
    _lines_done: int = 0
    _unindexed: int = 0

    def run(self) -> Imported:
        if self.store is not None and not self.choice.forgotten:
            with self.store.reading() as conn:
                self._forgotten = forgettings.list_forgotten_ids(conn)
                self._told_upto = events.get_last_event_id(conn)
        for name in FILES:
            if f"{name}.jsonl" in self.manifest.files:
                self._take_file(name)
        if self.store is not None and not self.choice.dry_run:
            self._index(self.store, 0, rest=True)
        return self.done

    def _take_file(self, name: str) -> None:
        decoder = msgspec.json.Decoder(SHAPES[name])
        group, gathered_bytes = list[_Line](), 0
        try:
            with self.archive.open(f"{name}.jsonl") as file:
                for number, line in file.lines(LINE_BYTES_AT_MOST):
                    judged = self._judge(decoder, number, line)
                    if isinstance(judged, _Line):
                        group.append(judged)
                        gathered_bytes += len(line or b"") + sum(map(len, judged.blobs.values()))
                    else:
                        self._note(name, number, "refused", judged)
                    if len(group) >= GROUP_SIZE or gathered_bytes >= GROUP_BYTES:
                        self._take(name, group)
                        group, gathered_bytes = [], 0
        except BadInput as finding:  # it ends before its end; what came before is whole
            if not self.choice.damaged:
                raise
            self._note(name, 0, "refused", finding.message)
        self._take(name, group)

    def _judge(self, decoder: msgspec.json.Decoder[Item], number: int, line: bytes | None) -> _Line | str:
        """Return an item with its pictures, or what is wrong with it."""
        if line is None:
            return "is too long"
        try:
            item = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            return place_of(fault)
        row = judge(item)
        if isinstance(row, str):
            return row
        blobs: dict[str, bytes] = {}
        if isinstance(item, Clip):
            try:
                for fragment in item.fragments:
                    if fragment.content is None:
                        blobs[fragment.digest] = read_blob(self.archive, fragment.digest)
                        if len(blobs[fragment.digest]) != fragment.bytes:
                            return "its picture has another size"
            except BadInput as finding:
                return f"its picture {finding.message.rstrip('.')}"
        return _Line(number, item, row, blobs)

    def _take(self, name: str, group: list[_Line]) -> None:
        """Take a group in, in one transaction with one event."""
        states: list[Standing] = ["added"] * len(group)
        if group and self.choice.dry_run and self.store is not None:
            with self.store.reading() as conn:
                states = [self._standing_of(conn, line.item) for line in group]
        elif group and self.store is not None:
            store = self.store
            blobs = {digest: content for line in group for digest, content in line.blobs.items()}
            for digest, content in blobs.items():  # on disk before the lock is taken; inside it only looked for again
                put_blob(store.folder, digest, content)
            states = store.write(lambda conn: self._add(conn, store, name, group))
            self._index(store, states.count("added"))
        for line, state in zip(group, states, strict=True):
            if state == "conflict":
                self._note(name, line.number, "conflict", "another of its id is stored, and stays")
            else:
                self.done.counts[name][state] += 1
        self._lines_done += len(group)
        self.progress(self._lines_done, sum(self.manifest.counts.get(each, 0) for each in FILES))

    def _add(self, conn: Connection, store: Store, name: str, group: list[_Line]) -> list[Standing]:
        states: list[Standing] = []
        if not self.choice.forgotten:  # some of it meanwhile, perhaps
            self._forgotten |= events.list_forgotten_since(conn, self._told_upto)
            self._told_upto = events.get_last_event_id(conn)
        for line in group:
            state = self._standing_of(conn, line.item)
            if state == "added":
                for digest, content in line.blobs.items():
                    put_blob(store.folder, digest, content)
                add_item(conn, line.item, line.row)
            states.append(state)
        if added := states.count("added"):
            told = {"schemas": 0, "visits": 0, "clips": 0, "outputs": 0} | {name: added}
            events.add_event(conn, "items_imported", "import", now_ms(), self._trace_id, told)
        return states

    def _index(self, store: Store, added: int, *, rest: bool = False) -> None:
        """Make what went in findable, many at once; else the first search would have to index all of it."""
        self._unindexed += added
        if self._unindexed >= INDEXED_AT_ONCE or (rest and self._unindexed):
            while store.write(lambda conn: document_index.index_documents(conn, INDEXED_AT_ONCE)) == INDEXED_AT_ONCE:
                continue
            self._unindexed = 0

    def _standing_of(self, conn: Connection, item: Item) -> Standing:
        state = standing_of(conn, item)
        is_forgotten = state == "added" and not isinstance(item, Schema) and item.id in self._forgotten
        return "forgotten" if is_forgotten else state

    def _note(self, name: str, line: int, state: str, reason: str) -> None:
        self.done.counts[name][state] += 1
        if len(self.done.faults) < TOLD_AT_MOST:
            self.done.faults.append(Fault(f"{name}.jsonl", line, state, reason))
