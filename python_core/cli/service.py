"""``smrthub service``: have the system start the hub when its user logs in, and start it again when it has died."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from python_core.cli.options import json_option
from python_core.cli.supervising import SERVICE_FAILED
from python_core.cli.terminal import note, one_line, say, say_json, shown
from python_core.errors import HubError, NotReachable

if TYPE_CHECKING:
    from python_core.support.service_files import Machine, ServicePlan

#: What the system waits beyond what the hub and its supervisor may take to end.
MARGIN_S = 10


@click.group()
def service() -> None:
    """Have the system start the hub and keep it running."""


@service.command()
@click.option("--dry-run", is_flag=True, help="Only show the file and the commands.")
@json_option
def install(dry_run: bool, as_json: bool) -> None:
    """Make the hub a service of yours, and start it.

    It is for you alone: systemd --user, a launch agent, or a task at your logon; never for root or the whole machine.
    """
    from python_core.support.service_setup import check_machine, install_service, make_output_folder, service_state

    machine, plan = _planned()
    if not dry_run:
        check_machine(machine)
        if not service_state(plan).running:
            _need_no_hub()
        make_output_folder(machine)
        install_service(plan)
    if as_json:
        say_json(_told(plan, plan.install, dry_run))
        return
    _show(plan, plan.install, dry_run, verb="written")
    for name in sorted(os.environ):
        if name.startswith("SMRTHUB_"):
            note(f"{name} is set in this terminal; the service does not have it: see smrthub config show.")
    if not dry_run:
        say(f"The hub is a service of {plan.system}. What it says: {plan.logs}")
        if plan.system == "systemd":
            say("It runs while you are logged in; from the machine's start on with: loginctl enable-linger")


@service.command()
@click.option("--dry-run", is_flag=True, help="Only show what would be removed, and the commands.")
@json_option
def uninstall(dry_run: bool, as_json: bool) -> None:
    """End the service and take it out.

    Nothing that is stored goes.
    """
    from python_core.support.service_setup import uninstall_service

    _, plan = _planned()
    was_there = dry_run or uninstall_service(plan)
    if as_json:
        say_json({**_told(plan, plan.uninstall, dry_run), "removed": was_there and not dry_run})
    elif was_there:
        _show(plan, plan.uninstall, dry_run, verb="removed")
    else:
        say("There is no service of yours.")


@service.command("status")
@json_option
def service_status(as_json: bool) -> None:
    """Say whether the service is installed and runs."""
    from python_core.support.service_setup import service_state

    _, plan = _planned()
    state = service_state(plan)
    if as_json:
        say_json(state._asdict() | {"logs": plan.logs})
        return
    if not state.installed:
        say("There is no service of yours: smrthub service install makes one.")
        return
    say(f"The hub is a service of {state.system}, and {'runs' if state.running else 'does not run'}.")
    if state.failed:
        note(SERVICE_FAILED)
    say(f"  file  {shown(state.file)}")
    say(f"  logs  {shown(plan.logs)}")
    if not state.current:
        note("Another version, Python or folder would be written now: smrthub service install brings it up to date.")


def _planned() -> tuple[Machine, ServicePlan]:
    from python_core.config import BridgeSettings, load_or_seed_bridge_settings
    from python_core.support.service_files import plan_service
    from python_core.support.service_setup import this_machine
    from python_core.utils.config_path_resolver import resolve_paths

    paths = resolve_paths()
    # Who only looks leaves no trace: no settings are made.
    bridge = load_or_seed_bridge_settings(paths) if paths.config().is_dir() else BridgeSettings()
    machine = this_machine(paths, bridge.shutdown_timeout_seconds + MARGIN_S)
    return machine, plan_service(machine)


def _need_no_hub() -> None:
    """A hub that was started by hand holds the place of the service's."""
    from python_core.cli.hosting import find_processes

    try:
        running = find_processes()
    except NotReachable:
        return
    pids = ", ".join(str(process.pid) for process in running)
    raise HubError(f"A hub runs already that is no service (pid {pids}): end it first, with smrthub stop.")


def _told(plan: ServicePlan, commands: list[list[str]], dry_run: bool) -> dict[str, object]:
    return {
        "system": plan.system,
        "file": str(plan.file),
        "content": _text_of(plan),
        "commands": commands,
        "logs": plan.logs,
        "dryRun": dry_run,
    }


def _show(plan: ServicePlan, commands: list[list[str]], dry_run: bool, *, verb: str) -> None:
    say(f"{'would be ' if dry_run else ''}{verb}: {shown(str(plan.file))}")
    if dry_run and verb == "written":
        say(shown(_text_of(plan)))
    for command in commands:
        say(f"{'would run' if dry_run else 'ran'}: {one_line(' '.join(command))}")


def _text_of(plan: ServicePlan) -> str:
    return plan.content.decode("utf-16" if plan.content.startswith(b"\xff\xfe") else "utf-8")
