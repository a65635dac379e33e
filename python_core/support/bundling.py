"""Write a support bundle: gather the parts, mask them, look at every byte, and only then write one zip file."""

from __future__ import annotations

import getpass
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import msgspec

from python_core import __version__
from python_core.errors import BadInput, HubError
from python_core.store import captured_words, integrity, meta
from python_core.store.schema import DATABASE_NAME
from python_core.support.archive_writer import ArchiveWriter, room_told
from python_core.support.bundle_format import (
    COMPONENTS,
    FORMAT_VERSION,
    MAX_BYTES,
    BundleManifest,
    Component,
    Gathering,
    Part,
    PartTold,
    as_json,
    files_told,
)
from python_core.support.bundle_parts import parts, versions, why_not
from python_core.support.doctor import Connect
from python_core.support.leak_scan import scan
from python_core.support.machine import Machine
from python_core.support.masking import Masker, own_words, words_of
from python_core.support.progress import Progress, unseen
from python_core.support.review_page import review_of
from python_core.utils.timestamps import to_rfc3339


def write_bundle(
    machine: Machine,
    connect: Connect | None,
    target: Path,
    since_ms: int,
    components: Sequence[Component] = COMPONENTS,
    *,
    listed: Sequence[Part] | None = None,
    max_bytes: int = MAX_BYTES,
    progress: Progress = unseen,
) -> BundleManifest:
    """Write a bundle and return its manifest; a part that cannot be built is told in it.

    :raises LeakFound: a file would have told what it must not; nothing is written.
    :raises Conflict: something stands at ``target`` already.
    """
    if target.suffix.lower() != ".zip":
        raise BadInput("A bundle is one file: give it a name that ends in .zip.")
    chosen = [part for part in (parts() if listed is None else listed) if part.component in components]
    with room_told(), ArchiveWriter(target) as archive, _captured(machine) as (is_captured, compared_with):
        masker = _masker(machine, is_captured)
        gathering = Gathering(machine, connect, since_ms, masker)
        told, contents = _build(gathering, chosen, max_bytes, progress)
        manifest = _manifest_of(gathering, told, compared_with)
        manifest = msgspec.structs.replace(manifest, files=files_told(contents))
        contents["review/index.html"] = review_of(manifest, contents)
        manifest = msgspec.structs.replace(manifest, files=files_told(contents))
        contents["manifest.json"] = as_json(manifest)
        scan(contents, masker, _secrets(machine))
        for name, content in contents.items():
            with archive.open(name) as file:
                file.write(content)
    return manifest


def _manifest_of(gathering: Gathering, told: list[PartTold], compared_with: str) -> BundleManifest:
    return BundleManifest(
        format="smrthub-bundle",
        format_version=FORMAT_VERSION,
        made_at=to_rfc3339(gathering.machine.now()),
        since=to_rfc3339(gathering.since_ms),
        hub_version=__version__,
        parts=told,
        notes=gathering.notes,
        redactions=dict(sorted(gathering.masker.counts.items())),
        compared_with=compared_with,
        files={},
    )


def _build(
    gathering: Gathering, chosen: Sequence[Part], max_bytes: int, progress: Progress
) -> tuple[list[PartTold], dict[str, bytes]]:
    told, contents = list[PartTold](), dict[str, bytes]()
    for done, part in enumerate(chosen):
        progress(done, len(chosen))
        try:
            built = part.build(gathering)
        except (HubError, OSError, ValueError, LookupError) as fault:
            told.append(PartTold(part.component, part.name, "failed", why_not(fault)))
            continue
        size = sum(map(len, built.values()))
        if size + sum(map(len, contents.values())) > max_bytes:
            told.append(PartTold(part.component, part.name, "left out", f"{size} bytes are too many"))
            continue
        contents |= built
        told.append(PartTold(part.component, part.name, "included" if built else "empty"))
    return told, contents


@contextmanager
def _captured(machine: Machine) -> Iterator[tuple[Callable[[str], bool], str]]:
    """Give what says whether a word was captured; where the store cannot be read, every word may have been."""
    folder = machine.paths.stored()
    if not (folder / DATABASE_NAME).exists():
        yield (lambda _: False), "nothing: nothing is stored"
        return
    try:
        with integrity.examining(folder) as conn:
            aside = captured_words.words_aside(conn)
            captured_words.is_indexed(conn, "word")
    except HubError:
        yield (
            (lambda _: True),
            "nothing: the store cannot be read, so every word that is none of the hub's own is masked",
        )
        return
    with integrity.examining(folder) as conn:
        yield cache(lambda word: word in aside or captured_words.is_indexed(conn, word)), "the words of the store"


def _masker(machine: Machine, is_captured: Callable[[str], bool]) -> Masker:
    own = own_words() | words_of([str(versions())])
    places = {str(Path.home()), str(machine.paths.roaming.parent), str(machine.paths.local.parent)}
    roots = tuple(sorted((each for each in places if len(each) > 4), key=len, reverse=True))
    names = []
    with suppress(OSError, KeyError, ImportError):
        names.append(getpass.getuser())
    names.append(platform.node().partition(".")[0])
    told = tuple(name for name in names if len(name) > 2 and name.casefold() not in own)
    return Masker(own, is_captured, roots, told, Counter())


def _secrets(machine: Machine) -> list[str]:
    """Return the tokens and keys of this hub, to look for them as they are."""
    found = [machine.environ.get("SMRTHUB_SESSION_TOKEN", "")]
    found += [str((machine.facts(name) or {}).get("token", "")) for name in ("bridge", "web-listener")]
    with suppress(HubError, FileNotFoundError):
        if (machine.paths.stored() / DATABASE_NAME).exists():
            with integrity.examining(machine.paths.stored()) as conn:
                found.append(meta.get_value(conn, "secret") or "")
    return [each for each in found if len(each) > 7]
