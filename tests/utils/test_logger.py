"""The log of a process, as its callers use it: silent until used, right across fork, exit, kill and libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from python_core.utils.log_files import full_files
from python_core.utils.logger import _trace, get_logger_for, trace

ROOT = Path(__file__).parents[2]
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
CANARY = "Grandmother's recipe"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")


def start(home: Path, script: str, *arguments: str) -> subprocess.Popen[bytes]:
    environ = os.environ | {"APPDATA": str(home / "roaming"), "LOCALAPPDATA": str(home / "local")}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run(home: Path, script: str) -> bytes:
    """Run a script in a process with folders of its own; nothing may go to its stderr."""
    with start(home, script) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    assert err == b""
    return out


def entries_in(home: Path, slug: str = "python-net") -> list[dict[str, Any]]:
    path = home / "local" / "SmrtHub" / "Logs" / slug / f"{slug}-log.json"
    return [json.loads(each) for each in path.read_bytes().splitlines()]


def test_importing_and_getting_a_logger_touches_nothing(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import sys, threading
WRITING = []
def watch(event, args):
    if event == "open" and (args[2] & 3 or isinstance(args[1], str) and set(args[1]) & set("wax+")):
        WRITING.append(args)
    if event in {"os.mkdir", "_thread.start_new_thread", "socket.bind", "subprocess.Popen"}:
        WRITING.append(args)
sys.dont_write_bytecode = True
sys.addaudithook(watch)
from python_core.utils.log_files import full_files
from python_core.utils.logger import get_logger_for
log = get_logger_for("python-net")
log.debug("Below the level")
assert WRITING == [], WRITING
""",
    )
    assert list(tmp_path.iterdir()) == []


def test_the_first_record_finds_the_folder_from_the_environment(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
from python_core.utils.log_files import full_files
from python_core.utils.logger import get_logger_for
get_logger_for("python-runtime").information("Ready on {port}", port=5001)
""",
    )
    folder = tmp_path / "local" / "SmrtHub" / "Logs" / "python-runtime"
    assert sorted(each.name for each in folder.iterdir()) == ["python-runtime-log.json", "python-runtime-log.txt"]
    assert [each["renderedMessage"] for each in entries_in(tmp_path, "python-runtime")] == ["Ready on 5001"]


def test_every_record_within_a_trace_bears_it(tmp_path: Path) -> None:
    run(
        tmp_path,
        f"""
from python_core.utils.log_files import full_files
from python_core.utils.logger import get_logger_for, trace
log = get_logger_for("python-net")
with trace("{TRACE_ID}", "{SPAN_ID}"):
    log.information("within")
log.information("without")
""",
    )
    within, without = entries_in(tmp_path)
    assert (within["traceId"], within["spanId"]) == (TRACE_ID, SPAN_ID)
    assert "traceId" not in without


def test_traces_nest_and_belong_to_their_thread() -> None:
    seen = []
    with trace(TRACE_ID, SPAN_ID) as outer:
        with trace(TRACE_ID, "1" * 16):
            assert _trace.get() == (TRACE_ID, "1" * 16)
        assert _trace.get() == outer == (TRACE_ID, SPAN_ID)
        thread = threading.Thread(target=lambda: seen.append(_trace.get()))
        thread.start()
        thread.join()
    assert seen == [None]
    assert _trace.get() is None


@pytest.mark.parametrize(
    ("trace_id", "span_id"), [("", ""), (TRACE_ID.upper(), SPAN_ID), (TRACE_ID, "x\n"), (TRACE_ID + "\n", SPAN_ID)]
)
def test_a_trace_that_is_none_is_refused(trace_id: str, span_id: str) -> None:
    with pytest.raises(ValueError, match="32 and 16"):
        trace(trace_id, span_id)


def test_a_slug_has_one_stream_however_often_it_is_asked_for() -> None:
    first, second = get_logger_for("python-net"), get_logger_for("python-net")
    assert first.slug == "python-net"
    assert first._stream is second._stream


def test_what_was_gathered_is_written_at_exit(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
from python_core.utils.log_files import full_files
from python_core.utils.logger import configure_logs, get_logger_for, start_flusher
log = get_logger_for("python-net")
configure_logs()
start_flusher()
for number in range(1000):
    log.information("x", count=number)
""",
    )
    assert [each["props"]["count"] for each in entries_in(tmp_path)] == list(range(1000))


def test_an_unhandled_error_still_leaves_what_was_gathered(tmp_path: Path) -> None:
    script = """
from python_core.utils.log_files import full_files
from python_core.utils.logger import get_logger_for, start_flusher
start_flusher()
get_logger_for("python-net").information("before")
raise SystemExit(3)
"""
    with start(tmp_path, script) as process:
        process.communicate(timeout=60)
    assert process.returncode == 3
    assert [each["message"] for each in entries_in(tmp_path)] == ["before"]


@needs_fork
def test_a_forked_child_writes_its_own_records_at_once_and_none_of_its_parents(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import os, warnings
from python_core.utils.log_files import full_files
from python_core.utils.logger import flush_logs, get_logger_for, start_flusher
warnings.simplefilter("ignore")
log = get_logger_for("python-net")
log.information("opened")
start_flusher()
log.information("of the parent")
child = os.fork()
if child == 0:
    log.information("of the child")
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
child = os.fork()
if child == 0:
    start_flusher()
    log.information("of the second child")
    flush_logs()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
log.information("of the parent again")
""",
    )
    assert sorted(each["message"] for each in entries_in(tmp_path)) == [
        "of the child",
        "of the parent",
        "of the parent again",
        "of the second child",
        "opened",
    ]


@needs_fork
def test_forking_while_other_threads_log_hangs_and_loses_nothing(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import os, sys, threading, warnings
from python_core.utils.log_files import full_files
from python_core.utils.logger import configure_logs, get_logger_for
warnings.simplefilter("ignore")
log = get_logger_for("python-net")
configure_logs(max_bytes=10_000_000)
def write(who):
    for number in range(300):
        log.information("x", worker=f"t{who}", count=number)
threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
for each in threads:
    each.start()
children = []
for number in range(20):
    child = os.fork()
    if child == 0:
        log.information("x", worker="child", count=number)
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
for each in threads:
    each.join()
""",
    )
    found = sorted((each["props"]["worker"], each["props"]["count"]) for each in entries_in(tmp_path))
    expected = [("child", number) for number in range(20)]
    expected += [(f"t{who}", number) for who in range(4) for number in range(300)]
    assert found == expected


HOST = """
import sys
from python_core.utils.log_files import full_files
from python_core.utils.logger import configure_logs, get_logger_for, start_flusher
who, count, gathering = sys.argv[1:]
log = get_logger_for("python-net")
configure_logs(max_bytes=30_000)
if gathering == "True":
    start_flusher()
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(count)):
    log.information("{worker} did {count}", worker=f"w{who}", count=number)
"""


def start_hosts(home: Path, hosts: int, count: int, gathering: bool) -> list[subprocess.Popen[bytes]]:
    started = [start(home, HOST, str(who), str(count), str(gathering)) for who in range(hosts)]
    for each in started:
        assert each.stdout is not None
        assert each.stdout.readline() == b"ready\n"
    for each in started:
        assert each.stdin is not None
        each.stdin.write(b"go\n")
        each.stdin.flush()
    return started


def lines_of_all_files(home: Path, suffix: str) -> list[bytes]:
    folder = home / "local" / "SmrtHub" / "Logs" / "python-net"
    files = [each for each in folder.iterdir() if each.suffix == f".{suffix}"]
    assert len(files) > 2
    return [line for file in files for line in file.read_bytes().split(b"\n")[:-1]]


def numbers_of(home: Path, who: int) -> tuple[list[int], list[int]]:
    """Every number that a host wrote, in the JSON and in the text files."""
    entries = [json.loads(each) for each in lines_of_all_files(home, "json")]
    texts = [each.decode().rsplit(" ", 3) for each in lines_of_all_files(home, "txt")]
    assert all(len(each) == 4 and " INF " in each[0] for each in texts)
    return (
        sorted(each["props"]["count"] for each in entries if each["props"]["worker"] == f"w{who}"),
        sorted(int(count) for _, worker, _, count in texts if worker == f"w{who}"),
    )


@pytest.mark.parametrize("gathering", [False, True], ids=["at once", "gathered"])
def test_eight_processes_share_the_files_and_every_line_is_there_once(tmp_path: Path, gathering: bool) -> None:
    for each in start_hosts(tmp_path, hosts=8, count=500, gathering=gathering):
        with each:
            _, err = each.communicate(timeout=120)
            assert (each.returncode, err) == (0, b"")
    for who in range(8):
        assert numbers_of(tmp_path, who) == (list(range(500)), list(range(500)))


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_process_killed_with_9_loses_only_what_it_had_not_written(tmp_path: Path) -> None:
    victim, *others = start_hosts(tmp_path, hosts=4, count=500, gathering=False)
    text = tmp_path / "local" / "SmrtHub" / "Logs" / "python-net" / "python-net-log.txt"
    while not full_files(text) and victim.poll() is None:
        pass
    victim.kill()
    for each in (victim, *others):
        with each:
            each.communicate(timeout=120)
    assert [each.returncode for each in others] == [0, 0, 0]
    for who in (1, 2, 3):
        assert numbers_of(tmp_path, who) == (list(range(500)), list(range(500)))
    in_json, in_text = numbers_of(tmp_path, 0)
    assert in_json == list(range(len(in_json)))
    assert in_text == list(range(len(in_text)))


def test_what_libraries_tell_is_brought_in_without_their_words(tmp_path: Path) -> None:
    run(
        tmp_path,
        f"""
import logging
from python_core.utils.log_files import full_files
from python_core.utils.logger import capture_stdlib
capture_stdlib()
capture_stdlib()
canary = {CANARY!r}
logging.getLogger("waitress").info("not from this level on")
try:
    int(canary)
except ValueError:
    logging.getLogger("waitress").exception("Exception while serving %s", canary)
logging.getLogger("waitress.queue").warning("Task queue depth is %d", 7)
logging.getLogger(canary).critical(canary)
logging.getLogger("flask_cors").warning("%s %s", canary)
logging.getLogger("waitress.queue").warning("%d", canary)
""",
    )
    served, queued, hostile, broken = entries_in(tmp_path)
    assert served["level"] == "Error"
    assert served["props"]["library"] == "waitress"
    assert served["exception"]["type"] == "builtins.ValueError"
    assert queued["level"] == "Warning"
    assert queued["props"]["library_text"] == "Task queue depth is 7"
    assert hostile["level"] == "Fatal"
    assert hostile["props"]["library"] == "(str)"
    assert broken["props"]["library"] == "flask_cors"
    for file in (tmp_path / "local" / "SmrtHub" / "Logs" / "python-net").iterdir():
        assert CANARY.encode() not in file.read_bytes()


def test_capturing_lower_levels_lets_them_through(tmp_path: Path) -> None:
    run(
        tmp_path,
        """
import logging
from python_core.utils.log_files import full_files
from python_core.utils.logger import capture_stdlib
handler = capture_stdlib("Information")
logging.getLogger("waitress").info("x")
logging.getLogger().removeHandler(handler)
logging.getLogger("waitress").info("x")
""",
    )
    assert [each["level"] for each in entries_in(tmp_path)] == ["Information"]
