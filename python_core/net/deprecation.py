"""A route that is to go one day: since when, what to use instead, and how an answer tells programs so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cached_property

#: The promise of docs/stability.md: six months at the least.
STAYS = timedelta(days=183)


@dataclass(frozen=True)
class Deprecated:
    """Since which day a route is deprecated, what to use instead, and from which day on it may be gone, once that is known.

    :raises ValueError: it would be gone sooner than was promised.
    """

    since: date
    instead: str
    gone_from: date | None = None

    def __post_init__(self) -> None:
        if self.gone_from is not None and self.gone_from - self.since < STAYS:
            raise ValueError(f"what is deprecated on {self.since} stays until {self.since + STAYS} at the least")

    @cached_property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """``Deprecation`` (RFC 9745) and, with a day on which it goes, ``Sunset`` (RFC 8594)."""
        told = [("Deprecation", f"@{_midnight(self.since).timestamp():.0f}")]
        if self.gone_from is not None:
            told.append(("Sunset", format_datetime(_midnight(self.gone_from), usegmt=True)))
        return tuple(told)

    @property
    def words(self) -> str:
        """What the documentation says of it."""
        gone = f" It may be gone from {self.gone_from} on." if self.gone_from is not None else ""
        return f"**Deprecated** since {self.since}: use {self.instead} instead.{gone}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
