"""The parts of the hub whose level can be changed are the modules that log."""

from __future__ import annotations

import re

from python_core.utils.log_levels import ALL, COMPONENTS
from tests.house.tree import ROOT


def test_the_components_are_the_modules_that_log() -> None:
    calls = re.compile(r"^log = get_logger_for\(.*$", re.MULTILINE)
    sources = [(path.stem, path.read_text(encoding="utf-8")) for path in (ROOT / "python_core").rglob("*.py")]
    found = {name: calls.findall(text) for name, text in sources if calls.search(text)}
    assert all(call.endswith(", __name__)") for each in found.values() for call in each), "say which module logs"
    assert set(COMPONENTS) == set(found) | {ALL, "libraries"}, "name the modules that log in COMPONENTS"
    assert list(COMPONENTS) == sorted(COMPONENTS)
