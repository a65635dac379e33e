"""Verify an export or a backup: every hash, count and line; the first fault is told with its place."""

from __future__ import annotations

from pathlib import Path

import msgspec

from python_core.errors import BadInput
from python_core.support.archive_reader import ArchiveReader, HashingReader
from python_core.support.export_format import (
    BLOB_BYTES_AT_MOST,
    FILES,
    FORMAT_VERSION,
    LINE_BYTES_AT_MOST,
    SHAPES,
    Blob,
    Clip,
    Entry,
    Item,
    Manifest,
    Unreadable,
)
from python_core.support.export_rows import judge
from python_core.support.progress import Progress, unseen
from python_core.utils.ids import digest_of

_MANIFEST_BYTES_AT_MOST = 1 << 20
_OTHER_SHAPES: dict[str, type[Entry]] = {"blobs": Blob, "unreadable": Unreadable}


def verify_export(path: Path, progress: Progress = unseen) -> Manifest:
    """Check an export against its manifest and return that.

    :raises BadInput: naming the first fault and its place.
    """
    with ArchiveReader(path) as archive:
        manifest = read_manifest(archive)
        return _Verification(archive, manifest, progress).run()


def read_manifest(archive: ArchiveReader) -> Manifest:
    """Return what an archive says of itself.

    :raises BadInput: it is no export, or of a form that this version does not know.
    """
    if archive.size("manifest.json") is None:
        raise BadInput(f"{archive.path.name} has no manifest.json: it is no export of a hub.")
    content = archive.read("manifest.json", _MANIFEST_BYTES_AT_MOST)
    try:
        told = msgspec.json.decode(content)
    except msgspec.MsgspecError:
        told = None
    if not isinstance(told, dict) or told.get("format") not in ("smrthub-export", "smrthub-backup"):
        raise BadInput("manifest.json: is not that of a hub's export or backup.")
    version = told.get("formatVersion")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BadInput(f"The export has form {version}, this SmrtHub knows {FORMAT_VERSION}: update SmrtHub.")
    try:
        manifest = msgspec.convert(told, Manifest)
    except msgspec.ValidationError as fault:
        raise BadInput(f"manifest.json: {place_of(fault)}.") from None
    known = {f"{name}.jsonl" for name in (*FILES, *_OTHER_SHAPES)} | {"hub.db"}
    if not manifest.files.keys() <= known:
        raise BadInput("manifest.json: lists a file that no export has.")
    return manifest


def place_of(fault: Exception) -> str:
    """Say where in a line which rule is broken, never with a value of it."""
    if not isinstance(fault, msgspec.ValidationError):
        return "is not JSON in UTF-8"
    rule, _, place = str(fault).rpartition(" - at `")
    if "unknown field" in str(fault):
        rule = "Object contains an unknown member"
    return f"{rule or 'does not have the form of an export'} (at {place.rstrip('`')})" if place else str(fault)


def check_hash(name: str, file: HashingReader, manifest: Manifest) -> None:
    """Compare a file, read to its end, with the manifest."""
    facts = manifest.files[name]
    if (file.taken_bytes, file.sha256) != (facts.bytes, facts.sha256):
        raise BadInput(f"{name}: is not as it was written: its SHA-256 differs from the manifest's.")


class _Verification:
    """One verification under way."""

    def __init__(self, archive: ArchiveReader, manifest: Manifest, progress: Progress) -> None:
        self._archive = archive
        self._manifest = manifest
        self._progress = progress
        self._total = sum(archive.size(name) or 0 for name in archive.names())
        self._done = 0
        self._blobs: set[bytes] = set()

    def run(self) -> Manifest:
        listed = self._manifest.files
        if self._manifest.counts.keys() != {name.removesuffix(".jsonl") for name in listed if name != "hub.db"}:
            raise BadInput("manifest.json: counts others than the files that it lists.")
        for name in ("blobs", *FILES, "unreadable"):
            if f"{name}.jsonl" in listed:
                self._check_file(name)
        if "hub.db" in listed:
            with self._archive.open("hub.db") as file:
                for chunk in file.chunks():
                    self._tell(len(chunk))
                check_hash("hub.db", file, self._manifest)
        self._check_no_other_file()
        return self._manifest

    def _check_file(self, kind: str) -> None:
        name, count = f"{kind}.jsonl", 0
        shape = {**SHAPES, **_OTHER_SHAPES}[kind]
        decoder = msgspec.json.Decoder(shape)
        with self._archive.open(name) as file:
            for number, line in file.lines(LINE_BYTES_AT_MOST):
                count = number
                fault = self._fault_in(decoder, line)
                if fault is not None:
                    raise BadInput(f"{name}, line {number}: {fault}.")
                self._tell(len(line or b"") + 1)
            check_hash(name, file, self._manifest)
        if count != self._manifest.counts[kind]:
            raise BadInput(f"{name}: has {count} lines, the manifest counts {self._manifest.counts[kind]}.")

    def _fault_in(self, decoder: msgspec.json.Decoder[Entry], line: bytes | None) -> str | None:
        if line is None:
            return "is too long"
        try:
            entry = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            return place_of(fault)
        if isinstance(entry, Blob):
            return self._fault_in_blob(entry)
        if isinstance(entry, Clip):
            missing = [
                each for each in entry.fragments if each.content is None and key_of(each.digest) not in self._blobs
            ]
            if missing:
                return "names a picture that is not in the export"
        judged = judge(entry) if isinstance(entry, Item) else None
        return judged if isinstance(judged, str) else None

    def _fault_in_blob(self, blob: Blob) -> str | None:
        try:
            content = read_blob(self._archive, blob.digest)
        except BadInput as finding:
            return f"its file {finding.message.rstrip('.')}"
        if len(content) != blob.bytes:
            return "its file has another size"
        self._blobs.add(key_of(blob.digest))
        self._tell(len(content))
        return None

    def _check_no_other_file(self) -> None:
        expected = {"manifest.json", *self._manifest.files}
        for name in self._archive.names():
            if name not in expected and not (name.startswith("blobs/") and key_of(name) in self._blobs):
                raise BadInput("There is a file that does not belong to the export.")

    def _tell(self, done: int) -> None:
        before, self._done = self._done, self._done + done
        if before >> 20 != self._done >> 20:
            self._progress(self._done, self._total)


def read_blob(archive: ArchiveReader, digest: str) -> bytes:
    """Return a picture of an export.

    :raises BadInput: it is missing, too large, or not what its name says.
    """
    name = digest.removeprefix("sha256:")
    content = archive.read(f"blobs/{name[:2]}/{name}", BLOB_BYTES_AT_MOST)
    if digest_of(content) != digest:
        raise BadInput("is not what its name says")
    return content


def key_of(digest: str) -> bytes:
    """Return a digest's or blob name's 32 bytes, or none."""
    try:
        return bytes.fromhex(digest[-64:])
    except ValueError:
        return b""
