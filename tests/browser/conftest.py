"""What the browser tests are given: a real Chromium, pages, and somebody who listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driver import Chrome, chromes
from tests.browser.hub import RealHub
from tests.browser.servers import Listener, Pages, Server, Stranger


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[RealHub]:
    hub = RealHub(tmp_path / "home")
    hub.start()
    yield hub
    hub.stop()


@pytest.fixture
def launch(chromium: str, tmp_path: Path) -> Iterator[Callable[..., Chrome]]:
    """Start the browser; `known_ports` says which of our servers stand where the hub is looked for."""
    with chromes(chromium, tmp_path / "profile") as launch:
        yield launch


@pytest.fixture
def chrome(launch: Callable[..., Chrome]) -> Chrome:
    return launch()


@pytest.fixture
def _servers() -> Iterator[list[Server]]:
    servers: list[Server] = []
    yield servers
    for server in servers:
        server.stop()


def _serving(kind: Callable[..., Server], servers: list[Server]) -> Callable[..., Any]:
    def serve(*arguments: Any, **named: Any) -> Server:
        servers.append(kind(*arguments, **named))
        return servers[-1]

    return serve


@pytest.fixture
def pages(_servers: list[Server]) -> Pages:
    return _serving(Pages, _servers)()


@pytest.fixture
def another_listener(_servers: list[Server]) -> Callable[..., Listener]:
    return _serving(Listener, _servers)


@pytest.fixture
def listener(another_listener: Callable[..., Listener]) -> Listener:
    return another_listener()


@pytest.fixture
def another_stranger(_servers: list[Server]) -> Callable[..., Stranger]:
    return _serving(Stranger, _servers)


@pytest.fixture
def stranger(another_stranger: Callable[..., Stranger]) -> Stranger:
    return another_stranger()
