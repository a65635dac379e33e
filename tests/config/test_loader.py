from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from python_core.config import (
    BRIDGE,
    SECTIONS,
    WEB_LISTENER,
    BridgeSettings,
    Settings,
    WebListenerSettings,
    explain_settings,
    load_or_seed_bridge_settings,
    load_or_seed_settings,
    load_or_seed_web_listener_settings,
    load_section,
)
from python_core.errors import HubError, SettingsInvalid
from python_core.utils.config_path_resolver import Paths, resolve_paths

ROOT = Path(__file__).resolve().parents[2]

FIRST_START = """
import sys, time
from pathlib import Path
from python_core.config import load_or_seed_settings
import msgspec
print("ready", flush=True)
while not (Path(sys.argv[1]) / "go").exists():
    time.sleep(0.002)
settings = load_or_seed_settings()
sys.stdout.buffer.write(msgspec.json.encode(settings))
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"APPDATA": str(tmp_path / "roaming"), "LOCALAPPDATA": str(tmp_path / "local")}


@pytest.fixture
def paths(environ: dict[str, str]) -> Paths:
    return resolve_paths(environ)


@pytest.fixture
def bridge_file(paths: Paths) -> Path:
    paths.config().mkdir(parents=True)
    return paths.config() / "bridge-settings.json"


def refusal(paths: Paths, **given: Any) -> SettingsInvalid:
    with pytest.raises(SettingsInvalid) as found:
        load_or_seed_bridge_settings(paths, **({"environ": {}} | given))
    return found.value


def test_a_first_start_writes_the_defaults_and_reads_them(environ: dict[str, str], tmp_path: Path):
    settings = load_or_seed_settings(environ=environ)
    assert settings == Settings(bridge=BridgeSettings(), web_listener=WebListenerSettings())
    folder = tmp_path / "roaming/SmrtHub/Config/python-net"
    for section in SECTIONS:
        shipped = ROOT / "python_core/config/defaults" / f"{section.name}-settings.defaults.json"
        assert (folder / section.file_name).read_bytes() == shipped.read_bytes()
    assert not (tmp_path / "local").exists()


def test_each_file_is_seeded_by_its_own_loader_alone(paths: Paths):
    assert load_or_seed_web_listener_settings(paths, {}) == WebListenerSettings()
    assert not (paths.config() / "bridge-settings.json").exists()
    assert load_or_seed_bridge_settings(paths, {}) == BridgeSettings()


def test_sixty_first_starts_at_once_seed_one_whole_file_each(environ: dict[str, str], tmp_path: Path):
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
        )
        for _ in range(60)
    ]
    for start in starts:
        assert start.stdout is not None
        assert start.stdout.readline() == b"ready\n"
    (tmp_path / "go").touch()
    told = set()
    for start in starts:
        with start:
            told.add(start.communicate(timeout=240)[0])
        assert start.returncode == 0
    assert len(told) == 1
    assert json.loads(told.pop())["bridge"]["port"] == 5001
    folder = resolve_paths(environ).config()
    assert sorted(each.name for each in folder.iterdir() if each.suffix != ".lock") == [
        "bridge-settings.json",
        "web-listener-settings.json",
    ]


def test_a_later_layer_wins_and_every_value_knows_its_source(paths: Paths, bridge_file: Path):
    bridge_file.write_text('{"port": 1, "threads": 11, "logLevel": "Debug"}')
    environ = {"SMRTHUB_BRIDGE_PORT": "2", "SMRTHUB_BRIDGE_THREADS": "12", "SMRTHUB_WEB_LISTENER_PORT": "3"}
    loaded = load_section(BRIDGE, paths, environ, {"port": 4, "host": None})
    assert (loaded.settings.port, loaded.sources["port"]) == (4, "flag")
    assert (loaded.settings.threads, loaded.sources["threads"]) == (12, "environment")
    assert (loaded.settings.log_level, loaded.sources["logLevel"]) == ("Debug", "file")
    assert (loaded.settings.host, loaded.sources["host"]) == ("127.0.0.1", "default")
    assert load_or_seed_web_listener_settings(paths, environ).port == 3
    assert (loaded.path, loaded.warnings) == (bridge_file, ())


def test_flags_go_to_their_section(paths: Paths):
    settings = load_or_seed_settings(paths, {}, {"bridge": {"port": "0"}, "web-listener": {"port": 7}})
    assert (settings.bridge.port, settings.web_listener.port) == (0, 7)
    with pytest.raises(ValueError, match="no such setting of bridge: prot"):
        load_or_seed_bridge_settings(paths, {}, {"prot": 1})


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PORT", " 80 ", "port", 80),
        ("PORT", "", "port", 5001),
        ("PORT_FALLBACK", "FALSE", "port_fallback", False),
        ("TEST_HOOKS", "1", "test_hooks", True),
        ("ALLOWED_HOSTS", "a.test:1, b.test:2,", "allowed_hosts", ("a.test:1", "b.test:2")),
        ("SEARCH_URL", "https://a.test/{query}", "search_url", "https://a.test/{query}"),
    ],
)
def test_variables_are_read_as_the_settings_kind(paths: Paths, variable: str, text: str, field: str, value: object):
    settings = load_or_seed_bridge_settings(paths, {f"SMRTHUB_BRIDGE_{variable}": text})
    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("variable", "text", "rule"),
    [
        ("PORT", "http", "must be a whole number from 0 to 65535"),
        ("PORT", "-1", "must be a whole number from 0 to 65535"),
        ("PORT", "1" * 5000, "must be a whole number from 0 to 65535"),
        ("PORT", "٥", "must be a whole number from 0 to 65535"),
        ("PORT_FALLBACK", "maybe", "must be true or false"),
        ("HOST", "0.0.0.0", "must be a loopback address"),
        ("LOG_LEVEL", "loud", "must be one of Verbose, Debug, Information, Warning, Error, Fatal"),
    ],
)
def test_a_wrong_variable_is_named_with_its_rule(paths: Paths, variable: str, text: str, rule: str):
    found = refusal(paths, environ={f"SMRTHUB_BRIDGE_{variable}": text})
    assert found.message.startswith(f"SMRTHUB_BRIDGE_{variable} {rule}")


def test_a_wrong_flag_is_named_with_its_rule(paths: Paths):
    found = refusal(paths, flags={"host": "0.0.0.0"})
    assert found.message.startswith("bridge host must be a loopback address")


DAMAGED = {
    "truncated": ('{"port": 50', [], "line 1, column"),
    "not an object": ("[]", [""], "must hold one JSON object"),
    "byte order mark": ("\ufeff{}", [], "byte order mark"),
    "NaN": ('{"port": NaN}', [], "NaN is no JSON number"),
    "key twice": ('{"port": 1, "port": 2}', [], 'line 1: the key "port" stands twice'),
    "wrong type": ('{"port": "5001"}', ["/port"], "/port: must be a whole number from 0 to 65535"),
    "out of range": ('{"port": 70000}', ["/port"], "/port: must be a whole number from 0 to 65535"),
    "null": ('{"host": null}', ["/host"], "/host: must be a loopback address"),
    "every interface": ('{"host": "0.0.0.0"}', ["/host"], "/host: must be a loopback address"),
    "inside a list": (
        '{"allowedHosts": ["a", "*"]}',
        ["/allowedHosts/1"],
        "/allowedHosts/1: does not fit: allowedHosts",
    ),
    "two faults": ('{"threads": 1, "port": true}', ["/port", "/threads"], "; /threads: must be"),
    "too many streams": ('{"eventStreams": 8}', ["/eventStreams"], "eventStreams must be smaller than threads"),
    "newer": ('{"schemaVersion": 2}', ["/schemaVersion"], "is 2 and this hub knows 1: a newer SmrtHub wrote it"),
    "no version": ('{"schemaVersion": "1"}', ["/schemaVersion"], "must be a whole number from 1"),
    "version true": ('{"schemaVersion": true}', ["/schemaVersion"], "must be a whole number from 1"),
    "version 0": ('{"schemaVersion": 0}', ["/schemaVersion"], "must be a whole number from 1"),
}


@pytest.mark.parametrize("bak", [False, True], ids=["no bak", "bak"])
@pytest.mark.parametrize(("text", "pointers", "cause"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_file_that_cannot_be_used_is_told_and_never_touched(
    paths: Paths, bridge_file: Path, text: str, pointers: list[str], cause: str, bak: bool
):
    bridge_file.write_text(text, encoding="utf-8")
    if bak:
        bridge_file.with_name("bridge-settings.json.bak").write_text("{}")
    before = {each: each.read_bytes() for each in paths.config().iterdir()}
    found = refusal(paths)
    assert found.message.startswith(f"{bridge_file}: ")
    assert cause in found.message
    assert [each.at for each in found.details] == pointers
    assert ("or go back to" in found.message) is bak
    assert {each: each.read_bytes() for each in paths.config().iterdir()} == before


def test_a_wrong_value_in_the_file_is_told_though_the_environment_overrides_it(paths: Paths, bridge_file: Path):
    bridge_file.write_text('{"port": -5}')
    assert "/port" in refusal(paths, environ={"SMRTHUB_BRIDGE_PORT": "5001"}).message


def test_a_contradiction_between_places_names_them(paths: Paths):
    found = refusal(paths, environ={"SMRTHUB_BRIDGE_THREADS": "3"})
    assert "(eventStreams from file, threads from environment)" in found.message


def test_unknown_keys_are_kept_and_told(paths: Paths, bridge_file: Path):
    text = '{"$schema": "x", "schemaVersion": 1, "Port": 1, "mine": {"a": 1}}'
    bridge_file.write_text(text)
    loaded = load_section(BRIDGE, paths, {"SMRTHUB_BRIDGE_PROT": "1", "SMRTHUB_SESSION_TOKEN": "t"})
    assert loaded.settings == BridgeSettings()
    assert loaded.warnings == (
        f"{bridge_file}: no such setting: 'Port' (is port meant?). It is kept.",
        f"{bridge_file}: no such setting: 'mine'. It is kept.",
        "no such setting: SMRTHUB_BRIDGE_PROT (is SMRTHUB_BRIDGE_PORT meant?)",
    )
    assert bridge_file.read_text() == text
    assert load_or_seed_settings(paths, {}).warnings == loaded.warnings[:2]


def test_settings_are_explained_in_the_order_of_the_files(paths: Paths):
    rows = explain_settings(paths, {"SMRTHUB_WEB_LISTENER_PORT": "9"}, {"bridge": {"threads": 9}})
    assert [(row.section, row.name) for row in rows] == [
        (section.name, setting.name) for section in (BRIDGE, WEB_LISTENER) for setting in section.settings
    ]
    told = {(row.section, row.name): (row.value, row.source, row.default, row.variable) for row in rows}
    assert told["web-listener", "port"] == (9, "environment", 5000, "SMRTHUB_WEB_LISTENER_PORT")
    assert told["bridge", "threads"] == (9, "flag", 8, "SMRTHUB_BRIDGE_THREADS")
    assert told["bridge", "port"] == (5001, "file", 5001, "SMRTHUB_BRIDGE_PORT")


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    found = refusal(Paths(tmp_path / "file" / "SmrtHub", tmp_path))
    assert "is not there and cannot be written" in found.message


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_links_are_told(paths: Paths, bridge_file: Path, tmp_path: Path):
    bridge_file.symlink_to(tmp_path / "nowhere")
    assert "is a link to nothing" in refusal(paths).message
    (tmp_path / "elsewhere").mkdir()
    bridge_file.unlink()
    bridge_file.parent.rmdir()
    bridge_file.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HubError, match="python-net is a link"):
        load_or_seed_bridge_settings(paths, {})
