"""``smrthub service``: what would be done, and how it is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the files of other systems are tested as such")


def test_a_dry_run_shows_file_and_commands_and_changes_nothing(idle: Terminal) -> None:
    home = str(idle.home.root)
    done = idle("service", "install", "--dry-run", HOME=home, SMRTHUB_BRIDGE_THREADS="9")
    assert done.code == 0
    assert f"would be written: {home}/.config/systemd/user/smrthub.service" in done.out
    assert "Type=notify" in done.out
    assert "would run: systemctl --user enable smrthub.service" in done.out
    assert f'Environment="LOCALAPPDATA={idle.home.environ["LOCALAPPDATA"]}"' in done.out
    assert "SMRTHUB_BRIDGE_THREADS is set in this terminal" in done.err
    assert "9" not in done.err
    assert list(idle.home.root.iterdir()) == []


def test_json_tells_the_same(idle: Terminal) -> None:
    told = idle("service", "install", "--dry-run", "--json", HOME=str(idle.home.root)).json
    assert (told["system"], told["dryRun"], told["commands"][0][0]) == ("systemd", True, "systemctl")
    assert told["content"].startswith("# Made by: smrthub service install.")


def test_without_a_service_it_says_so(idle: Terminal) -> None:
    home = str(idle.home.root)
    assert "There is no service of yours" in idle("service", "status", HOME=home).out
    assert idle("service", "status", "--json", HOME=home).json["installed"] is False
    assert idle("service", "uninstall", HOME=home).out == "There is no service of yours.\n"


def test_a_service_that_the_system_has_given_up_is_told_with_what_to_do(idle: Terminal, tmp_path: Path) -> None:
    home, programs = tmp_path / "home", tmp_path / "programs"
    unit = home / ".config" / "systemd" / "user" / "smrthub.service"
    for folder in (unit.parent, programs):
        folder.mkdir(parents=True)
    unit.touch()
    systemctl = programs / "systemctl"
    systemctl.write_text("#!/bin/sh\necho failed\nexit 3\n")
    systemctl.chmod(0o755)
    there = {"HOME": str(home), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    done = idle("service", "status", **there)
    assert (done.code, "does not run" in done.out) == (0, True)
    assert "start it again with smrthub service install" in done.err
    assert idle("service", "status", "--json", **there).json["failed"] is True
    done = idle("status", **there)
    assert done.code == 3
    assert (
        "serve. It is a service of systemd (logs: journalctl --user -u smrthub.service). It ended by a fault"
        in done.err
    )
    systemctl.write_text("#!/bin/sh\necho inactive\nexit 3\n")
    assert "service" not in idle("status", **there).err


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can show it")
def test_root_is_refused(idle: Terminal) -> None:
    done = idle("service", "install", HOME=str(idle.home.root))
    assert (done.code, "never root's" in done.err) == (1, True)


def test_the_command_is_a_module_too(idle: Terminal) -> None:
    done = idle.home.start("-m", "python_core.cli", "version")
    assert done.wait() == 0
    assert done.output.startswith("smrthub ")
