"""What each kind of event tells, as one struct a kind: checked when it is announced, and the schemas in ``docs/events.md``.

No member can hold a free text: each string is an id, a digest, one of a few words, or a name of a stated form. So nothing that
was captured can get into the log, whoever announces what (``tests/runtime/test_event_kinds.py`` holds it).
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from python_core.utils.learned_types import learned

_HEX = "[0-9a-f]"
Id = Annotated[
    str,
    msgspec.Meta(max_length=36, pattern=f"^{_HEX}{{8}}-{_HEX}{{4}}-7{_HEX}{{3}}-[89ab]{_HEX}{{3}}-{_HEX}{{12}}$"),
]
Digest = Annotated[str, msgspec.Meta(max_length=71, pattern=f"^sha256:{_HEX}{{64}}$")]
#: A name that a developer gave: of a trigger, a schema, a part of the hub.
Name = Annotated[str, msgspec.Meta(max_length=80, pattern="^[A-Za-z][A-Za-z0-9_-]*$")]
SchemaName = Annotated[str, msgspec.Meta(max_length=80, pattern="^[a-z][a-z0-9-]*/[1-9][0-9]*$")]
Moment = Annotated[str, msgspec.Meta(max_length=24, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$")]
Count = Annotated[int, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The ``data`` of one kind of event; the first sentence of its docstring says when it is announced."""


class FragmentSeen(Told, frozen=True, kw_only=True):
    """A fragment of a clip, without its content."""

    type: Literal["text", "html", "image", "files"]
    digest: Digest
    bytes: Count


class ClipboardProcessed(Told, frozen=True, kw_only=True):
    """A clip was stored. ``visit`` is the page that it came from, where that is known, ``confidence`` how sure that is."""

    id: Id
    fragments: list[FragmentSeen]
    visit: Id | None
    confidence: Share | None


class ClipboardForgotten(Told, frozen=True, kw_only=True):
    """A clip was removed."""

    id: Id


class VisitForgotten(Told, frozen=True, kw_only=True):
    """A visit was removed; clips that were joined to it are joined no more."""

    id: Id


class ForgettingFinished(Told, frozen=True, kw_only=True):
    """All of a forgetting is done, and its receipt is final. ``id`` is the receipt's."""

    id: Id


class RetentionDue(Told, frozen=True, kw_only=True):
    """The settings on how long things are kept will have so many forgotten for the first time, a day from now or later."""

    clips: Count
    visits: Count
    outputs: Count


class TabChanged(Told, frozen=True, kw_only=True):
    """Another page came to the front, or a page was closed. ``id`` is the visit's; null: the page is not recorded."""

    id: Id | None
    event: Literal["activated", "updated", "heartbeat", "closed"]


class HubWindowChanged(Told, frozen=True, kw_only=True):
    """The hub window's state changed."""

    revision: Count


class HubWindowCommand(Told, frozen=True, kw_only=True):
    """A command waits for the hub window."""

    id: Id
    command: Literal["show", "hide", "toggle", "focus", "notify"]


class TriggerQueued(Told, frozen=True, kw_only=True):
    """A run of a trigger waits."""

    id: Id
    trigger: Name


class TriggerFinished(Told, frozen=True, kw_only=True):
    """A run ended."""

    id: Id
    trigger: Name
    state: Literal["succeeded", "failed", "cancelled"]


class OutputAdded(Told, frozen=True, kw_only=True):
    """A structured output was stored."""

    id: Id
    schema: SchemaName


class OutputMarked(Told, frozen=True, kw_only=True):
    """A source that an output cites was forgotten. ``id`` is the output's."""

    id: Id


class OutputRemoved(Told, frozen=True, kw_only=True):
    """A structured output was removed."""

    id: Id


class CapturePaused(Told, frozen=True, kw_only=True):
    """Nothing is captured from now on. ``until`` is when it ends by itself; null: not before it is resumed."""

    until: Moment | None


class CaptureResumed(Told, frozen=True, kw_only=True):
    """Capturing goes on; told within 15 s of a pause's own end."""


class ItemsImported(Told, frozen=True, kw_only=True):
    """A part of an export was taken in: so many items of each kind, with their own ids."""

    schemas: Count
    visits: Count
    clips: Count
    outputs: Count


class SettingsChanged(Told, frozen=True, kw_only=True):
    """Settings are others than before, told within 15 s. ``file`` names where they are kept."""

    file: Literal["privacy-rules"]


class ClientPaired(Told, frozen=True, kw_only=True):
    """A client was given a token."""

    id: Id
    client_kind: Literal["extension", "agent", "script"]


class ClientRotated(Told, frozen=True, kw_only=True):
    """A client was given another token; its old one is over."""

    id: Id


class ClientTrusted(Told, frozen=True, kw_only=True):
    """The user lets a client act without asking."""

    id: Id


class ClientRevoked(Told, frozen=True, kw_only=True):
    """A client's token was revoked."""

    id: Id


class Heartbeat(Told, frozen=True, kw_only=True):
    """A part of the hub started, ended, or changed its level."""

    module: Name
    level: Literal["healthy", "warning", "degraded", "critical", "stopped"]


class RuntimeWarned(Told, frozen=True, kw_only=True):
    """A part of the hub got worse, or is well again; told within 15 s. ``before`` is the level that was told before."""

    module: Name
    level: Literal["healthy", "warning", "degraded", "critical"]
    before: Literal["healthy", "warning", "degraded", "critical"]


#: Every kind that this version announces.
EVENT_KINDS: dict[str, type[Told]] = {
    "clipboard_processed": ClipboardProcessed,
    "clipboard_forgotten": ClipboardForgotten,
    "visit_forgotten": VisitForgotten,
    "forgetting_finished": ForgettingFinished,
    "retention_due": RetentionDue,
    "tab_changed": TabChanged,
    "hub_window_changed": HubWindowChanged,
    "hub_window_command": HubWindowCommand,
    "trigger_queued": TriggerQueued,
    "trigger_finished": TriggerFinished,
    "output_added": OutputAdded,
    "output_marked": OutputMarked,
    "output_removed": OutputRemoved,
    "capture_paused": CapturePaused,
    "capture_resumed": CaptureResumed,
    "items_imported": ItemsImported,
    "settings_changed": SettingsChanged,
    "client_paired": ClientPaired,
    "client_rotated": ClientRotated,
    "client_trusted": ClientTrusted,
    "client_revoked": ClientRevoked,
    "heartbeat": Heartbeat,
    "runtime_warning": RuntimeWarned,
}


def told_by(kind: str, members: dict[str, object]) -> Told:
    """Build the data of an event from its members by their names in JSON.

    :raises KeyError: there is no such kind.
    :raises msgspec.ValidationError: the members are not those of the kind: a defect of ours, which must not be stored.
    """
    return msgspec.convert(members, learned(EVENT_KINDS[kind]))


@cache
def event_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a kind's data, whole in itself."""
    [schema], parts = msgspec.json.schema_components([EVENT_KINDS[kind]], ref_template="#/$defs/{name}")
    shape: dict[str, Any] = parts.pop(schema["$ref"].rpartition("/")[2])
    words = {name: part for name, part in shape.items() if name != "title"}
    return {"title": kind} | words | ({"$defs": parts} if parts else {})
