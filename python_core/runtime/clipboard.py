"""Clips: take one in with its source page, show them, let one go."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from python_core.errors import BadInput, NotFound
from python_core.runtime.capture import is_kept_out
from python_core.runtime.clip_views import ClipPage, ClipReceipt, ClipRefusal, ClipView, receipt_of, view_of
from python_core.runtime.events import announce
from python_core.runtime.forgetting import remove_one
from python_core.runtime.fragments import AnyFragment, row_of, words_of
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import JudgedClip, check_digests, judge_clip, judge_page
from python_core.runtime.provenance import ClaimedSource, source_of
from python_core.runtime.room import need_room
from python_core.runtime.shapes import Body, Instant, cursor_of, instant_ms, place_of
from python_core.store import Connection, answered, clips, documents, forgettings, marks, visits
from python_core.store.blobs import blob_path, doom_blobs, get_blob, put_blob, sweep_blobs
from python_core.store.clips import ClipFilter, ClipRow, Source
from python_core.utils.ids import new_id

_PAUSED = ClipRefusal(stored=False, reason="paused")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Encounter(Body, frozen=True, kw_only=True):
    """What the sender knows of the copy: ``digests`` one a fragment; ``secret`` is the system's own mark "do not record"."""

    encounter_id: Key | None = None
    captured_at: Instant | None = None
    digests: list[Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]] | None = None
    source: ClaimedSource = ClaimedSource()
    secret: bool = False


class NewClip(Body, frozen=True, kw_only=True):
    """A copy: its forms in the order in which the system offers them."""

    fragments: Annotated[list[AnyFragment], msgspec.Meta(min_length=1, max_length=64)]
    encounter: Encounter = Encounter()


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
    claimed_ms = instant_ms(clip.encounter.captured_at, "/encounter/capturedAt")
    with hub.store.reading() as conn:
        if is_kept_out(conn, hub, claimed_ms):
            return _PAUSED
    if clip.encounter.secret:
        return _excluded("secret")
    judged = judge_clip(hub, clip.fragments, clip.encounter.source)
    if judged.rule is not None:
        return _excluded(judged.rule)
    draft, pictures = _draft(hub, caller, clip, judged)
    source, rule, page_marks = judge_page(hub, draft.source)
    if rule is not None:
        return _excluded(rule)
    draft, words, key = replace(draft, source=source), words_of(judged.fragments), clip.encounter.encounter_id or key
    _put_pictures(hub, pictures)

    def store(conn: Connection) -> ClipReceipt | ClipRefusal:
        if is_kept_out(conn, hub, claimed_ms):  # since this moment
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

    receipt = hub.store.write(store)
    if pictures and (isinstance(receipt, ClipRefusal) or receipt.duplicate):
        sweep_blobs(hub.store)
    return receipt


def _excluded(rule: str) -> ClipRefusal:
    return ClipRefusal(stored=False, reason="excluded", rule=rule)


def _put_pictures(hub: Hub, pictures: dict[str, bytes]) -> None:
    """Have pictures on disk before the lock is taken, inside which they are only looked for again, if there is room for them."""
    if not all(blob_path(hub.store.folder, digest).exists() for digest in pictures):
        with hub.store.reading() as conn:
            need_room(conn, hub)
    for digest, picture in pictures.items():
        put_blob(hub.store.folder, digest, picture)


def _draft(hub: Hub, caller: Caller, clip: NewClip, left: JudgedClip) -> tuple[ClipRow, dict[str, bytes]]:
    """Make what the rules have ``left`` of a clip into its row, and its pictures by digest, before any lock is taken."""
    digests = clip.encounter.digests
    if digests is not None and len(digests) != len(clip.fragments):
        raise BadInput.at("/encounter/digests", "must hold one digest for each fragment")
    if left.is_changed and digests is not None:
        check_digests(clip.fragments, digests)
        digests = None
    judged = [row_of(fragment, n, digests[n] if digests else None) for n, fragment in enumerate(left.fragments)]
    rows = [row for row, _ in judged]
    received_at_ms = hub.now()
    claimed = instant_ms(clip.encounter.captured_at, "/encounter/capturedAt")
    captured_at_ms = received_at_ms if claimed is None else min(claimed, received_at_ms)
    draft = ClipRow(
        id=new_id(),
        client=caller.client,
        captured_at_ms=captured_at_ms,
        received_at_ms=received_at_ms,
        fingerprint=clips.fingerprint_of(row.digest for row in rows),
        source=source_of(hub, left.source, captured_at_ms, {row.type for row in rows}),
        fragments=rows,
    )
    return draft, {row.digest: content for row, content in judged if row.content is None}


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
    source = draft.source
    document = documents.add_document(
        conn,
        "clip",
        draft.id,
        draft.captured_at_ms,
        source.site,
        source.app,
        source.title or source.window_title or "",
        words,
    )
    clips.add_clip(conn, replace(draft, document=document))
    announce(
        conn,
        hub,
        caller,
        "clipboard_processed",
        id=draft.id,
        fragments=[{"type": row.type, "digest": row.digest, "bytes": row.size} for row in draft.fragments],
        visit=source.visit,
        confidence=source.confidence,
    )


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
