"""``Tools/smoke.py`` calls a hub as a person would to see that it works, and says so with its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.conftest import Clone
from tests.whole.hub_home import ROOT, Home

SMOKE = str(ROOT / "Tools" / "smoke.py")
CALLS = ("GET    /status", "POST   /tab-info", "POST   /clipboard", "POST   /trigger", "DELETE /clipboard/ID")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.end_all()


def smoke(home: Home, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SMOKE, *arguments],
        env=home.environ,
        cwd=home.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def without_packages(clone: Clone) -> str:
    """Make what lets a Python look as if it had none of our packages, as the system's own; returns its PYTHONPATH."""
    folder = clone.root / "hides"
    folder.mkdir()
    hide = "u.find_spec = lambda name, *more: None if name == 'apsw' else find(name, *more)"
    (folder / "sitecustomize.py").write_text(f"import importlib.util as u\nfind = u.find_spec\n{hide}\n")
    return str(folder)


def test_a_running_hub_passes_every_call(home: Home) -> None:
    home.start_hub()
    code, output = smoke(home)
    assert code == 0, output
    assert all(f"ok    {call}\n" in output for call in CALLS)
    assert output.endswith("ok\n")


def test_it_leaves_no_clip_and_no_page_in_front(home: Home) -> None:
    home.start_hub()
    caller = home.caller()
    smoke(home)
    assert caller.get("/clipboard")["items"] == []
    assert caller.copy("copied after it")["source"] == {}


def test_without_a_hub_every_call_fails_with_what_to_do(home: Home) -> None:
    code, output = smoke(home)
    assert code == 1
    assert output.count("FAIL") == len(CALLS)
    assert "smrthub serve" in output


def test_a_bridge_alone_fails_at_the_tab(home: Home) -> None:
    home.start(str(ROOT / "python_core" / "net" / "wsgi.py")).url()
    code, output = smoke(home)
    assert (code, output.count("FAIL")) == (1, 1), output
    assert "FAIL  POST   /tab-info" in output


def test_it_starts_and_ends_a_hub_of_its_own(home: Home) -> None:
    code, output = smoke(home, "--start")
    assert code == 0, output
    assert not home.paths.local.exists()
    assert not home.paths.roaming.exists()


def test_a_dry_run_tells_the_calls_and_makes_none(home: Home) -> None:
    code, output = smoke(home, "--dry-run")
    assert code == 0
    assert all(call in output for call in CALLS)
    assert "in a temporary home" in smoke(home, "--start", "--dry-run")[1]


def test_without_an_environment_it_says_how_to_make_one(clone: Clone) -> None:
    code, output = clone.run("smoke.py", PYTHONPATH=without_packages(clone))
    assert code == 1
    assert "python3 Tools/run.py" in output


def test_help_needs_nothing(clone: Clone) -> None:
    code, output = clone.run("smoke.py", "--help")
    assert (code, "--start" in output) == (0, True)


@pytest.mark.skipif(os.name == "nt", reason="a stub of Python is a shell script")
def test_the_projects_environment_is_taken_where_this_python_lacks_the_packages(clone: Clone) -> None:
    python = clone.root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "taken: $*"\nexit 5\n')
    python.chmod(0o755)
    code, output = clone.run("smoke.py", "--start", PYTHONPATH=without_packages(clone))
    assert code == 5
    assert output.endswith("smoke.py --start\n")
