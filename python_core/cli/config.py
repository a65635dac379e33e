"""``smrthub config``: the settings in force, each with its source; whether they are valid; where the files are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import EXIT_SETTINGS, json_option
from python_core.cli.terminal import note, one_line, say, say_json, shown
from python_core.errors import SettingsInvalid

if TYPE_CHECKING:
    from python_core.config import Explained

VALUE_WIDTH = 24
FOLDERS = ("settings", "logs", "data", "runtime")


@click.group()
def config() -> None:
    """Show and check the settings, name the folders."""


@config.command("show")
@json_option
def show_config(as_json: bool) -> None:
    """Show every setting with its value and its source."""
    from python_core.config import explain_settings

    found = explain_settings()
    if as_json:
        names = ("section", "name", "value", "source", "default", "variable")
        say_json(
            {"items": [{**{name: getattr(each, name) for name in names}, "path": str(each.path)} for each in found]}
        )
        return
    widest = max(len(each.name) for each in found)
    for path in dict.fromkeys(each.path for each in found):
        say(click.style(shown(str(path)), bold=True))
        for each in found:
            if each.path == path:
                say(f"  {each.name:<{widest}}  {_value(each.value):<{VALUE_WIDTH}}  {_source(each)}")


@config.command("check")
@json_option
def check_config(as_json: bool) -> None:
    """Say whether the hub can start with the settings.

    The exit code is 78 when it cannot.
    """
    from python_core.config import SECTIONS, load_or_seed_privacy_rules, load_section, rules_path
    from python_core.config.sections import Section

    sections: tuple[Section[Any], ...] = SECTIONS
    files, faults, warnings = list[str](), list[SettingsInvalid](), list[str]()
    for section in sections:
        try:
            loaded = load_section(section)
        except SettingsInvalid as finding:
            faults.append(finding)
        else:
            files.append(str(loaded.path))
            warnings += loaded.warnings
    try:
        load_or_seed_privacy_rules()
        files.append(str(rules_path()))
    except SettingsInvalid as finding:
        faults.append(finding)
    if as_json:
        say_json({"valid": not faults, "faults": [fault.message for fault in faults], "warnings": warnings})
    else:
        for path in files:
            say(f"ok  {shown(path)}")
    for text in [*warnings, *(fault.message for fault in faults)]:
        note(shown(text))
    if faults:
        sys.exit(EXIT_SETTINGS)


@config.command("path")
@click.argument("folder", type=click.Choice(FOLDERS), required=False)
@json_option
def show_path(folder: str | None, as_json: bool) -> None:
    """Name the folders that the hub uses, or the one FOLDER."""
    from python_core.utils.config_path_resolver import resolve_paths

    paths = resolve_paths()
    found = dict(zip(FOLDERS, (paths.config(), paths.logs(), paths.stored(), paths.runtime()), strict=True))
    if folder is not None:
        found = {folder: found[folder]}
    if as_json:
        say_json({name: str(path) for name, path in found.items()})
    elif folder is not None:
        say(str(found[folder]))
    else:
        for name, path in found.items():
            say(f"{name:<9} {shown(str(path))}")


def _source(each: Explained) -> str:
    """Say where a value is from; one that is not the default stands out, since a seeded file holds every default too."""
    if each.source == "environment":
        return click.style(each.variable, fg="yellow")
    if each.value == each.default:
        return click.style(each.source, dim=True)
    return click.style(f"{each.source} (default: {_value(each.default)})", fg="yellow")


def _value(value: Any) -> str:
    """Show a value on one line; a long one is cut where a person reads it."""
    most = VALUE_WIDTH if sys.stdout.isatty() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        return one_line(", ".join(map(str, value)), most) or "(none)"
    return one_line(str(value), most)
