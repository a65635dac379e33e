"""Tools/docs.py: the generated parts of the documentation are what the code generates."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = re.compile(r"<!-- (begin: [a-z ]+|end) -->")


def _docs(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "Tools/docs.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_generated_parts_are_current() -> None:
    checked = _docs("--check")
    assert (checked.returncode, checked.stdout) == (0, ""), (
        f"Run python Tools/docs.py and commit what it writes.\n{checked.stdout}{checked.stderr}"
    )


def test_a_dry_run_ends_well_and_writes_nothing() -> None:
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "docs").glob("*.md")}
    assert _docs("--dry-run", "--publish").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "docs").glob("*.md")} == before


def test_every_mark_has_its_other_end() -> None:
    for path in (ROOT / "docs").glob("*.md"):
        marks = MARK.findall(path.read_text(encoding="utf-8"))
        assert [mark == "end" for mark in marks] == [False, True] * (len(marks) // 2), path.name
