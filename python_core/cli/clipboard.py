"""``smrthub clip``: put a clip in, list clips, show one, take its bytes out, remove it."""

from __future__ import annotations

import sys
from typing import Any

import click

from python_core.cli.options import EXIT_FAILED, json_option, limit_option, list_items, reach_hub, scope_options
from python_core.cli.terminal import (
    local_time,
    make_console,
    marked,
    note,
    one_line,
    say,
    say_field,
    say_json,
    shown,
    size,
)
from python_core.errors import HubError

#: Told as the program unless another is given: else the hub would join a typed text to the page that happens to be in front.
OWN_APP = "terminal"


@click.group()
def clip() -> None:
    """Put clips in, list, show, take out, remove."""


@clip.command("add")
@click.argument("text", required=False)
@click.option(
    "--app",
    default=OWN_APP,
    show_default=True,
    help="The program it was copied in; '' when unknown: then the hub looks which page was in front.",
)
@click.option("--url", help="The page it was copied from.")
@click.option("--title", help="That page's title.")
@json_option
def add_clip(text: str | None, app: str, url: str | None, title: str | None, as_json: bool) -> None:
    """Store TEXT as a clip, or what is piped in."""
    source = {name: value for name, value in (("app", app), ("url", url), ("title", title)) if value}
    body = {"fragments": [{"type": "text", "content": _given(text)}], "encounter": {"source": source}}
    with reach_hub() as hub:
        receipt = hub.call("POST", "/clipboard", body, timeout_s=60)
    if as_json:
        say_json(receipt)
    elif receipt.get("stored") is not False:
        [fragment] = receipt["fragments"]
        word = "Was stored before" if receipt["duplicate"] else "Stored"
        say(f"{word} as {receipt['id']} ({_kind(fragment)}, {size(fragment['bytes'])})")
    if receipt.get("stored") is False:
        by = f", by the rule {one_line(receipt['rule'])}" if "rule" in receipt else "; to go on: smrthub resume"
        note(f"Not stored: {one_line(receipt['reason'])}{by}.")
        sys.exit(EXIT_FAILED)


@clip.command("list")
@click.option("--type", "type_", type=click.Choice(["text", "html", "image", "files"]), help="With such a fragment.")
@scope_options
@limit_option(20)
@json_option
def list_clips(
    type_: str | None,
    site: str | None,
    app: str | None,
    from_time: str | None,
    to_time: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List clips, newest first."""
    query: dict[str, object] = {"type": type_, "site": site, "app": app, "from": from_time, "to": to_time}
    with reach_hub() as hub:
        page = list_items(hub, "/clipboard", limit, query)
    if as_json:
        say_json(page)
        return
    if not page["items"]:
        note("There are no such clips." if any(query.values()) else "Nothing was copied yet: smrthub clip add TEXT")
    console = make_console()
    for item in page["items"]:
        first = _telling(item["fragments"])
        kinds = ", ".join(_kind(fragment) for fragment in item["fragments"])
        say(f"{click.style(item['id'], fg='cyan')}  {local_time(item['capturedAt'])}  {kinds}")
        text = first.get("preview") or f"({size(first['bytes'])})"
        console.print("  ", marked(text, [], ""), sep="", overflow="ellipsis", no_wrap=True)
        if item["source"]:
            source = marked(f"from {_source(item['source'])}", [], "")
            console.print("  ", source, sep="", style="dim", overflow="ellipsis", no_wrap=True)
    if page["nextCursor"] is not None:
        note("There are more: --limit N")


@clip.command("show")
@click.argument("clip_id", metavar="ID")
@json_option
def show_clip(clip_id: str, as_json: bool) -> None:
    """Show a clip with its whole texts and its source."""
    from python_core.client import path_of

    with reach_hub() as hub:
        found = hub.call("GET", path_of("clipboard", clip_id))
    if as_json:
        say_json(found)
        return
    source = found["source"]
    say_field("copied", local_time(found["capturedAt"]))
    for label, name in (("program", "app"), ("window", "windowTitle"), ("title", "title"), ("page", "url")):
        if name in source:
            say_field(label, source[name])
    if "confidence" in source:
        say_field("because", "; ".join([*source.get("evidence", []), f"{source['confidence']:.0%} sure"]))
    for fragment in found["fragments"]:
        say()
        say(click.style(f"[{fragment['ordinal']}] {_kind(fragment)}, {size(fragment['bytes'])}", bold=True))
        if "content" in fragment:
            say(shown(fragment["content"]).rstrip("\n"))
        elif "paths" in fragment:
            for path in fragment["paths"]:
                say(one_line(path))
        else:
            say(f"smrthub clip get {found['id']} {fragment['ordinal']} --output FILE")


@clip.command("get")
@click.argument("clip_id", metavar="ID")
@click.argument("ordinal", metavar="[N]", type=click.IntRange(0, 63), default=0)
@click.option("--output", "-o", type=click.Path(dir_okay=False), help="Write to this new file.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def get_clip(clip_id: str, ordinal: int, output: str | None, force: bool) -> None:
    """Take out a fragment's bytes as they were copied.

    N is its number in the clip; 0 is the first. Without --output they go to stdout; a terminal gets text only, made
    harmless.
    """
    from python_core.client import path_of

    with reach_hub() as hub:
        content = hub.download("GET", path_of("clipboard", clip_id, "fragments", str(ordinal)), timeout_s=60)
    if output is not None:
        _write(output, content, replace=force)
        note(f"Wrote {size(len(content))} to {output}")
    elif sys.stdout.isatty():
        try:
            say(shown(content.decode()).rstrip("\n"))
        except UnicodeDecodeError:
            raise HubError("This is no text: write it to a file with --output FILE.") from None
    else:
        sys.stdout.buffer.write(content)


@clip.command("readers")
@click.argument("clip_id", metavar="ID")
@json_option
def list_readers(clip_id: str, as_json: bool) -> None:
    """Say who has read a clip; also of one that is gone."""
    from python_core.client import path_of

    with reach_hub() as hub:
        found = hub.call("GET", path_of("clipboard", clip_id, "readers"))
    if as_json:
        say_json(found)
        return
    if not found["items"]:
        note("Nobody has read it.")
    for reader in found["items"]:
        who = f"{one_line(reader['name'], 40)} ({one_line(reader['kind'])})"
        say(f"{local_time(reader['lastAt'])}  {who}, {reader['times']}×")


@clip.command("remove")
@click.argument("clip_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove_clip(clip_id: str, yes: bool, as_json: bool) -> None:
    """Remove a clip for good."""
    from python_core.client import path_of

    path = path_of("clipboard", clip_id)
    with reach_hub() as hub:
        if not yes:
            found = hub.call("GET", path)
            first = _telling(found["fragments"])
            text = one_line(first.get("content") or " ".join(first.get("paths", ())), 56) or _kind(first)
            note(f"{local_time(found['capturedAt'])}  {text}")
            click.confirm("Remove this clip for good?", abort=True, err=True)
        hub.call("DELETE", path)
    if as_json:
        say_json({"removed": clip_id})
    else:
        say(f"Removed {clip_id}")


def _given(text: str | None) -> str:
    """Return the text that a person typed or piped in."""
    if text is not None and text != "-":
        return text
    if sys.stdin.isatty() and text is None:
        raise click.UsageError("Give the TEXT to store, or pipe it in.")
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        raise HubError("What was piped in is no text in UTF-8.") from None


def _write(path: str, content: bytes, *, replace: bool) -> None:
    try:
        with open(path, "wb" if replace else "xb") as file:  # noqa: PTH123  # pathlib takes longer to import than this to run
            file.write(content)
    except FileExistsError:
        raise HubError(f"{path} is there already. Take another name, or replace it with --force.") from None
    except OSError as fault:
        raise HubError(f"{path} cannot be written: {fault.strerror}.") from None


def _telling(fragments: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the fragment that tells a person most: the plain text, else the first."""
    return next((each for each in fragments if each["type"] == "text"), fragments[0])


def _kind(fragment: dict[str, Any]) -> str:
    detection = fragment.get("detection")
    found = detection["typeId"] if detection else fragment["type"]
    return one_line(found)


def _source(source: dict[str, Any]) -> str:
    """Return where a clip came from, on one line."""
    parts = [source.get("title") or source.get("windowTitle"), source.get("url"), source.get("app")]
    return " · ".join(part for part in parts if part)
