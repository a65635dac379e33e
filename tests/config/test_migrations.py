"""Settings files of older forms, as they will be once a name changes: by a list of changes of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from python_core.config import BRIDGE, WEB_LISTENER, load_section
from python_core.config.migrations import MIGRATIONS, SCHEMA_VERSION, Migration, Renamed, bring_forward, newest_names
from python_core.config.sections import SECTIONS
from python_core.errors import SettingsInvalid
from python_core.utils.config_path_resolver import Paths, resolve_paths
from tests.hubs import ROOT

#: In version 2 kilobytes became mebibytes and the port had another name for a while; in version 3 it got its own.
FAKES: tuple[Migration, ...] = (
    {"bridge": {"logKib": Renamed("logMib", lambda kib: kib // 1024), "tcp": Renamed("tcpPort")}},
    {"bridge": {"tcpPort": Renamed("port")}, "web-listener": {"workers": Renamed("threads")}},
)
OLD = '{"schemaVersion": 1, "threads": 9, "logKib": 8192, "tcp": 5005, "mine": [1]}'


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = resolve_paths({"APPDATA": str(tmp_path / "roaming"), "LOCALAPPDATA": str(tmp_path / "local")})
    found.config().mkdir(parents=True)
    return found


@pytest.fixture
def file(paths: Paths) -> Path:
    return paths.config() / "bridge-settings.json"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_an_old_file_is_brought_to_the_newest_form_and_kept_beside_it(paths: Paths, file: Path) -> None:
    file.write_text(OLD)
    loaded = load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert (loaded.settings.log_mib, loaded.settings.port, loaded.settings.threads) == (8, 5005, 9)
    assert loaded.sources["port"] == loaded.sources["logMib"] == "file"
    assert json.loads(file.read_text()) == {"schemaVersion": 3, "threads": 9, "logMib": 8, "port": 5005, "mine": [1]}
    assert list(json.loads(file.read_text())) == ["schemaVersion", "threads", "logMib", "port", "mine"]
    assert file.with_name("bridge-settings.json.bak").read_text() == OLD
    if sys.platform != "win32":
        assert {path.stat().st_mode & 0o777 for path in paths.config().glob("*.json*")} == {0o600}
    assert loaded.warnings == (
        f"{file}: logKib is logMib now, tcp is port now. It is written so; as it was, it is {file}.bak.",
        f"{file}: no such setting: 'mine'. It is kept.",
    )


def test_it_is_brought_there_once(paths: Paths, file: Path) -> None:
    file.write_text(OLD)
    first = load_section(BRIDGE, paths, {}, migrations=FAKES)
    again = load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert (again.settings, again.warnings) == (first.settings, first.warnings[1:])
    assert file.with_name("bridge-settings.json.bak").read_text() == OLD


def test_each_version_goes_only_through_what_came_after_it(paths: Paths, file: Path) -> None:
    file.write_text('{"schemaVersion": 2, "tcpPort": 5006, "logMib": 9}')
    loaded = load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert (loaded.settings.port, loaded.settings.log_mib) == (5006, 9)
    assert json.loads(file.read_text()) == {"schemaVersion": 3, "port": 5006, "logMib": 9}


def test_a_file_without_a_version_is_one_of_the_first(paths: Paths, file: Path) -> None:
    file.write_text('{"logKib": 2048}')
    assert load_section(BRIDGE, paths, {}, migrations=FAKES).settings.log_mib == 2
    assert json.loads(file.read_text()) == {"schemaVersion": 3, "logMib": 2}


@pytest.mark.parametrize("text", ['{"schemaVersion": 1, "threads": 9}', '{"threads": 9}', '{"schemaVersion": 3}'])
def test_a_file_in_which_no_name_changed_stays_to_the_last_byte(paths: Paths, file: Path, text: str) -> None:
    file.write_text(text)
    assert load_section(BRIDGE, paths, {}, migrations=FAKES).warnings == ()
    assert file.read_text() == text
    assert names_in(paths.config()) == ["bridge-settings.json"]


def test_each_file_has_its_own_changes(paths: Paths) -> None:
    file = paths.config() / "web-listener-settings.json"
    file.write_text('{"schemaVersion": 1, "workers": 5, "tcp": 1}')
    loaded = load_section(WEB_LISTENER, paths, {}, migrations=FAKES)
    assert (loaded.settings.threads, loaded.settings.port) == (5, 5000)
    assert loaded.warnings[1:] == (f"{file}: no such setting: 'tcp'. It is kept.",)


def test_what_stands_under_both_names_is_the_new_one_s(paths: Paths, file: Path) -> None:
    file.write_text('{"logKib": 2048, "logMib": 5}')
    loaded = load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert loaded.settings.log_mib == 5
    assert loaded.warnings == (f"{file}: no such setting: 'logKib' (it is logMib now). It is kept.",)


def test_old_names_in_a_new_file_and_in_the_environment_are_told(paths: Paths, file: Path) -> None:
    file.write_text('{"schemaVersion": 3, "tcp": 5005}')
    loaded = load_section(BRIDGE, paths, {"SMRTHUB_BRIDGE_LOG_KIB": "1"}, migrations=FAKES)
    assert (loaded.settings.port, loaded.settings.log_mib) == (5001, 64)
    assert loaded.warnings == (
        f"{file}: no such setting: 'tcp' (it is port now). It is kept.",
        "no such setting: SMRTHUB_BRIDGE_LOG_KIB (it is SMRTHUB_BRIDGE_LOG_MIB now)",
    )


@pytest.mark.parametrize(
    ("text", "pointer", "cause"),
    [
        ('{"logKib": "many"}', "/logKib", "/logKib: logMib must be a whole number from 1 to 10240"),
        ('{"logKib": 1}', "/logKib", "/logKib: logMib must be a whole number from 1 to 10240"),
        ('{"tcp": 5005, "threads": 1}', "/threads", "/threads: must be a whole number from 2 to 64"),
        ('{"schemaVersion": 4, "tcp": 1}', "/schemaVersion", "is 4 and this hub knows 3: a newer SmrtHub wrote it, so"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_by_its_own_names_and_never_touched(
    paths: Paths, file: Path, text: str, pointer: str, cause: str
) -> None:
    file.write_text(text)
    with pytest.raises(SettingsInvalid) as found:
        load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert [detail.at for detail in found.value.details] == [pointer]
    assert cause in found.value.message
    assert "mend it, or move it away" in found.value.message
    assert file.read_text() == text
    assert names_in(paths.config()) == ["bridge-settings.json"]


def test_a_file_that_cannot_be_written_is_told_and_the_hub_starts(paths: Paths, file: Path) -> None:
    file.write_text(OLD)
    (paths.config() / "bridge-settings.json.bak" / "in the way").mkdir(parents=True)
    loaded = load_section(BRIDGE, paths, {}, migrations=FAKES)
    assert (loaded.settings.log_mib, loaded.settings.port) == (8, 5005)
    assert "It cannot be written so (" in loaded.warnings[0]
    assert loaded.warnings[0].endswith("): change it yourself.")
    assert file.read_text() == OLD


START = """
import os, sys
from python_core.config import BRIDGE, load_section
from tests.config.test_migrations import FAKES
sys.stdin.readline()
print(load_section(BRIDGE, environ=os.environ, migrations=FAKES).settings.port)
"""


def test_of_many_starts_at_once_all_read_the_same_and_the_old_file_stays_beside_it(file: Path) -> None:
    file.write_text(OLD)
    environ = {**os.environ, "APPDATA": str(file.parents[3])}
    starts = [
        subprocess.Popen([sys.executable, "-c", START], cwd=ROOT, env=environ, text=True, stdin=PIPE, stdout=PIPE)
        for _ in range(8)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    assert [start.communicate(timeout=120)[0] for start in starts] == ["5005\n"] * 8
    assert file.with_name("bridge-settings.json.bak").read_text() == OLD
    assert names_in(file.parent) == ["bridge-settings.json", "bridge-settings.json.bak"]


def test_the_shipped_list_and_the_shipped_settings_agree() -> None:
    assert len(MIGRATIONS) + 1 == SCHEMA_VERSION
    for section in SECTIONS:
        assert section.defaults()["schemaVersion"] == SCHEMA_VERSION
        known = {each.name for each in section.settings}
        for old, new in newest_names(section.name, MIGRATIONS).items():
            assert new in known
            assert old not in known, "no name comes back"
        assert {section.name for section in SECTIONS} >= {name for step in MIGRATIONS for name in step}


def test_nothing_is_changed_where_there_is_nothing_to_change() -> None:
    assert bring_forward({"port": 1}, "bridge", ()) == ({"port": 1}, {})
