"""Records are in the files when the call returns, or wait to be written together; lost ones are counted and told."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python_core.errors import HubError
from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_files import full_files
from python_core.utils.log_writer import LogWriter
from python_core.utils.logger import Logger


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LogWriter]:
    made = LogWriter()
    made.options.paths = Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")
    yield made
    made.stop_flusher()
    made.stream("python-net").close()


@pytest.fixture
def log(writer: LogWriter) -> Logger:
    return Logger(writer, "python-net")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "local" / "Logs" / "python-net"


def entries_in(folder: Path) -> list[dict[str, Any]]:
    path = folder / "python-net-log.json"
    return [json.loads(each) for each in path.read_bytes().splitlines()] if path.exists() else []


def counts_in(folder: Path) -> list[int]:
    return [each["props"]["count"] for each in entries_in(folder)]


def wait_for(folder: Path, number: int) -> None:
    """Wait for what another thread writes; the test then says what is missing."""
    give_up_at = time.monotonic() + 60
    while len(entries_in(folder)) < number and time.monotonic() < give_up_at:
        time.sleep(0.01)


def test_a_record_is_in_both_files_when_the_call_returns(log: Logger, folder: Path) -> None:
    log.information("Seen {count}", count=1)
    assert counts_in(folder) == [1]
    assert (folder / "python-net-log.txt").read_text(encoding="utf-8").endswith(" INF python-net  Seen 1\n")


def test_nothing_is_made_before_the_first_record(tmp_path: Path, log: Logger) -> None:
    log.debug("Below the level {count}", count=1)
    assert list(tmp_path.iterdir()) == []


def test_the_level_decides(writer: LogWriter, log: Logger, folder: Path) -> None:
    writer.configure(writer.options.paths, level="Error")
    for write in (log.verbose, log.debug, log.information, log.warning, log.error, log.fatal):
        write("x")
    writer.configure(writer.options.paths, level="Verbose")
    for write in (log.verbose, log.debug, log.information, log.warning, log.error, log.fatal):
        write("x")
    assert [each["level"] for each in entries_in(folder)] == [
        *("Error", "Fatal"),
        *("Verbose", "Debug", "Information", "Warning", "Error", "Fatal"),
    ]


def test_gathered_records_wait_until_a_warning_takes_them_along_in_order(
    writer: LogWriter, log: Logger, folder: Path
) -> None:
    writer.options.gathering = True
    log.information("x", count=1)
    log.information("x", count=2)
    assert entries_in(folder) == []
    log.warning("x", count=3)
    assert counts_in(folder) == [1, 2, 3]


def test_the_flusher_writes_what_waits_and_sleeps_when_nothing_does(
    writer: LogWriter, log: Logger, folder: Path
) -> None:
    writer.start_flusher()
    writer.start_flusher()
    assert [each.name for each in threading.enumerate()].count("log-flusher") == 1
    for number in range(3):
        log.information("x", count=number)
        wait_for(folder, number + 1)
    assert counts_in(folder) == [0, 1, 2]
    assert not writer.options.waiting.is_set()
    writer.stop_flusher()
    assert "log-flusher" not in [each.name for each in threading.enumerate()]


def test_stopping_the_flusher_writes_what_waits_and_then_each_record_at_once(
    writer: LogWriter, log: Logger, folder: Path
) -> None:
    writer.start_flusher()
    log.information("x", count=1)
    writer.stop_flusher()
    assert counts_in(folder) == [1]
    log.information("x", count=2)
    assert counts_in(folder) == [1, 2]


@pytest.mark.parametrize("flusher", [False, True])
def test_threads_lose_nothing_and_each_keeps_its_order(
    writer: LogWriter, log: Logger, folder: Path, flusher: bool
) -> None:
    if flusher:
        writer.start_flusher()

    def write(who: int) -> None:
        for number in range(300):
            log.information("x", count=number, worker=f"w{who}")

    threads = [threading.Thread(target=write, args=(who,)) for who in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    writer.flush()
    for who in range(8):
        mine = [each["props"]["count"] for each in entries_in(folder) if each["props"]["worker"] == f"w{who}"]
        assert mine == list(range(300))
    writer.stop_flusher()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="interval timers")
def test_a_signal_handler_may_log_in_the_middle_of_a_log_call(log: Logger, folder: Path) -> None:
    """It interrupts its own thread, also while that thread writes: it must neither wait for it nor tear its line."""
    handled = 0

    def handle(number: int, _frame: object) -> None:
        nonlocal handled
        handled += 1
        log.information("x", signal=number)

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
        for number in range(2000):
            log.information("x", count=number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    log.information("x", count=2000)
    props = [each["props"] for each in entries_in(folder)]
    assert [each["count"] for each in props if "count" in each] == list(range(2001))
    assert len([each for each in props if "signal" in each]) == handled > 0


def test_lost_records_are_counted_and_told_before_the_first_that_gets_through(
    log: Logger, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "local").write_bytes(b"in the way")
    for number in range(3):
        log.error("x", count=number)
    (tmp_path / "local").unlink()
    log.information("Back {count}", count=7)
    log.information("Back {count}", count=8)
    assert [(each["level"], each["renderedMessage"]) for each in entries_in(folder)] == [
        ("Warning", "3 records before this one were lost"),
        ("Information", "Back 7"),
        ("Information", "Back 8"),
    ]
    assert "3 records before this one were lost" in (folder / "python-net-log.txt").read_text(encoding="utf-8")


def test_each_file_tells_its_own_losses(log: Logger, folder: Path) -> None:
    (folder / "python-net-log.txt").mkdir(parents=True)
    log.information("x", count=1)
    (folder / "python-net-log.txt").rmdir()
    log.information("x", count=2)
    assert counts_in(folder) == [1, 2]
    assert "1 records before this one were lost" in (folder / "python-net-log.txt").read_text(encoding="utf-8")


def test_what_waits_is_bounded(writer: LogWriter, log: Logger, folder: Path) -> None:
    writer.options.gathering = True
    for number in range(10_100):
        log.information("x", count=number)
    writer.flush()
    assert counts_in(folder) == [100, *range(10_000)]


def test_a_relative_folder_in_the_environment_fails_no_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAPPDATA", "relative")
    Logger(LogWriter(), "python-net").error("x")


def test_an_exception_that_cannot_be_told_fails_no_caller(log: Logger, folder: Path) -> None:
    class Odd(HubError):
        def __init__(self) -> None:
            """Leave everything out."""

    log.error("x", exception=Odd())
    log.information("x", count=5)
    assert [each["renderedMessage"] for each in entries_in(folder)] == ["1 records before this one were lost", "x"]


def test_configuring_makes_the_files_of_the_loggers_there_are(writer: LogWriter, log: Logger, tmp_path: Path) -> None:
    elsewhere = Paths(roaming=tmp_path / "a", local=tmp_path / "b")
    log.information("x", count=1)
    writer.configure(elsewhere)
    log.information("x", count=2)
    assert counts_in(tmp_path / "local" / "Logs" / "python-net") == [1]
    assert counts_in(elsewhere.logs("python-net")) == [2]


def test_configuring_sets_the_rotation(writer: LogWriter, log: Logger, folder: Path) -> None:
    writer.configure(writer.options.paths, max_bytes=300)
    for number in range(20):
        log.information("x", count=number)
    full = full_files(folder / "python-net-log.json")
    assert len(full) > 2
    numbers = [json.loads(line)["props"]["count"] for file in full for line in file.read_bytes().splitlines()]
    assert [*numbers, *counts_in(folder)] == list(range(20))


def test_all_files_together_stay_within_their_bytes_and_the_newest_stay(
    writer: LogWriter, log: Logger, folder: Path
) -> None:
    writer.configure(writer.options.paths, max_total_bytes=8_000)
    for number in range(200):
        log.information("x", count=number)
    assert 4_000 < sum(each.stat().st_size for each in folder.iterdir()) <= 9_000
    assert counts_in(folder)[-1] == 199


def test_what_is_too_old_goes_at_the_start_and_when_a_host_tidies(writer: LogWriter, log: Logger, folder: Path) -> None:
    log.information("x", count=1)
    path = folder / "python-net-log.json"
    os.utime(path, (0, 0))
    writer.configure(writer.options.paths, days=36_500)
    assert [each.name for each in full_files(path)] == ["python-net-log.1970-01-01T00-00-00-000Z.json"]
    writer.configure(writer.options.paths, days=1)
    assert full_files(path) == []
    log.information("x", count=2)
    os.utime(path, (0, 0))
    writer.tidy()
    assert full_files(path) == []
    assert counts_in(folder) == []


def test_tidying_touches_nothing_where_nobody_has_said_where_the_logs_are(tmp_path: Path) -> None:
    unused = LogWriter()
    Logger(unused, "python-net")
    unused.tidy()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"level": "Loud"}, {"max_bytes": 0}, {"days": 0}, {"max_total_bytes": 0}])
def test_configuring_refuses_what_makes_no_sense(writer: LogWriter, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="level is one of"):
        writer.configure(writer.options.paths, **settings)


@pytest.mark.usefixtures("log")
def test_configuring_says_which_folder_cannot_be_used_and_what_to_do(writer: LogWriter, tmp_path: Path) -> None:
    (tmp_path / "local").write_bytes(b"in the way")
    with pytest.raises(HubError, match=r"log folder .*python-net cannot be used: .*LOCALAPPDATA"):
        writer.configure(writer.options.paths)


@pytest.mark.usefixtures("log")
@pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
def test_configuring_refuses_a_linked_folder(writer: LogWriter, folder: Path, tmp_path: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.symlink_to(tmp_path)
    with pytest.raises(HubError, match="link"):
        writer.configure(writer.options.paths)


@pytest.mark.parametrize("slug", ["", "Python-Net", "../x", "a/b", "python_net "])
def test_a_slug_that_is_none_is_refused_at_once(slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        Logger(LogWriter(), slug)
