"""Verify a support bundle: each file is there, as its manifest says, and no other."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path
from typing import IO

import msgspec

from python_core.errors import BadInput
from python_core.support.bundle_format import FORMAT_VERSION, MAX_BYTES, BundleManifest
from python_core.utils.ids import digest_of

_MANIFEST = "manifest.json"
#: The record that ends a zip file, without a comment.
_END_BYTES = 22


#: What is unpacked at most: all files, and the page that shows them. A few kilobytes of a zip file can stand for terabytes.
UNPACKED_AT_MOST = 4 * MAX_BYTES


def verify_bundle(path: Path, max_bytes: int = UNPACKED_AT_MOST) -> BundleManifest:
    """Check every byte against the manifest and return that.

    :raises BadInput: naming the first fault.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            if not _is_bare(file, archive):
                raise BadInput(
                    f"{path.name} holds more than its files: something was put before, behind or beside them."
                )
            return _verified(archive, path.name, max_bytes)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise BadInput(f"{path.name} is damaged, or no bundle.") from None
    except OSError as fault:
        raise BadInput(f"{path.name} cannot be read: {fault.strerror}") from None


def _is_bare(file: IO[bytes], archive: zipfile.ZipFile) -> bool:
    """Say whether nothing stands before the files, behind their list, or as a comment: zipfile passes over such things."""
    file.seek(-_END_BYTES, os.SEEK_END)
    is_end = file.read(4) == b"PK\5\6" and not archive.comment
    entries = archive.infolist()
    return (
        is_end
        and min((each.header_offset for each in entries), default=-1) == 0
        and not any(each.comment for each in entries)
    )


def _verified(archive: zipfile.ZipFile, shown: str, max_bytes: int) -> BundleManifest:
    names = archive.namelist()
    if names.count(_MANIFEST) != 1:
        raise BadInput(f"{shown} has no {_MANIFEST}: it is no bundle.")
    try:
        manifest = msgspec.json.decode(_read(archive, _MANIFEST, max_bytes), type=BundleManifest)
    except msgspec.MsgspecError:
        raise BadInput(f"{_MANIFEST} is not that of a bundle.") from None
    if manifest.format != "smrthub-bundle" or manifest.format_version > FORMAT_VERSION:
        raise BadInput("The bundle is of a form that this SmrtHub does not know: update SmrtHub.")
    if sorted(names) != sorted([*manifest.files, _MANIFEST]):
        raise BadInput("There are other files in it than its manifest names.")
    for name, told in manifest.files.items():
        content = _read(archive, name, max_bytes)
        max_bytes -= len(content)
        if len(content) != told.bytes or digest_of(content) != f"sha256:{told.sha256}":
            raise BadInput(f"{name} is not as it was written.")
    return manifest


def _read(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    with archive.open(name) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise BadInput("It unpacks to more than any that a hub writes.")
    return content
