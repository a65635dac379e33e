"""Clips as callers see them: the receipt of what was stored, and what there is to look at."""

from __future__ import annotations

from typing import Literal

from python_core.runtime.shapes import View
from python_core.store.clips import ClipRow, FragmentRow
from python_core.utils.timestamps import to_rfc3339

#: Characters of a text that a list shows; the whole is at ``GET /clipboard/{id}``.
PREVIEW_CHARS = 200


class DetectionView(View, frozen=True, kw_only=True, omit_defaults=False):
    """What a text is."""

    type_id: str
    group: str
    confidence: float
    extension: str | None


class FragmentReceipt(View, frozen=True, kw_only=True):
    """A stored fragment: ``digest`` and ``bytes`` of its content."""

    ordinal: int
    type: str
    digest: str
    bytes: int
    detection: DetectionView | None = None


class SourceView(View, frozen=True, kw_only=True):
    """Where a copy came from; with ``visitId``, ``confidence`` and ``evidence`` where the hub found the page itself."""

    app: str | None = None
    window_title: str | None = None
    url: str | None = None
    title: str | None = None
    visit_id: str | None = None
    confidence: float | None = None
    evidence: list[str] = []


class ClipReceipt(View, frozen=True, kw_only=True):
    """A clip is on disk; ``duplicate``: it was before, under this id."""

    id: str
    duplicate: bool
    fragments: list[FragmentReceipt]
    source: SourceView


class ClipRefusal(View, frozen=True, kw_only=True):
    """A clip was not stored: ``excluded``, by the ``rule``, or ``paused``."""

    stored: Literal[False]
    reason: Literal["excluded", "paused"]
    rule: str | None = None


class FragmentView(FragmentReceipt, frozen=True, kw_only=True):
    """A fragment to look at; pictures come from ``/clipboard/{id}/fragments/{ordinal}`` alone."""

    mime: str
    text_likely: bool | None = None
    preview: str | None = None
    content: str | None = None
    paths: list[str] | None = None


class ClipView(View, frozen=True, kw_only=True):
    """A clip to look at; its texts are somebody's, hence ``trust``; ``marks`` names the privacy rules that had a say."""

    id: str
    captured_at: str
    received_at: str
    client: str
    source: SourceView
    fragments: list[FragmentView]
    trust: Literal["untrusted"]
    marks: list[str] = []


class ClipPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Clips, newest first."""

    items: list[ClipView]
    next_cursor: str | None


def receipt_of(clip: ClipRow, *, duplicate: bool) -> ClipReceipt:
    """Return what the sender of a clip is told."""
    fragments = [
        FragmentReceipt(
            ordinal=row.ordinal, type=row.type, digest=row.digest, bytes=row.size, detection=_detection(row)
        )
        for row in clip.fragments
    ]
    return ClipReceipt(id=clip.id, duplicate=duplicate, fragments=fragments, source=source_view(clip))


def _detection(row: FragmentRow) -> DetectionView | None:
    if row.type_id is None or row.type_group is None or row.type_confidence is None:
        return None
    return DetectionView(
        type_id=row.type_id,
        group=row.type_group,
        confidence=row.type_confidence,
        extension=row.type_extension,
    )


def source_view(clip: ClipRow) -> SourceView:
    """Return a clip's source as callers see it."""
    source = clip.source
    return SourceView(
        app=source.app,
        window_title=source.window_title,
        url=source.url,
        title=source.title,
        visit_id=source.visit,
        confidence=source.confidence,
        evidence=list(source.evidence),
    )


def view_of(clip: ClipRow, marks: list[str], *, whole: bool) -> ClipView:
    """Return a clip to look at, with the rules that it is marked with and its ``whole`` texts or a preview of each."""
    return ClipView(
        id=clip.id,
        captured_at=to_rfc3339(clip.captured_at_ms),
        received_at=to_rfc3339(clip.received_at_ms),
        client=clip.client,
        source=source_view(clip),
        fragments=[_fragment_view(row, whole=whole) for row in clip.fragments],
        trust="untrusted",
        marks=marks,
    )


def _fragment_view(row: FragmentRow, *, whole: bool) -> FragmentView:
    text = row.content.decode(errors="ignore") if row.content is not None else None
    shown = text if whole else None
    return FragmentView(
        ordinal=row.ordinal,
        type=row.type,
        mime=row.mime,
        digest=row.digest,
        bytes=row.size,
        detection=_detection(row),
        text_likely=row.text_likely,
        preview=text[:PREVIEW_CHARS] if text is not None and not whole else None,
        content=shown if row.type != "files" else None,
        paths=shown.split("\n") if shown is not None and row.type == "files" else None,
    )
