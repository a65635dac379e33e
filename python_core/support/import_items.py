"""One item of an import: how it stands to what is stored, and the rows that it becomes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from python_core.smrtdetect.words import words_of_clip, words_of_payload, words_of_visit
from python_core.store import Connection, clips, documents, outputs, visits
from python_core.store.walking import walked_visit
from python_core.support.export_format import Clip, Item, Output, Schema, Visit
from python_core.support.export_rows import (
    clip_of,
    output_of,
    row_of_clip,
    row_of_output,
    row_of_schema,
    row_of_visit,
    schema_of,
    visit_of,
)

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


def add_item(conn: Connection, item: Item) -> None:
    """Add an item that is not stored, with its entry in the search index; its pictures are on disk."""
    if isinstance(item, Clip):
        _add_clip(conn, item)
    elif isinstance(item, Visit):
        _add_visit(conn, item)
    elif isinstance(item, Schema):
        outputs.add_schema(conn, row_of_schema(item))
    else:
        _add_output(conn, item)


def _add_clip(conn: Connection, clip: Clip) -> None:
    row = row_of_clip(clip)
    source = row.source
    words = words_of_clip((fragment.type, fragment.content or "") for fragment in clip.fragments)
    title = source.title or source.window_title or ""
    document = documents.add_document(conn, "clip", row.id, row.captured_at_ms, source.site, source.app, title, words)
    clips.add_clip(conn, replace(row, document=document))


def _add_visit(conn: Connection, visit: Visit) -> None:
    row, sightings = row_of_visit(visit)
    words = words_of_visit(visit.url, visit.selection)
    document = documents.add_document(conn, "visit", row.id, row.started_at_ms, row.site, None, row.title, words)
    added = visits.add_visit(conn, replace(row, document=document))
    for sighting in sightings:
        visits.add_sighting(conn, sighting.client, sighting.browser, added.seq, sighting.at_ms, sighting.focused)
        visits.set_sighting_until(conn, conn.last_insert_rowid(), sighting.until_ms)


def _add_output(conn: Connection, output: Output) -> None:
    row = row_of_output(output)
    words = words_of_payload(output.payload)
    document = documents.add_document(conn, "output", row.id, row.at_ms, None, None, row.title or "", words)
    outputs.add_output(conn, replace(row, document=document))
