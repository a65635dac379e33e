"""What VS Code can start is there to be started."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_hub_bridge_web_listener_and_tests_can_be_launched() -> None:
    launch = json.loads((ROOT / ".vscode/launch.json").read_text(encoding="utf-8"))
    found = {configuration["name"]: configuration for configuration in launch["configurations"]}
    assert set(found) == {"Hub", "Bridge", "Web listener", "Tests"}
    for configuration in found.values():
        if "module" in configuration:
            assert importlib.util.find_spec(configuration["module"]), configuration["name"]
        else:
            program = configuration["program"].replace("${workspaceFolder}", str(ROOT))
            assert Path(program).is_file(), configuration["name"]
