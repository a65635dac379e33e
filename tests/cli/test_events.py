"""``smrthub events``: what has changed, and what changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from tests.cli.terminals import Terminal


def test_the_newest_events_are_shown_by_what_they_are_about(smrthub: Terminal) -> None:
    clip_id = smrthub.copy("an event happens")
    done = smrthub("events", "--limit", "3")
    assert 1 <= len(done.out.splitlines()) <= 3
    assert f"clipboard_processed {clip_id}" in done.out.splitlines()[-1]


def test_events_after_a_place_of_some_kinds_as_lines_of_json(smrthub: Terminal) -> None:
    ids = [smrthub.copy(f"event {n}") for n in range(3)]
    done = smrthub("events", "--after", "0", "--kinds", "clipboard_processed", "--limit", "10000", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert {event["kind"] for event in events} == {"clipboard_processed"}
    assert [event["data"]["id"] for event in events][-3:] == ids
    first = smrthub("events", "--after", "0", "--limit", "1", "--json").out
    assert json.loads(first)["id"] == 1


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_following_goes_on_until_ctrl_c(smrthub: Terminal) -> None:
    with smrthub.start("events", "--follow", "--json", "--limit", "1") as following:
        assert following.stdout is not None
        following.stdout.readline()
        ids = [smrthub.copy(f"followed {n}") for n in range(5)]
        seen = list[str]()
        while ids[-1] not in seen:
            seen.append(json.loads(following.stdout.readline())["data"].get("id"))
        following.send_signal(signal.SIGINT)
        assert following.wait(60) == 0
        assert following.stderr is not None
        assert following.stderr.read() == b""
    assert [each for each in seen if each in ids] == ids


def show(following: subprocess.Popen[bytes], clip_id: str) -> None:
    """Read what is shown as far as a clip."""
    assert following.stdout is not None
    while clip_id not in (line := following.stdout.readline().decode()):
        assert line, "it ended"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_following_goes_on_when_the_hub_was_started_again(idle: Terminal) -> None:
    hub = idle.home.start_hub()
    with idle.start("events", "--follow", "--limit", "1") as following:
        assert following.stdout is not None
        following.stdout.readline()
        show(following, idle.copy("before the end"))
        hub.end()
        assert following.stderr is not None
        lost = following.stderr.readline().decode()
        idle.home.start_hub()
        show(following, idle.copy("after the restart"))
        following.send_signal(signal.SIGINT)
        _, told = following.communicate(timeout=60)
    assert "Waiting for it" in lost
    assert told.decode().splitlines() == ["The hub is back."]
    assert following.returncode == 0
