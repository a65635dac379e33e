"""The file of privacy rules: its JSON Schema says what the hub takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from python_core import config
from python_core.config import rules_of

FOLDER = Path(config.__file__).parent
SCHEMA = json.loads((FOLDER / "schema" / "privacy-rules.schema.json").read_text("utf-8"))
DEFAULTS = json.loads((FOLDER / "defaults" / "privacy-rules.defaults.json").read_text("utf-8"))


def rule(**on: Any) -> dict[str, Any]:
    return {"rules": [{"name": "mine", "action": "drop", "on": on}]}


def test_the_schema_is_sound_and_the_defaults_fit_it() -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert jsonschema_rs.is_valid(SCHEMA, DEFAULTS)
    assert rules_of(DEFAULTS)[1] == []


@pytest.mark.parametrize(
    "document",
    [
        rule(site=["x.example"]),
        rule(sites=["https://x.example"]),
        rule(secrets=["passwords"]),
        rule(contents=["a*b"]),
        rule(apps="KeePass"),
        {"rules": [{"name": "A", "action": "drop", "on": {"apps": ["x"]}}]},
        {"rules": [{"name": "a", "action": "forget", "on": {"apps": ["x"]}}]},
        {},
    ],
    ids=range(8),
)
def test_what_the_schema_refuses_the_hub_refuses_too(document: dict[str, Any]) -> None:
    assert not jsonschema_rs.is_valid(SCHEMA, document)
    assert rules_of(document)[1] != []


@pytest.mark.parametrize(
    "document", [rule(contents=["EMP-[0-9]{5}", r"a\*b", "word*", "two words"]), rule(urls=["a/*"])], ids=range(2)
)
def test_what_the_pages_show_is_taken(document: dict[str, Any]) -> None:
    assert jsonschema_rs.is_valid(SCHEMA, document)
    assert rules_of(document)[1] == []
