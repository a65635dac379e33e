"""Who follows the events in silence is woken by nothing but a cause: it ends when its reader goes, and learns of what happens."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from python_core.runtime.events import announce
from python_core.runtime.followers import Reader, Still, await_page, follow
from python_core.runtime.hub import Hub
from tests.hubs import caller

PATIENCE_S = 60.0
HOURS = 36_000.0


@pytest.mark.parametrize("why", ["gone", "not admitted"])
def test_who_waits_for_long_ends_when_its_reader_does(hub: Hub, why: str) -> None:
    is_over, is_waiting, told = threading.Event(), threading.Event(), list[object]()

    def stays() -> bool:
        is_waiting.set()
        return not is_over.is_set()

    reader = Reader(is_there=stays) if why == "gone" else Reader(is_admitted=stays)
    silent = replace(hub, heartbeat_s=HOURS)
    page = threading.Thread(target=lambda: told.append(await_page(hub, reader, None, 50, None, HOURS).items))
    stream = threading.Thread(target=lambda: told.extend(follow(silent, reader, None, None)))
    for waiting in (page, stream):
        waiting.start()
    assert is_waiting.wait(PATIENCE_S)
    is_over.set()
    for waiting in (page, stream):
        waiting.join(PATIENCE_S)
        assert not waiting.is_alive()
    assert sorted(map(str, told)) == sorted(map(str, [[], Still(0)]))


def test_a_silent_stream_is_told_what_happens(hub: Hub) -> None:
    told = follow(replace(hub, heartbeat_s=HOURS), Reader(), None, None)
    assert next(told) == Still(0)
    telling = threading.Timer(
        0.1,
        lambda: hub.store.write(lambda conn: announce(conn, hub, caller(), "hub_window_changed", revision=1)),
    )
    telling.start()
    assert "hub_window_changed" in str(next(told))
    telling.join()
