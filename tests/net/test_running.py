"""What a start tells the person, and how it knows that the hub runs already."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from python_core.net.running import _keep_lock, _take_place, command_beside
from python_core.net.runtime_files import RuntimeFile
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.file_lock import FileLock, WindowsLocking
from python_core.utils.timestamps import now_ms, to_rfc3339
from tests.hubs import start_python
from tests.windows import FakeMsvcrt

FIRST = """
import sys
from pathlib import Path
from python_core.utils.file_lock import FileLock, WindowsLocking
from tests.windows import FakeMsvcrt
FileLock(Path(sys.argv[1]), locking=WindowsLocking(FakeMsvcrt())).acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("python", "command"), [("python3", "smrthub"), ("python.exe", "smrthub.exe")])
def test_the_command_is_named_where_it_lies_beside_the_interpreter(tmp_path: Path, python: str, command: str) -> None:
    assert command_beside(tmp_path / python) is None
    (tmp_path / command).touch()
    assert command_beside(tmp_path / python) == tmp_path / command


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")
    found.runtime().mkdir(parents=True)
    return found


def tell(paths: Paths, pid: int, url: str = "http://127.0.0.1:5001") -> None:
    facts = {"url": url, "pid": pid, "startedAt": to_rfc3339(now_ms())}
    (paths.runtime() / "bridge.json").write_text(json.dumps(facts))


@pytest.mark.skipif(sys.platform == "win32", reason="tests/whole/test_first_starts.py has the real one there")
def test_on_windows_a_second_start_finds_the_first_and_takes_the_place_of_one_that_was_killed(paths: Paths) -> None:
    lock = FileLock(paths.runtime() / "hub.lock", locking=WindowsLocking(FakeMsvcrt()))
    file = RuntimeFile(paths, "bridge", None)
    first = start_python(FIRST, str(lock.path))
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        tell(paths, first.pid)
        found = _take_place(lock, file)
        assert found is not None
        assert (found["pid"], found["url"]) == (first.pid, "http://127.0.0.1:5001")
        first.kill()
        first.wait()
        assert file.read() is not None, "what a killed hub leaves"
        assert _take_place(lock, file) is None
        assert lock.held
    finally:
        lock.release()
        first.communicate()


def test_a_second_start_waits_while_the_first_has_not_said_where_it_is(paths: Paths) -> None:
    """Until then the file is that of a process that was killed, or half of one, or none."""
    held = FileLock(paths.runtime() / "hub.lock")
    held.acquire()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    tell(paths, dead.pid, "http://127.0.0.1:1")
    path, looked = paths.runtime() / "bridge.json", []

    class Looking(RuntimeFile):
        def read_current(self) -> dict[str, object] | None:
            looked.append(path.read_text())
            found = super().read_current()
            if len(looked) == 1:
                path.write_text("{")
            elif len(looked) == 2:
                held.release()
            return found

    lock = FileLock(paths.runtime() / "hub.lock")
    assert _take_place(lock, Looking(paths, "bridge", None)) is None
    assert len(looked) == 2
    lock.release()


@pytest.mark.skipif(sys.platform == "win32", reason="there a file that is open cannot be removed")
def test_a_lock_that_could_not_be_taken_anew_is_taken_once_it_can_be(tmp_path: Path) -> None:
    folder = make_private(tmp_path / "runtime")
    lock = FileLock(folder / "hub.lock")
    assert lock.try_acquire()
    shutil.rmtree(folder)
    folder.write_text("in its place")
    _keep_lock(lock)
    assert not lock.held
    folder.unlink()
    _keep_lock(lock)
    assert lock.held
    lock.release()
