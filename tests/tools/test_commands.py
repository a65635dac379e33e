"""Each command under Tools/ says what it does and can say it without doing it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.hubs import ROOT

COMMANDS = sorted(path.name for path in (ROOT / "Tools").glob("*.py") if "ArgumentParser(" in path.read_text("utf-8"))


def test_these_are_the_commands() -> None:
    assert COMMANDS == ["deploy.py", "docs.py", "run.py", "sbom.py", "smoke.py", "test.py"]


@pytest.mark.parametrize("command", COMMANDS)
def test_it_has_help_and_a_dry_run(command: str) -> None:
    help_text = subprocess.run(
        [sys.executable, f"Tools/{command}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    assert help_text.startswith(f"usage: Tools/{command} ")
    assert "--dry-run" in help_text
