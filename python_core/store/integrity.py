"""What can be wrong with a store's contents, each looked at by reading alone; and the mending of what follows from the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from python_core.errors import HubError
from python_core.store import document_index
from python_core.store.blobs import blob_files, recover_blobs
from python_core.store.connection import Connection, connect, finding_of
from python_core.store.database import Store
from python_core.store.schema import DATABASE_NAME
from python_core.store.steps import STEPS
from python_core.store.walking import Lost, Wanted, walk_clips, walk_outputs, walk_visits

#: Instructions of SQLite's between two looks whether somebody wants to know how far it is.
STEPS_BETWEEN_LOOKS = 1_000_000
#: Documents of one transaction of an index that is built anew.
REINDEXED_AT_ONCE = 200
#: Faults of pages that are told.
FAULTS_AT_MOST = 20
_COUNTED = """SELECT 'clips', count(*) FROM clips UNION ALL SELECT 'visits', count(*) FROM visits
    UNION ALL SELECT 'outputs', count(*) FROM outputs
    UNION ALL SELECT 'blob_bytes', coalesce(sum(bytes), 0)
        FROM (SELECT DISTINCT digest, bytes FROM fragments WHERE content IS NULL)"""


class EventSpan(NamedTuple):
    """What the event log holds: ``last`` is the id that was given last, kept or not."""

    kept: int
    first: int
    newest: int
    last: int


@contextmanager
def examining(folder: Path) -> Iterator[Connection]:
    """Open the store in a folder for reading, whatever its schema; what SQLite finds is told in the hub's terms."""
    try:
        conn = connect(folder / DATABASE_NAME)
        try:
            conn.execute("BEGIN")  # all of a check sees one moment
            yield conn
        finally:
            conn.close()
    except apsw.Error as fault:
        finding = finding_of(fault)
        raise (finding if finding is not fault else HubError("The store is not of this version.")) from fault


def schema_state(conn: Connection) -> tuple[int, int]:
    """Return the version of the store's schema, and the one that this hub makes."""
    return int(conn.pragma("user_version")), len(STEPS)


def list_page_faults(conn: Connection, *, full: bool, look: Callable[[], None]) -> list[str]:
    """Return what SQLite finds wrong with pages, rows and full-text indexes; with ``full`` it compares other indexes too."""

    def go_on() -> bool:
        look()
        return False

    conn.set_progress_handler(go_on, STEPS_BETWEEN_LOOKS)
    try:
        rows: list[Any] = conn.execute(f"PRAGMA {'integrity' if full else 'quick'}_check({FAULTS_AT_MOST})").fetchall()
    except apsw.CorruptError:
        return ["its schema cannot be read"]
    finally:
        conn.set_progress_handler(None)
    return [text for (text,) in rows if text != "ok"]


def count_broken_references(conn: Connection) -> int:
    """Count the rows that refer to a row that is not there."""
    return sum(1 for _ in conn.execute("PRAGMA foreign_key_check"))


def count_documents(conn: Connection) -> tuple[int, int]:
    """Return how many documents ought to be in the search index, and how many are."""
    row: Any = conn.execute(
        "SELECT (SELECT count(*) FROM documents WHERE seq <= (SELECT upto FROM indexed)), "
        "(SELECT count(*) FROM documents_index_docsize)"
    ).fetchone()
    return int(row[0]), int(row[1])


def count_items(conn: Connection) -> tuple[dict[str, int], dict[str, int]]:
    """Return the tallies as they ought to be, and as they are."""
    tallied: list[Any] = conn.execute("SELECT kind, n FROM tallies").fetchall()
    counted: list[Any] = conn.execute(_COUNTED).fetchall()
    return dict(counted), dict(tallied)


def span_of_events(conn: Connection) -> EventSpan:
    """Return what the event log holds."""
    row: Any = conn.execute(
        "SELECT count(*), coalesce(min(id), 0), coalesce(max(id), 0), "
        "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0) FROM events"
    ).fetchone()
    return EventSpan(*row)


def compare_pictures(conn: Connection, folder: Path) -> tuple[list[str], list[str], list[str]]:
    """Return the digests of the pictures that rows name and are there, of those that are missing, and of files no row names."""
    files = set(blob_files(folder))  # first: one that comes meanwhile is not named yet
    rows: list[Any] = conn.execute("SELECT DISTINCT digest FROM fragments WHERE content IS NULL").fetchall()
    named = {digest for (digest,) in rows}
    missing = {digest for digest in named - files if digest not in set(blob_files(folder))} if named - files else set()
    return sorted(named - missing), sorted(missing), sorted(files - named)


def count_readable(conn: Connection) -> dict[str, tuple[int, int]]:
    """Return for each kind how many items can be read, and how many row numbers cannot."""
    walks = {"clips": walk_clips, "visits": walk_visits, "outputs": walk_outputs}
    found = dict[str, tuple[int, int]]()
    for kind, walk in walks.items():
        lost = readable = 0
        for row in walk(conn, Wanted()):
            if isinstance(row, Lost):
                lost += 1
            else:
                readable += 1
        found[kind] = (readable, lost)
    return found


def build_index_anew(folder: Path) -> None:
    """Build the search index anew from the documents, in transactions between which others can write."""
    store = Store(folder)
    try:
        store.write(document_index.empty_index)
        while store.write(lambda conn: document_index.index_documents(conn, REINDEXED_AT_ONCE)):
            pass
    finally:
        store.close()


def recount_items(conn: Connection) -> None:
    """Set the tallies to what is stored."""
    for kind, count in conn.execute(_COUNTED).fetchall():
        conn.execute("UPDATE tallies SET n = ? WHERE kind = ?", (count, kind))


def remove_orphans(folder: Path) -> int:
    """Remove the files of pictures that no row names; return how many went."""
    store = Store(folder)
    try:
        return recover_blobs(store)
    finally:
        store.close()


def mend(folder: Path, act: Callable[[Connection], None]) -> None:
    """Run a mending act in a transaction of its own."""
    store = Store(folder)
    try:
        store.write(act)
    finally:
        store.close()
