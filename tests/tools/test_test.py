"""``Tools/test.py`` runs every step, tells each one's verdict, and fails when one failed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tools.conftest import TOOLS, Ready
from Tools.chromium import find_chromium

STEPS = ["lint", "format", "types on linux", "types on darwin", "types on win32", "tests", "docs"]
# Stands in the clone's root, where `python -m ruff` finds it before anything installed.
STUB = """
import os, sys
print(os.path.basename(__file__), sys.argv[1:], os.environ.get("SMRTHUB_NO_BROWSER"))
sys.exit(os.path.basename(__file__) in os.environ.get("FAILING", "").split())
"""


@pytest.fixture
def stubbed(ready: Ready) -> Ready:
    """The set-up clone with a stub for each tool that a step starts."""
    for name in ("ruff", "mypy", "pytest", "mkdocs"):
        (ready.root / f"{name}.py").write_text(STUB)
    return ready


def test_all_steps_run_and_the_verdict_is_ok(stubbed: Ready) -> None:
    code, output = stubbed.run("test.py", SMRTHUB_CHROMIUM=sys.executable)
    assert code == 0, output
    assert [line for line in output.splitlines() if line.startswith("===")] == [f"=== {step} ===" for step in STEPS]
    assert output.endswith("\nok\n")
    assert "LEFT OUT" not in output


def test_a_failed_step_stops_no_other_and_is_named_at_the_end(stubbed: Ready) -> None:
    code, output = stubbed.run("test.py", FAILING="mypy.py pytest.py", SMRTHUB_CHROMIUM=sys.executable)
    assert code == 1
    assert "=== docs ===" in output
    assert output.endswith("failed: types on linux, types on darwin, types on win32, tests\n")


def test_what_stands_after_two_dashes_goes_to_pytest(stubbed: Ready) -> None:
    output = stubbed.run("test.py", "--", "-k", "net", SMRTHUB_CHROMIUM=sys.executable)[1]
    assert "pytest.py ['-k', 'net'] None\n" in output


@pytest.mark.parametrize(
    ("arguments", "environment", "left_out"),
    [
        (["--no-browser"], {}, "tests/browser"),
        ([], {"SMRTHUB_NO_BROWSER": "1"}, "tests/browser"),
        (["--fast"], {}, "tests/browser, tests/whole, tests/tools/test_run.py"),
    ],
)
def test_what_is_left_out_is_said(
    stubbed: Ready, arguments: list[str], environment: dict[str, str], left_out: str
) -> None:
    code, output = stubbed.run("test.py", *arguments, **environment)
    assert code == 0, output
    assert f"LEFT OUT {left_out}\nok\n" in output
    assert all(f"'--ignore={path}'" in output for path in left_out.split(", "))


def test_a_dry_run_names_every_step_and_changes_nothing(stubbed: Ready) -> None:
    before = stubbed.list_files()
    code, output = stubbed.run("test.py", "--dry-run", SMRTHUB_CHROMIUM=sys.executable)
    assert code == 0
    assert all(f"\n{step}: " in output for step in STEPS)
    assert stubbed.list_files() == before


def test_a_missing_browser_is_said_with_what_to_install(stubbed: Ready) -> None:
    output = stubbed.run("test.py", "--dry-run", SMRTHUB_CHROMIUM="no-such-browser")[1]
    assert "apt-get" in output or "Install it, then run this again" in output


def test_a_named_browser_comes_before_any_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMRTHUB_CHROMIUM", sys.executable)
    assert find_chromium() == sys.executable
    monkeypatch.setenv("SMRTHUB_CHROMIUM", str(tmp_path / "none"))
    assert find_chromium() is None


def test_ci_runs_readmes_test_command() -> None:
    command = "python3 Tools/test.py"
    assert command in (TOOLS.parent / ".ci/run").read_text(encoding="utf-8")
    assert command in (TOOLS.parent / "README.md").read_text(encoding="utf-8").split("## ")[0]
