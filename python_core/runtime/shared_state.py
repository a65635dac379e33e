"""``results``: the live state that the hub window shows, as a read-only view over the store.

The specification knows it as a shared dictionary. With several worker processes memory cannot hold it: each key is read
from the store when it is asked for, so that every process shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from python_core.runtime.capture import get_capture
from python_core.runtime.clip_views import ClipView
from python_core.runtime.clipboard import newest_clip
from python_core.runtime.hub import Hub
from python_core.store import Connection, outputs, runs, tallies


class Results(Mapping[str, Any]):
    """``capture``, ``clipboard``, ``source``, ``space``, ``lastTrigger``, ``lastOutput`` and ``counts``, as JSON values."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __getitem__(self, key: str) -> Any:
        return _READERS[key](self._hub)

    def __iter__(self) -> Iterator[str]:
        return iter(_READERS)

    def __len__(self) -> int:
        return len(_READERS)


def _newest(hub: Hub) -> ClipView | None:
    return newest_clip(hub)


def _clipboard(hub: Hub) -> Any:
    return msgspec.to_builtins(_newest(hub))


def _source(hub: Hub) -> Any:
    clip = _newest(hub)
    return msgspec.to_builtins(clip.source) if clip else None


def _last_trigger(hub: Hub) -> Any:
    found = _read(hub, lambda conn: runs.list_runs(conn, None, 1))
    return {"id": found[0].id, "trigger": found[0].trigger, "state": found[0].state} if found else None


def _last_output(hub: Hub) -> Any:
    output = _read(hub, outputs.get_newest_output)
    return {"id": output.id, "schema": output.schema, "title": output.title} if output else None


def _counts(hub: Hub) -> Any:
    return _read(hub, tallies.get_tallies)


def _read(hub: Hub, act: Callable[[Connection], Any]) -> Any:
    with hub.store.reading() as conn:
        return act(conn)


_READERS: dict[str, Callable[[Hub], Any]] = {
    "capture": lambda hub: msgspec.to_builtins(get_capture(hub)),
    "clipboard": _clipboard,
    "source": _source,
    "space": lambda _: None,  # no SmrtSpace is active before the first save: nothing is made at start
    "lastTrigger": _last_trigger,
    "lastOutput": _last_output,
    "counts": _counts,
}
