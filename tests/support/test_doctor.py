"""The doctor names each thing that can be wrong by its reason code, and changes nothing by looking."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from python_core.config import load_or_seed_privacy_rules, load_or_seed_settings
from python_core.store import integrity, overview
from python_core.store import open_store as open_store_in
from python_core.support.doctor import told, walk_chain
from python_core.support.hops import run_checks
from python_core.support.machine import Machine
from python_core.support.processes import Instance
from python_core.support.store_files import Finding
from python_core.utils.atomic_json import write_json
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.file_lock import FileLock
from tests.house.tree import ROOT
from tests.support.kept import filled

KILLED = {"pid": 2**22 + 7, "host": "127.0.0.1", "port": 5001, "startedAt": "2026-01-01T00:00:00.000Z", "token": "x"}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A hub that has run and was ended in order; no other process is looked at."""
    paths = Paths(roaming=tmp_path / "roaming" / "SmrtHub", local=tmp_path / "local" / "SmrtHub")
    ports = {"SMRTHUB_BRIDGE_PORT": "0", "SMRTHUB_WEB_LISTENER_PORT": "0"}
    load_or_seed_settings(paths, {})
    load_or_seed_privacy_rules(paths, {})
    for folder in (paths.logs(), paths.runtime()):
        make_private(folder)
    filled(paths.stored()).store.close()
    return Machine(paths, ports, instances=lambda _: [])


def codes(machine: Machine) -> dict[str, tuple[str, str]]:
    """Return what is not well; a new store has no daily copy, its clips are of another year, and no hub runs."""
    found = {hop.check: (hop.state, hop.code) for hop in walk_chain(machine, None) if hop.code}
    return {check: told for check, told in found.items() if check not in ("daily copies", "disk", "clipboard")}


def test_where_all_is_well_nothing_is_named_and_nothing_is_written(machine: Machine) -> None:
    before = snapshot(machine.paths)
    assert codes(machine) == {"process": ("skipped", "not_running")}
    assert snapshot(machine.paths) == before


def test_where_nothing_was_ever_started_nothing_is_made(tmp_path: Path) -> None:
    machine = Machine(Paths(tmp_path / "r", tmp_path / "l"), {}, instances=lambda _: [])
    assert {hop.state for hop in walk_chain(machine, None)} <= {"ok", "skipped", "warning"}
    assert list(tmp_path.iterdir()) == []


def damage_database(machine: Machine) -> None:
    path = machine.paths.stored() / "hub.db"
    path.write_bytes(b"no database at all" * 1000)


def damage_pages(machine: Machine) -> None:
    path = machine.paths.stored() / "hub.db"
    with closing(sqlite3.connect(path)) as conn:  # pages of the schema itself would be another fault
        roots = conn.execute("SELECT rootpage FROM sqlite_schema WHERE name IN ('outputs_by_source', 'clips_by_visit')")
        pages = [page for (page,) in roots]
    content = bytearray(path.read_bytes())
    for page in pages:
        content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    path.write_bytes(content)


def remove_logs(machine: Machine) -> None:
    machine.paths.logs().rmdir()


def close_logs(machine: Machine) -> None:
    machine.paths.logs().chmod(0o500)


def open_settings(machine: Machine) -> None:
    (machine.paths.config() / "bridge-settings.json").chmod(0o644)


def open_store(machine: Machine) -> None:
    machine.paths.stored().chmod(0o755)


def spoil_settings(machine: Machine) -> None:
    (machine.paths.config() / "bridge-settings.json").write_text('{"port": "canary"}', "utf-8")


def misspell_setting(machine: Machine) -> None:
    write_json(machine.paths.config() / "web-listener-settings.json", {"schemaVersion": 1, "canary": 1})


def spoil_rules(machine: Machine) -> None:
    (machine.paths.config() / "privacy-rules.json").write_text("{", "utf-8")


def leave_runtime_file(machine: Machine) -> None:
    write_json(machine.paths.runtime() / "bridge.json", KILLED)


def set_clock_back(machine: Machine) -> None:
    later_s = machine.now() / 1000 + 7200
    os.utime(machine.paths.stored() / "hub.db", (later_s, later_s))


def give_up(machine: Machine) -> None:
    told = {"state": "gave_up", "pid": 1, "startedAt": "2026-01-01T00:00:00.000Z", "lastCode": -9}
    write_json(machine.paths.runtime() / "supervisor.json", told)


unix = pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
TABLE: list[tuple[Callable[[Machine], None], str, str, str]] = [
    (damage_database, "schema", "failed", "store_unusable"),
    (damage_pages, "pages", "failed", "damaged_pages"),
    (remove_logs, "folders", "failed", "folder_missing"),
    (close_logs, "log disk", "failed", "logs_read_only"),
    (open_settings, "private files", "failed", "files_open"),
    (open_store, "files", "failed", "files_open"),
    (spoil_settings, "bridge settings", "failed", "settings_invalid"),
    (misspell_setting, "web-listener settings", "warning", "settings_unknown"),
    (spoil_rules, "privacy rules", "failed", "rules_invalid"),
    (leave_runtime_file, "process", "warning", "hub_killed"),
    (give_up, "supervisor", "failed", "supervisor_gave_up"),
    (set_clock_back, "clock", "failed", "clock_behind"),
]


@unix
@pytest.mark.parametrize(("break_it", "check", "state", "code"), TABLE, ids=lambda each: getattr(each, "__name__", ""))
def test_each_fault_is_named(
    machine: Machine, break_it: Callable[[Machine], None], check: str, state: str, code: str
) -> None:
    break_it(machine)
    assert codes(machine)[check] == (state, code)
    hops = told(walk_chain(machine, None))
    assert all(hop["advice"] for hop in hops if hop["code"])
    assert "canary" not in str(hops)


def clipboard(machine: Machine, after_s: int = 0) -> dict[str, object]:
    """Return what is said of the clipboard so long after the last clip came."""
    with integrity.examining(machine.paths.stored()) as conn:
        came_ms = overview.newest_clip_ms(conn) or machine.now()
    moved = replace(machine, now=lambda: came_ms + after_s * 1000)
    [hop] = [hop for hop in told(walk_chain(moved, None)) if hop["check"] == "clipboard"]
    return hop


@pytest.mark.parametrize(
    ("after_s", "state", "code", "shown"),
    [(0, "ok", "", "0 s"), (300, "ok", "", "5 min"), (604_801, "warning", "clipboard_silent", "7 days")],
)
def test_how_old_the_newest_clip_is_is_told(machine: Machine, after_s: int, state: str, code: str, shown: str) -> None:
    hop = clipboard(machine, after_s)
    assert (hop["state"], hop["code"], hop["ageSeconds"]) == (state, code, after_s)
    assert shown in str(hop["detail"])


def test_a_store_without_a_clip_says_that_nothing_posts_any(machine: Machine) -> None:
    for path in machine.paths.stored().iterdir():
        path.unlink() if path.is_file() else shutil.rmtree(path)
    open_store_in(machine.paths.stored()).close()
    assert clipboard(machine)["code"] == "clipboard_none"


def test_ages_are_told_of_what_was_written_before(machine: Machine) -> None:
    log = machine.paths.logs() / "python-net-log.json"
    log.write_text("{}", "utf-8")
    os.utime(log, (machine.now() / 1000 - 90, machine.now() / 1000 - 90))
    ages = {hop["check"]: hop["ageSeconds"] for hop in told(walk_chain(machine, None))}
    assert 90 <= ages["log disk"] < 10_000
    assert ages["folders"] is None


def test_a_port_that_is_taken_is_told_with_its_holder(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {**machine.environ, "SMRTHUB_BRIDGE_PORT": str(port)}
        assert codes(replace(machine, environ=environ))["bridge port"] == ("warning", "port_taken")
        environ["SMRTHUB_BRIDGE_PORT_FALLBACK"] = "false"
        hops = walk_chain(replace(machine, environ=environ), None)
        [hop] = [hop for hop in hops if hop.check == "bridge port"]
        assert (hop.state, hop.code) == ("failed", "port_taken")
        assert str(port) in hop.detail


def test_a_second_instance_is_told(machine: Machine) -> None:
    two = replace(machine, instances=lambda _: [Instance([11], [5001, 5000]), Instance([12], [5002])])
    assert codes(two)["instances"] == ("warning", "second_instance")


def test_a_hub_that_does_not_say_where_it_is_is_told(machine: Machine) -> None:
    lock = FileLock(machine.paths.runtime() / "hub.lock")
    assert lock.try_acquire()
    assert codes(machine)["process"] == ("failed", "hub_silent")
    lock.release()


def test_a_clock_before_this_version_and_a_full_disk_of_logs_are_told(machine: Machine) -> None:
    wrong = replace(machine, now=lambda: 0, free_bytes=lambda _: 0)
    assert codes(wrong)["clock"] == ("failed", "clock_wrong")
    assert codes(wrong)["log disk"] == ("failed", "log_disk_short")


def test_a_check_that_meets_what_it_does_not_know_is_no_end() -> None:
    def breaks() -> Finding:
        raise KeyError("canary")

    [hop] = run_checks([("part", breaks)])
    assert (hop.state, hop.code) == ("failed", "answer_unknown")
    assert "canary" not in str(hop)


def test_every_reason_code_stands_in_the_documentation() -> None:
    page = (ROOT / "docs" / "support.md").read_text("utf-8")
    modules = ("own_checks", "process_checks", "hub_checks", "canary", "doctor", "store_files", "hops")
    text = "".join((ROOT / "python_core" / "support" / f"{name}.py").read_text("utf-8") for name in modules)
    found = set(re.findall(r'"([a-z]+(?:_[a-z]+)+)"', text)) - {"gave_up"}  # no code: how a supervisor is
    assert {"port_taken", "gate_open", "search_missing"} <= found
    assert [code for code in sorted(found) if f"`{code}`" not in page] == []


def snapshot(paths: Paths) -> dict[str, int]:
    every = [*paths.roaming.rglob("*"), *paths.local.rglob("*")]
    return {str(path): path.stat().st_size for path in every if path.suffix not in (".db-shm", ".db-wal")}
