"""Each line of a log is given once, in order, whatever turns over, is removed or is being written meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from python_core.support.log_lines import LogLines
from python_core.utils.log_files import LogFile

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x-log.json"


def turn(path: Path, day: int) -> None:
    path.rename(path.with_name(f"x-log.2026-01-{day:02d}T03-04-05-678Z.json"))


def test_a_log_that_is_not_there_has_no_lines_yet(path: Path) -> None:
    lines = LogLines(path)
    assert list(lines.read()) == []
    path.write_bytes(b"1\n")
    assert list(lines.read()) == [b"1"]


def test_all_files_are_read_in_order_and_what_is_added_is_read_once(path: Path) -> None:
    for day in (1, 2):
        path.write_bytes(f"of day {day}\n".encode())
        turn(path, day)
    path.write_bytes(b"now\nhalf a li")
    lines = LogLines(path)
    assert list(lines.read()) == [b"of day 1", b"of day 2", b"now"]
    assert list(lines.read()) == []
    with path.open("ab") as file:
        file.write(b"ne\nand more\n")
    assert list(lines.read()) == [b"half a line", b"and more"]


def test_it_goes_on_over_any_number_of_turnings(path: Path) -> None:
    path.write_bytes(b"1\n")
    lines = LogLines(path)
    assert list(lines.read()) == [b"1"]
    with path.open("ab") as file:
        file.write(b"2\n")
    turn(path, 1)
    path.write_bytes(b"3\n")
    turn(path, 2)
    assert list(lines.read()) == [b"2", b"3"]
    path.write_bytes(b"4\n")
    assert list(lines.read()) == [b"4"]


def test_it_goes_on_when_the_file_it_was_in_was_removed_or_emptied(path: Path) -> None:
    path.write_bytes(b"1\n2\n")
    lines = LogLines(path)
    assert list(lines.read()) == [b"1", b"2"]
    path.rename(path.with_name("away"))
    path.write_bytes(b"3\n")
    os.utime(path, (time.time() + 5,) * 2)
    assert list(lines.read()) == [b"3"]
    path.write_bytes(b"")
    path.write_bytes(b"4\n")
    assert list(lines.read()) in ([], [b"4"])  # as long as before: nobody can tell
    path.write_bytes(b"")
    assert list(lines.read()) == []
    path.write_bytes(b"5\n6\n")
    assert list(lines.read())[-1] == b"6"


def test_files_that_were_last_written_before_are_not_read(path: Path) -> None:
    path.write_bytes(b"old\n")
    os.utime(path, (1000, 1000))
    turn(path, 1)
    path.write_bytes(b"new\n")
    assert list(LogLines(path).read(since_ms=2_000_000)) == [b"new"]


WRITER = """
import sys
from pathlib import Path
from python_core.utils.log_files import LogFile
file = LogFile(Path(sys.argv[1]), max_bytes=2000)
for number in range(3000):
    assert file.append([f"{number}\\n".encode()]) == 1
"""


def test_following_a_process_that_turns_the_file_over_and_over_misses_and_repeats_nothing(path: Path) -> None:
    lines = LogLines(path)
    seen: list[bytes] = []
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=ROOT) as process:
        while process.poll() is None:
            seen += lines.read()
    seen += lines.read()
    assert process.returncode == 0
    assert seen == [f"{number}".encode() for number in range(3000)]


def test_a_reader_that_is_not_done_yet_holds_no_file_open(path: Path) -> None:
    """On Windows the file could not be turned over as long as it did."""
    file = LogFile(path, max_bytes=10**6)
    file.append([b"1\n", b"2\n"])
    file.close()
    reading = LogLines(path).read()
    assert next(reading) == b"1"
    folder = Path("/proc/self/fd")
    if folder.is_dir():
        assert path not in [each.readlink() for each in folder.iterdir() if each.exists()]
    reading.close()
