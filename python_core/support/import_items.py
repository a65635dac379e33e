"""One item of an import: how it stands to what is stored, and the rows that it becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from python_core.smrtdetect.words import words_of_clip, words_of_payload, words_of_visit
from python_core.store import Connection, clips, documents, outputs, visits
from python_core.store.clips import ClipRow
from python_core.store.outputs import SchemaRow
from python_core.store.visits import VisitRow
from python_core.store.walking import Sighted, walked_visit
from python_core.support.export_format import Clip, Item, Output, Visit
from python_core.support.export_rows import Row, clip_of, output_of, schema_of, visit_of

Standing = Literal["added", "known", "forgotten", "conflict"]


def standing_of(conn: Connection, item: Item) -> Standing:
    """Say whether an item is new (``added`` it would be), stored as it is, or another of its id is stored.

    Sightings do not count: the hub keeps them for a month only.
    """
    stored = _stored(conn, item)
    if stored is None:
        return "added"
    if isinstance(item, Visit):
        item = msgspec.structs.replace(item, sightings=[])
    return "known" if stored == item else "conflict"


def _stored(conn: Connection, item: Item) -> Item | None:
    if isinstance(item, Clip):
        clip = clips.get_clip(conn, item.id)
        return None if clip is None else clip_of(clip)
    if isinstance(item, Visit):
        visit = visits.get_visit(conn, item.id)
        if visit is None:
            return None
        return msgspec.structs.replace(visit_of(walked_visit(conn, visit)), sightings=[])
    if isinstance(item, Output):
        output = outputs.get_output(conn, item.id)
        return None if output is None else output_of(output)
    schema = outputs.get_schema(conn, item.name, item.version)
    return None if schema is None else schema_of(schema)


def add_item(conn: Connection, item: Item, row: Row) -> None:
    """Add an item that is not stored, with its entry in the search index; ``row`` is its own, and its pictures are on disk."""
    if isinstance(row, SchemaRow):
        outputs.add_schema(conn, row)
    elif isinstance(row, tuple):
        _add_visit(conn, *row, item.selection if isinstance(item, Visit) else None)
    elif isinstance(row, ClipRow):
        forms = [(each.type, each.content or "") for each in item.fragments] if isinstance(item, Clip) else []
        _add_clip(conn, row, words_of_clip(forms))
    else:
        words = words_of_payload(row.payload)
        document = documents.add_document(conn, "output", row.id, row.at_ms, None, None, row.title or "", words)
        outputs.add_output(conn, replace(row, document=document))


def _add_clip(conn: Connection, row: ClipRow, words: str) -> None:
    source = row.source
    title = source.title or source.window_title or ""
    document = documents.add_document(conn, "clip", row.id, row.captured_at_ms, source.site, source.app, title, words)
    clips.add_clip(conn, replace(row, document=document))


def _add_visit(conn: Connection, row: VisitRow, sightings: list[Sighted], selection: str | None) -> None:
    words = words_of_visit(row.url, selection)
    document = documents.add_document(conn, "visit", row.id, row.started_at_ms, row.site, None, row.title, words)
    added = visits.add_visit(conn, replace(row, document=document))
    for sighting in sightings:
        visits.add_sighting(conn, sighting.client, sighting.browser, added.seq, sighting.at_ms, sighting.focused)
        visits.set_sighting_until(conn, conn.last_insert_rowid(), sighting.until_ms)
