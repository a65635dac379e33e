"""Structured outputs: payloads that fit a schema and cite what they were made from."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec

from python_core.errors import BadInput, NotFound
from python_core.runtime.events import announce
from python_core.runtime.forgetting import remove_one
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import judge_payload
from python_core.runtime.output_schemas import check_payload
from python_core.runtime.room import need_room
from python_core.runtime.shapes import Body, View, cursor_of, place_of
from python_core.smrtdetect.words import words_of_payload
from python_core.store import Connection, answered, clips, documents, marks, outputs, visits
from python_core.store.outputs import OutputRow, SourceRow
from python_core.utils.ids import new_id
from python_core.utils.timestamps import to_rfc3339

_Id = Annotated[str, msgspec.Meta(max_length=64)]
_Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern="^[^\\x00]*$")]


class CitedItem(Body, frozen=True, kw_only=True):
    """A source: a clip or a visit, by its id."""

    clip: _Id | None = None
    visit: _Id | None = None


class NewOutput(Body, frozen=True, kw_only=True):
    """A payload, the schema it fits (``name/version``) and what it was made from."""

    schema: Annotated[str, msgspec.Meta(max_length=80)]
    payload: Any
    sources: Annotated[list[CitedItem], msgspec.Meta(max_length=200)] = []
    producer: _Label | None = None
    title: _Label | None = None


class CitationView(View, frozen=True, kw_only=True):
    """A source as it is now: still as it was cited, changed since, or forgotten."""

    kind: Literal["clip", "visit"]
    id: str
    state: Literal["present", "changed", "forgotten"]


class OutputView(View, frozen=True, kw_only=True):
    """A structured output; its payload is somebody's text, hence ``trust``."""

    id: str
    schema: str
    at: str
    client: str
    sources: list[CitationView]
    trust: Literal["untrusted"]
    title: str | None = None
    producer: str | None = None
    payload: Any = None
    marks: list[str] = []


class OutputReceipt(View, frozen=True, kw_only=True):
    """An output is on disk; ``duplicate``: it was before, under this id."""

    id: str
    duplicate: bool


class OutputRefusal(View, frozen=True, kw_only=True):
    """An output was not stored, by the ``rule``."""

    stored: Literal[False]
    reason: Literal["excluded"]
    rule: str


class OutputPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Outputs, newest first, without their payloads."""

    items: list[OutputView]
    next_cursor: str | None


def put_output(hub: Hub, caller: Caller, wanted: NewOutput, key: str | None) -> OutputReceipt | OutputRefusal:
    """Store a payload that fits its schema and whose sources exist, unless a rule keeps it out; announces ``output_added``.

    What a rule takes out of it is taken out, and what is left must fit the schema too.

    :raises BadInput: the payload does not fit, or a source is unknown; with a pointer for each fault.
    """
    check_payload(hub, wanted.schema, wanted.payload)
    payload, title, rule, marked = judge_payload(hub, wanted.payload, wanted.title)
    if rule is not None:
        return OutputRefusal(stored=False, reason="excluded", rule=rule)
    if payload is not wanted.payload:
        check_payload(hub, wanted.schema, payload)
    draft = OutputRow(
        id=new_id(),
        schema=wanted.schema,
        title=title,
        producer=wanted.producer,
        client=caller.client,
        payload=payload,
        at_ms=hub.now(),
        document=0,
    )

    def act(conn: Connection) -> OutputReceipt:
        known = answered.get_first_item(conn, caller.client, "output", key)
        if known is not None:
            return OutputReceipt(id=known, duplicate=True)
        need_room(conn, hub)
        sources = [_cite(conn, n, item) for n, item in enumerate(wanted.sources)]
        document = documents.add_document(
            conn, "output", draft.id, draft.at_ms, None, None, title or "", words_of_payload(payload)
        )
        outputs.add_output(conn, replace(draft, document=document, sources=sources))
        answered.add_answer(conn, caller.client, "output", key, draft.id, draft.at_ms)
        marks.add_marks(conn, draft.id, marked)
        announce(conn, hub, caller, "output_added", id=draft.id, schema=wanted.schema)
        return OutputReceipt(id=draft.id, duplicate=False)

    return hub.store.write(act)


def get_output(hub: Hub, output_id: str) -> OutputView:
    """Return one output with its payload and the state of its sources.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        output = outputs.get_output(conn, output_id)
        if output is None:
            raise NotFound("There is no output of that id.")
        return _view(conn, output, whole=True)


def list_outputs(hub: Hub, schema: str | None, producer: str | None, limit: int, cursor: str | None) -> OutputPage:
    """Return a page of outputs, newest first."""
    place = place_of(cursor, 1)
    with hub.store.reading() as conn:
        rows = outputs.list_outputs(conn, schema, producer, place[0] if place else None, limit + 1)
        items = [_view(conn, row, whole=False) for row in rows[:limit]]
    return OutputPage(items=items, next_cursor=cursor_of(rows[limit - 1].seq) if len(rows) > limit else None)


def remove_output(hub: Hub, caller: Caller, output_id: str) -> None:
    """Remove an output with all that the hub holds of it; announces ``output_removed``.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        if outputs.get_output(conn, output_id) is None:
            raise NotFound("There is no output of that id.")
    remove_one(hub, caller, "output", output_id)


def _cite(conn: Connection, n: int, item: CitedItem) -> SourceRow:
    if (item.clip is None) == (item.visit is None):
        raise BadInput.at(f"/sources/{n}", "must name either a clip or a visit")
    kind, item_id = ("clip", item.clip) if item.clip is not None else ("visit", item.visit)
    seen = _mark_of(conn, kind, item_id or "")
    if seen is None:
        raise BadInput.at(f"/sources/{n}/{kind}", "is not stored")
    return SourceRow(kind, item_id or "", seen)


def _mark_of(conn: Connection, kind: str, item_id: str) -> str | None:
    """Return what stands for an item's content now, or None when it is not stored."""
    if kind == "clip":
        clip = clips.get_clip(conn, item_id)
        return str(clip.fingerprint) if clip else None
    visit = visits.get_visit(conn, item_id)
    return hashlib.sha256(f"{visit.url}\n{visit.title}".encode()).hexdigest()[:16] if visit else None


def _citation(conn: Connection, source: SourceRow) -> CitationView:
    now = _mark_of(conn, source.kind, source.item)
    state: Literal["present", "changed", "forgotten"] = "forgotten" if now is None else "present"
    if now is not None and now != source.seen:
        state = "changed"
    return CitationView(kind="clip" if source.kind == "clip" else "visit", id=source.item, state=state)


def _view(conn: Connection, row: OutputRow, *, whole: bool) -> OutputView:
    return OutputView(
        id=row.id,
        schema=row.schema,
        at=to_rfc3339(row.at_ms),
        client=row.client,
        sources=[_citation(conn, source) for source in row.sources],
        trust="untrusted",
        title=row.title,
        producer=row.producer,
        payload=row.payload if whole else None,
        marks=marks.get_marks(conn, row.id),
    )
