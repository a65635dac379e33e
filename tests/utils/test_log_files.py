"""A log file keeps whole lines, each once, whatever other processes, rotations, kills and full disks do."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_core.errors import HubError
from python_core.utils.file_lock import FileLock
from python_core.utils.log_files import LogFile, full_files

posix_only = pytest.mark.skipif(os.name == "nt", reason="modes, open descriptors and limits of POSIX")
IS_ROOT = os.name != "nt" and os.geteuid() == 0


def log_file(folder: Path, *, max_bytes: int = 100, hold_open: bool = os.name != "nt") -> LogFile:
    return LogFile(folder / "x-log.json", max_bytes=max_bytes, hold_open=hold_open)


class Unmovable(type(Path())):  # type: ignore[misc]
    """A path whose file somebody has open on Windows."""

    refuses = True

    def rename(self, target: str | os.PathLike[str]) -> Path:
        """Refuse as Windows does."""
        if self.refuses:
            raise PermissionError(13, "The process cannot access the file", str(self))
        return Path(super().rename(target))


def line(number: int, size: int = 20) -> bytes:
    return f"{number}".ljust(size - 1, ".").encode() + b"\n"


def lines_in(folder: Path) -> list[bytes]:
    return (folder / "x-log.json").read_bytes().splitlines(keepends=True)


def full_in(folder: Path) -> list[list[bytes]]:
    """Return the lines of each full file, oldest first."""
    return [each.read_bytes().splitlines(keepends=True) for each in full_files(folder / "x-log.json")]


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.endswith(".lock"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", str(disk)]
    if not IS_ROOT or sys.platform != "linux" or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting needs root on Linux; the test with a file size limit runs everywhere")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture(params=[pytest.param(True, marks=posix_only), False], ids=["held open", "opened for each write"])
def hold_open(request: pytest.FixtureRequest) -> bool:
    """Both ways on every system that has both: the one of Windows is plain Python."""
    return bool(request.param)


def test_makes_its_folder_and_writes(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path / "a" / "b", hold_open=hold_open)
    assert file.append([line(1), line(2)]) == 2
    assert lines_in(tmp_path / "a" / "b") == [line(1), line(2)]
    file.close()


@posix_only
def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path, hold_open: bool) -> None:
    before = os.umask(0)
    try:
        file = log_file(tmp_path / "logs", max_bytes=20, hold_open=hold_open)
        for number in range(3):
            file.append([line(number)])
        file.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "logs").iterdir()}
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


@posix_only
def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    (tmp_path / "x-log.json").touch(0o644)
    file = log_file(tmp_path)
    file.append([line(1)])
    file.close()
    assert stat.S_IMODE((tmp_path / "x-log.json").stat().st_mode) == 0o600


@posix_only
def test_a_link_in_the_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "x-log.json").symlink_to(tmp_path / "elsewhere")
    file = log_file(tmp_path)
    assert file.append([line(1)]) == 0
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(HubError, match="link"):
        file.prove()


def test_turns_over_before_the_write_that_would_make_it_too_large(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, max_bytes=40, hold_open=hold_open)
    for number in range(7):
        file.append([line(number)])
    file.close()
    assert lines_in(tmp_path) == [line(6)]
    assert full_in(tmp_path) == [[line(0), line(1)], [line(2), line(3)], [line(4), line(5)]]


def test_the_first_line_of_a_day_turns_over_what_is_of_days_before(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, hold_open=hold_open)
    file.append([line(1)])
    os.utime(tmp_path / "x-log.json", (time.time() - 86_400,) * 2)
    file.append([line(2)])
    file.append([line(3)])
    file.close()
    assert lines_in(tmp_path) == [line(2), line(3)]
    assert full_in(tmp_path) == [[line(1)]]


def test_a_file_from_the_future_of_a_clock_set_back_is_left(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, hold_open=hold_open)
    file.append([line(1)])
    os.utime(tmp_path / "x-log.json", (time.time() + 900_000,) * 2)
    file.append([line(2)])
    file.close()
    assert lines_in(tmp_path) == [line(1), line(2)]


def test_a_name_that_is_taken_is_not_taken_again(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, hold_open=hold_open)
    for number in range(3):
        (tmp_path / "x-log.json").write_bytes(line(number))
        os.utime(tmp_path / "x-log.json", (1_767_323_045.75,) * 2)
        file.turn_over_if_due()
    file.close()
    assert full_in(tmp_path) == [[line(0)], [line(1)], [line(2)]]
    assert [each.name for each in full_files(tmp_path / "x-log.json")] == [
        f"x-log.2026-01-02T03-04-05-{ms}Z.json" for ms in (750, 751, 752)
    ]


def test_who_turns_it_over_is_told_once_it_is_done(tmp_path: Path, hold_open: bool) -> None:
    seen = list[int]()
    path = tmp_path / "x-log.json"
    file = LogFile(path, max_bytes=20, hold_open=hold_open, when_full=lambda: seen.append(len(full_files(path))))
    for number in range(3):
        file.append([line(number)])
    file.close()
    assert seen == [1, 2]


def test_a_block_larger_than_a_file_is_kept_whole(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, max_bytes=40, hold_open=hold_open)
    block = [line(number) for number in range(10)]
    assert file.append(block) == 10
    assert file.append([line(11)]) == 1
    file.close()
    assert full_in(tmp_path) == [block]


def test_follows_when_another_process_has_turned_it_over(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, hold_open=hold_open)
    file.append([line(1)])
    if os.name == "nt":
        file.close()
    (tmp_path / "x-log.json").rename(tmp_path / "full")
    file.append([line(2)])
    file.close()
    assert lines_in(tmp_path) == [line(2)]
    assert (tmp_path / "full").read_bytes() == line(1)


def test_comes_back_when_the_folder_was_removed(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path / "logs", hold_open=hold_open)
    file.append([line(1)])
    (tmp_path / "logs").rename(tmp_path / "away")
    assert file.append([line(2)]) == 1
    file.close()
    assert lines_in(tmp_path / "logs") == [line(2)]


@posix_only
def test_grows_on_while_another_process_holds_the_lock(tmp_path: Path) -> None:
    file = log_file(tmp_path, max_bytes=40)
    with FileLock(tmp_path / "x-log.json.lock"):
        for number in range(5):
            assert file.append([line(number)]) == 1
    file.close()
    assert names_in(tmp_path) == ["x-log.json"]


def test_grows_on_while_it_cannot_be_renamed(tmp_path: Path, hold_open: bool) -> None:
    """As on Windows, where somebody reads it: ``rename`` is refused, writing is not."""
    path = Unmovable(tmp_path / "x-log.json")
    file = LogFile(path, max_bytes=40, hold_open=hold_open)
    for number in range(5):
        assert file.append([line(number)]) == 1
    assert lines_in(tmp_path) == [line(number) for number in range(5)]
    path.refuses = False
    assert file.append([line(5)]) == 1
    file.close()
    assert full_in(tmp_path) == [[line(number) for number in range(5)]]
    assert lines_in(tmp_path) == [line(5)]


def test_where_a_hung_process_has_the_lock_only_the_first_caller_waits_for_it(tmp_path: Path) -> None:
    """The way of Windows, where each write takes the lock."""
    file = log_file(tmp_path, hold_open=False)
    file.append([line(0)])
    with FileLock(tmp_path / "x-log.json.lock"):
        assert file.append([line(1)]) == 0
        for number in range(1000):  # each would wait for seconds
            assert file.append([line(number)]) == 0
    assert file.append([line(2)]) == 1
    file.close()
    assert lines_in(tmp_path) == [line(0), line(2)]


def test_a_cut_line_at_the_end_does_not_spoil_the_next_one(tmp_path: Path, hold_open: bool) -> None:
    (tmp_path / "x-log.json").write_bytes(line(1) + b'{"cut o')
    file = log_file(tmp_path, hold_open=hold_open)
    file.append([line(2)])
    file.append([line(3)])
    file.close()
    assert lines_in(tmp_path) == [line(1), b'{"cut o\n', line(2), line(3)]


def test_a_line_cut_by_another_process_in_the_meantime_does_not_either(tmp_path: Path, hold_open: bool) -> None:
    file = log_file(tmp_path, hold_open=hold_open)
    file.append([line(1)])
    with (tmp_path / "x-log.json").open("ab") as other:
        other.write(b"cut o")
    file.append([line(2)])
    file.close()
    assert lines_in(tmp_path) == [line(1), b"cut o\n", line(2)]


def test_a_full_disk_loses_lines_whole_and_goes_on_when_there_is_room(small_disk: Path, hold_open: bool) -> None:
    file = log_file(small_disk, max_bytes=10**6, hold_open=hold_open)
    written = 0
    for number in range(300):
        written += file.append([line(number, 1000) for _ in range(3)])
    assert 50 < written < 70
    assert len(lines_in(small_disk)) == written
    assert {len(each) for each in lines_in(small_disk)} == {1000}

    os.truncate(small_disk / "x-log.json", 0)
    assert file.append([line(1), line(2)]) == 2
    file.close()
    assert lines_in(small_disk) == [line(1), line(2)]


@pytest.mark.skipif(os.name == "nt", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("held", [True, False])
def test_a_line_that_the_limit_cuts_is_taken_back(tmp_path: Path, held: bool) -> None:
    script = """
import resource, sys
from pathlib import Path
from python_core.utils.log_files import LogFile, full_files
file = LogFile(Path(sys.argv[1]) / "x-log.json", max_bytes=10**6, hold_open=sys.argv[2] == "True")
resource.setrlimit(resource.RLIMIT_FSIZE, (2500, resource.RLIM_INFINITY))
block = [str(n).ljust(999, ".").encode() + b"\\n" for n in range(4)]
print(file.append(block[:1]), file.append(block[1:]), file.append(block[1:]), file.append([b"short\\n"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), str(held)], timeout=60, check=True, capture_output=True
    )
    assert done.stdout.split() == [b"1", b"1", b"0", b"1"]
    assert [len(each) for each in lines_in(tmp_path)] == [1000, 1000, 6]


def test_a_disk_that_became_read_only_loses_lines_and_raises_nothing(small_disk: Path, hold_open: bool) -> None:
    file = log_file(small_disk, hold_open=hold_open)
    assert file.append([line(1)]) == 1
    file.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert file.append([line(2)]) == 0
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert file.append([line(3)]) == 1
    file.close()
    assert lines_in(small_disk) == [line(1), line(3)]


def test_a_folder_that_cannot_be_made_loses_lines_and_raises_nothing(tmp_path: Path, hold_open: bool) -> None:
    (tmp_path / "logs").write_bytes(b"in the way")
    file = log_file(tmp_path / "logs", hold_open=hold_open)
    assert file.append([line(1)]) == 0
    with pytest.raises((HubError, OSError)):
        file.prove()


WRITER = """
import json, sys
from pathlib import Path
from python_core.utils.log_files import LogFile, full_files
folder, who, count, block, hold_open = sys.argv[1], *map(int, sys.argv[2:])
file = LogFile(Path(folder) / "x-log.json", max_bytes=20_000, hold_open=bool(hold_open))
print("ready", flush=True)
sys.stdin.readline()
number = 0
while number < count:
    lines = [json.dumps({"who": who, "n": n, "pad": "x" * (n * 7 % 400)}).encode() + b"\\n"
             for n in range(number, min(number + block, count))]
    assert file.append(lines) == len(lines)
    number += len(lines)
file.close()
"""


def start_writers(folder: Path, writers: int, count: int, block: int, hold_open: bool) -> list[subprocess.Popen[bytes]]:
    """Start processes that write to one file, all at the same moment."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), *map(str, (who, count, block, int(hold_open)))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for who in range(writers)
    ]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in started:
        assert each.stdin is not None
        each.stdin.close()
    return started


def entries_in(folder: Path) -> list[tuple[int, int]]:
    entries = [
        json.loads(each)
        for path in folder.iterdir()
        if not path.name.endswith(".lock")
        for each in path.read_bytes().splitlines()
    ]
    return sorted((each["who"], each["n"]) for each in entries)


@pytest.mark.parametrize("block", [1, 25])
def test_eight_processes_lose_and_tear_no_line_while_the_file_turns_over(
    tmp_path: Path, hold_open: bool, block: int
) -> None:
    for each in start_writers(tmp_path, writers=8, count=500, block=block, hold_open=hold_open):
        with each:
            assert each.wait(timeout=120) == 0
    assert entries_in(tmp_path) == [(who, n) for who in range(8) for n in range(500)]
    assert len(names_in(tmp_path)) > 2


@posix_only
def test_a_process_killed_while_it_writes_takes_nothing_of_the_others_with_it(tmp_path: Path, hold_open: bool) -> None:
    victim, *others = start_writers(tmp_path, writers=4, count=500, block=5, hold_open=hold_open)
    while not names_in(tmp_path):
        time.sleep(0.001)
    victim.kill()
    for each in (victim, *others):
        with each:
            each.wait(timeout=120)
    assert [each.returncode for each in others] == [0, 0, 0]
    entries = entries_in(tmp_path)
    assert [each for each in entries if each[0]] == [(who, n) for who in (1, 2, 3) for n in range(500)]
    of_victim = [n for who, n in entries if who == 0]
    assert of_victim == list(range(len(of_victim)))
