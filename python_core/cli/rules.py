"""``smrthub rules``: show and check the privacy rules, try them on what is stored, and put them to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import json_option, reach_hub
from python_core.cli.terminal import local_time, note, one_line, say, say_json, shown

if TYPE_CHECKING:
    from python_core.config import PrivacyRule

_file_option = click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another file than the one in force.",
)


@click.group()
def rules() -> None:
    """Show, check, try and apply the privacy rules."""


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
    _note_left_out(found)
    for rule in found:
        state = "" if rule.enabled else click.style("  off", dim=True)
        say(f"{click.style(rule.name, fg='cyan')}  {rule.action}{state}")
        for words, entries in _conditions(rule):
            say(f"  {words}: {one_line(', '.join(entries), 90)}")


@rules.command("check")
@_file_option
@json_option
def check_rules(file: Path | None, as_json: bool) -> None:
    """Say whether a file of rules can be used.

    The exit code is 78 when it cannot.
    """
    found = _read(file)
    if as_json:
        say_json({"valid": True, "rules": len(found)})
    else:
        say(f"ok  {shown(str(file or _usual_path()))}, {len(found)} rules")
        _note_left_out(found)


@rules.command("rehearse")
@_file_option
@click.option(
    "--samples", type=click.IntRange(0, 20), default=3, show_default=True, help="How many to show of each rule."
)
@json_option
def rehearse_rules(file: Path | None, samples: int, as_json: bool) -> None:
    """Count what the rules would do to all that is stored.

    Some of it is shown, on this terminal alone. Nothing changes.
    """
    import msgspec

    given = msgspec.to_builtins(_read(file))
    counts, shown_of = dict[str, dict[str, Any]](), dict[str, list[Any]]()
    for page in _walk("/rules/rehearse", {"rules": given, "samples": samples}, "Looking"):
        for each in page["rules"]:
            known = counts.setdefault(each["name"], {**each, "items": 0})
            known["items"] += each["items"]
        for sample in page["samples"]:
            shown_of.setdefault(sample["rule"], []).append(sample)
    found = [{**each, "samples": shown_of.get(name, [])[:samples]} for name, each in counts.items()]
    if as_json:
        say_json({"items": found})
        return
    for each in found:
        say(f"{click.style(each['name'], fg='cyan')}  would {each['action']} {each['items']:,}")
        for sample in each["samples"]:
            say(f"  {sample['kind']} of {local_time(sample['at'])}  {one_line(sample['excerpt'], 70)}")


@rules.command("apply")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def apply_rules(yes: bool, as_json: bool) -> None:
    """Put the rules in force to all that is stored.

    What they drop is forgotten, what they redact is taken out. It cannot be undone. Try it first: smrthub rules rehearse
    """
    if not yes:
        click.confirm("Apply the rules to all that is stored, for good?", abort=True, err=True)
    done = {"looked": 0, "dropped": 0, "redacted": 0, "marked": 0}
    receipts = list[str]()
    for page in _walk("/rules/apply", {}, "Applying"):
        done = {name: count + page[name] for name, count in done.items()}
        receipts += page["receipts"]
    pending = _wait_for(receipts)
    if as_json:
        say_json({**done, "receipts": receipts, "pending": pending})
        return
    told = f"{done['dropped']:,} forgotten, {done['redacted']:,} redacted, {done['marked']:,} marked"
    say(f"Of {done['looked']:,} looked at: {told}")
    for receipt in receipts:
        say(f"receipt {receipt}{'  (still at work)' if receipt in pending else ''}")


def _walk(path: str, body: dict[str, Any], title: str) -> Iterator[dict[str, Any]]:
    """Yield the answers for one part of the history after the other."""
    from python_core.cli.progress import progress_bar

    looked, cursor = 0, None
    with reach_hub() as hub, progress_bar(title) as tell:
        while True:
            page = hub.call("POST", path, body if cursor is None else {**body, "cursor": cursor}, timeout_s=60)
            looked, cursor = looked + page["looked"], page["nextCursor"]
            tell(looked, page["total"])
            yield page
            if cursor is None:
                return


def _wait_for(receipts: list[str]) -> list[str]:
    """Wait until the hub has wiped what it took out, half a minute at most; return the receipts that are pending still."""
    end = time.monotonic() + 30
    left = receipts
    with reach_hub() as hub:
        while left:
            left = [each for each in left if hub.call("GET", f"/forget/receipts/{each}")["receipt"]["pending"]]
            if time.monotonic() >= end:
                break
            if left:
                time.sleep(0.3)
    return left


def _read(file: Path | None) -> tuple[PrivacyRule, ...]:
    from python_core.config import load_or_seed_privacy_rules, read_privacy_rules

    return (load_or_seed_privacy_rules() if file is None else read_privacy_rules(file)).rules


def _usual_path() -> Path:
    from python_core.config import rules_path

    return rules_path()


def _note_left_out(found: tuple[PrivacyRule, ...]) -> None:
    """Tell which rules from the start are not among these: a file of rules stands in the place of all of them."""
    from python_core.config import default_rules

    names = {rule.name for rule in found}
    left_out = [rule.name for rule in default_rules().rules if rule.enabled and rule.name not in names]
    if left_out:
        note(f"Without these rules from the start: {', '.join(left_out)}. They hold only where they stand in the file.")


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
