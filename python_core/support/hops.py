"""One step of the doctor's walk: what it found, how long it took; and the running of steps so that none ends the walk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPException
from typing import NamedTuple

from python_core.errors import HubError
from python_core.support.store_files import Finding, State

#: Days without a word from the extension, or without a clip, after which somebody should look.
SILENT_DAYS, DAY_S = 7, 86_400
#: A check by its name: it gives one finding, or several.
Check = tuple[str, Callable[[], Finding | Iterable[Finding]]]


class Hop(NamedTuple):
    """A finding, and how long the step took."""

    check: str
    state: State
    detail: str
    code: str
    advice: str
    age_s: int | None
    took_ms: int


def span(seconds: int) -> str:
    """Show how long a time is, in its largest unit."""
    for most, unit_s, unit in ((120, 1, "s"), (7_200, 60, "min"), (172_800, 3_600, "h")):
        if seconds < most:
            return f"{seconds // unit_s} {unit}"
    return f"{seconds // 86_400:,} days"


def run_checks(checks: Iterable[Check]) -> Iterator[Hop]:
    """Run each check, timed; one that breaks is told as failed, by its code, never by the words of a foreign error."""
    for name, check in checks:
        began_s = time.monotonic()
        try:
            found = check()
            findings = [found] if isinstance(found, Finding) else list(found)
        except HubError as fault:
            findings = [Finding(name, "failed", "could not be checked", fault.code, fault.message)]
        except OSError as fault:
            told = fault.strerror or type(fault).__name__
            findings = [Finding(name, "failed", told, "unreadable", "May you read the hub's folders?")]
        except (HTTPException, LookupError, TypeError, ValueError):
            advice = "Is what runs of another version than this command? smrthub version, smrthub status"
            findings = [Finding(name, "failed", "answered in a form that is not known here", "answer_unknown", advice)]
        took_ms = round((time.monotonic() - began_s) * 1000)
        for finding in findings:
            yield Hop(*finding, took_ms)
