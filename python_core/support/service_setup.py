"""Take the hub's service in and out, and say how it is: by the plan for this machine and the system's own commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from python_core.errors import HubError
from python_core.support.service_files import Machine, ServicePlan, file_of
from python_core.utils.config_path_resolver import Paths, make_private

#: The system's commands answer at once, or wait for the hub's start.
COMMAND_TIMEOUT_S = 330
_NOT_INSTALLED = "This system does not have `{}`: have what it has start `smrthub serve --supervised`."


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    said: str


class ServiceState(NamedTuple):
    """How the service is: ``installed`` its file is there, ``current`` it is what would be installed now.

    ``failed``: it does not run, and the system has it end by a fault last.
    """

    system: str
    file: str
    installed: bool
    current: bool
    running: bool
    failed: bool


Run = Callable[[Sequence[str]], Ran]


def run_command(command: Sequence[str]) -> Ran:
    """Run a command of the system.

    :raises HubError: it is not there, or does not end.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise HubError(_NOT_INSTALLED.format(command[0])) from None
    except subprocess.TimeoutExpired:
        raise HubError(f"`{' '.join(command)}` does not end.") from None
    return Ran(done.returncode, (done.stderr or done.stdout).strip())


def this_machine(paths: Paths, stop_s: int) -> Machine:
    """Return what a plan needs to know of this machine."""
    return Machine(
        platform=sys.platform,
        home=Path.home(),
        python=Path(sys.executable),
        output=paths.logs() / "service-output.txt",
        environ=os.environ,
        uid=_own_uid(),
        stop_s=stop_s,
    )


def _own_uid() -> int:
    if sys.platform != "win32":
        return os.getuid()
    else:  # noqa: RET505  # mypy takes a plain return after it for unreachable
        return 0


def check_machine(machine: Machine, run: Run = run_command) -> None:
    """Refuse what would be no service of the user's.

    :raises HubError: root asks, or the Python does not find the hub by itself.
    """
    if machine.platform != "win32" and machine.uid == 0:
        raise HubError("The hub is never root's: run this as the user whose hub it is.")
    found = run([str(machine.python), "-P", "-E", "-c", "import python_core"])
    if found.code:
        raise HubError(
            f"{machine.python} finds the hub in this folder or by PYTHONPATH only, as a service would not: install it, "
            "as Tools/run.py does."
        )


def install_service(plan: ServicePlan, run: Run = run_command) -> None:
    """Write the file and have the system take it in and start it.

    :raises HubError: the system refuses, with its words; the file stays, to be looked at.
    """
    file = file_of(plan)
    if plan.system == "launchd" and file.exists():  # it takes no second one of a name
        run(plan.uninstall[0])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(plan.content)
    _run_all(plan.install, run)


def uninstall_service(plan: ServicePlan, run: Run = run_command) -> bool:
    """Have the system end the service, forget it, and remove the file; say whether there was one."""
    file = file_of(plan)
    if not file.exists():
        return False
    first, *rest = plan.uninstall
    run(first)  # one that does not run is no fault
    file.unlink()
    _run_all(rest, run)
    return True


def service_state(plan: ServicePlan, run: Run = run_command) -> ServiceState:
    """Return how the service is."""
    file = file_of(plan)
    installed = file.is_file()
    current = installed and file.read_bytes() == plan.content
    lines = run(plan.look).said.splitlines() if installed else []
    running, failed = (any(re.fullmatch(each, line) for line in lines) for each in (plan.runs, plan.failed))
    return ServiceState(plan.system, str(file), installed, current, running, failed and not running)


def make_output_folder(machine: Machine) -> None:
    """Make the folder for what the service says, where the system keeps no journal."""
    make_private(Path(machine.output).parent)


def _run_all(commands: list[list[str]], run: Run) -> None:
    for command in commands:
        ran = run(command)
        if ran.code:
            raise HubError(f"`{' '.join(command)}` failed with {ran.code}: {' '.join(ran.said.split())[:300]}")
