"""Tools/sbom.py: every package that the hub runs with, and what is vendored, in CycloneDX's form."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def told(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "Tools/sbom.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told())
    return found


def test_it_lists_every_pin_and_what_is_vendored(bill: dict[str, Any]) -> None:
    pinned = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements/run.txt").read_text("utf-8"), re.MULTILINE)
    listed = [(each["name"], each["version"]) for each in bill["components"]]
    assert [each for each in listed if each[0] != "swagger-ui-dist"] == pinned
    assert listed[-1][0] == "swagger-ui-dist"
    assert {file["name"] for file in bill["components"][-1]["components"]} >= {"LICENSE", "swagger-ui-bundle.js"}


def test_each_package_that_is_installed_tells_its_licence(bill: dict[str, Any]) -> None:
    silent = [each["name"] for each in bill["components"] if "licenses" not in each and "properties" not in each]
    assert silent == []


def test_what_needs_what_refers_to_what_is_listed(bill: dict[str, Any]) -> None:
    refs = [each["bom-ref"] for each in bill["components"]]
    assert len(set(refs)) == len(refs)
    hub = bill["metadata"]["component"]["bom-ref"]
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert {*edges, *(ref for needed in edges.values() for ref in needed)} == {*refs, hub}
    assert any("flask@" in ref for ref in edges[hub])


def test_it_is_the_same_each_time_and_goes_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sbom.json"
    assert told("--output", str(path)) == ""
    assert path.read_text("utf-8") == told()
