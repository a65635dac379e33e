"""Examine the store: each check says what it found, what that means and what to do; it works with the hub running or not.

Nothing is changed by looking. ``repair`` builds anew what follows from the rest (search index, tallies, files that no row
names), never a row of what was captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from python_core.errors import Busy, HubError
from python_core.store import Connection, integrity
from python_core.store.blobs import get_blob
from python_core.store.copying import list_daily_copies
from python_core.store.schema import DATABASE_NAME
from python_core.support.progress import Progress, unseen
from python_core.support.store_files import Finding, examine_files
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.file_lock import FileLock
from python_core.utils.ids import digest_of

#: Pictures whose contents are compared with their names, unless all are.
SAMPLE = 200
#: Up to this size all pages are looked at whenever the doctor walks; above, with --store.
PAGES_AT_ONCE_BYTES = 64 << 20
_SAVE = (
    "Save what can be read: smrthub export FILE. Then go back to a good copy: smrthub stop, smrthub import --restore "
)


@dataclass(frozen=True)
class Examination:
    """How it is done: ``full`` compares indexes with tables and reads every picture."""

    full: bool = False
    repair: bool = False
    progress: Progress = field(default=unseen)


class _Look(NamedTuple):
    """What a check of the contents is handed."""

    conn: Connection
    folder: Path
    how: Examination


def examine_store(paths: Paths, how: Examination = Examination()) -> list[Finding]:
    """Run every check and return what each found.

    :raises Busy: something shall be repaired and the hub runs.
    """
    folder = paths.stored()
    if not (folder / DATABASE_NAME).exists():
        return [Finding("store", "ok", "nothing is stored yet")]
    if not how.repair:
        return list(_findings(folder, how))
    lock = FileLock(make_private(paths.runtime()) / "hub.lock")
    if not lock.try_acquire():
        raise Busy("The hub runs: end it before anything is repaired, with smrthub stop")
    try:
        return list(_findings(folder, how))
    finally:
        lock.release()


def examine_briefly(paths: Paths) -> Iterator[Finding]:
    """Examine what takes a moment: files, schema, copies, and the pages of a store that is not large."""
    folder = paths.stored()
    if not (folder / DATABASE_NAME).exists():
        yield Finding("store", "ok", "nothing is stored yet")
        return
    checks: list[tuple[str, Callable[[_Look], Finding]]] = [("schema", _check_schema)]
    if (folder / DATABASE_NAME).stat().st_size <= PAGES_AT_ONCE_BYTES:
        checks.append(("pages", _check_pages))
    yield from _run(folder, Examination(), checks)


def _findings(folder: Path, how: Examination) -> Iterator[Finding]:
    checks: list[tuple[str, Callable[[_Look], Finding]]] = [
        ("schema", _check_schema),
        ("pages", _check_pages),
        ("references", _check_references),
        ("search index", _check_index),
        ("tallies", _check_tallies),
        ("pictures", _check_pictures),
        ("event log", _check_events),
    ]
    yield from _run(folder, how, checks)


def _run(folder: Path, how: Examination, checks: list[tuple[str, Callable[[_Look], Finding]]]) -> Iterator[Finding]:
    yield from examine_files(folder)
    for done, (name, check) in enumerate(checks):
        how.progress(done, len(checks))
        try:
            with integrity.examining(folder) as conn:
                yield check(_Look(conn, folder, how))
        except HubError as fault:
            yield Finding(name, "failed", "could not be checked", fault.code, fault.message)
    how.progress(len(checks), len(checks))


def _check_schema(look: _Look) -> Finding:
    have, known = integrity.schema_state(look.conn)
    if have > known:
        return Finding("schema", "failed", f"{have}, this hub knows {known}", "schema_newer", "Update SmrtHub.")
    if have < known:
        return Finding(
            "schema", "warning", f"{have} of {known}", "schema_older", "The next start brings it up to date."
        )
    return Finding("schema", "ok", str(have))


def _check_pages(look: _Look) -> Finding:
    faults = integrity.list_page_faults(look.conn, full=look.how.full, look=lambda: look.how.progress(1, 7))
    if not faults:
        return Finding(
            "pages", "ok", "every one is whole" if look.how.full else "every one is whole (--full compares indexes)"
        )
    readable = integrity.count_readable(look.conn)
    told = ", ".join(
        f"{whole:,} {kind}" + (f" ({lost} rows lost)" if lost else "") for kind, (whole, lost) in readable.items()
    )
    copies = list_daily_copies(look.folder)
    copy = str(copies[0].path) if copies else "BACKUP"
    return Finding(
        "pages",
        "failed",
        f"{len(faults)} {'fault' if len(faults) == 1 else 'faults'}; readable are {told}",
        "damaged_pages",
        _SAVE + copy,
    )


def _check_references(look: _Look) -> Finding:
    broken = integrity.count_broken_references(look.conn)
    if broken:
        return Finding("references", "failed", f"{broken} rows refer to none", "broken_references", _SAVE + "BACKUP")
    return Finding("references", "ok", "all lead to a row")


def _check_index(look: _Look) -> Finding:
    wanted, found = integrity.count_documents(look.conn)
    if wanted == found:
        return Finding("search index", "ok", f"{found:,} documents")
    if look.how.repair:
        integrity.build_index_anew(look.folder)
        return Finding("search index", "repaired", "built anew")
    detail = f"{found:,} documents of {wanted:,}"
    return Finding(
        "search index", "failed", detail, "index_incomplete", "Build it anew: smrthub doctor --store --repair"
    )


def _check_tallies(look: _Look) -> Finding:
    counted, tallied = integrity.count_items(look.conn)
    wrong = [kind for kind, count in counted.items() if tallied.get(kind) != count]
    if not wrong:
        return Finding(
            "tallies", "ok", ", ".join(f"{counted[kind]:,} {kind}" for kind in ("clips", "visits", "outputs"))
        )
    if look.how.repair:
        integrity.mend(look.folder, integrity.recount_items)
        return Finding("tallies", "repaired", f"counted anew: {', '.join(wrong)}")
    return Finding(
        "tallies", "failed", f"wrong: {', '.join(wrong)}", "tallies_wrong", "smrthub doctor --store --repair"
    )


def _check_pictures(look: _Look) -> Finding:
    there, missing, orphaned = integrity.compare_pictures(look.conn, look.folder)
    looked_at = there if look.how.full else Random(0).sample(there, min(SAMPLE, len(there)))  # noqa: S311  # which ones matters not
    damaged = sum(not _is_whole(look.folder, digest) for digest in looked_at)
    if missing or damaged:
        detail = f"{len(missing)} are missing and {damaged} damaged, of {len(there) + len(missing):,}"
        return Finding(
            "pictures", "failed", detail, "pictures_lost", "Restore a backup that has them, or remove their clips."
        )
    if orphaned and look.how.repair:
        return Finding(
            "pictures", "repaired", f"{integrity.remove_orphans(look.folder)} files that no clip names are gone"
        )
    if orphaned:
        detail = f"{len(orphaned)} files that no clip names"
        return Finding("pictures", "warning", detail, "pictures_orphaned", "The next start of the hub removes them.")
    told = "contents compared" if look.how.full or len(there) <= SAMPLE else f"contents of {SAMPLE} compared"
    return Finding("pictures", "ok", f"{len(there):,}, {told}")


def _is_whole(folder: Path, digest: str) -> bool:
    try:
        return digest_of(get_blob(folder, digest)) == digest
    except OSError:
        return False


def _check_events(look: _Look) -> Finding:
    span = integrity.span_of_events(look.conn)
    if span.kept != (span.newest - span.first + 1 if span.kept else 0) or (span.kept and span.newest != span.last):
        return Finding("event log", "failed", "ids are missing", "events_missing", "Who follows it has to read anew.")
    return Finding("event log", "ok", f"{span.kept:,} events without a gap")
