"""What holds for every test: the user's folders stay untouched, and no socket leaves this machine."""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python_core.runtime.hub import Hub
from python_core.store import Store, open_store
from tests.hubs import Clock, make_hub
from Tools.chromium import HOW_TO_INSTALL, find_chromium

CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
KEPT = frozenset({"SMRTHUB_CHROMIUM", "SMRTHUB_NO_BROWSER"})


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the browser tests out where the person who runs them asked for that, loudly, in Tools/test.py."""
    left_out = os.environ.get("SMRTHUB_NO_BROWSER", "") not in ("", "0")
    return True if left_out and collection_path == Path(__file__).parent / "browser" else None


@pytest.fixture(scope="session", autouse=True)
def _no_folder_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Point every name of a personal folder elsewhere, and drop settings from the caller's environment."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("SMRTHUB_", "XDG_")) and name not in KEPT:
                patch.delenv(name)
        for name in ("HOME", "USERPROFILE"):
            patch.setenv(name, str(home))
        patch.setenv("APPDATA", str(home / "roaming"))
        patch.setenv("LOCALAPPDATA", str(home / "local"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _programs_hear_ctrl_c() -> None:
    """A run in the background ignores Ctrl-C, one under nohup that its terminal closes: so would every program of a test."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser to drive; without one the test fails and says how to get it."""
    found = find_chromium()
    if found is None:
        pytest.fail(HOW_TO_INSTALL)
    return found


@pytest.fixture
def clock() -> Clock:
    """The time for ``hub``."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new, empty store."""
    opened = open_store(tmp_path / "stored")
    yield opened
    opened.close()


@pytest.fixture
def hub(store: Store, clock: Clock) -> Hub:
    """A hub with default settings over ``store``."""
    return make_hub(store, clock)


def _refuse_strangers(event: str, args: tuple[Any, ...]) -> None:
    """Audit hook: no name but this machine's is looked up, and nothing is sent to another."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in CONNECTS and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_loopback(host.decode() if isinstance(host, bytes) else host):
        raise RuntimeError(f"a test tried to reach {host}: tests stay on loopback")


def _is_loopback(host: str | None) -> bool:
    try:
        return host in (None, "", "localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


sys.addaudithook(_refuse_strangers)
