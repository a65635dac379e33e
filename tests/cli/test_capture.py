"""``smrthub pause`` and ``resume``."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import click
import pytest

from python_core.cli.capture import seconds_of
from tests.cli.terminals import Terminal

NOW = datetime(2026, 1, 31, 17, 30).astimezone()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10m", 600),
        ("10 min", 600),
        ("90s", 90),
        ("2h", 7200),
        ("1d", 86_400),
        ("until 18:00", 1800),
        ("18:00", 1800),
        ("until 17:30", 86_400),
        ("until 9:05", 15 * 3600 + 35 * 60),
        ("until 2026-02-01 17:30", 86_400),
    ],
)
def test_times_as_people_type_them(text: str, seconds: int) -> None:
    assert seconds_of(text, NOW) == seconds


def test_a_time_with_its_own_zone_counts_as_such() -> None:
    end = (NOW + timedelta(minutes=5)).astimezone(timezone(timedelta(hours=7)))
    assert seconds_of(f"until {end.isoformat()}", NOW) == 300


@pytest.mark.parametrize("text", ["", "soon", "10", "until", "25:00", "until 2026-01-31 17:29", "0m", "999999d" * 2])
def test_what_is_no_time_to_come_is_told(text: str) -> None:
    with pytest.raises(click.BadParameter):
        seconds_of(text, NOW)


def test_a_pause_is_told_by_itself_by_status_and_by_what_it_keeps_out(idle: Terminal) -> None:
    hub = idle.home.start_hub()
    assert idle("pause", "2h").out.startswith("Paused until 20")
    assert "paused until 20" in idle("status").out
    refused = idle("clip", "add", "x")
    assert (refused.code, "Not stored: paused; to go on: smrthub resume" in refused.err) == (1, True)
    assert hub.end() == 0
    idle.home.start_hub()
    assert idle("pause").out == "Paused until: smrthub resume\n"
    assert idle("status", "--json").json["capture"] == "paused"
    assert idle("resume").out == "Capturing.\n"
    assert idle("clip", "add", "x").code == 0
    assert idle("pause", "tomorrow").code == 2
