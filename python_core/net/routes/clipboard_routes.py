"""``/clipboard``: take a clip in, show clips, let one go."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.net.endpoints import Call, RawReply, Reply, Routes
from python_core.runtime import clipboard
from python_core.runtime.clip_views import ClipPage, ClipReceipt, ClipRefusal, ClipView
from python_core.runtime.clipboard import ClipSearch, NewClip
from python_core.runtime.ledger import ReaderList, list_readers
from python_core.runtime.shapes import PAGE_DEFAULT, Cursor, Done, Instant, Limit, Query

routes = Routes("Clipboard")


class ClipQuery(Query, frozen=True, kw_only=True):
    """Which clips: each parameter narrows the list."""

    type: (
        Annotated[str, msgspec.Meta(pattern="^(text|html|image|files)$", description="Has a fragment of this type.")]
        | None
    ) = None
    app: Annotated[str, msgspec.Meta(max_length=1024, description="Copied in this program.")] | None = None
    site: Annotated[str, msgspec.Meta(max_length=253, description="Copied from this site.")] | None = None
    from_: Annotated[Instant, msgspec.Meta(description="Copied at this time or later.")] | None = msgspec.field(
        name="from", default=None
    )
    to: Annotated[Instant, msgspec.Meta(description="Copied at this time or before.")] | None = None
    limit: Limit = PAGE_DEFAULT
    cursor: Cursor | None = None


@routes.declare(
    "POST",
    "/clipboard",
    hot=True,
    lane="writes",
    scope="clipboard:write",
    side_effect=True,
    same_user=True,
    body=NewClip,
    body_limit="max_clip_bytes",
    replies={201: ClipReceipt, 200: ClipReceipt | ClipRefusal},
    codes=("storage_full",),
)
def post_clipboard(call: Call, body: NewClip) -> Reply:
    """Store what was copied, with the page it came from.

    201 with a receipt once it is on disk. 200 with the first receipt and ``"duplicate": true`` for the same
    ``encounterId`` or ``Idempotency-Key``, or the same contents within ``duplicateWindowSeconds``. 200 with
    ``"stored": false`` for what a rule keeps out, and while the capture is paused. Event: ``clipboard_processed``.
    """
    receipt = clipboard.put_clip(call.hub, call.caller, body, call.key())
    made = isinstance(receipt, ClipReceipt) and not receipt.duplicate
    return Reply(receipt, 201 if made else 200)


@routes.declare("GET", "/clipboard", scope="clipboard:read", query=ClipQuery, replies={200: ClipPage})
def get_clipboard(call: Call, query: ClipQuery) -> Reply:
    """List clips, newest first, with previews of their texts."""
    wanted = ClipSearch(type=query.type, app=query.app, site=query.site, from_time=query.from_, to_time=query.to)
    page = clipboard.list_clips(call.hub, wanted, query.limit, query.cursor)
    call.note_reads(*(clip.id for clip in page.items))
    return Reply(page)


@routes.declare("GET", "/clipboard/<clip_id>", scope="clipboard:read", replies={200: ClipView}, codes=("not_found",))
def get_clip(call: Call, clip_id: str) -> Reply:
    """Show one clip with its texts."""
    clip = clipboard.get_clip(call.hub, clip_id)
    call.note_reads(clip.id)
    return Reply(clip)


@routes.declare(
    "GET",
    "/clipboard/<clip_id>/fragments/<int:ordinal>",
    scope="clipboard:read",
    replies={200: None},
    codes=("not_found",),
)
def get_fragment(call: Call, clip_id: str, ordinal: int) -> RawReply:
    """Give a fragment's bytes as they were captured, as a download that no browser renders."""
    mime, content = clipboard.get_fragment(call.hub, clip_id, ordinal)
    call.note_reads(clip_id)
    headers = {"Content-Disposition": f'attachment; filename="{clip_id}-{ordinal}"'}
    return RawReply(content, mime if mime.startswith("image/") else "application/octet-stream", headers)


@routes.declare(
    "DELETE",
    "/clipboard/<clip_id>",
    scope="clipboard:write",
    side_effect=True,
    replies={200: Done},
    codes=("not_found",),
)
def delete_clip(call: Call, clip_id: str) -> Reply:
    """Remove a clip with all that the hub holds of it, as ``POST /forget`` does. Event: ``clipboard_forgotten``."""
    clipboard.remove_clip(call.hub, call.caller, clip_id)
    return Reply(Done())


@routes.declare("GET", "/clipboard/<clip_id>/readers", scope="admin", replies={200: ReaderList})
def get_clip_readers(call: Call, clip_id: str) -> Reply:
    """Say which clients have read a clip, when and how often; also of a clip that is gone."""
    return Reply(list_readers(call.hub, clip_id))
