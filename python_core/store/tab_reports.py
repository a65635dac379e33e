"""What a tab's report meets in the store, read by one statement, and all that it changes, written by one.

Why by one: see ``whole_clips``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from python_core.store.answered import key_digest
from python_core.store.connection import Connection
from python_core.store.forgettings import next_row
from python_core.store.pauses import kept_out
from python_core.store.visits import VISIT_COLUMNS, SightingRow, VisitRow

#: Visits of a tab among which a report finds its own: one that comes after more others than that begins a visit.
LOOKED_AT = 8


class Standing(NamedTuple):
    """What a report meets: ``answered`` is the visit that its key made, ``visit`` the one that its tab had at that moment
    (else its earliest), ``sighting`` what its browser had in front then, or last before.
    """

    is_kept_out: bool
    answered: str | None
    is_forgetting: bool
    visit: VisitRow | None
    sighting: SightingRow | None


class Report(NamedTuple):
    """What a report changes: ``visit`` begins where its row is 0, else it is written anew. The sighting in row ``extends``
    reaches to ``at_ms``, or with ``is_sighted`` one begins. ``event`` is told, if it is not None.
    """

    visit: VisitRow
    words: str
    key: str | None
    at_ms: int
    focused: bool | None
    extends: int | None
    is_sighted: bool
    service: str
    trace_id: str
    event: object | None


_OF_VISIT = VISIT_COLUMNS.split(", ")
_STANDING = f"""
SELECT {kept_out(":now", ":at")},
    (SELECT item FROM answered WHERE client = :client AND kind = 'tab' AND key IN (:key, :own_key)),
    EXISTS (SELECT 1 FROM forgettings WHERE state <> 'done' AND state = 'removing'),  -- by its index
    {", ".join(f"v.{column}" for column in _OF_VISIT)}, v.seq,
    s.seq, s.client, s.browser, s.visit, s.at, s.until, s.focused
FROM (SELECT 1)
LEFT JOIN (
    SELECT * FROM (SELECT * FROM visits WHERE client = :client AND tab = :tab ORDER BY seq DESC LIMIT {LOOKED_AT})
    ORDER BY started_at > :at, iif(started_at > :at, started_at, -started_at), iif(started_at > :at, seq, -seq) LIMIT 1
) v
LEFT JOIN (
    SELECT * FROM sightings WHERE client = :client AND browser IS :browser AND at <= :at ORDER BY at DESC, seq DESC LIMIT 1
) s"""
_COLUMNS = (
    *_OF_VISIT,
    *("row", "words", "key", "now_ms", "at_ms", "focused", "extends", "is_sighted", "service", "trace_id", "told"),
)
_INSERT = f"INSERT INTO tab_reports VALUES (?{', ?' * (len(_COLUMNS) - 1)})"


def prepare(conn: Connection) -> None:
    """Make a connection that writes ready for ``add_report``: a view of its own, and what an insert into it does."""
    new = ", ".join(f"NEW.{column}" for column in _OF_VISIT if column != "document")
    columns = ", ".join(column for column in _OF_VISIT if column != "document")
    conn.execute(f"CREATE TEMP VIEW tab_reports AS SELECT {', '.join(f'NULL AS {column}' for column in _COLUMNS)}")
    conn.execute(
        f"""CREATE TEMP TRIGGER tab_report INSTEAD OF INSERT ON tab_reports BEGIN
            INSERT INTO documents(kind, item, at, site, title, body)
                SELECT 'visit', NEW.id, NEW.started_at, NEW.site, NEW.title, NEW.words WHERE NOT NEW.row;
            INSERT INTO visits(seq, document, {columns})
                SELECT {next_row("visit")}, last_insert_rowid(), {new} WHERE NOT NEW.row;
            UPDATE tallies SET n = n + 1 WHERE kind = 'visits' AND NOT NEW.row;
            UPDATE visits SET title = NEW.title, started_at = NEW.started_at, last_seen_at = NEW.last_seen_at,
                closed_at = NEW.closed_at WHERE seq = NEW.row;
            INSERT INTO answered(client, kind, key, item, at)
                SELECT NEW.client, 'tab', NEW.key, NEW.id, NEW.now_ms WHERE NEW.key IS NOT NULL;
            UPDATE sightings SET until = max(until, NEW.at_ms) WHERE seq = NEW.extends;
            INSERT INTO sightings(client, browser, visit, at, until, focused)
                SELECT NEW.client, NEW.browser, iif(NEW.row, NEW.row, (SELECT max(seq) FROM visits)),
                    NEW.at_ms, NEW.at_ms, NEW.focused WHERE NEW.is_sighted;
            INSERT INTO events(kind, source, at, trace_id, data)
                SELECT 'tab_changed', NEW.service, NEW.now_ms, NEW.trace_id, NEW.told WHERE NEW.told IS NOT NULL;
        END"""
    )


def get_standing(
    conn: Connection, client: str, tab: str | None, browser: str | None, key: str | None, now_ms: int, at_ms: int
) -> Standing:
    """Return what a report of a moment meets; without a ``tab``, no visit."""
    asked = {
        "client": client,
        "tab": tab,
        "browser": browser,
        "key": None if key is None else key_digest(key),
        "own_key": key,
        "now": now_ms,
        "at": at_ms,
    }
    row: Any = conn.execute(_STANDING, asked).fetchone()
    visit, seen = row[3:15], row[15:]
    return Standing(
        bool(row[0]),
        row[1],
        bool(row[2]),
        None if visit[0] is None else VisitRow(*visit),
        None if seen[0] is None else SightingRow._make((*seen[:6], None if seen[6] is None else bool(seen[6]))),
    )


def add_report(conn: Connection, report: Report, now_ms: int) -> None:
    """Write all that a report changes."""
    visit = report.visit
    told = None if report.event is None else msgspec.json.encode(report.event).decode()
    conn.execute(
        _INSERT,
        (
            *(visit.id, visit.client, visit.tab, visit.browser, visit.url, visit.site, visit.title),
            *(visit.started_at_ms, visit.last_seen_at_ms, visit.closed_at_ms, visit.document, visit.seq, report.words),
            *(None if report.key is None else key_digest(report.key), now_ms, report.at_ms, report.focused),
            *(report.extends, report.is_sighted, report.service, report.trace_id, told),
        ),
    )
    conn.has_news |= told is not None
