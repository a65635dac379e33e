"""Store a clip that was let in: by one statement where nothing stands against it, else step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from python_core.runtime.capture import is_kept_out
from python_core.runtime.clip_views import ClipReceipt, ClipRefusal, receipt_of
from python_core.runtime.event_kinds import told_by
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.room import has_room, need_room
from python_core.store import Connection, answered, clips, documents, forgettings, marks, visits
from python_core.store.blobs import blob_path, doom_blobs, put_blob, sweep_blobs
from python_core.store.clips import ClipRow, Source
from python_core.store.whole_clips import FRAGMENTS_AT_MOST, WholeClip, add_whole_clip

PAUSED = ClipRefusal(stored=False, reason="paused")


class ReadyClip(NamedTuple):
    """A clip that the rules let in, with all that is stored with it; pictures by digest."""

    draft: ClipRow
    pictures: dict[str, bytes]
    words: str
    key: str | None
    marks: tuple[str, ...]


def store_clip(hub: Hub, caller: Caller, ready: ReadyClip) -> ClipReceipt | ClipRefusal:
    """Store a clip unless the capture is paused or it is here already; announces ``clipboard_processed``."""
    pictures = ready.pictures
    _put_pictures(hub, pictures)
    is_plain = not pictures and not ready.marks and len(ready.draft.fragments) <= FRAGMENTS_AT_MOST
    receipt = hub.store.write(
        lambda conn: _put(conn, hub, caller, ready), _at_once(hub, caller, ready) if is_plain else None
    )
    if pictures and (isinstance(receipt, ClipRefusal) or receipt.duplicate):
        sweep_blobs(hub.store)
    return receipt


def _put(conn: Connection, hub: Hub, caller: Caller, ready: ReadyClip) -> ClipReceipt | ClipRefusal:
    """Store a clip step by step, if nothing stands against it."""
    draft, pictures, words, key, all_marks = ready
    if is_kept_out(conn, hub, draft.captured_at_ms):  # since this moment
        doom_blobs(conn, pictures)
        return PAUSED
    first = _first_of(conn, draft, key) or _twin_of(conn, hub, draft, key)
    if first is not None:
        doom_blobs(conn, pictures)
        return receipt_of(first, duplicate=True)
    need_room(conn, hub)
    for digest, picture in pictures.items():
        put_blob(hub.store.folder, digest, picture)
    kept = _joined_still(conn, draft)
    _add(conn, hub, caller, kept, words)
    marks.add_marks(conn, kept.id, all_marks)
    answered.add_answer(conn, kept.client, "clip", key, kept.id, kept.received_at_ms)
    return receipt_of(kept, duplicate=False)


def _at_once(hub: Hub, caller: Caller, ready: ReadyClip) -> Callable[[Connection], ClipReceipt | None]:
    """Return what stores a clip by one statement, or nothing, where there is something to look at more closely."""
    draft = ready.draft
    window_ms = hub.settings.bridge.duplicate_window_seconds * 1000
    whole = WholeClip(
        clip=draft,
        title=_title_of(draft.source),
        words=ready.words,
        key=ready.key,
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
    source = draft.source
    document = documents.add_document(
        conn, "clip", draft.id, draft.captured_at_ms, source.site, source.app, _title_of(source), words
    )
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
