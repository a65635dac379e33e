"""``smrthub retention``: how long things are kept, and what that has forgotten."""

from __future__ import annotations

import click

from python_core.cli.options import json_option, reach_hub
from python_core.cli.terminal import local_time, note, say, say_json


@click.group()
def retention() -> None:
    """See how long things are kept, and what would go."""


@retention.command("preview")
@json_option
def preview_retention(as_json: bool) -> None:
    """Say how much would go now and within a week.

    Without a setting (keepClipDays, keepVisitDays, keepOutputDays, keepClips, keepVisits, keepMib) everything is kept for good.
    """
    with reach_hub() as hub:
        found = hub.call("GET", "/retention", timeout_s=60)
    if as_json:
        say_json(found)
        return
    if not found["rules"]:
        note("Everything is kept for good: no setting says otherwise.")
    for rule in found["rules"]:
        setting = f"{rule['setting']} {rule['keeps']:,}"
        say(f"{setting:<24} {rule['kind']}s: {rule['now']:,} now, {rule['inAWeek']:,} within a week")
    if found["nextRunAt"] is not None:
        note(f"The next time is {local_time(found['nextRunAt'])}, or at the next start after it.")
    elif any(rule["now"] for rule in found["rules"]):
        note("It has not been announced yet: the hub announces it within the hour, and begins a day later.")
