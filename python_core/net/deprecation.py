"""A route that is to go one day: since when, what to use instead, and how an answer tells programs so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from functools import cached_property
from typing import Any

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

    def mark(self, operation: dict[str, Any]) -> dict[str, Any]:
        """Return a route's operation of the OpenAPI document with all this said in it."""
        gone = f" It may be gone from {self.gone_from} on." if self.gone_from is not None else ""
        words = f"**Deprecated** since {self.since}: use {self.instead} instead.{gone}"
        told = {name: {"$ref": f"#/components/headers/{name}"} for name, _ in self.headers}
        answers = {
            status: answer if "$ref" in answer else answer | {"headers": answer["headers"] | told}
            for status, answer in operation["responses"].items()
        }
        description = f"{words}\n\n{operation['description']}"
        return operation | {"deprecated": True, "description": description, "responses": answers}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
