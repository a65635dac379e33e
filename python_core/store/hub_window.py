"""Rows of the hub window: its state under one revision, its indicators, and the commands sent to it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from python_core.store.connection import Connection


class WindowRow(NamedTuple):
    """``revision`` rises by one with each change of the window or of an indicator."""

    visible: bool
    pinned: bool
    revision: int


class IndicatorRow(NamedTuple):
    """One badge: ``level`` and ``text`` for people, ``confidence`` 0 to 100 or None."""

    name: str
    level: str
    text: str
    confidence: int | None


class CommandRow(NamedTuple):
    """A command to the window; ``acked_at_ms`` None while no window has acknowledged it."""

    id: str
    command: str
    args: dict[str, Any]
    at_ms: int
    acked_at_ms: int | None


def get_window(conn: Connection) -> WindowRow:
    """Return the window's state."""
    row: Any = conn.execute("SELECT visible, pinned, revision FROM hub_window").fetchone()
    return WindowRow(bool(row[0]), bool(row[1]), row[2])


def set_window(conn: Connection, visible: bool, pinned: bool) -> None:
    """Change the window and raise the revision."""
    conn.execute("UPDATE hub_window SET visible = ?, pinned = ?, revision = revision + 1", (visible, pinned))


def list_indicators(conn: Connection) -> list[IndicatorRow]:
    """Return the indicators by name."""
    return [
        IndicatorRow(*row) for row in conn.execute("SELECT name, level, text, confidence FROM indicators ORDER BY name")
    ]


def set_indicator(conn: Connection, indicator: IndicatorRow, at_ms: int) -> None:
    """Add or change an indicator."""
    conn.execute(
        "INSERT OR REPLACE INTO indicators(name, level, text, confidence, at) VALUES (?, ?, ?, ?, ?)",
        (*indicator, at_ms),
    )


def remove_indicator(conn: Connection, name: str) -> None:
    """Remove an indicator, if there is one of that name."""
    conn.execute("DELETE FROM indicators WHERE name = ?", (name,))


def add_command(conn: Connection, command: CommandRow) -> None:
    """Add a command."""
    conn.execute(
        "INSERT INTO hub_commands VALUES (?, ?, ?, ?, ?)",
        (
            command.id,
            command.command,
            msgspec.json.encode(command.args).decode(),
            command.at_ms,
            command.acked_at_ms,
        ),
    )


def get_command(conn: Connection, command_id: str) -> CommandRow | None:
    """Return one command."""
    row = conn.execute(
        "SELECT id, command, args, at, acked_at FROM hub_commands WHERE id = ?", (command_id,)
    ).fetchone()
    return CommandRow(row[0], row[1], msgspec.json.decode(row[2]), row[3], row[4]) if row else None


def set_command_acked(conn: Connection, command_id: str, at_ms: int) -> None:
    """Note that a window has carried the command out; the first note stays."""
    conn.execute("UPDATE hub_commands SET acked_at = coalesce(acked_at, ?) WHERE id = ?", (at_ms, command_id))
