"""``smrthub logs``: what the hub tells of its own work, read from its files, also when it does not run."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from python_core.cli.log_levels import set_log_level
from python_core.cli.options import json_option, moment_of
from python_core.cli.terminal import note, one_line, say, say_json, shown
from python_core.utils.log_levels import ALL, COMPONENTS, LEVELS
from python_core.utils.timestamps import from_rfc3339

if TYPE_CHECKING:
    from python_core.support.log_entries import LogEntry, LogFilter

#: Records shown where nothing says how many.
NEWEST_USUAL, NEWEST_PAGE = 100, 50_000
LOOK_EVERY_S = 0.25
PARTS = [name for name in COMPONENTS if name != ALL]
_COLORS = {"Warning": "yellow", "Error": "red", "Fatal": "red", "Information": "green"}


@click.group(invoke_without_command=True)
@click.option("--follow", "-f", is_flag=True, help="Go on with what is told from now on, until Ctrl-C.")
@click.option("--since", metavar="TIME", callback=moment_of, help="From this time on: 10m, 2h, 2026-01-31, …")
@click.option(
    "--level",
    type=click.Choice([level.lower() for level in LEVELS], case_sensitive=False),
    default="verbose",
    help="Of this level or worse.",
)
@click.option("--trace", metavar="ID", default="", help="Of this trace: X-Trace-Id, a traceparent, or how it begins.")
@click.option(
    "--component",
    type=click.Choice(PARTS),
    default=None,
    help="Of this part of the hub.",
)
@click.option("--grep", "word", metavar="WORD", default="", help="With this in their text, whatever its case.")
@click.option(
    "-n",
    "newest",
    metavar="N",
    type=click.IntRange(0),
    help=f"The newest N; {NEWEST_USUAL} where neither --since nor --trace is given.",
)
@click.option(
    "--html",
    "page",
    is_flag=False,
    flag_value="smrthub-logs.html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page with filters and search to this file (smrthub-logs.html).",
)
@json_option
@click.pass_context
def logs(
    ctx: click.Context, /, follow: bool, newest: int | None, page: Path | None, as_json: bool, **narrowed: str | None
) -> None:
    """Show what the hub tells of its own work, newest last.

    It is read from the log files: the hub need not run. Times are of this machine's clock. With --json each record is one line,
    its time in UTC.
    """
    if ctx.invoked_subcommand is not None:
        return
    wanted = _filter_of(narrowed)
    if page is not None:
        _write_page(page, wanted, NEWEST_PAGE if newest is None else newest)
        return
    if newest is None and not wanted.since and not wanted.trace:
        newest = NEWEST_USUAL
    with suppress(KeyboardInterrupt):
        _show(wanted, newest, follow=follow, as_json=as_json)


def _filter_of(narrowed: dict[str, str | None]) -> LogFilter:
    from python_core.support.log_entries import LogFilter

    given = {name: text or "" for name, text in narrowed.items()}
    level = [name.lower() for name in LEVELS].index(given["level"].lower())
    return LogFilter(given["since"], level, _trace_id(given["trace"]), given["component"], given["word"])


def _show(wanted: LogFilter, newest: int | None, *, follow: bool, as_json: bool) -> None:
    from python_core.support.log_entries import LogReader
    from python_core.utils.config_path_resolver import resolve_paths

    reader = LogReader(resolve_paths())
    found: Iterator[LogEntry] | deque[LogEntry] = reader.read(wanted)
    if newest is not None:
        found = deque(found, maxlen=newest)
    is_empty = True
    for entry in found:
        is_empty = False
        _say_entry(entry, as_json)
    if reader.unread:
        note(f"{reader.unread:,} lines are no records: cut off by a crash, or of another program.")
    if is_empty and not follow:
        note("There are no such records.")
    while follow:
        time.sleep(LOOK_EVERY_S)
        for entry in reader.read(wanted):
            _say_entry(entry, as_json)


def _say_entry(entry: LogEntry, as_json: bool) -> None:
    if as_json:
        import msgspec

        say_json(msgspec.to_builtins(entry), one_line=True)
        return
    color = _COLORS.get(entry.level)
    is_bad = LEVELS.index(entry.level) >= LEVELS.index("Warning")
    trace = click.style(f"  trace={one_line(entry.trace_id, 32)}", dim=True) if entry.trace_id else ""
    text = click.style(one_line(entry.text), fg=color if is_bad else None)
    level = click.style(f"{entry.level:<11}", fg=color, bold=is_bad)
    say(f"{click.style(_local(entry.ts), dim=True)} {level} {one_line(entry.component):<11} {text}{trace}")


def _local(ts: str) -> str:
    """Show when it was to the millisecond on the user's clock, with how far that is from UTC."""
    try:
        at_ms = from_rfc3339(ts)
        local = datetime.fromtimestamp(at_ms // 1000).astimezone()
    except (ValueError, OverflowError, OSError):  # no time, or one that this system's clock cannot show
        return one_line(ts, 40)
    return f"{local:%Y-%m-%d %H:%M:%S}.{at_ms % 1000:03d}{local:%z}"


def _trace_id(text: str) -> str:
    """Take the trace's id out of a ``traceparent``."""
    found = re.fullmatch(r"(?:[0-9a-f]{2}-)?([0-9a-f]{1,32})(?:-.*)?", text.strip().lower())
    if text and found is None:
        raise click.BadParameter(f"{text!r} is no trace: give its hexadecimal digits.", param_hint="--trace")
    return found[1] if found and text else ""


def _write_page(target: Path, wanted: LogFilter, newest: int) -> None:
    from python_core.support.log_page import write_log_page
    from python_core.utils.config_path_resolver import resolve_paths

    count = write_log_page(resolve_paths(), wanted, newest, target)
    say(f"Wrote {count:,} records to {shown(str(target.absolute()))}")


logs.add_command(set_log_level)
