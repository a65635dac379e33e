"""The hub window: its state under one revision, its indicators, and commands that a window carries out."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec

from python_core.errors import BadInput, NotFound, PreconditionFailed
from python_core.runtime.capture import get_capture
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.room import need_room
from python_core.runtime.shapes import Body, View, count_parts, shown_instant
from python_core.runtime.shared_state import Results
from python_core.store import Connection, answered, hub_window
from python_core.store.events import get_last_event_id
from python_core.store.hub_window import CommandRow, IndicatorRow
from python_core.utils.ids import new_id
from python_core.utils.shared_state_window import snapshot
from python_core.utils.timestamps import to_rfc3339

#: Bytes of the shared state that one answer carries.
SHARED_STATE_AT_MOST = 65_536
INDICATORS_AT_MOST = 64
_ETAG = re.compile(r'(?:W/)?"r(\d{1,18})\.e\d{1,18}(?:\.p)?"')
Level = Literal["ok", "info", "warning", "error"]


class IndicatorState(Body, frozen=True, kw_only=True):
    """One badge: ``confidence`` 0 to 100 tints it."""

    level: Level
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    confidence: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class WindowChange(Body, frozen=True, kw_only=True):
    """What of the window shall change."""

    visible: bool | None = None
    pinned: bool | None = None


class HubWindowChange(Body, frozen=True, kw_only=True):
    """What shall change; an indicator that is null goes."""

    window: WindowChange = WindowChange()
    indicators: Annotated[
        dict[Annotated[str, msgspec.Meta(pattern="^[a-z][a-zA-Z0-9-]{0,63}$")], IndicatorState | None],
        msgspec.Meta(max_length=INDICATORS_AT_MOST),
    ] = {}


class HubCommand(Body, frozen=True, kw_only=True):
    """A command for whichever window is open."""

    command: Literal["show", "hide", "toggle", "focus", "notify"]
    args: dict[str, Any] = {}


class WindowView(View, frozen=True, kw_only=True):
    """``revision`` rises with each change of the window or an indicator."""

    visible: bool
    pinned: bool
    revision: int


class IndicatorView(View, frozen=True, kw_only=True, omit_defaults=False):
    """One badge."""

    level: str
    text: str
    confidence: int | None


class HubWindowView(View, frozen=True, kw_only=True):
    """All that a hub window shows; ``sharedState`` is a copy, bounded in size, and holds somebody's text."""

    window: WindowView
    indicators: dict[str, IndicatorView]
    shared_state: dict[str, Any]


class CommandView(View, frozen=True, kw_only=True):
    """A command and whether a window has carried it out."""

    id: str
    command: str
    args: dict[str, Any]
    at: str
    acked_at: str | None = None


class CommandReceipt(View, frozen=True, kw_only=True):
    """A command is on the event log; ``duplicate``: it was before, under this id."""

    command: CommandView
    duplicate: bool


def get_etag(hub: Hub) -> str:
    """Return the mark of what the hub window shows now, from three indexed reads, whatever is stored."""
    revision, last_event_id = hub.store.recall("window", _get_revisions)
    pause = ".p" if get_capture(hub).state == "paused" else ""  # a pause ends with no event at that moment
    return f'"r{revision}.e{last_event_id}{pause}"'


def _get_revisions(conn: Connection) -> tuple[int, int]:
    return hub_window.get_window(conn).revision, get_last_event_id(conn)


def get_hub_window(hub: Hub, *, shared: bool = True) -> HubWindowView:
    """Return what a hub window shows; without ``shared`` nothing that was captured."""
    with hub.store.reading() as conn:
        window = hub_window.get_window(conn)
        indicators = hub_window.list_indicators(conn)
    return HubWindowView(
        window=WindowView(visible=window.visible, pinned=window.pinned, revision=window.revision),
        indicators={
            row.name: IndicatorView(level=row.level, text=row.text, confidence=row.confidence) for row in indicators
        },
        shared_state=snapshot(Results(hub), max_bytes=SHARED_STATE_AT_MOST) if shared else {},
    )


def change_hub_window(hub: Hub, caller: Caller, change: HubWindowChange, if_match: str | None) -> None:
    """Change the window and its indicators as one revision; announces ``hub_window_changed``.

    :param if_match: an ETag: the change is made only while the window is at that ETag's revision.
    :raises PreconditionFailed: it is at another.
    """
    expected = None
    if if_match is not None and if_match != "*":
        tag = _ETAG.fullmatch(if_match)
        expected = int(tag[1]) if tag else -1

    def act(conn: Connection) -> None:
        window = hub_window.get_window(conn)
        if expected is not None and window.revision != expected:
            raise PreconditionFailed("The hub window has changed since: get it again, then change it.")
        wanted = change.window
        hub_window.set_window(
            conn,
            window.visible if wanted.visible is None else wanted.visible,
            window.pinned if wanted.pinned is None else wanted.pinned,
        )
        for name, state in change.indicators.items():
            if state is None:
                hub_window.remove_indicator(conn, name)
            else:
                hub_window.set_indicator(conn, IndicatorRow(name, state.level, state.text, state.confidence), hub.now())
        if len(hub_window.list_indicators(conn)) > INDICATORS_AT_MOST:
            raise BadInput.at("/indicators", f"there are at most {INDICATORS_AT_MOST}: remove one with null")
        announce(conn, hub, caller, "hub_window_changed", revision=window.revision + 1)

    hub.store.write(act)


def send_command(hub: Hub, caller: Caller, wanted: HubCommand, key: str | None) -> CommandReceipt:
    """Put a command on the event log; announces ``hub_window_command``."""
    count_parts(wanted.args, "/args")
    if len(msgspec.json.encode(wanted.args)) > 4096:
        raise BadInput.at("/args", "may be 4096 bytes at most")
    row = CommandRow(new_id(), wanted.command, wanted.args, hub.now(), None)

    def act(conn: Connection) -> CommandReceipt:
        known = answered.get_first_item(conn, caller.client, "command", key)
        first = hub_window.get_command(conn, known) if known else None
        if first is not None:
            return CommandReceipt(command=_view(first), duplicate=True)
        need_room(conn, hub, is_item=False)
        hub_window.add_command(conn, row)
        answered.add_answer(conn, caller.client, "command", key, row.id, row.at_ms)
        announce(conn, hub, caller, "hub_window_command", id=row.id, command=row.command)
        return CommandReceipt(command=_view(row), duplicate=False)

    return hub.store.write(act)


def get_command(hub: Hub, command_id: str) -> CommandView:
    """Return one command with its arguments.

    :raises NotFound: there is none of that id.
    """
    with hub.store.reading() as conn:
        command = hub_window.get_command(conn, command_id)
    if command is None:
        raise NotFound("There is no command of that id.")
    return _view(command)


def ack_command(hub: Hub, caller: Caller, command_id: str) -> CommandView:
    """Note that a window has carried a command out; again does nothing more. Announces ``hub_window_changed`` once.

    :raises NotFound: there is none of that id.
    """

    def act(conn: Connection) -> CommandRow:
        command = hub_window.get_command(conn, command_id)
        if command is None:
            raise NotFound("There is no command of that id.")
        if command.acked_at_ms is None:
            hub_window.set_command_acked(conn, command_id, hub.now())
            announce(conn, hub, caller, "hub_window_changed", revision=hub_window.get_window(conn).revision)
        return hub_window.get_command(conn, command_id) or command

    return _view(hub.store.write(act))


def _view(row: CommandRow) -> CommandView:
    return CommandView(
        id=row.id,
        command=row.command,
        args=row.args,
        at=to_rfc3339(row.at_ms),
        acked_at=shown_instant(row.acked_at_ms),
    )
