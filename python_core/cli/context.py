"""``smrthub context``: what was on the screen at a moment, and what else was done around it."""

from __future__ import annotations

import re
from typing import Any

import click

from python_core.cli.options import json_option, moment_of, reach_hub
from python_core.cli.terminal import local_time, make_console, marked, note, say_json, span

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@click.command()
@click.argument("item", required=False)
@click.option("--at", metavar="TIME", callback=moment_of, help="The moment: 2h (ago), '2026-01-31 12:00'; else now.")
@click.option("--window", type=click.IntRange(1, 1440), default=10, show_default=True, help="Minutes before and after.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many at most.")
@json_option
def context(item: str | None, at: str | None, window: int, limit: int, as_json: bool) -> None:
    """Show what was done around a moment or an item.

    ITEM is an id. Shown are the page in front, the newest clip, outputs, and what else, the nearest first.

    For example: smrthub context --at 14:30 --window 30
    """
    if item is not None and (at is not None or _ID.fullmatch(item) is None):
        raise click.UsageError("Give the id of an item, as smrthub search shows it, or --at TIME.")
    query = {"at": item or at, "window": window * 60, "limit": limit}
    with reach_hub() as hub:
        found = hub.call("GET", "/context", query=query)
    if as_json:
        say_json({name: value for name, value in found.items() if name != "status"})
        return
    parts = {"Item": [found["item"]], "In front": [found["tab"]], "Last copied": [found["clip"]],
             "Outputs": found["outputs"], "Around": found["around"]}  # fmt: skip
    shown = [(title, [each for each in items if each]) for title, items in parts.items()]
    if not any(items for _, items in shown):
        note(f"Nothing was captured within {window} min of {local_time(found['at'])}.")
    for title, items in shown:
        _show(title, items)
    if found["partial"]:
        note("There is more: --limit N, or a smaller --window.")


def _show(title: str, items: list[dict[str, Any]]) -> None:
    console = make_console()
    if items:
        console.print(title, style="bold")
    for each in items:
        text = each["title"] or each["snippet"]
        console.print(f"  {each['kind']} ", style="cyan", end="")
        console.print(f"{each['id']}  {local_time(each['at'])}  {_distance(each['offSeconds'])}")
        console.print("    ", marked(text, [], ""), sep="", overflow="ellipsis", no_wrap=True)


def _distance(off_seconds: float) -> str:
    whole = round(abs(off_seconds))
    if not whole:
        return "then"
    return f"{span(whole)} {'before' if off_seconds < 0 else 'after'}"
