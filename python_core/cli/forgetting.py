"""``smrthub forget``: say what would go, ask, forget it, and show the receipt."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import click

from python_core.cli.options import json_option, reach_hub, time_options
from python_core.cli.progress import progress_bar
from python_core.cli.terminal import local_time, note, one_line, say, say_json

if TYPE_CHECKING:
    from python_core.client import HubClient

#: Between two looks at how far the hub is.
LOOK_AGAIN_S = 0.5
#: How long the command stays when only a reader of an older moment, or the like, holds up the end.
STAY_S = 30.0
#: What is told of a receipt's counts, in this order.
_NAMES = (
    ("clips", "clip"),
    ("visits", "visit"),
    ("outputs", "output"),
    ("blobs", "picture file"),
    ("joins", "link from a clip to a page"),
)
#: As the hub reads it, with blanks.
_SPAN = re.compile(r"\s*[0-9]{1,6}\s*(s|m|min|h|d|w)\s*", re.ASCII)
_WAITS = {
    "readers": "a program still reads the database as it was before",
    "copies": "a copy of the database is in use",
    "files": "a picture's file is in use",
}


@click.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--site", help="From this site, such as example.org, and its subdomains.")
@click.option("--last", metavar="SPAN", help="Of the last 30s, 10m, 2h, 3d or 1w.")
@time_options
@click.option(
    "--kind", type=click.Choice(["clip", "visit", "output"]), multiple=True, help="Of this kind; can be given again."
)
@click.option("--dry-run", is_flag=True, help="Only say how much would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def forget(ids: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool, **chosen: Any) -> None:
    """Forget what was captured, for good: by ID, site or time.

    Without --kind, clips and visits go; outputs that cite them stay, and say that a source was forgotten.

    For example: smrthub forget --site shop.example.com --last 2h
    """
    wanted = _wanted(list(ids), **chosen)
    with reach_hub() as hub:
        would = hub.call("POST", "/forget", {**wanted, "dryRun": True}, timeout_s=60)["would"]
        if dry_run or not any(would["counts"].values()):
            if as_json:
                say_json(would)
            else:
                _tell_plan(would, say if dry_run else note)
            return
        if not yes:
            _tell_plan(would, note)
            click.confirm("Forget this for good?", abort=True, err=True)
        receipt = _see_through(hub, wanted, sum(would["counts"].values()))
    if as_json:
        say_json(receipt)
    else:
        _tell_receipt(receipt)


def _wanted(
    ids: list[str],
    *,
    site: str | None,
    last: str | None,
    from_time: str | None,
    to_time: str | None,
    kind: tuple[str, ...],
) -> dict[str, Any]:
    """Build the request, where it is clear what is meant."""
    has_span = bool(last or from_time or to_time)
    if not (ids or site or has_span):
        raise click.UsageError("Say what to forget: an ID, --site, --last, or --from and --to.")
    if ids and (site or has_span):
        raise click.UsageError("Give either IDs, or a site and a time.")
    if last and (from_time or to_time):
        raise click.UsageError("--last stands for --from and --to.")
    if to_time and not from_time:
        raise click.UsageError("--to needs --from.")
    if last and not _SPAN.fullmatch(last):
        raise click.UsageError(f"--last {last!r} is no span of time: give 30s, 10m, 2h, 3d or 1w.")
    from python_core.utils.timestamps import now_ms, to_rfc3339

    end = (to_time or to_rfc3339(now_ms())) if from_time else None
    given = {"ids": ids, "site": site, "last": re.sub(r"\s", "", last or ""), "from": from_time, "to": end}
    return {name: value for name, value in {**given, "kinds": list(kind)}.items() if value}


def _see_through(hub: HubClient, wanted: dict[str, Any], total: int) -> dict[str, Any]:
    """Have it forgotten and look on until all is done, or nothing moves for ``STAY_S``."""
    with progress_bar("Forgetting") as progress:
        receipt: dict[str, Any] = hub.call("POST", "/forget", wanted, timeout_s=60)["receipt"]
        held_up_since: float | None = None
        while receipt["pending"]:
            gone = sum(receipt["counts"].get(name, 0) for name in ("clips", "visits", "outputs"))
            progress(min(gone, total), total)
            held_up_since = (held_up_since or time.monotonic()) if receipt["waitsFor"] else None
            if held_up_since is not None and time.monotonic() - held_up_since > STAY_S:
                break
            time.sleep(LOOK_AGAIN_S)
            receipt = hub.call("GET", f"/forget/receipts/{receipt['id']}")["receipt"]
    return receipt


def _tell_plan(would: dict[str, Any], tell: Any) -> None:
    counted = _counted(would["counts"])
    if not counted:
        tell("Nothing stored fits that.")
    elif would["oldest"] == would["newest"]:
        tell(f"{counted}, of {local_time(would['oldest'])}")
    else:
        tell(f"{counted}, from {local_time(would['oldest'])} to {local_time(would['newest'])}")


def _tell_receipt(receipt: dict[str, Any]) -> None:
    say(f"Forgot {_counted(receipt['counts']) or 'nothing'}. Receipt {receipt['id']}")
    for reader in receipt["readBy"]:
        read = f"{_number(reader['items'], 'item')}, last {local_time(reader['lastAt'])}"
        say(f"  Had been read by {one_line(reader['name'], 40)}: {read}")
    for output in receipt["outputsMarked"]:
        say(f"  Output {output} cites a part of it: to forget that too, smrthub forget {output}")
    for name, outcome in receipt["copies"].items():
        if outcome != "unchanged":
            say(f"  Copy {one_line(name)} of the database: {outcome}")
    if receipt["pending"]:
        because = _WAITS.get(receipt["waitsFor"], "the hub is still at it")
        note(
            f"Nobody is shown it any more; its bytes are not all overwritten yet: {because}. The hub goes on by itself."
        )


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(_number(counts[name], one) for name, one in _NAMES if counts.get(name))


def _number(count: int, one: str) -> str:
    """Say how many: ``1 clip``, ``2 clips``, ``2 links from a clip to a page``."""
    first, space, rest = one.partition(" from ")
    return f"{count:,} {first}" + ("" if count == 1 else "s") + space + rest
