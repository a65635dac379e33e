"""The way from the store's rows to the lines of an export, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from python_core.smrtdetect.words import selection_in
from python_core.store.clips import ClipRow, FragmentRow, Source, fingerprint_of
from python_core.store.outputs import OutputRow, SchemaRow, SourceRow
from python_core.store.visits import VisitRow
from python_core.store.walking import Sighted, WalkedVisit
from python_core.support.export_format import (
    MIME_TYPES,
    Citation,
    Clip,
    ClipSource,
    Detection,
    Fragment,
    Item,
    Output,
    Schema,
    Sighting,
    Visit,
)
from python_core.utils.ids import digest_of
from python_core.utils.timestamps import from_rfc3339, to_rfc3339

#: Levels of a payload or schema, as the hub's own routes take them: what encodes it later recurs.
DEPTH_AT_MOST = 100


Row = SchemaRow | tuple[VisitRow, list[Sighted]] | ClipRow | OutputRow


def judge(item: Item) -> Row | str:
    """Return the row of an item whose members have the right types, or what else is wrong with it."""
    try:
        if isinstance(item, Visit):
            return row_of_visit(item)
        if isinstance(item, Clip):
            return _fault_in_fragments(item.fragments) or row_of_clip(item)
        if isinstance(item, Output):
            return "its payload is nested too deeply" if _is_deep(item.payload) else row_of_output(item)
        return "its body is nested too deeply" if _is_deep(item.body) else row_of_schema(item)
    except ValueError:
        return "a time is none in RFC 3339"


def _fault_in_fragments(fragments: list[Fragment]) -> str | None:
    for fragment in fragments:
        if fragment.mime not in MIME_TYPES[fragment.type]:
            return "a fragment's mime does not go with its type"
        if (fragment.type == "image") != (fragment.content is None):
            return "a picture has its content here, or something else has not"
        if fragment.content is not None:
            content = fragment.content.encode()
            if (len(content), digest_of(content)) != (fragment.bytes, fragment.digest):
                return "a fragment is not of its digest and size"
    if len({fragment.ordinal for fragment in fragments}) < len(fragments):
        return "two fragments have one ordinal"
    return None


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_AT_MOST):
        below = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, (dict, list))]
        level = [inner for each in below for inner in each]
    return bool(level)


def clip_of(row: ClipRow) -> Clip:
    """Return a clip's line."""
    source, marks = row.source, row.source._asdict()
    marks["visit_id"], marks["evidence"] = marks.pop("visit"), list(source.evidence)
    return Clip(
        id=row.id,
        client=row.client,
        captured_at=to_rfc3339(row.captured_at_ms),
        received_at=to_rfc3339(row.received_at_ms),
        source=ClipSource(**marks),
        fragments=[_fragment_of(fragment) for fragment in row.fragments],
    )


def _fragment_of(row: FragmentRow) -> Fragment:
    found = None
    if row.type_id is not None and row.type_group is not None and row.type_confidence is not None:
        found = Detection(
            type_id=row.type_id, group=row.type_group, confidence=row.type_confidence, extension=row.type_extension
        )
    return Fragment(
        ordinal=row.ordinal,
        type=row.type,  # type: ignore[arg-type]  # the store holds no others
        mime=row.mime,
        digest=row.digest,
        bytes=row.size,
        content=None if row.content is None else row.content.decode(),
        text_likely=row.text_likely,
        detection=found,
    )


def visit_of(walked: WalkedVisit) -> Visit:
    """Return a visit's line."""
    row = walked.row
    return Visit(
        id=row.id,
        client=row.client,
        tab=row.tab,
        browser=row.browser,
        url=row.url,
        site=row.site,
        title=row.title,
        started_at=to_rfc3339(row.started_at_ms),
        last_seen_at=to_rfc3339(row.last_seen_at_ms),
        closed_at=None if row.closed_at_ms is None else to_rfc3339(row.closed_at_ms),
        selection=selection_in(walked.words, row.url),
        sightings=[
            Sighting(
                at=to_rfc3339(each.at_ms),
                until=to_rfc3339(each.until_ms),
                focused=each.focused,
                client=each.client,
                browser=each.browser,
            )
            for each in walked.sightings
        ],
    )


def output_of(row: OutputRow) -> Output:
    """Return an output's line."""
    return Output(
        id=row.id,
        schema=row.schema,
        title=row.title,
        producer=row.producer,
        client=row.client,
        payload=row.payload,
        at=to_rfc3339(row.at_ms),
        sources=[Citation(kind=each.kind, id=each.item, seen=each.seen) for each in row.sources],  # type: ignore[arg-type]
    )


def schema_of(row: SchemaRow) -> Schema:
    """Return a schema's line."""
    return Schema(name=row.name, version=row.version, body=row.body, added_at=to_rfc3339(row.at_ms))


def row_of_clip(clip: Clip) -> ClipRow:
    """Return a clip's row."""
    marks = msgspec.structs.asdict(clip.source)
    marks["visit"], marks["evidence"] = marks.pop("visit_id"), tuple(clip.source.evidence)
    return ClipRow(
        id=clip.id,
        client=clip.client,
        captured_at_ms=from_rfc3339(clip.captured_at),
        received_at_ms=from_rfc3339(clip.received_at),
        fingerprint=fingerprint_of(fragment.digest for fragment in clip.fragments),
        source=Source(**marks),
        fragments=[_row_of_fragment(fragment) for fragment in clip.fragments],
    )


def _row_of_fragment(fragment: Fragment) -> FragmentRow:
    found = fragment.detection
    return FragmentRow(
        ordinal=fragment.ordinal,
        type=fragment.type,
        mime=fragment.mime,
        digest=fragment.digest,
        size=fragment.bytes,
        content=None if fragment.content is None else fragment.content.encode(),
        text_likely=fragment.text_likely,
        type_id=found.type_id if found else None,
        type_group=found.group if found else None,
        type_confidence=found.confidence if found else None,
        type_extension=found.extension if found else None,
    )


def row_of_visit(visit: Visit) -> tuple[VisitRow, list[Sighted]]:
    """Return a visit's row and its sightings."""
    row = VisitRow(
        id=visit.id,
        client=visit.client,
        tab=visit.tab,
        browser=visit.browser,
        url=visit.url,
        site=visit.site,
        title=visit.title,
        started_at_ms=from_rfc3339(visit.started_at),
        last_seen_at_ms=from_rfc3339(visit.last_seen_at),
        closed_at_ms=None if visit.closed_at is None else from_rfc3339(visit.closed_at),
    )
    sightings = [
        Sighted(from_rfc3339(each.at), from_rfc3339(each.until), each.focused, each.client, each.browser)
        for each in visit.sightings
    ]
    return row, sightings


def row_of_output(output: Output) -> OutputRow:
    """Return an output's row."""
    return OutputRow(
        id=output.id,
        schema=output.schema,
        title=output.title,
        producer=output.producer,
        client=output.client,
        payload=output.payload,
        at_ms=from_rfc3339(output.at),
        document=0,
        sources=[SourceRow(each.kind, each.id, each.seen) for each in output.sources],
    )


def row_of_schema(schema: Schema) -> SchemaRow:
    """Return a schema's row."""
    return SchemaRow(schema.name, schema.version, schema.body, from_rfc3339(schema.added_at))
