"""``Tools/run.py`` sets up what is missing, only that, and gives way to the hub."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.tools.conftest import HUB, TOOLS, Clone, Ready

AS_ON_DEBIAN = """
import runpy, sys
sys.modules["ensurepip"] = None
sys.path.insert(0, sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_the_first_start_sets_up_and_the_second_only_starts(ready: Ready) -> None:
    assert "Making .venv" in ready.first_output
    assert ready.first_output.endswith("hub ['--port', '0']\n")
    builds = ready.builds
    assert ready.run("run.py") == (0, "hub []\n")
    assert ready.builds == builds


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(clone: Clone) -> None:
    before = clone.list_files()
    code, output = clone.run("run.py", "--dry-run", "--", "--port", "0")
    assert code == 0
    assert "because there is none" in output
    assert output.rstrip().endswith("-P -m python_core --port 0")
    assert clone.list_files() == before


@pytest.mark.parametrize("command", ["run.py", "test.py", "deploy.py"])
def test_help_needs_nothing(clone: Clone, command: str) -> None:
    before = clone.list_files()
    code, output = clone.run(command, "--help")
    assert code == 0
    assert "--dry-run" in output
    assert clone.list_files() == before


def test_an_unknown_option_is_a_usage_error(clone: Clone) -> None:
    code, output = clone.run("run.py", "--prot", "0")
    assert code == 2
    assert "usage:" in output


def test_changed_pins_are_installed_into_what_is_there(ready: Ready) -> None:
    builds = ready.builds
    _change_pins(ready)
    code, output = ready.run("run.py")
    assert (code, ready.builds) == (0, builds + 1), output
    assert "Making .venv" not in output


def test_a_failed_install_says_why_and_the_next_run_mends_it(ready: Ready) -> None:
    _change_pins(ready)
    code, output = ready.run("run.py", BUILD_FAILS="1")
    assert code == 1
    assert "the build fails as it was told to" in output
    assert "Setup stopped while installing the project itself" in output
    assert "setup_venv.py" not in output, "a traceback of ours"
    code, output = ready.run("run.py")
    assert code == 0, output
    assert "because an earlier setup did not end" in output


def test_a_package_that_is_not_the_pinned_one_to_the_last_byte_is_not_installed(ready: Ready, tmp_path: Path) -> None:
    pins, wheel = ready.root / "requirements/run.txt", tmp_path / "pinned-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("pinned.py", "")
        made.writestr("pinned-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: pinned\nVersion: 1\n")
        made.writestr("pinned-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("pinned-1.dist-info/RECORD", "")
    good = hashlib.sha256(wheel.read_bytes()).hexdigest()
    before = pins.read_text()
    try:
        pins.write_text(f"pinned==1 --hash=sha256:{'0' * 64}\n")
        code, output = ready.run("run.py", PIP_FIND_LINKS=str(tmp_path))
        assert code == 1, output
        assert "DO NOT MATCH THE HASHES" in output
        assert not list(ready.root.rglob("pinned.py"))
        pins.write_text(f"pinned==1 --hash=sha256:{good}\n")
        code, output = ready.run("run.py", PIP_FIND_LINKS=str(tmp_path))
        assert code == 0, output
        assert list(ready.root.rglob("pinned.py"))
    finally:
        pins.write_text(before)


@pytest.mark.skipif(os.name == "nt", reason="kills a process group by its id")
def test_a_setup_killed_half_way_is_made_anew(clone: Clone, tmp_path: Path) -> None:
    at_work = tmp_path / "at work"
    with clone.start("run.py", BUILD_HANGS=str(at_work)) as killed:
        _wait_for(at_work)
        os.killpg(killed.pid, signal.SIGKILL)
    code, output = clone.run("run.py")
    assert (code, clone.builds) == (0, 1), output
    assert "because an earlier setup did not end" in output
    assert "hub []" in output


def test_a_python_without_ensurepip_is_told_what_to_install(clone: Clone) -> None:
    """As Debian's python3 is without python3-venv."""
    tools = str(clone.root / "Tools")
    told = subprocess.run(
        [sys.executable, "-c", AS_ON_DEBIAN, tools, f"{tools}/run.py"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert "sudo apt install python3-venv" in told.stderr
    assert not (clone.root / ".venv").exists()


def test_of_two_at_once_one_sets_up_and_both_start(clone: Clone) -> None:
    with clone.start("run.py") as first, clone.start("run.py") as second:
        outputs = [running.communicate(timeout=120)[0] for running in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], outputs
    assert sorted("Making .venv" in output for output in outputs) == [False, True]
    assert all(output.endswith("hub []\n") for output in outputs)
    assert clone.builds == 1


def test_a_moved_clone_is_set_up_anew(ready: Ready) -> None:
    moved = Clone(ready.root.rename(ready.root.with_name("moved")))
    try:
        code, output = moved.run("run.py", "--dry-run")
    finally:
        moved.root.rename(ready.root)
    assert code == 0
    assert "because it is of another Python or was moved" in output


def test_a_damaged_stamp_does_not_pass_for_a_whole_setup(ready: Ready) -> None:
    stamp = ready.root / ".venv/smrthub-setup.json"
    whole = stamp.read_text()
    assert "run" in json.loads(whole)["installed"]
    stamp.write_text(whole[: len(whole) // 2])
    code, output = ready.run("run.py", "--dry-run")
    assert code == 0
    assert "nothing to install" not in output


def test_a_strangers_folder_is_not_deleted(clone: Clone) -> None:
    mine = clone.root / ".venv/mine.txt"
    mine.parent.mkdir()
    mine.write_text("not yours")
    code, output = clone.run("run.py")
    assert code == 1
    assert "was not made by this command" in output
    assert mine.read_text() == "not yours"


def test_a_persons_own_venv_is_used(clone: Clone) -> None:
    subprocess.run([sys.executable, "-m", "venv", clone.root / ".venv"], check=True)
    code, output = clone.run("run.py")
    assert (code, clone.builds) == (0, 1), output
    assert "Making .venv" not in output


def test_what_test_installs_serves_run_too(ready: Ready) -> None:
    _change_pins(ready)
    ready.run("test.py", "--no-browser")
    builds = ready.builds
    assert ready.run("run.py") == (0, "hub []\n")
    assert ready.builds == builds


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM cannot be caught there")
def test_sigterm_reaches_the_hub_and_its_exit_code_comes_back(ready: Ready) -> None:
    with ready.start("run.py", "--", "--stay") as running:
        assert running.stdout is not None
        while "staying" not in running.stdout.readline():
            pass
        running.terminate()
        assert running.wait(timeout=30) == 7


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM cannot be caught there")
def test_a_hub_that_is_a_child_gets_sigterm_and_gives_its_exit_code(tmp_path: Path) -> None:
    """As on Windows, where a process cannot be replaced."""
    hub = tmp_path / "hub.py"
    hub.write_text(HUB)
    host = (
        f"import run; raise SystemExit(run.hand_over([{sys.executable!r}, {str(hub)!r}, '--stay'], can_replace=False))"
    )
    with subprocess.Popen([sys.executable, "-c", host], cwd=TOOLS, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        while "staying" not in running.stdout.readline():
            pass
        running.terminate()
        assert running.wait(timeout=30) == 7


def _wait_for(path: Path) -> None:
    ends = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < ends, f"{path} never came"
        time.sleep(0.05)


def _change_pins(ready: Ready) -> None:
    with (ready.root / "requirements/run.txt").open("a") as pins:
        pins.write("# still nothing\n")
