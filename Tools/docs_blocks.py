"""The parts of ``docs/`` that follow from the code, by their names in the pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import click
from docs_api import code, overview, routes, shapes, table

from python_core.cli import main as smrthub
from python_core.config import BRIDGE, WEB_LISTENER
from python_core.config.generate import settings_table
from python_core.net.failures import STATUS_OF_CODE
from python_core.net.openapi import CODES_OF_ALL
from python_core.net.openapi_texts import ACCESS, CODE_MEANINGS
from python_core.runtime.clients import SCOPES
from python_core.runtime.event_kinds import EVENT_KINDS, event_schema


def error_codes() -> str:
    """List the error codes."""
    rows = [(code(name), str(status), CODE_MEANINGS[name]) for name, status in STATUS_OF_CODE.items()]
    return table(("Code", "Status", "When"), rows)


def scopes() -> str:
    """List the scopes."""
    return table(("Scope", "Lets a client"), [(code(name), words) for name, words in SCOPES.items()])


def access() -> str:
    """List the classes of routes by who may call."""
    return table(("Class", "Who may call"), [(code(name), words) for name, words in ACCESS.items()])


def events() -> str:
    """Describe every event kind with the JSON Schema of its data."""
    return "\n\n".join(f"### `{kind}`\n\n{_event(event_schema(kind))}" for kind in EVENT_KINDS)


def _event(schema: dict[str, Any]) -> str:
    words = schema["description"].replace("``", "`")
    shown = {name: part for name, part in schema.items() if name not in ("title", "description")}
    return f"{words}\n\n```json\n{json.dumps(shown, indent=2)}\n```"


def commands() -> str:
    """List every command."""
    rows = [(f"`{name}{_arguments(command)}`", _help(command)) for name, command in _commands("smrthub", smrthub)]
    return table(("Command", "What it does"), rows)


def codes_of_all() -> str:
    """List the error codes that every route can answer."""
    return ", ".join(map(code, CODES_OF_ALL))


#: Each block by its name in a page.
BLOCKS: dict[str, Callable[[], str]] = {
    "access": access,
    "codes of all": codes_of_all,
    "commands": commands,
    "error codes": error_codes,
    "events": events,
    "overview": overview,
    "routes": routes,
    "scopes": scopes,
    "settings of the bridge": lambda: settings_table(BRIDGE).rstrip(),
    "settings of the web listener": lambda: settings_table(WEB_LISTENER).rstrip(),
    "shapes": shapes,
}


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        if command.invoke_without_command and name != "smrthub":
            yield name, command
        for child, below in command.commands.items():
            yield from _commands(f"{name} {child}", below)
    else:
        yield name, command


def _arguments(command: click.Command) -> str:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    return "".join(f" {each.human_readable_name}" for each in arguments)


def _help(command: click.Command) -> str:
    return command.get_short_help_str(200)
