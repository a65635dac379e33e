"""Clips: take one in with its source page, show them, let one go."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from python_core.errors import NotFound
from python_core.runtime.clip_storing import PAUSED, ReadyClip, store_clip
from python_core.runtime.clip_views import ClipPage, ClipReceipt, ClipRefusal, ClipView, view_of
from python_core.runtime.forgetting import remove_one
from python_core.runtime.fragments import words_of
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import judge_clip, judge_page
from python_core.runtime.new_clips import NewClip, draft_of
from python_core.runtime.provenance import look_around
from python_core.runtime.shapes import cursor_of, instant_ms, place_of
from python_core.store import clips, marks
from python_core.store.blobs import get_blob
from python_core.store.clips import ClipFilter

__all__ = ["ClipSearch", "NewClip", "get_clip", "get_fragment", "list_clips", "newest_clip", "put_clip", "remove_clip"]


class ClipSearch(msgspec.Struct, frozen=True, kw_only=True):
    """Which clips a list holds: None means any; times are RFC 3339."""

    type: str | None = None
    app: str | None = None
    site: str | None = None
    from_time: str | None = None
    to_time: str | None = None


def put_clip(hub: Hub, caller: Caller, clip: NewClip, key: str | None) -> ClipReceipt | ClipRefusal:
    """Store a clip unless the capture is paused, a rule keeps it out or it is here already; announces ``clipboard_processed``.

    :param key: the caller's own key for this request, where ``encounterId`` is not given.
    :raises BadInput: a fragment or a digest is not what it should be.
    """
    around = look_around(hub, instant_ms(clip.encounter.captured_at, "/encounter/capturedAt"))
    if around.is_kept_out:
        return PAUSED
    if clip.encounter.secret:
        return _excluded("secret")
    judged = judge_clip(hub, clip.fragments, clip.encounter.source)
    if judged.rule is not None:
        return _excluded(judged.rule)
    draft, pictures = draft_of(hub, caller, clip, judged, around)
    source, rule, page_marks = judge_page(hub, draft.source)
    if rule is not None:
        return _excluded(rule)
    if source is not draft.source:
        draft = replace(draft, source=source)
    own_key, all_marks = clip.encounter.encounter_id or key, judged.marks + page_marks
    return store_clip(hub, caller, ReadyClip(draft, pictures, words_of(judged.fragments), own_key, all_marks))


def _excluded(rule: str) -> ClipRefusal:
    return ClipRefusal(stored=False, reason="excluded", rule=rule)


def get_clip(hub: Hub, clip_id: str) -> ClipView:
    """Return one clip with its texts.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        clip = clips.get_clip(conn, clip_id)
        named = marks.get_marks(conn, clip_id)
    if clip is None:
        raise NotFound("There is no clip of that id.")
    return view_of(clip, named, whole=True)


def newest_clip(hub: Hub) -> ClipView | None:
    """Return the clip that came last, with a preview of its texts, or None."""
    with hub.store.reading() as conn:
        rows = clips.list_clips(conn, ClipFilter(), 1)
        named = marks.get_marks(conn, rows[0].id) if rows else []
    return view_of(rows[0], named, whole=False) if rows else None


def list_clips(hub: Hub, wanted: ClipSearch, limit: int, cursor: str | None) -> ClipPage:
    """Return a page of clips, newest first, with previews of their texts."""
    place = place_of(cursor, 1)
    chosen = ClipFilter(
        type=wanted.type,
        app=wanted.app,
        site=wanted.site,
        from_ms=instant_ms(wanted.from_time, "?from"),
        to_ms=instant_ms(wanted.to_time, "?to"),
        before=place[0] if place else None,
    )
    with hub.store.reading() as conn:
        rows = clips.list_clips(conn, chosen, limit + 1)
        items = [view_of(clip, marks.get_marks(conn, clip.id), whole=False) for clip in rows[:limit]]
    return ClipPage(
        items=items,
        next_cursor=cursor_of(rows[limit - 1].seq) if len(rows) > limit else None,
    )


def get_fragment(hub: Hub, clip_id: str, ordinal: int) -> tuple[str, bytes]:
    """Return a fragment's MIME type and its bytes as they were captured.

    :raises NotFound: there is no such clip or fragment.
    """
    with hub.store.reading() as conn:
        fragment = clips.get_fragment(conn, clip_id, ordinal)
    if fragment is None:
        raise NotFound("There is no such fragment.")
    if fragment.content is not None:
        return fragment.mime, fragment.content
    try:
        return fragment.mime, get_blob(hub.store.folder, fragment.digest)
    except FileNotFoundError:  # The clip was removed between the two reads.
        raise NotFound("There is no such fragment.") from None


def remove_clip(hub: Hub, caller: Caller, clip_id: str) -> None:
    """Remove a clip with all that the hub holds of it; announces ``clipboard_forgotten``.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        if clips.get_clip(conn, clip_id) is None:
            raise NotFound("There is no clip of that id.")
    remove_one(hub, caller, "clip", clip_id)
