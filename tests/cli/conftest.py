"""One hub that runs for all tests of the commands, and a home in which none does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminals import Terminal
from tests.whole.hub_home import Home


@pytest.fixture(scope="session")
def _running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("commands"))
    home.start_hub()
    yield home
    home.end_all()


@pytest.fixture
def smrthub(_running: Home) -> Terminal:
    """Commands to a hub that runs; other tests have put things into it."""
    return Terminal(_running)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of the test's own, in which nothing runs yet."""
    home = Home(tmp_path)
    yield home
    home.end_all()


@pytest.fixture
def idle(home: Home) -> Terminal:
    """Commands in a home in which no hub runs."""
    return Terminal(home)
