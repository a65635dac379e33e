"""``smrthub confirm``: what clients want to do that the user has to allow, and what the owner is asked for each time."""

from __future__ import annotations

import click

from python_core.cli.options import json_option, reach_hub
from python_core.cli.terminal import local_time, one_line, say, say_field, say_json

LATER = "later"
#: Who calls with the owner's token is asked each time.
OWNER = "owner"


@click.command()
@json_option
def confirm(as_json: bool) -> None:
    """Decide on what programs have to ask you for.

    That is what clients that read your clips want to do, and a support bundle that a program of yours asks for.

    --json lists what waits and asks nothing.
    """
    from python_core.client import path_of

    with reach_hub() as hub:
        waiting = hub.call("GET", "/confirmations")
        if as_json:
            say_json(waiting)
            return
        if not waiting["items"]:
            say("Nothing waits for you.")
        for item in waiting["items"]:
            say()
            say_field("  who", f"{one_line(item['clientName'])} ({item['client']})")
            say_field("  since", local_time(item["at"]))
            say_field("  wants", f"{item['operation']}: {item['asked']}")
            decisions = ["once", "deny"] if item["client"] == OWNER else ["once", "always", "deny"]
            answers = click.Choice([*decisions, LATER])
            decision = click.prompt("Allow this?", type=answers, default=LATER, err=True)
            if decision != LATER:
                hub.call("POST", path_of("confirmations", item["id"]), {"decision": decision})
