"""``HubClient.follow``: events as they happen, over the end of the hub and the next one's start."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from python_core.client import HubClient, Refused
from python_core.errors import BadInput, Busy, HubError, NotReachable
from tests.streams import Stream
from tests.whole.hub_home import Home, wait_for


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.end_all()


class Follower(threading.Thread):
    """Follows with the client until so many clips were told; keeps all that it was told."""

    def __init__(self, home: Home, clips: int) -> None:
        super().__init__(daemon=True)
        self._home, self._clips = home, clips
        self.told: list[dict[str, Any]] = []
        self.lost: list[HubError | None] = []
        self.start()

    def run(self) -> None:
        with HubClient(environ=self._home.environ) as hub:
            events = hub.follow(after=0, when_lost=self.lost.append)
            for event in events:
                self.told.append(event)
                if len(self.clips()) == self._clips:
                    events.close()  # type: ignore[attr-defined]  # it is a generator
                    return

    def clips(self) -> list[str]:
        return [event["data"]["id"] for event in self.told if event["kind"] == "clipboard_processed"]


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
@pytest.mark.parametrize("how", ["ended", "killed"])
def test_nothing_is_missed_over_a_restart_of_the_hub(home: Home, how: str) -> None:
    hub = home.start_hub()
    follower = Follower(home, clips=6)
    copied = [home.caller().copy(f"before {n}")["id"] for n in range(3)]
    wait_for(lambda: len(follower.clips()) == 3)
    hub.signal(signal.SIGTERM if how == "ended" else signal.SIGKILL)
    hub.wait()
    wait_for(lambda: follower.lost)
    hub = home.start_hub()
    copied += [home.caller(hub.url()).copy(f"after {n}")["id"] for n in range(3)]
    follower.join(60)
    assert follower.clips() == copied
    assert [event["id"] for event in follower.told] == list(range(1, len(follower.told) + 1))
    assert isinstance(follower.lost[0], NotReachable)
    assert follower.lost[1:] == [None]


def test_what_the_hub_refuses_is_told(home: Home) -> None:
    home.start_hub()
    with HubClient(environ=home.environ) as hub:
        with pytest.raises(BadInput):
            next(hub.follow(kinds="canary"))
        made = hub.call("POST", "/clients", {"name": "a", "kind": "script", "scopes": ["status:read"]})
        streams = [Stream(hub.server.url, hub.server.token).opened() for _ in range(4)]
        with pytest.raises(Busy):
            next(hub.follow())
        for stream in streams:
            stream.close()
    with (
        HubClient(environ=home.environ | {"SMRTHUB_SESSION_TOKEN": made["token"]}) as hub,
        pytest.raises(Refused, match="events:read"),
    ):
        next(hub.follow())


def test_a_place_that_is_not_in_the_log_is_told_as_reset(home: Home) -> None:
    home.start_hub()
    with HubClient(environ=home.environ) as hub:
        newest = hub.call("GET", "/events")["newest"]
        events = hub.follow(after=10**6)
        assert next(events) == {"kind": "reset", "oldest": 1, "newest": newest}
        events.close()  # type: ignore[attr-defined]  # it is a generator


def test_without_a_hub_it_says_so_at_once(home: Home) -> None:
    hub = home.start_hub()
    client = HubClient(environ=home.environ)
    hub.end()
    with client, pytest.raises(NotReachable):
        next(client.follow())
