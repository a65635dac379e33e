"""What is installed is pinned, hashed, the same for both commands, and comes from no named place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("build", "run", "test")


def _text(name: str) -> str:
    return (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")


def _pins(name: str) -> dict[str, tuple[str, list[str]]]:
    """Package -> its version with marker, and its hashes."""
    whole = re.sub(r" *\\\n *", " ", _text(name))
    lines = [line for line in whole.splitlines() if line and not line.lstrip().startswith("#")]
    pins = {}
    for line in lines:
        requirement, *hashes = line.split(" --hash=")
        package, _, version = requirement.partition("==")
        pins[package] = (version, hashes)
    return pins


def _package(requirement: str) -> str:
    return re.split(r"[<>=!~;\[ ]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_is_one_version_with_hashes(name: str) -> None:
    for package, (version, hashes) in _pins(name).items():
        assert re.fullmatch(r"[0-9][\w.+!]*( ; .+)?", version), package
        assert hashes, package
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest.strip()) for digest in hashes), package


@pytest.mark.parametrize("name", NAMES)
def test_no_index_is_named(name: str) -> None:
    options = [line for line in _text(name).splitlines() if line.startswith("-") or "://" in line]
    assert options == []


@pytest.mark.parametrize("name", ["build", "run"])
def test_test_installs_the_same_versions_as_run(name: str) -> None:
    """So that one .venv serves both commands, and the tests test what runs."""
    tested = _pins("test")
    for package, (version, hashes) in _pins(name).items():
        if name == "run" or package in tested:
            assert tested[package][0].partition(" ;")[0] == version.partition(" ;")[0]
            assert tested[package][1] == hashes


def test_what_pyproject_asks_for_is_pinned() -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {
        "build": [*project["dependency-groups"]["build"], *project["build-system"]["requires"]],
        "run": project["project"]["dependencies"],
        "test": project["project"]["optional-dependencies"]["test"],
    }
    for name, requirements in asked.items():
        missing = {_package(requirement) for requirement in requirements} - set(_pins(name))
        assert not missing, f"requirements/{name}.txt lacks {missing}: lock again, as CONTRIBUTING.md says"
