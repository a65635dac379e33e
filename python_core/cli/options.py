"""What several commands share: reaching the hub, its pages, their options, and a finding's way to the exit code."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from operator import itemgetter
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from python_core.cli.terminal import note, shown
from python_core.errors import HubError, NotReachable, SettingsInvalid
from python_core.utils.timestamps import from_rfc3339, now_ms, to_rfc3339

if TYPE_CHECKING:
    from python_core.client import HubClient

C = TypeVar("C", bound=Callable[..., Any])
EXIT_FAILED, EXIT_NOT_RUNNING, EXIT_SETTINGS = 1, 3, 78
#: Rows that one request brings: lists take at most 200.
PAGE_AT_MOST = 200
#: More than a list of things that people make by hand has.
ALL = 100_000
_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MS = timedelta(milliseconds=1)


class Failed(click.ClickException):
    """Ends a command with a finding: its sentence on stderr, its exit code."""

    def __init__(self, finding: HubError) -> None:
        super().__init__(finding.message)
        self.finding = finding
        code = EXIT_SETTINGS if isinstance(finding, SettingsInvalid) else EXIT_FAILED
        if isinstance(finding, NotReachable):
            code = EXIT_NOT_RUNNING
        self.exit_code = code  # type: ignore[misc]  # click itself sets it so on instances

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence, and the places where there are several."""
        places = [f"{detail.at.lstrip('/?')} {detail.message}" for detail in self.finding.details]
        if len(places) == 1 and self.message.rstrip(".") == self.finding.details[0].message.rstrip("."):
            note(shown(f"{places[0].rstrip('.')}."))
            return
        note(shown(self.message))
        if self.exit_code != EXIT_SETTINGS:  # that one's message tells its places itself
            for place in places:
                note(shown(f"  {place}"))


def moment_of(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Turn a time as a person types it into the API's: ``2h`` ago, a date or time of the user's clock, or RFC 3339."""
    if value is None:
        return None
    text = value.strip()
    ago = re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|d|w)", text)
    try:
        if ago:
            return to_rfc3339(now_ms() - timedelta(**{_UNITS[ago[2]]: int(ago[1])}) // _MS)
        return to_rfc3339(_instant_ms(text, ends=param.name == "to_time"))
    except (ValueError, OverflowError, OSError):
        told = "give 30min, 2h or 3d (ago), 14:30 (today), 2026-01-31, or '2026-01-31 12:00'"
        raise click.BadParameter(f"{text!r} is no time: {told}.", ctx, param) from None


def _instant_ms(text: str, *, ends: bool) -> int:
    """Read a time; ``ends``: a date alone means its last moment, not its first."""
    try:
        return from_rfc3339(text)
    except ValueError:
        is_today = re.fullmatch(r"\d{1,2}:\d{2}", text) is not None
        given = datetime.fromisoformat(f"{datetime.now().astimezone().date()} {text:0>5}" if is_today else text)
    if ends and len(text) == len("2026-01-31"):
        given = datetime.combine(given.date(), time.max)
    return int(given.timestamp() * 1000)


def json_option(command: C) -> C:
    """Add ``--json``, which a command gets as ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")(command)


def limit_option(usual: int) -> Callable[[C], C]:
    """Add ``--limit``."""
    return click.option(
        "--limit", type=click.IntRange(1, 10_000), default=usual, show_default=True, help="How many at most."
    )


def scope_options(command: C) -> C:
    """Add what narrows a list of captured things: ``--site``, ``--app``, ``--from``, ``--to``."""
    command = click.option("--app", help="From this program.")(time_options(command))
    return click.option("--site", help="From this site, such as example.org.")(command)


def time_options(command: C) -> C:
    """Add ``--from`` and ``--to``."""
    command = click.option("--to", "to_time", metavar="TIME", callback=moment_of, help="Of this time or before.")(
        command
    )
    return click.option(
        "--from",
        "from_time",
        metavar="TIME",
        callback=moment_of,
        help="Of this time or later: 2h, 14:30, 2026-01-31, …",
    )(command)


def reach_hub() -> HubClient:
    """Find the user's running hub.

    http.client is imported at the first call: it takes as long as the rest of a command.
    """
    from python_core.client import HubClient

    return HubClient()


def list_items(
    hub: HubClient,
    path: str,
    limit: int,
    query: dict[str, object] | None = None,
    key: Callable[[dict[str, Any]], str] = itemgetter("id"),
) -> dict[str, Any]:
    """Collect up to ``limit`` items from as many pages as it takes, each once; returns ``items`` and ``nextCursor``.

    :param key: what an item is known by.
    """
    items, cursor = dict[str, Any](), None
    while True:
        asked = {**(query or {}), "limit": min(limit - len(items), PAGE_AT_MOST), "cursor": cursor}
        page = hub.call("GET", path, query=asked)
        items |= {key(item): item for item in page["items"]}
        cursor = page["nextCursor"]
        if cursor is None or len(items) >= limit:
            return {"items": list(items.values()), "nextCursor": cursor}
