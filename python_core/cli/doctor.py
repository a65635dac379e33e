"""``smrthub doctor``: whether all of the hub works, from settings to forgetting, and what to do where it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from python_core.cli.options import EXIT_FAILED, json_option
from python_core.cli.progress import progress_bar
from python_core.cli.terminal import note, one_line, say, say_json, shown
from python_core.errors import HubError
from python_core.utils.config_path_resolver import private_opener

if TYPE_CHECKING:
    from python_core.support.hops import Hop
    from python_core.support.store_files import Finding

_COLORS = {"ok": "green", "warning": "yellow", "failed": "red", "repaired": "green"}


@click.command()
@click.option("--store", is_flag=True, help="Examine what is stored, thoroughly, instead.")
@click.option("--full", is_flag=True, help="With --store: compare every index and every picture; takes longer.")
@click.option(
    "--repair", is_flag=True, help="With --store: build anew what follows from the rest; the hub must not run."
)
@click.option("--no-canary", is_flag=True, help="Write nothing: send no tab and no clip through the hub.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Write a page to this file, too.")
@json_option
def doctor(store: bool, full: bool, repair: bool, no_canary: bool, page: Path | None, as_json: bool) -> None:
    """Say what works along the whole chain, and what to do.

    Settings, files, processes, ports, disks, clock and store are looked at with the hub running or not. Where it runs, its gate
    has to refuse what it must, and a harmless tab and clip go through it, are found, and are forgotten again. The exit code is 1
    when something is wrong.
    """
    if store:
        _examine(full=full, repair=repair, as_json=as_json)
        return
    if full or repair:
        raise click.UsageError("--full and --repair go with --store.")
    from python_core.support.doctor import is_well, told

    hops = _walk(canary=not no_canary)
    if page is not None:
        _write_page(page, hops)
    if as_json:
        say_json({"well": is_well(hops), "checks": told(hops)})
    else:
        for hop in hops:
            _say_finding(hop)
    if not is_well(hops):
        sys.exit(EXIT_FAILED)


def _walk(*, canary: bool) -> list[Hop]:
    from python_core.client import HubClient
    from python_core.support.doctor import walk_chain
    from python_core.support.machine import Machine
    from python_core.utils.config_path_resolver import resolve_paths

    with progress_bar("Walking along the chain") as progress:
        return walk_chain(Machine(resolve_paths()), HubClient, canary=canary, progress=progress)


def _write_page(page: Path, hops: list[Hop]) -> None:
    from python_core.support.review_page import doctor_page
    from python_core.utils.timestamps import now_ms, to_rfc3339

    content = doctor_page(hops, to_rfc3339(now_ms()))
    try:
        page.unlink(missing_ok=True)  # what stands there may be open to others
        with open(page, "xb", opener=private_opener) as file:
            file.write(content)
    except OSError as fault:
        raise HubError(f"{shown(str(page))} cannot be written: {fault.strerror}") from None
    note(f"Wrote {shown(str(page.absolute()))}")


def _examine(*, full: bool, repair: bool, as_json: bool) -> None:
    from python_core.support.store_checks import Examination, examine_store
    from python_core.support.store_files import NAMES
    from python_core.utils.config_path_resolver import resolve_paths

    with progress_bar("Examining the store") as progress:
        found = examine_store(resolve_paths(), Examination(full=full, repair=repair, progress=progress))
    is_whole = all(finding.state != "failed" for finding in found)
    if as_json:
        say_json({"whole": is_whole, "checks": [dict(zip(NAMES, each, strict=True)) for each in found]})
    else:
        for finding in found:
            _say_finding(finding)
    if not is_whole:
        sys.exit(EXIT_FAILED)


def _say_finding(finding: Finding | Hop) -> None:
    state = click.style(f"{finding.state:<9}", fg=_COLORS.get(finding.state), bold=finding.state == "failed")
    code = click.style(f"  [{finding.code}]", dim=True) if finding.code else ""
    say(f"{state}{finding.check:<22} {one_line(finding.detail)}{code}")
    if finding.advice:
        note(f"  {one_line(finding.advice)}")
