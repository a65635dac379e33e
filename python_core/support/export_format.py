"""The form of an export, version 1: what each line of its files holds.

``docs/keeping.md`` describes it member by member. It is a promise: a later form gets another version, and this one stays readable.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

FORMAT_VERSION = 1
#: The files of items, in the order in which they are taken in: what is cited comes before what cites it.
FILES = ("schemas", "visits", "clips", "outputs")
#: The longest line that is read: the largest clip that can be set to be taken, and its sources.
LINE_BYTES_AT_MOST = 272 << 20
BLOB_BYTES_AT_MOST = 256 << 20
#: Which types of content each type of fragment has.
MIME_TYPES = {
    "text": {"text/plain"},
    "html": {"text/html"},
    "files": {"text/plain"},
    "image": {"image/png", "image/jpeg", "image/gif", "image/webp"},
}

Id = Annotated[
    str, Meta(max_length=36, pattern="^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
]
Digest = Annotated[str, Meta(max_length=71, pattern="^sha256:[0-9a-f]{64}$")]
Hash = Annotated[str, Meta(max_length=64, pattern="^[0-9a-f]{64}$")]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Label = Annotated[str, Meta(max_length=1000)]
Text = Annotated[str, Meta(max_length=100_000)]
Time = Annotated[str, Meta(max_length=40)]
Share = Annotated[float, Meta(ge=0, le=1)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """One line: members without a value are left out, and others than these are a fault."""


class FileFacts(Entry, frozen=True, kw_only=True):
    """One file of the export."""

    bytes: Count
    sha256: Hash


class Selection(Entry, frozen=True, kw_only=True):
    """What the export was narrowed to."""

    kinds: list[Literal["clip", "visit", "output"]]
    from_time: Time | None = msgspec.field(name="from", default=None)
    to_time: Time | None = msgspec.field(name="to", default=None)
    site: Text | None = None


class Manifest(Entry, frozen=True, kw_only=True):
    """What an export or backup holds; ``files`` has every file but this one and the blobs, which ``blobs.jsonl`` lists."""

    format: Literal["smrthub-export", "smrthub-backup"]
    format_version: Annotated[int, Meta(ge=1)]
    exported_at: Time
    hub_version: Label
    hub_instance: Label
    selection: Selection | None = None
    counts: dict[str, Count]
    files: dict[str, FileFacts]


class Blob(Entry, frozen=True, kw_only=True):
    """A picture, in ``blobs/<first two digits>/<digest>``."""

    digest: Digest
    bytes: Count


class Unreadable(Entry, frozen=True, kw_only=True):
    """What could not be exported because the store is damaged."""

    kind: Literal["clip", "visit", "output", "fragment"]
    row: Count | None = None
    id: Label | None = None
    ordinal: Count | None = None


class Detection(Entry, frozen=True, kw_only=True):
    """What a text is."""

    type_id: Label
    group: Label
    confidence: Share
    extension: Label | None = None


class Fragment(Entry, frozen=True, kw_only=True):
    """One form of a clip; without ``content`` it is the blob of its digest. Paths of files are lines."""

    ordinal: Annotated[int, Meta(ge=0, le=63)]
    type: Literal["text", "html", "image", "files"]
    mime: Label
    digest: Digest
    bytes: Count
    content: str | None = None
    text_likely: bool | None = None
    detection: Detection | None = None


class ClipSource(Entry, frozen=True, kw_only=True):
    """Where a copy was made."""

    app: Text | None = None
    window_title: Text | None = None
    url: Text | None = None
    site: Text | None = None
    title: Text | None = None
    visit_id: Label | None = None
    confidence: Share | None = None
    evidence: Annotated[list[Text], Meta(max_length=100)] = []


class Clip(Entry, frozen=True, kw_only=True):
    """One copy."""

    id: Id
    client: Label
    captured_at: Time
    received_at: Time
    source: ClipSource = ClipSource()
    fragments: Annotated[list[Fragment], Meta(min_length=1, max_length=64)]


class Sighting(Entry, frozen=True, kw_only=True):
    """When a page was in front."""

    at: Time
    until: Time
    focused: bool | None = None
    client: Label
    browser: Label | None = None


class Visit(Entry, frozen=True, kw_only=True):
    """One page in one tab."""

    id: Id
    client: Label
    tab: Text
    browser: Label | None = None
    url: Text
    site: Text
    title: Text
    started_at: Time
    last_seen_at: Time
    closed_at: Time | None = None
    selection: Text | None = None
    sightings: Annotated[list[Sighting], Meta(max_length=100_000)] = []


class Citation(Entry, frozen=True, kw_only=True):
    """What an output was made from; ``seen`` is the mark of the item as it was then."""

    kind: Literal["clip", "visit"]
    id: Label
    seen: Label


class Output(Entry, frozen=True, kw_only=True):
    """A structured output."""

    id: Id
    schema: Label
    title: Text | None = None
    producer: Text | None = None
    client: Label
    payload: Any
    at: Time
    sources: Annotated[list[Citation], Meta(max_length=10_000)] = []


class Schema(Entry, frozen=True, kw_only=True):
    """A JSON Schema that a caller brought."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,63}$")]
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    body: dict[str, Any]
    added_at: Time


Item = Schema | Visit | Clip | Output
SHAPES: dict[str, type[Item]] = {"schemas": Schema, "visits": Visit, "clips": Clip, "outputs": Output}
