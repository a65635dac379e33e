"""Times as the hub keeps them (integer milliseconds since 1970, UTC) and as it tells them (RFC 3339)."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # with a zone, arithmetic and text take more than twice the time
_MS = timedelta(milliseconds=1)
_OWN_CHARS = len("2026-01-02T03:04:05.678Z")
_MIN_MS = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MS
_MAX_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MS

# datetime.fromisoformat also takes week dates, "20260102" and times without an offset: RFC 3339 does not.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def now_ms() -> int:
    """Read the wall clock, in milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def to_rfc3339(at_ms: int) -> str:
    """Write a time as ``2026-01-02T03:04:05.678Z``; ValueError outside the years 1 to 9999."""
    if not _MIN_MS <= at_ms <= _MAX_MS:
        raise ValueError("time is outside the years 1 to 9999")
    seconds, rest_ms = divmod(at_ms, 1000)
    return f"{(_PLAIN_EPOCH + timedelta(0, seconds)).isoformat()}.{rest_ms:03}Z"


def from_rfc3339(text: str) -> int:
    """Read an RFC 3339 time with any offset, finer digits than milliseconds cut off; ValueError on all else.

    A leap second (``:60``) is the second after it, as POSIX clocks count.
    """
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 time with an offset, such as 2026-01-02T03:04:05.678Z")
    if (
        len(text) == _OWN_CHARS and text.endswith("Z") and found[6] != "60"
    ):  # as this module writes it: a fifth of the time
        return (datetime.fromisoformat(text) - _EPOCH) // _MS
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = found.groups()[6:]
    leap_s = 1 if second == 60 else 0
    local = datetime(year, month, day, hour, minute, second - leap_s, tzinfo=UTC)
    at_ms = (local - _EPOCH) // _MS + leap_s * 1000
    if fraction:
        at_ms += int(fraction[:3].ljust(3, "0"))
    if sign:
        offset_ms = (int(offset_hours) * 60 + int(offset_minutes)) * 60_000
        at_ms += -offset_ms if sign == "+" else offset_ms
    if not _MIN_MS <= at_ms <= _MAX_MS:
        raise ValueError("time is outside the years 1 to 9999")
    return at_ms
