from __future__ import annotations

import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from python_core.errors import Busy
from python_core.utils.file_lock import FileLock, WindowsLocking
from tests.windows import FakeMsvcrt

ROOT = Path(__file__).resolve().parents[2]

HOLD = """
import sys, time
from pathlib import Path
from python_core.utils.file_lock import FileLock
lock = FileLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""

HOLD_AS_ON_WINDOWS = HOLD.replace(
    "Path(sys.argv[1]))", "Path(sys.argv[1]), locking=WindowsLocking(FakeMsvcrt()))"
).replace("import FileLock", "import FileLock, WindowsLocking\nfrom tests.windows import FakeMsvcrt")

COUNT = """
import sys
from pathlib import Path
from python_core.utils.file_lock import FileLock
count = Path(sys.argv[1]) / "count"
for _ in range(50):
    with FileLock(Path(sys.argv[1]) / "lock", timeout_s=120):
        number = int(count.read_text())
        count.write_text(str(number + 1))
"""

FORK = """
import os, sys
from pathlib import Path
from python_core.utils.file_lock import FileLock
path = Path(sys.argv[1])
lock = FileLock(path)
lock.acquire()
if os.fork() == 0:
    assert not lock.held
    lock.release()
    os._exit(0)
assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
assert lock.held
assert not FileLock(path).try_acquire(), "the child gave its parent's lock away"
"""


def started(script: str, argument: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(argument)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_another_process_waits_until_the_holder_is_gone_however_it_goes(tmp_path: Path):
    path = tmp_path / "lock"
    with started(HOLD, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path, timeout_s=0.1)
        assert not lock.try_acquire()
        with pytest.raises(Busy, match="another process holds"), lock:
            pass
        assert not lock.held
        holder.kill()
        holder.wait()
        assert lock.try_acquire()
        lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="it has the real one")
def test_on_windows_another_process_waits_alike(tmp_path: Path):
    path, msvcrt = tmp_path / "lock", FakeMsvcrt()
    with started(HOLD_AS_ON_WINDOWS, path) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path, timeout_s=0.1, locking=WindowsLocking(msvcrt))
        assert not lock.try_acquire()
        with pytest.raises(Busy, match="another process holds"), lock:
            pass
        holder.kill()
        holder.wait()
        with lock:
            assert len(msvcrt.locked) == 1
            assert not FileLock(path, locking=WindowsLocking(msvcrt)).try_acquire()
        assert msvcrt.locked == set()


@pytest.mark.skipif(sys.platform == "win32", reason="it has the real one")
def test_on_windows_the_first_byte_is_locked_wherever_the_file_stands(tmp_path: Path):
    path = tmp_path / "lock"
    path.write_bytes(b"something")
    with path.open("r+b", buffering=0) as file:
        file.seek(5)
        locking = WindowsLocking(FakeMsvcrt())
        assert locking.try_lock(file.fileno())
        file.seek(5)
        locking.unlock(file.fileno())


def test_on_windows_what_is_no_refusal_is_told(tmp_path: Path):
    class Broken(FakeMsvcrt):
        def locking(self, fd: int, mode: int, count: int) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        FileLock(tmp_path / "lock", locking=WindowsLocking(Broken())).try_acquire()


def test_many_processes_never_hold_it_together(tmp_path: Path):
    (tmp_path / "count").write_text("0")
    counters = [started(COUNT, tmp_path) for _ in range(6)]
    for counter in counters:
        with counter:
            counter.communicate(timeout=120)
        assert counter.returncode == 0
    assert (tmp_path / "count").read_text() == "300"


def test_threads_exclude_each_other_too(tmp_path: Path):
    inside: list[int] = []
    most: list[int] = []

    def enter() -> None:
        for _ in range(20):
            with FileLock(tmp_path / "lock", timeout_s=60):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)


def test_who_waits_goes_on_when_the_lock_is_given_back(tmp_path: Path):
    first = FileLock(tmp_path / "lock")
    first.acquire()
    threading.Timer(0.05, first.release).start()
    with FileLock(tmp_path / "lock", timeout_s=60) as second:
        assert second.held
        assert not first.held


def test_waiting_ends_with_its_limit(tmp_path: Path):
    with FileLock(tmp_path / "lock"):
        before = time.monotonic()
        with pytest.raises(Busy):
            FileLock(tmp_path / "lock", timeout_s=0.2).acquire()
        assert time.monotonic() - before >= 0.2


def test_the_lock_file_is_private_and_stays(tmp_path: Path):
    lock = FileLock(tmp_path / "lock")
    with lock:
        pass
    assert (tmp_path / "lock").read_bytes() == b""
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "lock").stat().st_mode) == 0o600
    with lock:
        assert lock.held
    lock.release()


def test_taking_a_held_lock_again_is_a_mistake(tmp_path: Path):
    with FileLock(tmp_path / "lock") as lock, pytest.raises(RuntimeError, match="held already"):
        lock.try_acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_child_cannot_give_its_parents_lock_away(tmp_path: Path):
    subprocess.run([sys.executable, "-c", FORK, str(tmp_path / "lock")], cwd=ROOT, check=True, timeout=60)
