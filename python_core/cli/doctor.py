"""``smrthub doctor``: whether what is stored is whole, and what to do where it is not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from python_core.cli.options import EXIT_FAILED, json_option
from python_core.cli.progress import progress_bar
from python_core.cli.terminal import note, one_line, say, say_json

if TYPE_CHECKING:
    from python_core.support.store_files import Finding

_COLORS = {"ok": "green", "warning": "yellow", "failed": "red", "repaired": "green"}


@click.command()
@click.option("--store", is_flag=True, required=True, help="Examine the store.")
@click.option("--full", is_flag=True, help="Compare every index and the content of every picture; takes longer.")
@click.option("--repair", is_flag=True, help="Build anew what follows from the rest; the hub must not run.")
@json_option
def doctor(store: bool, full: bool, repair: bool, as_json: bool) -> None:  # noqa: ARG001  # --store is what there is to examine
    """Say whether what is stored is whole, and what to do where it is not.

    Without --repair it changes nothing, and works with the hub running or not. The exit code is 1 when something is wrong.
    """
    from python_core.support.store_checks import Examination, examine_store
    from python_core.utils.config_path_resolver import resolve_paths

    with progress_bar("Examining the store") as progress:
        found = examine_store(resolve_paths(), Examination(full=full, repair=repair, progress=progress))
    is_well = all(finding.state != "failed" for finding in found)
    if as_json:
        say_json({"whole": is_well, "checks": [finding._asdict() for finding in found]})
    else:
        for finding in found:
            _say_finding(finding)
    if not is_well:
        sys.exit(EXIT_FAILED)


def _say_finding(finding: Finding) -> None:
    state = click.style(f"{finding.state:<9}", fg=_COLORS.get(finding.state), bold=finding.state == "failed")
    say(f"{state}{finding.check:<16} {one_line(finding.detail)}")
    if finding.advice:
        note(f"  {one_line(finding.advice)}")
