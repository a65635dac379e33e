"""A disk that fails under a running hub: each caller is told what is wrong, and all is well once the cause is gone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest

from tests.cli.terminals import Terminal
from tests.whole.hub_home import Answer, Caller, Home, wait_for


@pytest.fixture
def small_home(tmp_path: Path) -> Iterator[Home]:
    """A home on a disk of 12 MiB of its own."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can make a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this root may not mount")
    home = Home(tmp_path)
    yield home
    home.end_all()
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def post(caller: Caller, text: str) -> Answer:
    return caller.call("POST", "/clipboard", {"fragments": [{"type": "text", "content": text}]})


def texts_of(caller: Caller) -> set[str]:
    """Return the previews of all clips."""
    found: set[str] = set()
    cursor = ""
    while cursor is not None:
        page = caller.get(f"/clipboard?limit=200{cursor and '&cursor='}{cursor}")
        found |= {clip["fragments"][0]["preview"] for clip in page["items"]}
        cursor = page["nextCursor"]
    return found


def error_of(answer: Answer) -> dict[str, Any]:
    error: dict[str, Any] = answer.json["error"]
    return error


def test_a_full_disk_is_told_loses_nothing_and_is_no_matter_once_there_is_room(small_home: Home) -> None:
    # The hub's own reserve would refuse first: this is about a disk that others fill.
    hub = small_home.start_hub(SMRTHUB_BRIDGE_MIN_FREE_DISK_MIB="0")
    caller = small_home.caller()
    assert post(caller, "before").status == 201
    ballast = small_home.root / "ballast"
    with ballast.open("wb", buffering=0) as sink, contextlib.suppress(OSError):
        while True:
            sink.write(b"x" * 4096)
    refused = [post(caller, f"{n} " + "too much " * 4_000) for n in range(20)][-1]
    assert (refused.status, error_of(refused)["code"]) in ((507, "storage_full"), (503, "busy"))
    assert caller.get("/ping")["service"] == "smrthub-bridge"
    assert "before" in texts_of(caller)
    acknowledged = texts_of(caller)
    ballast.unlink()
    assert post(caller, "after").status == 201
    assert texts_of(caller) == acknowledged | {"after"}
    assert hub.is_up()
    assert hub.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no other process's limits can be set")
def test_writes_that_fail_under_a_running_hub_are_told_and_no_matter_once_they_work_again(home: Home) -> None:
    hub = home.start_hub()
    caller = home.caller()
    assert post(caller, "before").status == 201
    process = psutil.Process(hub.pid)
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (1, before[1]))
    answers = {text: post(caller, text) for text in ("meanwhile", "still")}
    assert {(answer.status, error_of(answer)["code"]) for answer in answers.values()} == {(503, "busy")}
    assert texts_of(caller) == {"before"}
    status = caller.get("/status")
    assert (status["ready"], status["modules"]["store"]["level"]) == (False, "degraded")
    assert "the last write failed" in Terminal(home)("status").out
    assert home.anyone(hub.url()).call("GET", "/status").status == 503
    process.rlimit(psutil.RLIMIT_FSIZE, before)
    assert post(caller, "after").status == 201
    assert home.anyone(hub.url()).call("GET", "/status").status == 200
    assert caller.get("/status")["ready"]
    assert texts_of(caller) == {"before", "after"}
    assert hub.end() == 0


def test_a_start_on_a_folder_that_cannot_be_written_to_says_so_and_the_next_one_works(small_home: Home) -> None:
    hub = small_home.start_hub(SMRTHUB_BRIDGE_MIN_FREE_DISK_MIB="0")
    assert post(small_home.caller(), "before").status == 201
    assert hub.end() == 0
    data = str(small_home.paths.stored())
    subprocess.run(["mount", "--bind", data, data], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", data], check=True)
        refused = small_home.start("-m", "python_core")
        assert refused.wait() == 1
        assert "Traceback" not in refused.output
        assert data in refused.output
    finally:
        subprocess.run(["umount", "-l", data], check=True)
    hub = small_home.start_hub(SMRTHUB_BRIDGE_MIN_FREE_DISK_MIB="0")
    assert texts_of(small_home.caller()) == {"before"}
    assert hub.end() == 0


def test_a_database_that_another_program_holds_is_told_as_busy_until_it_lets_go(home: Home) -> None:
    hub = home.start_hub()
    caller = home.caller()
    assert post(caller, "before").status == 201
    holder = apsw.Connection(str(home.paths.stored() / "hub.db"))
    holder.execute("BEGIN IMMEDIATE")
    refused = post(caller, "meanwhile")
    assert (refused.status, error_of(refused)["code"]) == (503, "busy")
    assert int(refused.headers["Retry-After"]) >= 1
    assert texts_of(caller) == {"before"}  # who reads waits for nobody
    holder.execute("ROLLBACK")
    holder.close()
    assert post(caller, "after").status == 201
    assert texts_of(caller) == {"before", "after"}
    assert hub.end() == 0


def test_a_page_that_is_damaged_is_told_with_what_to_do_and_the_rest_is_served(home: Home) -> None:
    hub = home.start_hub()
    caller = home.caller()
    for n in range(40):
        assert post(caller, f"clip {n} " + "with enough text for pages of its own " * 100).status == 201
    found = caller.get("/clipboard?limit=1")["items"][0]["id"]
    assert hub.end() == 0
    path = home.paths.stored() / "hub.db"
    conn = apsw.Connection(str(path))
    page_size = conn.pragma("page_size")
    roots = dict(conn.execute("SELECT name, rootpage FROM sqlite_schema WHERE name IN ('fragments', 'events')"))
    conn.close()
    with path.open("r+b") as file:
        file.seek((roots["fragments"] - 1) * page_size)
        file.write(os.urandom(page_size))
    hub = home.start_hub()
    caller = home.caller()
    told = caller.call("GET", f"/clipboard/{found}")
    assert told.status == 500
    assert "damaged" in error_of(told)["message"]
    assert caller.get("/events?after=0&limit=10")["items"]
    assert caller.get("/ping")["service"] == "smrthub-bridge"
    assert hub.end() == 0


def test_what_a_crash_left_in_the_write_ahead_log_is_there_at_the_next_start(home: Home) -> None:
    hub = home.start_hub()
    caller = home.caller()
    for n in range(30):
        assert post(caller, f"clip {n}").status == 201
    hub.kill()
    assert (home.paths.stored() / "hub.db-wal").stat().st_size > 0
    hub = home.start_hub()
    assert texts_of(home.caller()) == {f"clip {n}" for n in range(30)}
    wait_for(lambda: home.caller().get("/search?q=clip&limit=50")["items"])
    assert hub.end() == 0
