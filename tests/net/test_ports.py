"""A port is taken on loopback alone, or the next free one of ten, and who holds the wanted one is told."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from python_core.errors import HubError
from python_core.net.ports import FALLBACK_PORTS, Bound, PortTaken, bind

V6 = socket.has_ipv6 and os.path.exists("/proc/net/if_inet6")  # noqa: PTH110
#: What is told of this process; macOS tells who holds a port to root alone.
HOLDER = f"pid {os.getpid()}" if sys.platform != "darwin" else ""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        yield holder.getsockname()[1]


def taking(bound: Bound) -> tuple[str, int, str]:
    with bound.socket:
        with socket.create_connection((bound.host, bound.port), timeout=30):
            pass
        return bound.host, bound.port, bound.note


def test_a_free_port_is_taken_without_a_note() -> None:
    host, port, note = taking(bind("bridge", "127.0.0.1", 0, fallback=True))
    assert (host, note) == ("127.0.0.1", "")
    assert port > 0
    assert taking(bind("bridge", "127.0.0.1", port, fallback=False)) == (host, port, "")  # again, at once


@pytest.mark.parametrize("service", FALLBACK_PORTS)
def test_the_next_free_port_is_taken_and_the_holder_told(service: str, taken: int) -> None:
    bound = bind(service, "127.0.0.1", taken, fallback=True)
    _, port, note = taking(bound)
    assert port in FALLBACK_PORTS[service]
    assert note.startswith(f"Port {taken} is taken by ")
    assert HOLDER in note


def test_fallback_ports_are_passed_over_when_they_are_taken_too(taken: int) -> None:
    first = bind("bridge", "127.0.0.1", taken, fallback=True)
    second = bind("bridge", "127.0.0.1", taken, fallback=True)
    ports = [taking(second)[1], taking(first)[1]]
    assert ports == sorted(ports, reverse=True)
    assert len(set(ports)) == 2


def test_without_fallback_a_taken_port_is_told_with_its_holder_and_what_to_do(taken: int) -> None:
    with pytest.raises(PortTaken, match=rf"Port {taken} is taken by .*{HOLDER}.*Set another port"):
        bind("bridge", "127.0.0.1", taken, fallback=False)


def test_when_all_are_taken_that_is_told(taken: int) -> None:
    with ExitStack() as held:

        def take_all() -> None:
            for _ in range(len(FALLBACK_PORTS["bridge"]) + 1):
                held.enter_context(bind("bridge", "127.0.0.1", taken, fallback=True).socket)

        with pytest.raises(PortTaken, match="The ports 5011 to 5019 are taken too"):
            take_all()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "192.0.2.1", pytest.param("::", marks=pytest.mark.skipif(not V6, reason="no IPv6"))]
)
def test_another_address_than_loopback_is_never_listened_on(host: str) -> None:
    with pytest.raises(HubError, match=r"loopback|cannot be listened on"):
        bind("bridge", host, 0, fallback=True)


@pytest.mark.skipif(not V6, reason="this machine has no IPv6")
def test_the_address_of_ipv6_has_its_brackets() -> None:
    bound = bind("bridge", "::1", 0, fallback=False)
    assert bound.url == f"http://[::1]:{bound.port}"
    taking(bound)


def test_localhost_is_loopback() -> None:
    bound = bind("bridge", "localhost", 0, fallback=False)
    assert bound.url == f"http://localhost:{bound.port}"
    taking(bound)
