"""``smrthub output``: structured outputs and their schemas."""

from __future__ import annotations

import json
import sys
from typing import IO, Any

import click

from python_core.cli.options import ALL, EXIT_FAILED, json_option, limit_option, list_items, reach_hub
from python_core.cli.terminal import local_time, note, one_line, say, say_field, say_json
from python_core.errors import BadInput


@click.group()
def output() -> None:
    """Add, list, show and remove structured outputs."""


@output.command("schemas")
@json_option
def list_schemas(as_json: bool) -> None:
    """List the schemas that outputs can have.

    --json shows them whole.
    """
    with reach_hub() as hub:
        found = list_items(hub, "/structured-output/schemas", ALL, key=lambda item: f"{item['name']}/{item['version']}")
    if as_json:
        say_json(found)
        return
    for item in found["items"]:
        name = f"{item['name']}/{item['version']}"
        say(f"{one_line(name):<20} {item['origin']:<8} {one_line(str(item['body'].get('title', '')), 50)}".rstrip())


@output.command("add")
@click.argument("schema")
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--title", help="What it is called in lists and in search.")
@click.option("--producer", help="What made it.")
@click.option("--clip", "clips", multiple=True, metavar="ID", help="A clip it was made from; can be given again.")
@click.option("--visit", "visits", multiple=True, metavar="ID", help="A visit it was made from; can be given again.")
@json_option
def add_output(
    schema: str,
    file: IO[bytes],
    title: str | None,
    producer: str | None,
    clips: tuple[str, ...],
    visits: tuple[str, ...],
    as_json: bool,
) -> None:
    """Store JSON as an output of SCHEMA.

    SCHEMA is a name and version, such as note/1. The JSON is in FILE, or piped in.

    For example: echo '{"text": "Buy salt."}' | smrthub output add note/1 --title "A note"
    """
    if file.isatty():
        raise click.UsageError("Give the FILE with the JSON to store, or pipe it in.")
    sources = [{"clip": item} for item in clips] + [{"visit": item} for item in visits]
    body: dict[str, Any] = {"schema": schema, "payload": _payload(file.read()), "sources": sources}
    body |= {name: value for name, value in (("title", title), ("producer", producer)) if value is not None}
    with reach_hub() as hub:
        receipt = hub.call("POST", "/structured-output", body, timeout_s=60)
    if as_json:
        say_json(receipt)
    elif receipt.get("stored") is not False:
        say(f"Stored as {receipt['id']}")
    if receipt.get("stored") is False:
        note(f"Not stored: {one_line(receipt['reason'])}, by the rule {one_line(receipt['rule'])}.")
        sys.exit(EXIT_FAILED)


@output.command("list")
@click.option("--schema", help="Of this schema, such as note/1.")
@click.option("--producer", help="Made by this.")
@limit_option(20)
@json_option
def list_outputs(schema: str | None, producer: str | None, limit: int, as_json: bool) -> None:
    """List outputs, newest first."""
    with reach_hub() as hub:
        page = list_items(hub, "/structured-output", limit, {"schema": schema, "producer": producer})
    if as_json:
        say_json(page)
        return
    if not page["items"]:
        note("There are no such outputs.")
    for item in page["items"]:
        say(f"{click.style(item['id'], fg='cyan')}  {local_time(item['at'])}  {one_line(item['schema'])}")
        told = [item.get("title"), item.get("producer") and f"by {item['producer']}"]
        line = one_line(" · ".join(text for text in told if text), 76)
        if line:
            say(f"  {line}")
    if page["nextCursor"] is not None:
        note("There are more: --limit N")


@output.command("show")
@click.argument("output_id", metavar="ID")
@json_option
def show_output(output_id: str, as_json: bool) -> None:
    """Show an output with its payload and its sources."""
    from python_core.client import path_of

    with reach_hub() as hub:
        found = hub.call("GET", path_of("structured-output", output_id))
    if as_json:
        say_json(found)
        return
    say_field("schema", found["schema"])
    say_field("made", local_time(found["at"]))
    for name in ("title", "producer"):
        if name in found:
            say_field(name, found[name])
    for source in found["sources"]:
        say_field("from", f"{source['kind']} {source['id']} ({source['state']})")
    say()
    say_json(found.get("payload"))


@output.command("remove")
@click.argument("output_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove_output(output_id: str, yes: bool, as_json: bool) -> None:
    """Remove an output for good."""
    from python_core.client import path_of

    path = path_of("structured-output", output_id)
    with reach_hub() as hub:
        if not yes:
            found = hub.call("GET", path)
            name = one_line(found.get("title") or found["schema"], 60)
            note(f"{local_time(found['at'])}  {name}")
            click.confirm("Remove this output for good?", abort=True, err=True)
        hub.call("DELETE", path)
    if as_json:
        say_json({"removed": output_id})
    else:
        say(f"Removed {output_id}")


def _payload(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput('This is no JSON. A note, for example, is: {"text": "…"}') from None
