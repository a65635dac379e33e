"""A host knows when a part of it has ended by itself or a server hangs, and systemd is told how it is."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from waitress.adjustments import Adjustments

from python_core.net.hosting import Host
from python_core.net.system_notice import ALIVE, READY, tell_system
from python_core.store import Store
from python_core.utils.config_path_resolver import Paths
from tests.hubs import Clock, make_hub
from tests.whole.hub_home import wait_for


@pytest.fixture
def host(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    # Waitress looks 0.0.0.0 up even when it is handed a socket; the tests' guard takes that for a stranger.
    monkeypatch.setattr(Adjustments, "listen", ["127.0.0.1:0"])
    settings = make_hub(store, Clock(), {"port": 0}, {"port": 0}).settings
    made = Host(settings, store, Paths(roaming=tmp_path / "roaming", local=tmp_path / "local"), None)
    made.add("bridge")
    made.start()
    yield made
    made.stop()
    for server in made.servers:
        server.bound.socket.close()


def test_a_server_whose_loop_hangs_is_found_and_one_that_turns_is_not(host: Host) -> None:
    [beat] = [each for each in host._beats if each.tag == "bridge"]
    beat.interval_s = 1.0  # six of them, and an idle loop turns every five
    assert host.broken_part() is None
    turns: list[float] = []
    pulse = host.servers[0].on_turn

    def count() -> None:
        pulse()
        turns.append(time.monotonic())

    host.servers[0].on_turn = count
    wait_for(lambda: len(turns) >= 2)
    assert host.broken_part() is None
    host.servers[0].on_turn = lambda: None  # it turns, but nobody hears of it
    wait_for(lambda: host.broken_part() == "bridge")


def test_a_worker_that_has_ended_is_found(host: Host) -> None:
    assert host.broken_part() is None
    host._stop_work.set()
    host._hub.work_queued.set()
    wait_for(lambda: host.broken_part() in ("smrthub-save-worker", "smrthub-daily-copy"))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the system has no Unix sockets")
def test_systemd_is_told_by_one_datagram(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(str(tmp_path / "notify"))
        system.settimeout(60)
        assert tell_system(READY, {"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert system.recv(100) == b"READY=1"


@pytest.mark.skipif(sys.platform != "linux", reason="names without a file are Linux's")
def test_a_name_without_a_file_is_told_too() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind("")  # the kernel finds a name
        name = system.getsockname()
        system.settimeout(60)
        assert tell_system(ALIVE, {"NOTIFY_SOCKET": "@" + name[1:].decode()})
        assert system.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1", "/nobody/listens/here", "/" + "long" * 50])
def test_without_a_listener_nothing_happens(address: str) -> None:
    assert not tell_system(READY, {"NOTIFY_SOCKET": address})
    assert not tell_system(READY, {})
