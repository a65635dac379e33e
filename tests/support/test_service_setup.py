"""Taking the service in and out: the right commands in their order, and the system's words where it refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from python_core.errors import HubError
from python_core.support.service_files import Machine, plan_service
from python_core.support.service_setup import (
    Ran,
    check_machine,
    install_service,
    run_command,
    service_state,
    uninstall_service,
)

#: In the words of all three at once.
RUNS = Ran(0, "active\ngui/1000/smrthub.hub = {\n\tstate = running\n}\nRunning")


@dataclass
class System:
    """Takes commands and answers as told."""

    asked: list[list[str]] = field(default_factory=list)
    refuses: str = ""
    says: Ran = RUNS

    def __call__(self, command: Sequence[str]) -> Ran:
        self.asked.append(list(command))
        refused = bool(self.refuses) and self.refuses in command
        return Ran(1, "Failed to\nconnect") if refused else self.says


@pytest.fixture(params=["linux", "darwin", "win32"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    return Machine(request.param, tmp_path, tmp_path / "python", tmp_path / "logs" / "out.txt")


def test_it_is_taken_in_looked_after_and_taken_out_again(machine: Machine) -> None:
    plan, system = plan_service(machine), System()
    (Path(machine.output).parent).mkdir()
    assert service_state(plan, system)[2:] == (False, False, False, False)
    install_service(plan, system)
    assert system.asked == plan.install
    assert Path(plan.file).read_bytes() == plan.content
    assert service_state(plan, system)[2:] == (True, True, True, False)
    assert service_state(plan_service(replace(machine, python=machine.home / "other" / "python")), system)[2:4] == (
        True,
        False,
    )
    system.asked.clear()
    assert uninstall_service(plan, system)
    assert system.asked == plan.uninstall
    assert not Path(plan.file).exists()
    assert not uninstall_service(plan, system)


LAUNCHD = "gui/501/smrthub.hub = {\n\tactive count = 0\n\tpath = /Users/me/x\n\tstate = %s\n\n\tlast exit code = %s\n}"


@pytest.mark.parametrize(
    ("platform", "said", "running", "failed"),
    [
        ("linux", Ran(0, "active"), True, False),
        ("linux", Ran(3, "inactive"), False, False),
        ("linux", Ran(3, "activating"), False, False),
        ("linux", Ran(3, "failed"), False, True),
        ("linux", Ran(1, "Failed to connect to bus: No medium found"), False, False),
        ("darwin", Ran(0, LAUNCHD % ("running", "(never exited)")), True, False),
        ("darwin", Ran(0, LAUNCHD % ("running", "69")), True, False),
        ("darwin", Ran(0, LAUNCHD % ("not running", "0")), False, False),
        ("darwin", Ran(0, LAUNCHD % ("spawn scheduled", "78: EX_CONFIG")), False, True),
        ("darwin", Ran(113, "Could not find service in domain"), False, False),
        ("win32", Ran(0, "Running"), True, False),
        ("win32", Ran(0, "Ready"), False, False),
        ("win32", Ran(1, "Get-ScheduledTask : No MSFT_ScheduledTask objects found"), False, False),
    ],
)
def test_how_it_is_follows_from_what_the_system_says(
    tmp_path: Path, platform: str, said: Ran, running: bool, failed: bool
) -> None:
    plan = plan_service(Machine(platform, tmp_path, tmp_path / "python", tmp_path / "logs" / "out.txt"))
    install_service(plan, System())
    asked = System(says=said)
    assert service_state(plan, asked)[2:] == (True, True, running, failed)
    assert asked.asked == [plan.look]


def test_a_second_one_takes_the_place_of_the_first(machine: Machine) -> None:
    plan, system = plan_service(machine), System()
    install_service(plan, system)
    install_service(plan, system)
    assert service_state(plan, system).current
    assert len(system.asked) == 2 * len(plan.install) + (plan.system == "launchd") + 1


def test_what_the_system_refuses_is_told_in_its_words(machine: Machine) -> None:
    plan = plan_service(machine)
    with pytest.raises(HubError, match=r"failed with 1: Failed to connect"):
        install_service(plan, System(refuses=plan.install[-1][-1]))


def test_a_service_that_does_not_run_is_removed_all_the_same(machine: Machine) -> None:
    plan = plan_service(machine)
    install_service(plan, System())
    assert uninstall_service(plan, System(refuses=plan.uninstall[0][1] if plan.system != "systemd" else "disable"))
    assert not Path(plan.file).exists()


def test_root_has_no_hub(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="never root's"):
        check_machine(Machine("linux", tmp_path, tmp_path, tmp_path, uid=0), System())


def test_a_python_without_the_hub_makes_no_service(tmp_path: Path) -> None:
    with pytest.raises(HubError, match="install it"):
        check_machine(Machine("linux", tmp_path, tmp_path / "python", tmp_path), System(refuses="import python_core"))


def test_a_command_that_is_not_there_is_told() -> None:
    with pytest.raises(HubError, match="does not have `no-such-command`"):
        run_command(["no-such-command", "--user"])
