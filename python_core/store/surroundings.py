"""What was in front of whom around a moment, and whether nothing was to be captured then: read by one statement."""

from __future__ import annotations

from typing import Any

import msgspec

from python_core.store.connection import Connection
from python_core.store.pauses import kept_out
from python_core.store.visits import SeenPage

# After a flood of reports few can matter: of each browser none before the last one at the first moment that is asked about.
_AROUND = f"""
SELECT {kept_out(":now", ":seen")}, (
    SELECT json_group_array(json_array(
        s.client, s.browser, s.at, s.until, s.focused, v.id, v.url, v.site, v.title, v.closed_at
    ))
    FROM (SELECT * FROM sightings WHERE at <= :at + :settle ORDER BY at DESC LIMIT :limit) s
    LEFT JOIN visits v ON v.seq = s.visit
    WHERE s.until >= :at - :window AND NOT EXISTS (
        SELECT 1 FROM sightings n WHERE n.client = s.client AND n.browser IS s.browser
            AND n.at > s.at AND n.at <= :at - :settle AND n.until >= :at - :window
    )
)"""


def get_surroundings(
    conn: Connection, now_ms: int, seen_ms: int, at_ms: int, window_ms: int, settle_ms: int, limit: int
) -> tuple[bool, list[SeenPage]]:
    """Return whether a pause is in force or holds ``seen_ms``, and the sightings that can tell what was in front at ``at_ms``.

    Those are of each browser the last ones ``settle_ms`` before that moment and all till ``settle_ms`` after it, among the
    ``limit`` that began last and where they reach to ``window_ms`` before it.
    """
    row: Any = conn.execute(
        _AROUND,
        {"now": now_ms, "seen": seen_ms, "at": at_ms, "window": window_ms, "settle": settle_ms, "limit": limit},
    ).fetchone()
    pages = [
        SeenPage._make((*page[:4], None if page[4] is None else bool(page[4]), *page[5:]))
        for page in msgspec.json.decode(row[1])
    ]
    return bool(row[0]), pages
