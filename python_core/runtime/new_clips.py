"""A copy that comes in: what its sender says of it, and the row that becomes of it before any lock is taken."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.errors import BadInput
from python_core.runtime.fragments import AnyFragment, row_of
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import JudgedClip, check_digests
from python_core.runtime.provenance import ClaimedSource, Surroundings, source_of
from python_core.runtime.shapes import Body, Instant
from python_core.store import clips
from python_core.store.clips import ClipRow
from python_core.utils.ids import new_id

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


def draft_of(
    hub: Hub, caller: Caller, clip: NewClip, left: JudgedClip, around: Surroundings
) -> tuple[ClipRow, dict[str, bytes]]:
    """Make what the rules have ``left`` of a clip into its row, and its pictures by digest.

    :raises BadInput: a fragment or a digest is not what it should be.
    """
    digests = clip.encounter.digests
    if digests is not None and len(digests) != len(clip.fragments):
        raise BadInput.at("/encounter/digests", "must hold one digest for each fragment")
    if left.is_changed and digests is not None:
        check_digests(clip.fragments, digests)
        digests = None
    judged = [row_of(fragment, n, digests[n] if digests else None) for n, fragment in enumerate(left.fragments)]
    rows = [row for row, _ in judged]
    draft = ClipRow(
        id=new_id(),
        client=caller.client,
        captured_at_ms=around.captured_at_ms,
        received_at_ms=around.received_at_ms,
        fingerprint=clips.fingerprint_of(row.digest for row in rows),
        source=source_of(hub, left.source, around, {row.type for row in rows}),
        fragments=rows,
    )
    return draft, {row.digest: content for row, content in judged if row.content is None}
