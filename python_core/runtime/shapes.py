"""The bases of what callers send and get: frozen structs, camelCase in JSON."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import msgspec

from python_core.errors import BadInput
from python_core.utils.timestamps import from_rfc3339, to_rfc3339

#: Longest list that one page holds, and the usual one.
PAGE_AT_MOST = 200
PAGE_DEFAULT = 50
#: Levels of a free-form value: what came in whole must go out again within a reply, and encoding it recurs.
DEPTH_AT_MOST = 100

Limit = Annotated[int, msgspec.Meta(ge=1, le=PAGE_AT_MOST, description="How many at most.")]
Cursor = Annotated[str, msgspec.Meta(max_length=200, description="`nextCursor` of the page before.")]
Instant = Annotated[
    str, msgspec.Meta(max_length=40, description="RFC 3339 time.", extra_json_schema={"format": "date-time"})
]


class Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller sends: a member that is not declared is an error."""


class Query(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller asks in the query string."""


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a caller gets: a member that has a default and no value is left out."""


class Done(View, frozen=True, kw_only=True):
    """It is done; there is nothing more to say."""


def instant_ms(text: str | None, pointer: str) -> int | None:
    """Read a caller's time as milliseconds.

    :raises BadInput: at ``pointer``, when it is no RFC 3339 time.
    """
    if text is None:
        return None
    try:
        return from_rfc3339(text)
    except ValueError:
        raise BadInput.at(pointer, "is no RFC 3339 time, such as 2026-01-31T12:00:00.000Z") from None


def shown_instant(at_ms: int | None) -> str | None:
    """Write a time as a view shows it; None where there is none."""
    return None if at_ms is None else to_rfc3339(at_ms)


def count_parts(value: Any, pointer: str) -> int:
    """Count the values in a free-form JSON value, itself included.

    :raises BadInput: at ``pointer``, when it is nested deeper than ``DEPTH_AT_MOST``.
    """
    level, parts = [value], 0
    for _ in range(DEPTH_AT_MOST):
        parts += len(level)
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return parts
    raise BadInput.at(pointer, f"is nested deeper than {DEPTH_AT_MOST} levels")


def cursor_of(*place: int) -> str:
    """Make the opaque cursor for a place in a list."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str | None, length: int) -> tuple[int, ...] | None:
    """Read a cursor of ``length`` numbers back.

    :raises BadInput: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = msgspec.json.decode(packed, type=list[Annotated[int, msgspec.Meta(ge=0, le=2**62)]])
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        place = []
    if len(place) != length:
        raise BadInput.at("?cursor", "is not a cursor of this list: send nextCursor of the page before as it came")
    return tuple(place)
