"""An old Python is told what to install, or left for a newer one that is there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.conftest import TOOLS

# Makes any Python believe that it is an old one, before the module under test looks.
AS_OLD = """
import sys
sys.version_info = (3, 8, 10)
sys.argv = sys.argv[1:]
import python_version
python_version.need_supported_python()
"""


@pytest.mark.parametrize("name", ["python_version.py", "run.py", "test.py"])
def test_python_3_6_can_read_what_speaks_to_it(name: str) -> None:
    source = (TOOLS / name).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source, "Python 3.7 is the first that knows it"


def test_without_a_newer_python_it_says_what_to_install(tmp_path: Path) -> None:
    old = _run_as_old(path=tmp_path)
    assert old.returncode == 2
    assert "needs Python 3.11 or newer" in old.stderr
    assert "sudo apt install" in old.stderr


@pytest.mark.skipif(os.name == "nt", reason="puts shell scripts on PATH")
def test_it_goes_on_with_a_newer_python_and_passes_by_one_that_does_not_work(tmp_path: Path) -> None:
    _put_script(tmp_path / "python3.13", "echo 'not installed' >&2; exit 127")
    _put_script(tmp_path / "python3.12", f'exec "{sys.executable}" "$@"')
    old = _run_as_old(path=tmp_path)
    assert "going on with python3.12" in old.stderr
    assert (old.returncode, old.stdout) == (3, "went on\n")


def _run_as_old(path: Path) -> subprocess.CompletedProcess[str]:
    command = path / "command.py"
    command.write_text("print('went on'); raise SystemExit(3)")
    return subprocess.run(
        [sys.executable, "-c", AS_OLD, str(command)],
        cwd=TOOLS,
        env={**os.environ, "PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def _put_script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
