"""The capture: pause it for a while or until told, resume it, say how it is."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.shapes import Body, View
from python_core.store import Connection, pauses, visits
from python_core.store.pauses import PauseRow
from python_core.utils.timestamps import to_rfc3339

LONGEST_PAUSE_S = 366 * 86_400
#: A browser that told of a page so lately may still show it: what comes after the pause must not be joined to that page.
_IN_FRONT_MS = 3_600_000


class Pause(Body, frozen=True, kw_only=True):
    """For how long; without ``seconds``, until it is resumed."""

    seconds: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_PAUSE_S)] | None = None


class CaptureView(View, frozen=True, kw_only=True):
    """Whether anything is captured; of a pause since when, and ``until`` when, where it has an end."""

    state: Literal["running", "paused"]
    since: str | None = None
    until: str | None = None


def pause_capture(hub: Hub, caller: Caller, wanted: Pause) -> CaptureView:
    """Capture nothing from now on, in any process, also after a restart; announces ``capture_paused``.

    A pause that is in force gets the new end.
    """
    now_ms = hub.now()
    until_ms = None if wanted.seconds is None else now_ms + wanted.seconds * 1000

    def act(conn: Connection) -> PauseRow:
        announce_lapsed(conn, hub, caller)
        if not pauses.end_pause(conn, now_ms):
            visits.blank_fronts(conn, now_ms - _IN_FRONT_MS, now_ms)
        made = PauseRow(now_ms, until_ms)
        pauses.add_pause(conn, made)
        announce(conn, hub, caller, "capture_paused", until=_rfc3339(until_ms))
        return made

    return _view(hub.store.write(act))


def resume_capture(hub: Hub, caller: Caller) -> CaptureView:
    """Capture again; announces ``capture_resumed`` where it was paused."""

    def act(conn: Connection) -> None:
        announce_lapsed(conn, hub, caller)
        if pauses.end_pause(conn, hub.now()):
            announce(conn, hub, caller, "capture_resumed")

    hub.store.write(act)
    return _view(None)


def get_capture(hub: Hub) -> CaptureView:
    """Return whether anything is captured."""
    return capture_at(hub.store.recall("pause", pauses.get_last_pause), hub.now())


def capture_at(pause: PauseRow | None, now_ms: int) -> CaptureView:
    """Return whether anything is captured at a moment, after the last pause that nobody has ended."""
    return _view(pause if pause is not None and pauses.is_in_force(pause, now_ms) else None)


def is_kept_out(conn: Connection, hub: Hub, at_ms: int | None) -> bool:
    """Say whether the capture is paused, or was at the moment that something was captured, which may come late."""
    now_ms = hub.now()
    return pauses.keeps_out(conn, now_ms, now_ms if at_ms is None else min(at_ms, now_ms))


def announce_lapsed(conn: Connection, hub: Hub, caller: Caller) -> None:
    """Announce ``capture_resumed``, once, for a pause that has ended by itself."""
    if pauses.take_lapsed(conn, hub.now()):
        announce(conn, hub, caller, "capture_resumed")


def _view(pause: PauseRow | None) -> CaptureView:
    if pause is None:
        return CaptureView(state="running")
    return CaptureView(state="paused", since=to_rfc3339(pause.begun_at_ms), until=_rfc3339(pause.until_ms))


def _rfc3339(at_ms: int | None) -> str | None:
    return None if at_ms is None else to_rfc3339(at_ms)
