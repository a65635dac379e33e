"""What the tests of the whole are given: a home of its own, of whose processes none is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.hub_home import Home
from tests.whole.slow_browser import SlowBrowser


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.end_all()


@pytest.fixture
def slow_browser(tmp_path: Path) -> Iterator[SlowBrowser]:
    browser = SlowBrowser(tmp_path)
    yield browser
    browser.go_on()
