"""``smrthub status``: how the hub is, where it listens, what it holds."""

from __future__ import annotations

import re
from typing import Any

import click

from python_core.cli.options import json_option, reach_hub
from python_core.cli.supervising import tell_supervision, with_supervision
from python_core.cli.terminal import age, local_time, one_line, say, say_json, span
from python_core.errors import NotReachable

#: These are shown in any case, the others when they are not well.
ALWAYS = ("bridge", "webListener", "saveWorker", "store", "logs")
_COLORS = {"healthy": "green", "warning": "yellow", "degraded": "yellow", "critical": "red"}


@click.command()
@json_option
def status(as_json: bool) -> None:
    """Show how the hub is, where it listens and what it holds."""
    try:
        with reach_hub() as hub:
            found = hub.call("GET", "/status")
            urls = {"bridge": hub.server.url, "webListener": _listener_url()}
    except NotReachable as finding:
        raise with_supervision(finding) from None
    supervised = tell_supervision()
    if as_json:
        say_json({**found, "urls": urls, "supervised": supervised})
        return
    say(f"SmrtHub {found['version']} is {_colored(found['level'])}, running for {span(found['uptimeSeconds'])}")
    say()
    for name, module in found["modules"].items():
        if name in ALWAYS or module["level"] != "healthy":
            say(f"  {_spoken(name):<13} {_part(module, urls.get(name))}")
    counts, runs = found["counts"], found["queues"]["runs"]
    say(f"  {'capture':<13} {_capture(found['capture'])}")
    say(f"  {'stored':<13} {', '.join(_counted(counts[name], name) for name in ('clips', 'visits', 'outputs'))}")
    say(f"  {'triggers':<13} {runs['queued']} waiting, {runs['running']} running")
    for name, told in found["logLevels"].items():
        level, _, until = told.partition(" until ")
        say(f"  {'log level':<13} {one_line(name)} {one_line(level)} until {local_time(until)}")
    say(f"  {'last event':<13} {found['lastEventId']}")
    say(f"  {'process':<13} {found['pid']}")
    if supervised:
        say(f"  {'supervised':<13} {supervised}")


def _spoken(name: str) -> str:
    """Return ``web listener`` for ``webListener``."""
    return re.sub("[A-Z]", lambda found: f" {found[0].lower()}", one_line(name))


def _part(module: dict[str, Any], url: str | None) -> str:
    """A part that beats is told by its level; one that does not run has never beaten here."""
    beat = module["lastBeatAt"]
    if beat is None and module["detail"] == "not running":
        return "not running"
    tells = beat is not None or module["level"] != "healthy"
    texts = [_colored(module["level"]), url or "", one_line(module["detail"]) if tells else ""]
    if beat is not None and module["level"] != "healthy" and not module["detail"].startswith("last beat"):
        texts.append(f"last sign of life {age(beat)} ago")
    return "  ".join(text for text in texts if text)


def _capture(told: str) -> str:
    """A pause stands out, with its end on the user's own clock."""
    word, _, until = told.partition(" until ")
    text = f"{one_line(word)} until {local_time(until)}" if until else one_line(word)
    return text if word == "running" else click.style(text, fg="yellow", bold=True)


def _listener_url() -> str | None:
    from python_core.client import find_server
    from python_core.errors import HubError

    try:
        return find_server("web-listener").url
    except HubError:
        return None


def _colored(level: str) -> str:
    return click.style(one_line(level), fg=_COLORS.get(level), bold=True)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun if count != 1 else noun.removesuffix('s')}"
