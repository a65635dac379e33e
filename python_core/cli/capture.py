"""``smrthub pause`` and ``resume``: nothing is captured for a while."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import click

from python_core.cli.options import json_option, reach_hub
from python_core.cli.terminal import local_time, say, say_json

_UNITS = {"s": "seconds", "m": "minutes", "min": "minutes", "h": "hours", "d": "days"}


@click.command()
@click.argument("how_long", metavar="[10m|2h|until 18:00]", nargs=-1)
@json_option
def pause(how_long: tuple[str, ...], as_json: bool) -> None:
    """Capture nothing for a while, or until: smrthub resume.

    The pause outlasts a restart of the hub. What is copied and browsed meanwhile is stored nowhere.

    For example: smrthub pause 10m, or smrthub pause until 18:00
    """
    now = datetime.now().astimezone()
    seconds = seconds_of(" ".join(how_long), now) if how_long else None
    with reach_hub() as hub:
        found = hub.call("POST", "/capture/pause", {} if seconds is None else {"seconds": seconds})
    _tell(found, as_json)


@click.command()
@json_option
def resume(as_json: bool) -> None:
    """Capture again, after smrthub pause."""
    with reach_hub() as hub:
        _tell(hub.call("POST", "/capture/resume"), as_json)


def seconds_of(text: str, now: datetime) -> int:
    """Read how long as a person types it: ``10m``, ``2 h``, ``until 18:00``, ``until 2026-01-31 18:00``.

    :raises click.BadParameter: it is no such time, or over.
    """
    span = re.fullmatch(r"(\d{1,6}) ?(s|m|min|h|d)", text.strip())
    try:
        end = now + timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else _end_of(text.strip(), now)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time: give 10m, 2h, 1d, 'until 18:00' or 'until 2026-01-31 18:00'."
        ) from None
    # Counted on the clock of the world: an hour of local time can be missing or come twice.
    seconds = round(end.timestamp() - now.timestamp())
    if seconds < 1:
        raise click.BadParameter(f"{text!r} is over.")
    return seconds


def _end_of(text: str, now: datetime) -> datetime:
    """Read a time of the user's clock; without a date the next such time."""
    text = re.sub(r"^until\s+", "", text)
    if re.fullmatch(r"\d{1,2}:\d{2}", text):
        hour, minute = map(int, text.split(":"))
        end = now.replace(tzinfo=None, hour=hour, minute=minute, second=0, microsecond=0)
        if end <= now.replace(tzinfo=None):
            end += timedelta(days=1)
        return end.astimezone(now.tzinfo)
    end = datetime.fromisoformat(text)
    return end if end.tzinfo else end.astimezone(now.tzinfo)


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(found)
    elif found["state"] == "running":
        say("Capturing.")
    else:
        end = f"until {local_time(found['until'])}" if "until" in found else "until: smrthub resume"
        say(f"Paused {end}")
