"""What a start tells the person."""

from __future__ import annotations

from pathlib import Path

import pytest

from python_core.net.running import command_beside


@pytest.mark.parametrize(("python", "command"), [("python3", "smrthub"), ("python.exe", "smrthub.exe")])
def test_the_command_is_named_where_it_lies_beside_the_interpreter(tmp_path: Path, python: str, command: str) -> None:
    assert command_beside(tmp_path / python) is None
    (tmp_path / command).touch()
    assert command_beside(tmp_path / python) == tmp_path / command
