"""``smrthub trigger``: what can be run, run it, and what became of it."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from python_core.cli.options import EXIT_FAILED, json_option, limit_option, list_items, reach_hub
from python_core.cli.search import show_hits
from python_core.cli.terminal import local_time, note, one_line, say, say_field, say_json, shown
from python_core.errors import BadInput

#: The API waits for so long at most.
WAIT_AT_MOST_S = 30
_COLORS = {"succeeded": "green", "failed": "red", "cancelled": "yellow"}


@click.group()
def trigger() -> None:
    """List triggers, run them, see what became of it."""


@trigger.command("list")
@json_option
def list_triggers(as_json: bool) -> None:
    """List what can be run."""
    with reach_hub() as hub:
        found = hub.call("GET", "/trigger")
    if as_json:
        say_json(found)
        return
    for item in found["items"]:
        say(f"{click.style(one_line(item['name']), bold=True)}  {one_line(item['hotkey'])}  {one_line(item['origin'])}")
        say(click.wrap_text(one_line(item["description"]), 78, "  ", "  "))


@trigger.command("run")
@click.argument("name")
@click.option("--args", "args_text", metavar="JSON", default="{}", help="Its arguments, as in '{\"open\": false}'.")
@click.option(
    "--wait",
    type=click.IntRange(0, WAIT_AT_MOST_S),
    default=10,
    show_default=True,
    metavar="SECONDS",
    help="Wait so long for its end; 0 only queues it.",
)
@click.option("--dry-run", is_flag=True, help="Say what it would do, and do nothing.")
@json_option
def run_trigger(name: str, args_text: str, wait: int, dry_run: bool, as_json: bool) -> None:
    """Run the trigger NAME, given by its name or its hotkey's id.

    For example: smrthub trigger run smrtsearch --args '{"query": "sea", "open": false}'
    """
    key = "hotkey" if name.startswith("HOTKEY_") else "trigger"
    body = {key: name, "args": _arguments(args_text), "dryRun": dry_run}
    with reach_hub() as hub:
        receipt = hub.call("POST", "/trigger", body, query={"wait": wait or None}, timeout_s=wait + 10)
    if as_json:
        say_json(receipt)
    elif dry_run:
        say("It would do this, and did not:")
        _show_result(receipt["would"])
    else:
        _show_run(receipt["run"])
    if not dry_run and receipt["run"]["state"] in ("failed", "cancelled"):
        sys.exit(EXIT_FAILED)


@trigger.command("runs")
@limit_option(20)
@json_option
def list_runs(limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    with reach_hub() as hub:
        page = list_items(hub, "/trigger/runs", limit)
    if as_json:
        say_json(page)
        return
    if not page["items"]:
        note("Nothing was run yet: smrthub trigger list")
    for run in page["items"]:
        say(f"{run['id']}  {local_time(run['queuedAt'])}  {one_line(run['trigger'])}  {_state(run)}")
    if page["nextCursor"] is not None:
        note("There are more: --limit N")


@trigger.command("show")
@click.argument("run_id", metavar="ID")
@json_option
def show_run(run_id: str, as_json: bool) -> None:
    """Show a run with its result."""
    from python_core.client import path_of

    with reach_hub() as hub:
        run = hub.call("GET", path_of("trigger", "runs", run_id))
    if as_json:
        say_json(run)
    else:
        _show_run(run)


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadInput("--args is no JSON object: write it as '{\"open\": false}', in quotes for the shell.")
    return found


def _show_run(run: dict[str, Any]) -> None:
    say(f"{one_line(run['trigger'])} {_state(run)}  {run['id']}")
    if "error" in run:
        note(shown(run["error"]))
    elif "result" in run:
        _show_result(run["result"])
    elif run["state"] in ("queued", "running"):
        note(f"See how it ends: smrthub trigger show {run['id']}")


def _show_result(result: dict[str, Any]) -> None:
    """Show what a trigger answers: hits as a search shows them, everything else by its name."""
    width = max((len(name) for name in result), default=0) + 4
    for name, value in result.items():
        if name != "hits" and value is not None:
            say_field(f"  {name}", value if isinstance(value, str) else json.dumps(value), width)
    show_hits(result.get("hits", []))


def _state(run: dict[str, Any]) -> str:
    return click.style(one_line(run["state"]), fg=_COLORS.get(run["state"]))
