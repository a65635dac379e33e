"""``smrthub rules``: the privacy rules: what they are, and whether a file of them can be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import json_option
from python_core.cli.terminal import one_line, say, say_json, shown

if TYPE_CHECKING:
    from python_core.config import PrivacyRule

_file_option = click.option(
    "--file", "file", type=click.Path(dir_okay=False, path_type=Path), help="Another file than the one in force."
)


@click.group()
def rules() -> None:
    """Show and check the privacy rules."""


@rules.command("list")
@_file_option
@json_option
def list_rules(file: Path | None, as_json: bool) -> None:
    """List the rules in their order, with what each is about."""
    import msgspec

    found = _read(file)
    if as_json:
        say_json({"items": msgspec.to_builtins(found)})
        return
    for rule in found:
        state = "" if rule.enabled else click.style("  off", dim=True)
        say(f"{click.style(rule.name, fg='cyan')}  {rule.action}{state}")
        for words, entries in _conditions(rule):
            say(f"  {words}: {one_line(', '.join(entries), 90)}")


@rules.command("check")
@_file_option
@json_option
def check_rules(file: Path | None, as_json: bool) -> None:
    """Say whether a file of rules can be used; the exit code is 78 when it cannot."""
    found = _read(file)
    if as_json:
        say_json({"valid": True, "rules": len(found)})
    else:
        say(f"ok  {shown(str(file or _usual_path()))}, {len(found)} rules")


def _read(file: Path | None) -> tuple[PrivacyRule, ...]:
    from python_core.config import load_or_seed_privacy_rules, read_privacy_rules

    return (load_or_seed_privacy_rules() if file is None else read_privacy_rules(file)).rules


def _usual_path() -> Path:
    from python_core.config import rules_path

    return rules_path()


def _conditions(rule: PrivacyRule) -> list[tuple[str, Any]]:
    on = rule.on
    told = (
        ("programs", on.apps),
        ("windows", on.window_titles),
        ("page titles", on.page_titles),
        ("sites", on.sites),
        ("addresses", on.urls),
        ("contents", on.contents),
        ("secrets", on.secrets),
    )
    return [(words, entries) for words, entries in told if entries]
