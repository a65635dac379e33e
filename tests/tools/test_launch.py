"""What VS Code can start does start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _configurations() -> dict[str, dict[str, Any]]:
    launch = json.loads((ROOT / ".vscode/launch.json").read_text(encoding="utf-8"))
    return {configuration["name"]: configuration for configuration in launch["configurations"]}


def _command(configuration: dict[str, Any]) -> list[str]:
    """As debugpy turns it into a command line."""
    match configuration:
        case {"module": module}:
            return [sys.executable, "-m", module]
        case {"code": lines}:
            return [sys.executable, "-c", "\n".join(lines)]
        case {"program": program}:
            return [sys.executable, program.replace("${workspaceFolder}", str(ROOT))]
    raise AssertionError(f"nothing to start in {configuration}")


def test_there_is_one_for_hub_bridge_web_listener_and_tests() -> None:
    found = _configurations()
    assert set(found) == {"Hub", "Bridge", "Web listener", "Tests"}
    assert found["Tests"]["module"] == "pytest"


@pytest.mark.parametrize(
    ("name", "servers"),
    [("Hub", {"Bridge", "Web listener"}), ("Bridge", {"Bridge"}), ("Web listener", {"Web listener"})],
)
def test_it_serves_what_it_is_named_for(tmp_path: Path, name: str, servers: set[str]) -> None:
    folders = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(tmp_path))
    ports = {"SMRTHUB_BRIDGE_PORT": "0", "SMRTHUB_WEB_LISTENER_PORT": "0"}
    with subprocess.Popen(
        _command(_configurations()[name]),
        cwd=ROOT,
        env={**os.environ, **folders, **ports},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        running.terminate()
        running.stdout.read()
    assert {server for server in ("Bridge", "Web listener") if any(server in line for line in lines)} == servers, lines
