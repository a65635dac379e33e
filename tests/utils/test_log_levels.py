"""Levels change at run time, for a component and a while, in every process, and go back by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_levels import DEBUG, ERROR, INFORMATION, LONGEST_MS, Levels, read_levels, set_level
from python_core.utils.log_writer import LogWriter
from python_core.utils.logger import Logger
from python_core.utils.timestamps import now_ms, to_rfc3339

ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


def levels_of(paths: Paths) -> Levels:
    levels = Levels()
    levels.configure(INFORMATION, paths)
    return levels


def written(paths: Paths, levels: object) -> None:
    paths.runtime().mkdir(parents=True, exist_ok=True)
    text = levels if isinstance(levels, str) else json.dumps({"levels": levels})
    (paths.runtime() / "log-levels.json").write_text(text, encoding="utf-8")


def test_a_component_gets_its_level_and_the_others_keep_theirs(paths: Paths) -> None:
    set_level(paths, "gate", "Debug", 60_000)
    levels = levels_of(paths)
    assert (levels.level, levels.least) == (INFORMATION, {"gate": DEBUG})
    set_level(paths, "all", "Error", 60_000)
    levels.look()
    assert (levels.level, levels.least) == (ERROR, {"gate": DEBUG})
    set_level(paths, "gate", None)
    set_level(paths, "all", None)
    levels.look()
    assert (levels.level, levels.least) == (INFORMATION, {})
    assert levels.told() == {}


def test_a_level_goes_back_by_itself(paths: Paths) -> None:
    levels = levels_of(paths)
    set_level(paths, "gate", "Debug", 0)
    levels.look()
    assert levels.least == levels.told() == {}
    while not levels.least:
        written(paths, {"gate": {"level": "Debug", "until": to_rfc3339(now_ms() + 200)}})
        levels.look()
    while levels.least:  # ends without anybody writing the file
        levels.look()
    assert levels.told() == {}


def test_a_file_that_cannot_be_read_at_the_moment_changes_nothing_yet(paths: Paths) -> None:
    """As on Windows while another process replaces it."""
    set_level(paths, "gate", "Debug", 60_000)
    levels = levels_of(paths)
    file = paths.runtime() / "log-levels.json"
    file.rename(file.with_name("away"))
    file.mkdir()
    levels.look()
    assert levels.least == {"gate": DEBUG}
    file.rmdir()
    levels.look()
    assert levels.least == {}
    file.with_name("away").rename(file)
    levels.look()
    assert levels.least == {"gate": DEBUG}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"levels": 3}',
        {"gate": 3},
        {"gate": {}},
        {"gate": {"level": "Debug", "until": "soon"}},
        {"gate": {"level": "Loud", "until": to_rfc3339(now_ms() + 60_000)}},
        {"elsewhere": {"level": "Debug", "until": to_rfc3339(now_ms() + 60_000)}},
        {"gate": {"level": "Debug", "until": to_rfc3339(now_ms() + 2 * LONGEST_MS)}},
        '{"levels":' + "[" * 100_000,
    ],
)
def test_a_file_that_says_nothing_usable_changes_nothing(paths: Paths, content: object) -> None:
    written(paths, content)
    assert read_levels(paths) == {}
    assert levels_of(paths).least == {}


@pytest.mark.parametrize(
    ("component", "level", "for_ms"), [("gaet", "Debug", 1), ("gate", "Loud", 1), ("gate", "Debug", LONGEST_MS + 1)]
)
def test_what_makes_no_sense_is_refused(paths: Paths, component: str, level: object, for_ms: int) -> None:
    with pytest.raises(ValueError, match="component"):
        set_level(paths, component, level, for_ms)  # type: ignore[arg-type]
    assert not paths.runtime().exists()


def test_a_logger_that_runs_follows_within_the_time_of_a_look(paths: Paths) -> None:
    writer = LogWriter()
    gate, other = Logger(writer, "python-net", "gate"), Logger(writer, "python-net", "answers")
    writer.configure(paths)
    gate.debug("before")
    set_level(paths, "gate", "Debug", 60_000)
    while not gate.is_on(DEBUG):
        pass
    gate.debug("within")
    other.debug("of another component")
    text = (paths.logs() / "python-net-log.txt").read_text(encoding="utf-8")
    writer.stream("python-net").close()
    assert [line.split(" ", 1)[1] for line in text.splitlines()] == ["DBG gate        within"]


def test_other_processes_follow_too(paths: Paths) -> None:
    script = f"""
from pathlib import Path
from python_core.utils.config_path_resolver import Paths
from python_core.utils.logger import configure_logs, get_logger_for
log = get_logger_for("python-net", "python_core.net.gate")
configure_logs(Paths(roaming=Path({str(paths.roaming)!r}), local=Path({str(paths.local)!r})))
print("ready", flush=True)
while not log.is_on(1):
    pass
print("on", flush=True)
while log.is_on(1):
    pass
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        set_level(paths, "gate", "Debug", 600_000)
        assert process.stdout.readline() == b"on\n"
        set_level(paths, "gate", None)
        assert process.wait(60) == 0
