"""``smrthub audit``: who was turned away, who got and lost access, and who has read how much."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from python_core.cli.options import json_option, moment_of, reach_hub
from python_core.cli.terminal import local_time, make_console, one_line, say_json

#: What a change of access is called.
CHANGES = {
    "client_paired": "got a token",
    "client_rotated": "got another token",
    "client_trusted": "acts without asking",
    "client_revoked": "revoked",
}
#: What the outcomes that people meet are called; others are told by their code.
OUTCOMES = {
    "admitted_same_user": "let in without a token",
    "unauthorized": "no valid token",
    "insufficient_scope": "not in its scopes",
    "forbidden_origin": "a page or extension that may not",
    "forbidden_user": "another user of this machine",
    "misdirected": "called by a foreign name",
    "rate_limited": "too often",
    "not_found": "no such path",
    "bad_input": "malformed",
}
Row = tuple[str, str, str, str]


@click.command()
@click.option("--since", metavar="TIME", callback=moment_of, help="From this time on: 7d, 2026-01-31, …")
@json_option
def audit(since: str | None, as_json: bool) -> None:
    """Show who was turned away, who may call, and who read what.

    Refusals are kept for 90 days and counted by day; what was read is told by its number, never by what it was.
    """
    with reach_hub() as hub:
        found = hub.call("GET", "/audit", query={"since": since})
    if as_json:
        say_json(found)
        return
    _show([section for told in (_changed, _used, _turned_away) if (section := list(told(found)))])


def _changed(found: dict[str, Any]) -> Iterator[Row]:
    for change in found["changes"]:
        yield local_time(change["at"]), _who(change), CHANGES.get(change["kind"], change["kind"]), ""


def _used(found: dict[str, Any]) -> Iterator[Row]:
    for use in found["clients"]:
        told = f"read {use['itemsRead']:,} item{'s' * (use['itemsRead'] != 1)}" if use["itemsRead"] else "called"
        last = max(use["lastUsedAt"] or "", use["lastReadAt"] or "")
        yield local_time(last), _who(use), told, f"{use['reads']:,}" if use["reads"] else ""


def _turned_away(found: dict[str, Any]) -> Iterator[Row]:
    for outcome in found["outcomes"]:
        what = OUTCOMES.get(outcome["code"], outcome["code"])
        if outcome["code"] != "admitted_same_user":
            what = f"refused: {what}"
        yield outcome["day"], f"at the {outcome['service'].replace('-', ' ')}", what, f"{outcome['times']:,}"


def _who(item: dict[str, Any]) -> str:
    return one_line(item["clientName"] or item["client"], 40)


def _show(sections: list[list[Row]]) -> None:
    from rich.table import Column, Table

    table = Table(Column("When", no_wrap=True), "Who", "What", box=None, pad_edge=False, header_style="bold")
    table.add_column("Times", justify="right")
    for n, section in enumerate(sections):
        for row in section:
            table.add_row(*row)
        if n + 1 < len(sections):
            table.add_row()
    make_console().print(table)
