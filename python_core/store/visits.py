"""Rows of visits (a page in a tab, however long it was read) and sightings (what was in front of whom, and when)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from python_core.store.connection import Connection
from python_core.store.forgettings import next_row
from python_core.store.tallies import add_to_tally


@dataclass(frozen=True)
class VisitRow:
    """One page in one tab: ``tab`` is the browser's own key for the tab, ``started_at_ms`` … ``last_seen_at_ms`` its time."""

    id: str
    client: str
    tab: str
    browser: str | None
    url: str
    site: str
    title: str
    started_at_ms: int
    last_seen_at_ms: int
    closed_at_ms: int | None
    document: int = 0
    seq: int = 0


class SightingRow(NamedTuple):
    """What one browser had in front from ``at_ms`` to ``until_ms``; ``visit`` None: something that is not recorded."""

    seq: int
    client: str
    browser: str | None
    visit: int | None
    at_ms: int
    until_ms: int
    focused: bool | None


class SeenPage(NamedTuple):
    """A sighting with its page."""

    client: str
    browser: str | None
    at_ms: int
    until_ms: int
    focused: bool | None
    visit_id: str | None
    url: str | None
    site: str | None
    title: str | None
    closed_at_ms: int | None


VISIT_COLUMNS = "id, client, tab, browser, url, site, title, started_at, last_seen_at, closed_at, document"


def add_visit(conn: Connection, visit: VisitRow) -> VisitRow:
    """Add a visit and return it with its row number."""
    conn.execute(
        f"INSERT INTO visits(seq, {VISIT_COLUMNS}) VALUES ({next_row('visit')}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(visit.id, visit.client, visit.tab, visit.browser, visit.url, visit.site, visit.title),
            *(visit.started_at_ms, visit.last_seen_at_ms, visit.closed_at_ms, visit.document),
        ),
    )
    made = replace(visit, seq=conn.last_insert_rowid())
    add_to_tally(conn, "visits", 1)
    return made


def get_visit(conn: Connection, visit_id: str) -> VisitRow | None:
    """Return one visit."""
    row = conn.execute(f"SELECT {VISIT_COLUMNS}, seq FROM visits WHERE id = ?", (visit_id,)).fetchone()
    return VisitRow(*row) if row else None


def get_visit_in_row(conn: Connection, seq: int) -> VisitRow:
    """Return the visit of a row that is there."""
    row: Any = conn.execute(f"SELECT {VISIT_COLUMNS}, seq FROM visits WHERE seq = ?", (seq,)).fetchone()
    return VisitRow(*row)


def add_sighting(
    conn: Connection, client: str, browser: str | None, visit: int | None, at_ms: int, focused: bool | None
) -> None:
    """Add what came to the front."""
    conn.execute(
        "INSERT INTO sightings(client, browser, visit, at, until, focused) VALUES (?, ?, ?, ?, ?, ?)",
        (client, browser, visit, at_ms, at_ms, focused),
    )


def set_sighting_until(conn: Connection, seq: int, until_ms: int) -> None:
    """Extend a sighting; its end never moves back."""
    conn.execute("UPDATE sightings SET until = max(until, ?) WHERE seq = ?", (until_ms, seq))


def list_sightings(conn: Connection, from_ms: int, to_ms: int, limit: int) -> list[SeenPage]:
    """Return the sightings that reach into a span of time, of the ``limit`` that began last, newest first."""
    rows = conn.execute(
        "SELECT s.client, s.browser, s.at, s.until, s.focused, v.id, v.url, v.site, v.title, v.closed_at "
        "FROM (SELECT * FROM sightings WHERE at <= ? ORDER BY at DESC LIMIT ?) s LEFT JOIN visits v ON v.seq = s.visit "
        "WHERE s.until >= ?",
        (to_ms, limit, from_ms),
    )
    return [SeenPage._make((*row[:4], None if row[4] is None else bool(row[4]), *row[5:])) for row in rows]


def blank_fronts(conn: Connection, since_ms: int, at_ms: int) -> None:
    """Add, for each browser heard of since ``since_ms``, that what it has in front is not known from ``at_ms`` on."""
    conn.execute(
        "INSERT INTO sightings(client, browser, visit, at, until, focused) "
        "SELECT DISTINCT client, browser, NULL, ?2, ?2, NULL FROM sightings WHERE until >= ?1",
        (since_ms, at_ms),
    )


def prune_sightings(conn: Connection, before_ms: int) -> None:
    """Forget who had what in front before ``before_ms``; visits stay."""
    conn.execute("DELETE FROM sightings WHERE at < :before AND until < :before", {"before": before_ms})
