"""``smrthub config``: what is set, where from, and whether it can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal


def settings_file(terminal: Terminal, name: str = "bridge") -> Path:
    return terminal.home.paths.config() / f"{name}-settings.json"


def test_every_value_is_shown_with_its_source(idle: Terminal) -> None:
    idle("config", "show")
    file = settings_file(idle)
    file.write_text(json.dumps({**json.loads(file.read_text()), "threads": 12}))
    rows = [line.split(maxsplit=2) for line in idle("config", "show").out.splitlines()]
    assert ["threads", "12", "file (default: 8)"] in rows
    assert ["portFallback", "true", "file"] in rows
    assert ["port", "0", "SMRTHUB_BRIDGE_PORT"] in rows
    items = idle("config", "show", "--json").json["items"]
    [threads] = [item for item in items if (item["section"], item["name"]) == ("bridge", "threads")]
    assert (threads["value"], threads["source"], threads["default"]) == (12, "file", 8)


def test_valid_settings_are_ok_and_what_nothing_reads_is_told(idle: Terminal) -> None:
    assert idle("config", "check").code == 0
    file = settings_file(idle)
    file.write_text(json.dumps({**json.loads(file.read_text()), "treads": 12}))
    done = idle("config", "check")
    assert done.code == 0
    assert done.out.count("ok  ") == 3
    assert "is threads meant?" in done.err
    assert len(idle("config", "check", "--json").json["warnings"]) == 1


@pytest.mark.parametrize("name", ["bridge", "web-listener"])
def test_damaged_settings_are_78_with_place_cause_and_way_back(idle: Terminal, name: str) -> None:
    idle("config", "show")
    file = settings_file(idle, name)
    file.write_text('{"port": "x"}')
    done = idle("config", "check")
    assert done.code == 78
    assert str(file) in done.err
    assert "/port" in done.err
    assert "move it away" in done.err
    assert idle("config", "show").code == 78
    told = idle("config", "check", "--json")
    assert (told.code, json.loads(told.out)["valid"]) == (78, False)
    assert file.read_text() == '{"port": "x"}'


def test_a_variable_that_cannot_be_is_78(idle: Terminal) -> None:
    done = idle("config", "check", SMRTHUB_BRIDGE_THREADS="many")
    assert done.code == 78
    assert "SMRTHUB_BRIDGE_THREADS must be" in done.err


def test_the_folders_are_named_and_none_is_made(idle: Terminal) -> None:
    paths = idle.home.paths
    found = idle("config", "path", "--json").json
    wanted = {"settings": paths.config(), "logs": paths.logs(), "data": paths.stored(), "runtime": paths.runtime()}
    assert found == {name: str(path) for name, path in wanted.items()}
    assert idle("config", "path", "logs").out == f"{paths.logs()}\n"
    assert len(idle("config", "path").out.splitlines()) == 4
    assert not paths.local.exists()
