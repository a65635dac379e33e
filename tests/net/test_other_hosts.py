"""The hub starts another host by the very command that docs/deploy.md shows."""

from __future__ import annotations

import shlex
import socket
from typing import get_args, get_type_hints

import pytest

from benchmarks.hosts import commands
from python_core.config import BridgeSettings
from python_core.net.other_hosts import DIFFERENCES, ROOT, serve_by_other, words_of
from python_core.net.ports import Bound, bind
from python_core.store import Store
from tests.hubs import Clock, make_hub

OTHERS = sorted(DIFFERENCES)


def bound(host: str = "127.0.0.1") -> Bound:
    return Bound(socket.socket(), host, 5001, "")


def test_each_host_that_can_be_set_is_known() -> None:
    assert sorted(get_args(get_type_hints(BridgeSettings)["wsgi_host"])) == sorted([*OTHERS, "waitress"])


@pytest.mark.parametrize("name", OTHERS)
def test_the_command_is_the_documented_one(name: str) -> None:
    place = bound()
    with place.socket:
        assert words_of(name, place, BridgeSettings()) == shlex.split(commands()[name])


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_set_is_in_the_command(name: str) -> None:
    settings = BridgeSettings(threads=33, shutdown_timeout_seconds=44, request_timeout_seconds=55)
    place = bound("::1")
    with place.socket:
        words = words_of(name, place, settings)
    assert "33" in words
    assert ("55" if name == "cheroot" else "22") in words
    assert ("::1" if name == "granian" else "[::1]:5001") in words


def test_what_differs_is_told(store: Store) -> None:
    place = bind("bridge", "127.0.0.1", 0, fallback=False)
    with place.socket:
        server = serve_by_other("bridge", place, BridgeSettings(wsgi_host="granian"), make_hub(store, Clock()))
    assert server.note == f"served by granian (wsgiHost): {DIFFERENCES['granian']}"
    assert (ROOT / "python_core" / "net" / "wsgi.py").is_file()
