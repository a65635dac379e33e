"""The event log: one row for every change, written in the change's own transaction; ids rise by one without a gap."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import msgspec

from python_core.store.connection import Connection

#: Rows that one page of a filtered log looks at: bounds a page over a long log whose kinds do not match.
SCANNED_AT_MOST = 5_000


class EventRow(NamedTuple):
    """One change: ``data`` is a JSON object of ids, kinds, sizes and digests, never of captured text."""

    id: int
    kind: str
    source: str
    at_ms: int
    trace_id: str
    data: dict[str, Any]


def add_event(conn: Connection, kind: str, source: str, at_ms: int, trace_id: str, data: object) -> int:
    """Append an event, with ``data`` that is an object in JSON, and return its id.

    AUTOINCREMENT's counter is rolled back with the transaction: hence no gaps.
    """
    conn.execute(
        "INSERT INTO events(kind, source, at, trace_id, data) VALUES (?, ?, ?, ?, ?)",
        (kind, source, at_ms, trace_id, msgspec.json.encode(data).decode()),
    )
    conn.has_news = True
    return conn.last_insert_rowid()


def get_last_event_id(conn: Connection) -> int:
    """Return the id of the newest event ever written, pruned or not; 0 when there is none."""
    row = conn.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return row[0] if row else 0


def get_last_event_ms(conn: Connection) -> int:
    """Return when the newest event that is kept was written; 0 when none is."""
    row = conn.execute("SELECT at FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row else 0


def get_oldest_event_id(conn: Connection) -> int:
    """Return the id of the oldest event that is still kept; one above the newest when none is."""
    row = conn.execute("SELECT id FROM events ORDER BY id LIMIT 1").fetchone()
    return row[0] if row else get_last_event_id(conn) + 1


def list_access_events(conn: Connection, since_ms: int, limit: int) -> list[EventRow]:
    """Return the changes of who may call since a time, newest first. The condition is that of the index, word for word."""
    rows = conn.execute(
        "SELECT id, kind, source, at, trace_id, data FROM events WHERE kind IN "
        "('client_paired', 'client_rotated', 'client_trusted', 'client_revoked') AND at >= ? ORDER BY id DESC LIMIT ?",
        (since_ms, limit),
    )
    return [EventRow._make((*row[:5], msgspec.json.decode(row[5]))) for row in rows]


def prune_events(conn: Connection, before_ms: int, keep: int, at_most: int) -> int:
    """Remove the oldest events, at most so many, that are from before a time or not among the newest ``keep``; say how many.

    Only ever from the oldest on, so that what is kept has no gap: an event with a time that a wrong clock told keeps those
    after it, until they are too many.
    """
    beyond = get_last_event_id(conn) - keep
    row = conn.execute(
        "WITH oldest AS (SELECT id, at FROM events ORDER BY id LIMIT ?) SELECT coalesce("
        "(SELECT min(id) FROM oldest WHERE at >= ? AND id > ?), (SELECT max(id) + 1 FROM oldest))",
        (at_most, before_ms, beyond),
    ).fetchone()
    conn.execute("DELETE FROM events WHERE id < ?", row)
    return conn.changes()


def list_events(conn: Connection, after: int, limit: int, kinds: Collection[str] | None) -> tuple[list[EventRow], int]:
    """Return at most ``limit`` events with ids above ``after``, oldest first, and the id to go on after.

    That id is above the last row's when rows of other kinds were passed over.
    """
    rows = conn.execute(
        "SELECT id, kind, source, at, trace_id, data FROM events WHERE id > ? ORDER BY id LIMIT ?",
        (after, limit if kinds is None else SCANNED_AT_MOST),
    )
    found: list[EventRow] = []
    for event_id, kind, source, at_ms, trace_id, text in rows:
        after = event_id
        if kinds is None or kind in kinds:
            found.append(EventRow(event_id, kind, source, at_ms, trace_id, msgspec.json.decode(text)))
            if len(found) == limit:
                break
    return found, after


def list_forgotten_since(conn: Connection, after: int) -> set[str]:
    """Return the ids of the items that went, of whatever kind, as told above event ``after``."""
    rows = conn.execute(
        "SELECT data ->> 'id' FROM events "
        "WHERE id > ? AND kind IN ('clipboard_forgotten', 'visit_forgotten', 'output_removed')",
        (after,),
    )
    return {item for (item,) in rows}


def is_unchanged_since(conn: Connection, kind: str, at_ms: int) -> bool:
    """Say whether no event of a kind was written after a moment; no, where that lies further back than a page's scan."""
    sql = "SELECT at, kind FROM events ORDER BY id DESC LIMIT ?"
    for event_at_ms, event_kind in conn.execute(sql, (SCANNED_AT_MOST,)):
        if event_at_ms <= at_ms:
            return True
        if event_kind == kind:
            return False
    return get_oldest_event_id(conn) == 1 and get_last_event_id(conn) <= SCANNED_AT_MOST
