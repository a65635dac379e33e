"""Clips: take one in with its source page, show them, let one go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from python_core.errors import NotFound
from python_core.runtime.capture import is_kept_out
from python_core.runtime.clip_views import ClipPage, ClipReceipt, ClipRefusal, ClipView, receipt_of, view_of
from python_core.runtime.event_kinds import told_by
from python_core.runtime.events import announce
from python_core.runtime.forgetting import remove_one
from python_core.runtime.fragments import words_of
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import judge_clip, judge_page
from python_core.runtime.new_clips import NewClip, draft_of
from python_core.runtime.provenance import look_around
from python_core.runtime.room import has_room, need_room
from python_core.runtime.shapes import cursor_of, instant_ms, place_of
from python_core.store import Connection, answered, clips, documents, forgettings, marks, visits
from python_core.store.blobs import blob_path, doom_blobs, get_blob, put_blob, sweep_blobs
from python_core.store.clips import ClipFilter, ClipRow, Source
from python_core.store.whole_clips import FRAGMENTS_AT_MOST, WholeClip, add_whole_clip

__all__ = ["ClipSearch", "NewClip", "get_clip", "get_fragment", "list_clips", "newest_clip", "put_clip", "remove_clip"]

_PAUSED = ClipRefusal(stored=False, reason="paused")


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
        return _PAUSED
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
    words, key = words_of(judged.fragments), clip.encounter.encounter_id or key
    _put_pictures(hub, pictures)

    def store(conn: Connection) -> ClipReceipt | ClipRefusal:
        if is_kept_out(conn, hub, draft.captured_at_ms):  # since this moment
            doom_blobs(conn, pictures)
            return _PAUSED
        first = _first_of(conn, draft, key) or _twin_of(conn, hub, draft, key)
        if first is not None:
            doom_blobs(conn, pictures)
            return receipt_of(first, duplicate=True)
        need_room(conn, hub)
        for digest, picture in pictures.items():
            put_blob(hub.store.folder, digest, picture)
        kept = _joined_still(conn, draft)
        _add(conn, hub, caller, kept, words)
        marks.add_marks(conn, kept.id, judged.marks + page_marks)
        answered.add_answer(conn, kept.client, "clip", key, kept.id, kept.received_at_ms)
        return receipt_of(kept, duplicate=False)

    is_plain = not pictures and not judged.marks and not page_marks and len(draft.fragments) <= FRAGMENTS_AT_MOST
    receipt = hub.store.write(store, _at_once(hub, caller, draft, words, key) if is_plain else None)
    if pictures and (isinstance(receipt, ClipRefusal) or receipt.duplicate):
        sweep_blobs(hub.store)
    return receipt


def _at_once(
    hub: Hub, caller: Caller, draft: ClipRow, words: str, key: str | None
) -> Callable[[Connection], ClipReceipt | None]:
    """Return what stores a clip by one statement, or nothing, where there is something to look at more closely."""
    window_ms = hub.settings.bridge.duplicate_window_seconds * 1000
    whole = WholeClip(
        clip=draft,
        title=_title_of(draft.source),
        words=words,
        key=key,
        from_ms=draft.captured_at_ms - window_ms,
        to_ms=draft.captured_at_ms + window_ms,
        service=caller.service,
        trace_id=caller.trace_id,
        event=told_by("clipboard_processed", _told_of(draft)),
    )
    receipt = receipt_of(draft, duplicate=False)

    def store(conn: Connection) -> ClipReceipt | None:
        if not has_room(conn, hub):
            return None
        return receipt if add_whole_clip(conn, whole, hub.now()) else None

    return store


def _excluded(rule: str) -> ClipRefusal:
    return ClipRefusal(stored=False, reason="excluded", rule=rule)


def _put_pictures(hub: Hub, pictures: dict[str, bytes]) -> None:
    """Have pictures on disk before the lock is taken, inside which they are only looked for again, if there is room for them."""
    if not all(blob_path(hub.store.folder, digest).exists() for digest in pictures):
        with hub.store.reading() as conn:
            need_room(conn, hub)
    for digest, picture in pictures.items():
        put_blob(hub.store.folder, digest, picture)


def _first_of(conn: Connection, draft: ClipRow, key: str | None) -> ClipRow | None:
    """Return the clip that this client's key made; one that was removed since is not stored again by a repetition."""
    known = answered.get_first_item(conn, draft.client, "clip", key)
    return None if known is None else clips.get_clip(conn, known) or replace(draft, id=known)


def _twin_of(conn: Connection, hub: Hub, draft: ClipRow, key: str | None) -> ClipRow | None:
    """Return a clip of the same contents within the window; the key then stands for that clip."""
    window_ms = hub.settings.bridge.duplicate_window_seconds * 1000
    at_ms = draft.captured_at_ms
    twin = clips.get_twin(conn, draft.fingerprint, at_ms - window_ms, at_ms + window_ms)
    if twin is None or forgettings.is_going(conn, "clip", twin.seq):
        return None
    answered.add_answer(conn, draft.client, "clip", key, twin.id, draft.received_at_ms)
    return twin


def _joined_still(conn: Connection, draft: ClipRow) -> ClipRow:
    """Return a clip without its page where that was forgotten since the clip was judged."""
    source = draft.source
    if source.visit is None or visits.get_visit(conn, source.visit) is not None:
        return draft
    return replace(draft, source=Source(source.app, source.window_title, None, None, None))


def _add(conn: Connection, hub: Hub, caller: Caller, draft: ClipRow, words: str) -> None:
    at_ms, source = draft.captured_at_ms, draft.source
    title = _title_of(source)
    document = documents.add_document(conn, "clip", draft.id, at_ms, source.site, source.app, title, words)
    clips.add_clip(conn, replace(draft, document=document))
    announce(conn, hub, caller, "clipboard_processed", **_told_of(draft))


def _title_of(source: Source) -> str:
    return source.title or source.window_title or ""


def _told_of(draft: ClipRow) -> dict[str, object]:
    return {
        "id": draft.id,
        "fragments": [{"type": row.type, "digest": row.digest, "bytes": row.size} for row in draft.fragments],
        "visit": draft.source.visit,
        "confidence": draft.source.confidence,
    }


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
