"""Stored items as privacy rules see them: where each was captured, its texts, and what is left of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from python_core.runtime.fragments import AnyFragment, FilesFragment, HtmlFragment, TextFragment, row_of, words_of
from python_core.runtime.hub import Hub
from python_core.runtime.judging import host_of, judge_clip, judge_payload, texts_in
from python_core.runtime.provenance import ClaimedSource
from python_core.smrtdetect.rule_shapes import Place
from python_core.smrtdetect.websource import is_in_sites
from python_core.smrtdetect.words import selection_in, words_of_payload, words_of_visit
from python_core.store import Connection, clips, documents, outputs, visits
from python_core.store.clips import ClipRow, FragmentRow
from python_core.store.outputs import OutputRow
from python_core.store.rewriting import rewrite_clip, rewrite_output, rewrite_visit
from python_core.store.visits import VisitRow


@dataclass(frozen=True)
class StoredItem:
    """One item: ``kinds`` says of each text whether it is plain, HTML or an address (see ``RuleBook.judge``)."""

    kind: str
    id: str
    at_ms: int
    place: Place
    texts: tuple[str, ...]
    kinds: str
    row: ClipRow | VisitRow | OutputRow


@dataclass(frozen=True)
class Outcome:
    """What the rules in force make of an item: kept out by ``rule``, rewritten, or only marked."""

    rule: str | None
    marks: tuple[str, ...]
    rewrite: Callable[[Connection], None] | None


def read_item(conn: Connection, kind: str, seq: int) -> StoredItem:
    """Read the item of a row that is there."""
    if kind == "clip":
        return _clip_item(clips.get_clip_in_row(conn, seq))
    if kind == "visit":
        return _visit_item(conn, visits.get_visit_in_row(conn, seq))
    return _output_item(outputs.get_output_in_row(conn, seq))


def read_again(conn: Connection, item: StoredItem) -> StoredItem | None:
    """Read an item as it is now; None: it has gone."""
    row = {"clip": clips.get_clip, "visit": visits.get_visit, "output": outputs.get_output}[item.kind](conn, item.id)
    return None if row is None else read_item(conn, item.kind, row.seq)


def outcome_of(hub: Hub, item: StoredItem) -> Outcome:
    """Judge an item by the rules in force."""
    if isinstance(item.row, ClipRow):
        return _judged_clip(hub, item.row)
    if isinstance(item.row, VisitRow):
        return _judged_visit(hub, item.row, item)
    return _judged_output(hub, item.row)


def _clip_item(clip: ClipRow) -> StoredItem:
    source = clip.source
    texts = [each.content.decode(errors="ignore") if each.content else "" for each in clip.fragments]
    place = Place(
        app=source.app,
        window_title=source.window_title,
        page_title=source.title,
        url=source.url,
        host=host_of(source.url),
    )
    kinds = "".join("h" if each.type == "html" else "t" for each in clip.fragments) + "ttu"
    told = (source.window_title or "", source.title or "", source.url or "")
    return StoredItem("clip", clip.id, clip.captured_at_ms, place, (*texts, *told), kinds, clip)


def _visit_item(conn: Connection, visit: VisitRow) -> StoredItem:
    found = documents.get_document(conn, visit.document)
    selection = selection_in(found.body, visit.url) if found else None
    place = Place(page_title=visit.title, url=visit.url, host=host_of(visit.url))
    texts = (visit.title, visit.url, selection or "")
    return StoredItem("visit", visit.id, visit.started_at_ms, place, texts, "tut", visit)


def _output_item(output: OutputRow) -> StoredItem:
    texts = ("\n".join(texts_in(output.payload)), output.title or "")
    return StoredItem("output", output.id, output.at_ms, Place(), texts, "tt", output)


def _judged_clip(hub: Hub, clip: ClipRow) -> Outcome:
    source = clip.source
    claimed = ClaimedSource(app=source.app, window_title=source.window_title, url=source.url, title=source.title)
    written = [each for each in clip.fragments if each.content]
    judged = judge_clip(hub, [_fragment_of(each) for each in written], claimed)
    if judged.rule is not None or not judged.is_changed:
        return Outcome(judged.rule, judged.marks, None)
    rows = {row.ordinal: row for row in _rows_of(written, judged.fragments)}
    fragments = [rows.get(each.ordinal, each) for each in clip.fragments]
    left = replace(
        clip,
        source=source._replace(
            window_title=judged.source.window_title, url=judged.source.url, title=judged.source.title
        ),
        fragments=fragments,
        fingerprint=clips.fingerprint_of(each.digest for each in fragments),
    )
    words = words_of(judged.fragments)
    return Outcome(None, judged.marks, lambda conn: rewrite_clip(conn, left, words))


def _fragment_of(row: FragmentRow) -> AnyFragment:
    text = (row.content or b"").decode(errors="ignore")
    if row.type == "files":
        return FilesFragment(paths=text.split("\n"))
    return HtmlFragment(content=text) if row.type == "html" else TextFragment(content=text)


def _rows_of(before: list[FragmentRow], fragments: list[AnyFragment]) -> list[FragmentRow]:
    return [row_of(fragment, row.ordinal, None)[0] for row, fragment in zip(before, fragments, strict=True)]


def _judged_visit(hub: Hub, visit: VisitRow, item: StoredItem) -> Outcome:
    if is_in_sites(visit.site, hub.settings.web_listener.excluded_sites):
        return Outcome("excluded_site", (), None)
    judged = hub.rules.current().judge(item.place, item.texts, item.kinds)
    if judged.dropped_by is not None or judged.texts == item.texts:
        return Outcome(judged.dropped_by, judged.marks, None)
    title, url, selection = (text or "" for text in judged.texts)
    changed = replace(visit, title=title, url=url)
    words = words_of_visit(url, selection or None)
    return Outcome(None, judged.marks, lambda conn: rewrite_visit(conn, changed, words))


def _judged_output(hub: Hub, output: OutputRow) -> Outcome:
    payload, title, rule, marks = judge_payload(hub, output.payload, output.title)
    if rule is not None or (payload is output.payload and title == output.title):
        return Outcome(rule, marks, None)
    changed = replace(output, payload=payload, title=title)
    words = words_of_payload(payload)
    return Outcome(None, marks, lambda conn: rewrite_output(conn, changed, words))
