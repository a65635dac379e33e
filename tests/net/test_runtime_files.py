"""The runtime file tells where a server is, is the user's alone, and outlives nobody."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from python_core.errors import HubError
from python_core.net.runtime_files import RuntimeFile
from python_core.runtime.hub import Hub
from python_core.utils.config_path_resolver import Paths
from python_core.utils.timestamps import now_ms, to_rfc3339
from tests.hubs import make_hub, start_python

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no modes, and links need a right there")


@pytest.fixture
def file(tmp_path: Path) -> RuntimeFile:
    return RuntimeFile(Paths(tmp_path / "roaming", tmp_path / "local"), "bridge", "shb_owner_secret")


@pytest.fixture
def now_hub(hub: Hub) -> Hub:
    """A hub that started just now: the file's process is known by it."""
    return make_hub(hub.store, now_ms)  # type: ignore[arg-type]


def write(file: RuntimeFile, hub: Hub, **more: Any) -> None:
    file.write(hub, "http://127.0.0.1:5001", "127.0.0.1", 5001, **more)


def leave(file: RuntimeFile, **facts: Any) -> None:
    """Write what another process has left."""
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_text(json.dumps({"url": "http://127.0.0.1:1", "pid": os.getppid()} | facts), encoding="utf-8")


def test_it_tells_where_and_who_the_server_is(file: RuntimeFile, now_hub: Hub) -> None:
    write(file, now_hub)
    assert file.read() == {
        "service": "smrthub-bridge",
        "url": "http://127.0.0.1:5001",
        "host": "127.0.0.1",
        "port": 5001,
        "pid": os.getpid(),
        "startedAt": to_rfc3339(now_hub.started_at_ms),
        "version": file.read()["version"],  # type: ignore[index]
        "instance": now_hub.identity.instance,
        "token": "shb_owner_secret",
    }
    assert file.read_current() == file.read()


def test_a_supervisors_token_is_not_written(file: RuntimeFile, now_hub: Hub) -> None:
    told = RuntimeFile(file.paths, "bridge", None)
    write(told, now_hub)
    assert "token" not in (told.read() or {})


def test_it_is_removed_by_who_wrote_it_and_by_nobody_else(file: RuntimeFile, now_hub: Hub) -> None:
    write(file, now_hub)
    file.remove()
    assert not file.path.exists()
    file.remove()
    leave(file)
    file.remove()
    assert file.path.exists()


@pytest.mark.parametrize(
    "facts",
    [
        {"pid": 2**22 + 12345},
        {"pid": -1},
        {"pid": "1"},
        {"pid": None},
        {"startedAt": "1999-01-01T00:00:00Z"},
        {"startedAt": 5},
        {},
    ],
)
def test_what_a_process_left_that_runs_no_more_is_written_over(
    file: RuntimeFile, now_hub: Hub, facts: dict[str, Any]
) -> None:
    leave(file, **facts)
    assert file.read_current() is None
    write(file, now_hub)
    assert (file.read() or {})["pid"] == os.getpid()


def test_what_tells_of_a_process_that_runs_is_left_but_by_the_hub_itself(file: RuntimeFile, now_hub: Hub) -> None:
    other = start_python("import sys; sys.stdin.read()")
    leave(file, pid=other.pid, startedAt=to_rfc3339(now_ms() + 1000))
    write(file, now_hub)
    assert (file.read() or {})["pid"] == other.pid
    write(file, now_hub, always=True)
    assert (file.read() or {})["pid"] == os.getpid()
    other.communicate("")


@posix
def test_a_process_that_has_ended_and_that_nobody_asked_how_runs_no_more(file: RuntimeFile) -> None:
    left = os.fork()
    if not left:
        os._exit(0)
    os.waitid(os.P_PID, left, os.WEXITED | os.WNOWAIT)
    leave(file, pid=left, startedAt=to_rfc3339(now_ms() + 1000))
    assert file.read_current() is None
    os.waitpid(left, 0)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"pid": 1, "pid": 2}', b"[" * 100_000])
def test_a_damaged_file_is_written_anew(file: RuntimeFile, now_hub: Hub, content: bytes) -> None:
    leave(file)
    file.path.write_bytes(content)
    assert file.read() is None
    write(file, now_hub)
    assert (file.read() or {})["pid"] == os.getpid()


def test_a_file_that_is_not_there_is_fine(file: RuntimeFile) -> None:
    file.check()
    assert file.read() is None


@posix
def test_it_is_the_users_alone_whatever_the_umask(file: RuntimeFile, now_hub: Hub) -> None:
    before = os.umask(0)
    try:
        write(file, now_hub)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    file.check()


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_can_touch_is_refused_with_what_to_do(file: RuntimeFile, mode: int) -> None:
    leave(file)
    file.path.chmod(mode)
    with pytest.raises(HubError, match="chmod 600"):
        file.check()


@posix
def test_a_link_is_refused(file: RuntimeFile, tmp_path: Path) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HubError, match="is a link"):
        file.check()


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(file: RuntimeFile) -> None:
    leave(file)
    file.path.chmod(0o600)
    os.chown(file.path, 65534, -1)
    with pytest.raises(HubError, match="belongs to another user"):
        file.check()
