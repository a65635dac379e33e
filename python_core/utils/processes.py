"""Find the process that a file names, never a later one that was given its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from python_core.utils.timestamps import from_rfc3339

if TYPE_CHECKING:
    import psutil

#: How much later than a runtime file says its process may have begun: the clock can have been set since.
CLOCK_SLACK_S = 60.0


def find_process(pid: int, started_at: str, slack_s: float) -> psutil.Process | None:
    """Return the process of that number that began by ``started_at`` (RFC 3339); None when it has ended, or none is named.

    :param slack_s: how much later it may have begun, by a clock that can have been set since.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:  # ended; in a container nobody may ever ask how
            return None
        return process if process.create_time() <= from_rfc3339(started_at) / 1000 + slack_s else None
    except (psutil.Error, TypeError, ValueError, OverflowError):
        return None


def still_runs(facts: dict[str, Any]) -> bool:
    """Say whether the process that a runtime file names (``pid``, ``startedAt``) is there."""
    return find_process(facts.get("pid", -1), facts.get("startedAt", ""), CLOCK_SLACK_S) is not None
