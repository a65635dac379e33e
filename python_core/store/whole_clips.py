"""Put a clip in with all that belongs to it by one statement, where nothing stands against it.

Python's lock is let go of at every statement, and the thread that writes waits for it behind all that compute meanwhile, while
everybody waits for that thread. So the clip, its document, fragments, answer, tally and event are rows of one trigger's program.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from python_core.store.answered import is_answered, key_digest
from python_core.store.clips import CLIP_COLUMNS, FRAGMENT_COLUMNS, ClipRow
from python_core.store.connection import Connection
from python_core.store.forgettings import next_row
from python_core.store.pauses import kept_out

#: Fragments that one statement takes: a copy from a page has text and HTML.
FRAGMENTS_AT_MOST = 2


class WholeClip(NamedTuple):
    """A clip and what is stored with it: ``title`` and ``words`` search finds it by, ``key`` is the request's own.

    It is not put in where one of the same contents was captured from ``from_ms`` to ``to_ms``.
    """

    clip: ClipRow
    title: str
    words: str
    key: str | None
    from_ms: int
    to_ms: int
    service: str
    trace_id: str
    event: object


_OF_CLIP = tuple(CLIP_COLUMNS.replace(" document,", "").split(", "))
_OF_FRAGMENT = tuple(FRAGMENT_COLUMNS.split(", "))
_COLUMNS = (
    *_OF_CLIP,
    *("heading", "words", "key", "own_key", "from_ms", "to_ms", "now_ms", "service", "trace_id", "told"),
    *(f"{column}_{n}" for n in range(FRAGMENTS_AT_MOST) for column in _OF_FRAGMENT),
)
_INSERT = f"INSERT INTO whole_clips VALUES (?{', ?' * (len(_COLUMNS) - 1)})"
_NO_FRAGMENT = (None,) * len(_OF_FRAGMENT)


def prepare(conn: Connection) -> None:
    """Make a connection that writes ready for ``add_whole_clip``: a view of its own, and what an insert into it does."""
    fragments = "".join(
        f"""INSERT INTO fragments(clip, {FRAGMENT_COLUMNS})
            SELECT (SELECT max(seq) FROM clips), {", ".join(f"NEW.{column}_{n}" for column in _OF_FRAGMENT)}
            WHERE NEW.type_{n} IS NOT NULL;"""
        for n in range(FRAGMENTS_AT_MOST)
    )
    conn.execute(f"CREATE TEMP VIEW whole_clips AS SELECT {', '.join(f'NULL AS {column}' for column in _COLUMNS)}")
    conn.execute(
        f"""CREATE TEMP TRIGGER whole_clip INSTEAD OF INSERT ON whole_clips
        WHEN NOT {kept_out("NEW.now_ms", "NEW.captured_at")} AND NOT {is_answered("NEW.client", "clip", "NEW.key", "NEW.own_key")}
            AND NOT EXISTS (SELECT 1 FROM clips WHERE fingerprint = NEW.fingerprint
                AND captured_at BETWEEN NEW.from_ms AND NEW.to_ms)
            AND (NEW.visit IS NULL OR EXISTS (SELECT 1 FROM visits WHERE id = NEW.visit))
        BEGIN
            INSERT INTO documents(kind, item, at, site, app, title, body)
                VALUES ('clip', NEW.id, NEW.captured_at, NEW.site, NEW.app, NEW.heading, NEW.words);
            INSERT INTO clips(seq, document, {", ".join(_OF_CLIP)})
                VALUES ({next_row("clip")}, last_insert_rowid(), {", ".join(f"NEW.{column}" for column in _OF_CLIP)});
            {fragments}
            UPDATE tallies SET n = n + 1 WHERE kind = 'clips';
            INSERT INTO answered(client, kind, key, item, at)
                SELECT NEW.client, 'clip', NEW.key, NEW.id, NEW.received_at WHERE NEW.key IS NOT NULL;
            INSERT INTO events(kind, source, at, trace_id, data)
                VALUES ('clipboard_processed', NEW.service, NEW.now_ms, NEW.trace_id, NEW.told);
        END"""
    )


def add_whole_clip(conn: Connection, whole: WholeClip, now_ms: int) -> bool:
    """Put a clip in unless something stands against it, which is then to be found out; say whether it is in.

    :raises ValueError: it has more than ``FRAGMENTS_AT_MOST``.
    """
    clip = whole.clip
    if len(clip.fragments) > FRAGMENTS_AT_MOST:
        raise ValueError("a clip of more fragments takes more than one statement")
    fragments: list[Any] = [value for fragment in clip.fragments for value in fragment]
    before = conn.total_changes()
    conn.execute(
        _INSERT,
        (
            *(clip.id, clip.client, clip.captured_at_ms, clip.received_at_ms, clip.fingerprint, *clip.source[:7]),
            *(msgspec.json.encode(clip.source.evidence).decode(), whole.title, whole.words),
            *(None if whole.key is None else key_digest(whole.key), whole.key),
            *(whole.from_ms, whole.to_ms, now_ms, whole.service, whole.trace_id),
            *(msgspec.json.encode(whole.event).decode(), *fragments),
            *(_NO_FRAGMENT * (FRAGMENTS_AT_MOST - len(clip.fragments))),
        ),
    )
    is_in = conn.total_changes() > before  # changes() does not count what a trigger does instead
    conn.has_news |= is_in
    return is_in
