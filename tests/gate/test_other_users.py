"""Another user of the same machine: refused with a good token, and able to read no file of the hub. Needs root, on Linux."""

from __future__ import annotations

import base64
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from python_core.net.peers import own_uid, uid_of_peer
from python_core.store import Store
from tests.gate.doors import CANARY, DOORS, GUARDED, Answer, House, faults_of, house_of
from tests.gate.test_peers import connected
from tests.hubs import Clock, make_hub
from tests.whole.hub_home import Home

NOBODY = 65_534
#: Runs as root, becomes nobody, and does what it is told on its standard input.
STRANGER = """
import base64, encodings.idna, json, os, re, socket, struct, sys
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
told = json.load(sys.stdin)
found = {"replies": [], "read": []}
for port, content, hangs_up in told["calls"]:
    try:
        caller = socket.socket(socket.AF_UNIX if isinstance(port, str) else socket.AF_INET)
        caller.settimeout(60)
        caller.connect(port if isinstance(port, str) else ("127.0.0.1", port))
    except PermissionError:
        found["replies"].append(None)
        continue
    with caller:
        caller.sendall(base64.b64decode(content))
        reply = b""
        if hangs_up:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", *hangs_up))
        else:
            while b"\\r\\n\\r\\n" not in reply:
                reply += caller.recv(65536)
            head, _, body = reply.partition(b"\\r\\n\\r\\n")
            length = int(re.search(rb"Content-Length: (\\d+)", head)[1])
            while len(body) < length:
                body += caller.recv(65536)
            reply = head + b"\\r\\n\\r\\n" + body
    found["replies"].append(base64.b64encode(reply).decode())
for path in told["paths"]:
    try:
        os.listdir(path) if os.path.isdir(path) else os.close(os.open(path, os.O_RDONLY))
        found["read"].append(path)
    except OSError:
        pass
json.dump(found, sys.stdout)
"""
Call = tuple[int | str, bytes, tuple[int, int] | None]


@pytest.fixture(scope="module", autouse=True)
def _root() -> None:
    if own_uid() != 0:
        pytest.skip("to be another user takes root, on a system with user ids")
    with connected("127.0.0.1") as (_, ends):
        if uid_of_peer(*ends) != 0:
            pytest.skip("this system does not name callers by their user id")


def as_nobody(calls: Sequence[Call] = (), paths: Sequence[Path] = ()) -> dict[str, Any]:
    """Make calls, and try to read files, as a user who owns nothing here."""
    told = {
        "calls": [(port, base64.b64encode(content).decode(), hangs_up) for port, content, hangs_up in calls],
        "paths": [str(path) for path in paths],
    }
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(NOBODY)],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def answers(house: House, knocks: Sequence[tuple[str, bytes]]) -> list[Answer]:
    """Knock at each server as nobody, on a connection for each, and read what is answered."""
    found = as_nobody([(house.port(service), content, None) for service, content in knocks])
    read = []
    for reply in found["replies"]:
        head, _, body = base64.b64decode(reply).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        read.append(Answer(int(first.split(" ")[1]), headers, body))
    return read


@pytest.mark.parametrize("shown", ["none", "the owner's", "wrong"])
def test_another_user_is_refused_at_every_door_whatever_token_is_shown(house: House, shown: str) -> None:
    tokens = {"the owner's": house.owner, "wrong": CANARY}
    headers = [("Authorization", f"Bearer {tokens[shown]}")] if shown in tokens else []
    knocks = [(door.service, house.knock(door, headers)) for door in DOORS]
    faults = {
        door.name: found
        for door, answer in zip(DOORS, answers(house, knocks), strict=True)
        if (found := faults_of(answer, 403, "forbidden_user", service=door.service))
    }
    assert (faults, house.took()) == ({}, [])


def test_another_user_learns_nothing_of_what_else_is_wrong(house: House) -> None:
    bearer = [("Authorization", f"Bearer {house.owner}")]
    knocks = [
        ("bridge", house.knock(GUARDED[0], bearer, hosts=["hub.example"])),
        ("bridge", house.knock(GUARDED[0], [*bearer, ("Origin", "null")])),
        ("bridge", house.knock(GUARDED[0], bearer).replace(GUARDED[0].path.encode(), b"/nothing", 1)),
    ]
    assert [answer.code for answer in answers(house, knocks)] == ["forbidden_user"] * 3


@pytest.mark.parametrize("hangs_up", [(0, 0), (1, 0)], ids=["closes", "resets"])
def test_another_user_who_hangs_up_at_once_does_nothing_either(
    module_store: Store, hangs_up: tuple[int, int], caplog: pytest.LogCaptureFixture
) -> None:
    settings: dict[str, object] = {"admit_same_user_programs": True}
    with house_of(make_hub(module_store, Clock(), bridge=settings)) as house:
        doors = [door for door in DOORS if door.endpoint.same_user]
        bearer = [("Authorization", f"Bearer {house.owner}")]
        knocks = [house.knock(door, sent) for door in doors for sent in (bearer, []) for _ in range(20)]
        as_nobody([(house.port(), content, hangs_up) for content in knocks])
        assert house.ask("bridge", "GET", "/ping").status == 200
    assert house.took() == [("bridge", "get_ping_reply")]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_another_user_is_not_admitted_as_this_users_program(module_store: Store) -> None:
    settings: dict[str, object] = {"admit_same_user_programs": True}
    with house_of(make_hub(module_store, Clock(), bridge=settings)) as house:
        doors = [door for door in DOORS if door.endpoint.same_user]
        told = answers(house, [("bridge", house.knock(door)) for door in doors])
        assert {answer.code for answer in told} == {"forbidden_user"}
        assert house.took() == []


def test_where_users_are_not_checked_the_token_alone_decides_and_nobody_else_is_admitted(module_store: Store) -> None:
    settings: dict[str, object] = {"admit_same_user_programs": True, "check_peer_user": False}
    with house_of(make_hub(module_store, Clock(), bridge=settings)) as house:
        doors = [door for door in DOORS if door.endpoint.same_user and not door.endpoint.anonymous]
        without = answers(house, [("bridge", house.knock(door)) for door in doors])
        assert {answer.code for answer in without} == {"unauthorized"}
        bearer = [("Authorization", f"Bearer {house.owner}")]
        shown = answers(house, [("bridge", house.knock(door, bearer)) for door in doors])
        assert {answer.status for answer in shown} == {200}


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike pytest's: what keeps others out below it is the hub's own doing."""
    with tempfile.TemporaryDirectory(prefix="smrthub-others-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_another_user_reads_no_file_of_the_hub(open_folder: Path) -> None:
    home = Home(open_folder)
    try:
        hub = home.start_hub(umask=0)
        owner = home.caller()
        png = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256))).decode()
        owner.post("/clipboard", {"fragments": [{"type": "text", "content": "a secret of the sea"}]})
        owner.post("/clipboard", {"fragments": [{"type": "image", "content": png}]})
        owner.post("/trigger?wait=10", {"trigger": "smrtsearch", "args": {"query": "secret", "open": False}})
        while_running = list(files_of(home))
        assert {path.name for path in while_running} >= {"hub.db", "bridge.json", "web-listener.json"}
        assert as_nobody(paths=while_running)["read"] == []
        assert home.facts()["token"] not in " ".join(hub_arguments(hub.pid))
        assert hub.end() == 0
        assert as_nobody(paths=list(files_of(home)))["read"] == []
    finally:
        home.end_all()


def test_another_user_cannot_connect_to_the_unix_socket_and_is_refused_where_they_could(
    open_folder: Path, module_store: Store
) -> None:
    path = open_folder / "runtime" / "bridge.sock"
    with house_of(make_hub(module_store, Clock()), socket_path=path) as house:
        bearer = [("Authorization", f"Bearer {house.owner}")]
        doors = [door for door in DOORS if door.service == "bridge"]
        knocks: list[Call] = [(str(path), house.knock(door, bearer, hosts=["localhost"]), None) for door in doors]
        assert as_nobody(knocks)["replies"] == [None] * len(doors)
        path.parent.chmod(0o755)
        assert as_nobody(knocks)["replies"] == [None] * len(doors)
        path.chmod(0o666)
        replies = [base64.b64decode(reply) for reply in as_nobody(knocks)["replies"]]
        assert all(b'"forbidden_user"' in reply for reply in replies)
        assert house.took() == []


def files_of(home: Home) -> Iterator[Path]:
    """Give each folder and file that the hub made."""
    for root in (home.paths.roaming, home.paths.local):
        yield root
        yield from root.rglob("*")


def hub_arguments(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def test_the_check_of_these_tests_finds_what_is_open(open_folder: Path) -> None:
    readable = open_folder / "readable"
    readable.write_text("x", "utf-8")
    readable.chmod(0o644)
    assert as_nobody(paths=[readable, Path("/proc/1/environ")])["read"] == [str(readable)]
    assert os.geteuid() == 0
