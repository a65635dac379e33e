"""``smrthub events``: what has changed, and what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import PAGE_AT_MOST, json_option, limit_option, reach_hub
from python_core.cli.terminal import local_time, note, say_field, say_json

if TYPE_CHECKING:
    from python_core.client import HubClient
    from python_core.errors import HubError


@click.command()
@click.option("--after", type=click.IntRange(0), help="The events after this id, instead of the newest ones.")
@click.option("--kinds", help="Only these kinds, separated by commas.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@limit_option(20)
@json_option
def events(after: int | None, kinds: str | None, follow: bool, limit: int, as_json: bool) -> None:
    """Show what has changed; events name things by their ids.

    With --json each event is one line.
    """
    with reach_hub() as hub:
        if after is None:
            newest = hub.call("GET", "/events", query={"kinds": kinds})["newest"]
            after = max(0, newest - limit)
        try:
            after = _show(hub, after, kinds, limit, as_json)
            if follow:
                for event in hub.follow(after=after, kinds=kinds, when_lost=_tell_loss):
                    _show_event(event, as_json)
        except KeyboardInterrupt:
            return


def _tell_loss(finding: HubError | None) -> None:
    note("The hub is back." if finding is None else f"{finding.message} Waiting for it; Ctrl-C ends this.")


def _show(hub: HubClient, after: int, kinds: str | None, limit: int, as_json: bool) -> int:
    """Write the next events and return the id to go on after."""
    while limit > 0:
        page = hub.call("GET", "/events", query={"after": after, "kinds": kinds, "limit": min(limit, PAGE_AT_MOST)})
        after = page["nextAfter"]
        for event in page["items"]:
            _show_event(event, as_json)
        limit -= len(page["items"])
        if after >= page["newest"]:
            break
    return after


def _show_event(event: dict[str, Any], as_json: bool) -> None:
    """Show an event: its id, when, its kind, what it is about, and what else it tells that is no list and not null."""
    if as_json:
        say_json(event, one_line=True)
        return
    if event["kind"] == "reset":
        note("Some of what happened is no longer kept: from here on it goes on with what happens now.")
        return
    told = dict(event["data"])
    about = [str(told.pop("id"))] if told.get("id") else []
    about += [f"{name}={value}" for name, value in told.items() if value is not None and not isinstance(value, list)]
    say_field(f"{event['id']:>6}", f"{local_time(event['timestamp'])} {event['kind']} {' '.join(about)}", 8)
