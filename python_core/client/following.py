"""Follow the hub's event stream, over its restarts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

from python_core.client.connection import HubConnection
from python_core.client.findings import object_of
from python_core.errors import Busy, HubError, NotReachable

#: The hub breaks its silence every 15 s: after two that did not come the connection is dead.
SILENCE_S = 40.0
RETRY_S = 1.0


def follow(
    connect: Callable[[], HubConnection],
    after: int | None,
    kinds: str | None,
    when_lost: Callable[[HubError | None], None],
) -> Iterator[dict[str, Any]]:
    """Yield events, and go on where it was when the stream has ended; as ``HubClient.follow`` tells."""
    place, is_first, is_lost = after, True, False
    while True:
        try:
            with closing(connect()) as connection:
                for block in _blocks(_lines(connection, place, kinds)):
                    if is_lost:
                        is_lost = False
                        when_lost(None)
                    is_first = False
                    if "id" in block:
                        place = int(block["id"])
                    if "data" in block:
                        yield _event(block)
            lost: HubError = NotReachable("The hub ended the stream.")
        except (NotReachable, Busy) as finding:
            if is_first:
                raise
            lost = finding
        if not is_lost:
            is_lost = True
            when_lost(lost)
        time.sleep(RETRY_S)


def _lines(connection: HubConnection, place: int | None, kinds: str | None) -> Iterator[bytes]:
    asked = {name: value for name, value in (("after", place), ("kinds", kinds)) if value is not None}
    headers = {"Accept": "text/event-stream"}
    return connection.stream(f"/events?{urlencode(asked)}" if asked else "/events", headers, SILENCE_S)


def _blocks(lines: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """Yield the fields of each block; each has one line a field, as the hub writes them."""
    block: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").rstrip("\r\n").partition(": ")
        if name:
            block[name] = value
        elif not value:
            yield block
            block = {}


def _event(block: dict[str, str]) -> dict[str, Any]:
    told = object_of(block["data"].encode())
    return {"kind": "reset", **told} if block.get("event") == "reset" else told
