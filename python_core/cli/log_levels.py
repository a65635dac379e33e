"""``smrthub logs level``: from which level on a part of the hub writes records, for a while."""

from __future__ import annotations

from datetime import datetime

import click

from python_core.cli.capture import seconds_of
from python_core.cli.options import json_option
from python_core.cli.terminal import local_time, say, say_json
from python_core.utils.log_levels import ALL, COMPONENTS, LEVELS, LONGEST_MS
from python_core.utils.timestamps import to_rfc3339

USUAL = "usual"
_LEVEL_OF = {name.lower(): name for name in LEVELS}


@click.command("level")
@click.argument("component", metavar="PART", type=click.Choice(COMPONENTS), required=False)
@click.argument("level", metavar="LEVEL", type=click.Choice([*_LEVEL_OF, USUAL], case_sensitive=False), required=False)
@click.option("--for", "how_long", metavar="TIME", default="1h", show_default=True, help="How long: 10m, 2h, 1d.")
@json_option
def set_log_level(component: str | None, level: str | None, how_long: str, as_json: bool) -> None:
    """Change how much a part of the hub tells, for a while.

    Without a restart. PART is one that smrthub logs names, or all; LEVEL one of verbose, debug, information, warning, error and
    fatal. It holds in every process within a second, and ends by itself; `usual` ends it now. Without both, what is changed is
    shown.
    """
    from python_core.utils.config_path_resolver import resolve_paths
    from python_core.utils.log_levels import read_levels, set_level

    paths = resolve_paths()
    if component is not None and level is not None:
        seconds = seconds_of(how_long, datetime.now().astimezone())
        if seconds * 1000 > LONGEST_MS:
            raise click.BadParameter("a week at most.", param_hint="--for")
        wanted = None if level.lower() == USUAL else _LEVEL_OF[level.lower()]
        set_level(paths, component, wanted, seconds * 1000)
    elif component is not None:
        raise click.UsageError(f"Give a level too: {', '.join([*_LEVEL_OF, USUAL])}.")
    found = {name: (each.level, to_rfc3339(each.until_ms)) for name, each in read_levels(paths).items()}
    if as_json:
        items = [{"component": name, "level": told, "until": until} for name, (told, until) in found.items()]
        say_json({"items": items})
    elif not found:
        say("All is written from the level of the setting logLevel on.")
    for name, (told, until) in found.items() if not as_json else ():
        say(f"{'All parts' if name == ALL else name:<11} {told} until {local_time(until)}")
