"""``smrthub serve`` and ``stop``, and what commands say when the hub is gone or another program has its place."""

from __future__ import annotations

import os
import signal
import socket

import psutil
import pytest

from python_core.cli.hosting import _process_of
from python_core.client import RunningServer
from python_core.errors import HubError
from tests.cli.terminals import COMMAND, Terminal
from tests.client.posing import Posing, Said
from tests.whole.hub_home import BRIDGE, ROOT

LISTENER = ("-c", "from python_core.net.running import run_host; run_host(['web-listener'], whole=False)")


def test_serve_becomes_the_hub_and_stop_ends_it_in_order(idle: Terminal) -> None:
    served = idle.home.start("-c", COMMAND, "serve", PYTHONPATH=str(ROOT))
    served.url()
    assert os.name == "nt" or idle.home.facts()["pid"] == served.pid
    assert idle("status").code == 0
    stopped = idle("stop")
    assert (stopped.code, stopped.out) == (0, "The hub has ended.\n")
    assert served.wait() == 0 or os.name == "nt"
    assert idle("status").code == 3
    assert idle("stop").code == 3


def test_a_second_serve_says_where_the_first_is(idle: Terminal) -> None:
    hub = idle.home.start_hub()
    second = idle.home.start("-c", COMMAND, "serve", PYTHONPATH=str(ROOT))
    assert second.wait() == 0
    assert f"already running at {idle.home.facts()['url']}" in second.output
    assert hub.is_up()


def test_serve_with_settings_that_cannot_be_is_78(idle: Terminal) -> None:
    served = idle.home.start("-c", COMMAND, "serve", PYTHONPATH=str(ROOT), SMRTHUB_BRIDGE_THREADS="many")
    assert served.wait() == 78
    assert "SMRTHUB_BRIDGE_THREADS must be" in served.output


def test_stop_ends_servers_that_run_apart(idle: Terminal) -> None:
    apart = [idle.home.start(*BRIDGE), idle.home.start(*LISTENER)]
    for server, title in zip(apart, ("Bridge", "Web listener"), strict=True):
        server.url(title)
    ended = idle("stop", "--json").json["ended"]
    assert sorted(ended) == sorted(server.pid for server in apart)
    assert not any(server.is_up() for server in apart) or [server.wait() for server in apart] == [0, 0]


@pytest.mark.skipif(os.name == "nt", reason="no process can be held on Windows")
def test_stop_says_when_the_hub_does_not_end(idle: Terminal) -> None:
    hub = idle.home.start_hub()
    with idle.start("stop", "--timeout", "1") as stopping:
        assert stopping.stderr is not None
        assert stopping.stderr.readline().startswith(b"Ending the hub (pid ")  # it has proven itself by then
        hub.signal(signal.SIGSTOP)
        _, err = stopping.communicate(timeout=60)
    hub.signal(signal.SIGCONT)
    if stopping.returncode != 0:  # else it was as quick as the signal
        assert b"has not ended within 1 s" in err


def test_a_hub_that_was_killed_is_a_hub_that_does_not_run(idle: Terminal) -> None:
    idle.home.start_hub().kill()
    assert idle.home.runtime_file().exists()
    for typed in (["status"], ["clip", "list"], ["search", "x"], ["stop"]):
        done = idle(*typed)
        assert (done.code, done.out, len(done.err.splitlines())) == (3, "", 1)


def test_a_stranger_on_the_hubs_port_is_named_and_told_nothing(idle: Terminal) -> None:
    hub = idle.home.start_hub()
    port = idle.home.facts()["port"]
    hub.kill()
    stranger = Posing(lambda _: Said(service=None), port=port, ping=Said({"status": "ok"}, service=None))
    try:
        for typed in (["status"], ["clip", "add", "not for you"], ["token", "show"], ["stop"]):
            done = idle(*typed)
            assert (done.code, done.out) == (3, "")
            assert typed == ["stop"] or f"(pid {os.getpid()}) holds its port {port}" in done.err
    finally:
        stranger.stop()
    assert stranger.tokens == set()
    assert {asked.method for asked in stranger.asked} == {"GET"}


def test_the_hub_of_somebody_else_on_the_port_is_not_ones_own(idle: Terminal, smrthub: Terminal) -> None:
    idle.home.start_hub().kill()
    file = idle.home.runtime_file()
    theirs = str(smrthub.home.facts()["port"])
    file.write_text(file.read_text().replace(str(idle.home.facts()["port"]), theirs))
    for typed in (["status"], ["stop"]):
        done = idle(*typed)
        assert (done.code, done.out) == (3, "")
    assert "is not your hub" in idle("status").err
    assert smrthub("status").code == 0


def running(pid: int, started_at: str) -> RunningServer:
    return RunningServer("bridge", "127.0.0.1", 1, pid, started_at, "token", False)


def test_a_later_process_of_the_same_number_is_never_ended() -> None:
    with pytest.raises(HubError, match="another process"):
        _process_of(running(os.getpid(), "2001-01-01T00:00:00.000Z"))


def test_a_process_that_is_gone_is_never_ended() -> None:
    with psutil.Popen(["true"] if os.name != "nt" else ["cmd", "/c", "exit"]) as gone:
        gone.wait()
    with pytest.raises(HubError, match="another process"):
        _process_of(running(gone.pid, "2999-01-01T00:00:00.000Z"))


def test_without_a_hub_no_command_leaves_a_trace(idle: Terminal) -> None:
    for typed in (["status"], ["stop"], ["clip", "list"], ["version"], ["config", "path"]):
        idle(*typed)
    assert not idle.home.paths.local.exists()
    assert not idle.home.paths.roaming.exists()


def test_a_port_that_nobody_holds_any_more_is_free_again(idle: Terminal) -> None:
    idle.home.start_hub().kill()
    with socket.create_server(("127.0.0.1", 0)):
        assert idle("status").code == 3
