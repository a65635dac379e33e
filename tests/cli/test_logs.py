"""``smrthub logs``: what the hub tells of its work, with and without a hub that runs."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path

import pytest

from python_core.utils.log_levels import read_levels
from tests.cli.terminals import Terminal, see
from tests.whole.hub_home import wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def line(text: str, **more: object) -> str:
    """Write a record of a log."""
    told = {"ts": "2026-01-02T03:04:05.678Z", "level": "Information", "component": "gate", "renderedMessage": text}
    return json.dumps({**told, **more}) + "\n"


def put(terminal: Terminal, *lines: str) -> Path:
    path = terminal.home.paths.logs() / "python-net-log.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(lines))
    return path


def test_a_running_hub_and_its_work_are_shown(smrthub: Terminal) -> None:
    out = smrthub("logs", "-n", "0", "--since", "2h").out
    assert out == ""
    shape = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d{4} Information +hosting +bridge listens"
    wait_for(lambda: re.search(shape, smrthub("logs", "--component", "hosting").out))


def test_records_are_shown_in_columns_with_their_time_and_trace(idle: Terminal) -> None:
    put(idle, line("POST refused", traceId=TRACE))
    with idle.start("logs", TZ="Asia/Kolkata" if os.name != "nt" else "") as shown:
        out, _ = shown.communicate(timeout=60)
    told = out.decode()
    assert told.endswith(f" Information gate        POST refused  trace={TRACE}{os.linesep}")
    assert os.name == "nt" or told.startswith("2026-01-02 08:34:05.678+0530 ")


def test_the_newest_are_shown_and_a_time_or_trace_shows_all(idle: Terminal) -> None:
    put(idle, *(line(f"number {n}.", traceId=TRACE) for n in range(150)))
    assert len(idle("logs").out.splitlines()) == 100
    assert len(idle("logs", "-n", "3").out.splitlines()) == 3
    assert "number 149." in idle("logs", "-n", "1").out
    assert len(idle("logs", "--since", "2026-01-01").out.splitlines()) == 150
    assert len(idle("logs", "--trace", f"00-{TRACE}-00f067aa0ba902b7-01").out.splitlines()) == 150
    assert len(idle("logs", "--trace", TRACE[:6].upper()).out.splitlines()) == 150


def test_records_are_narrowed_by_level_part_word_and_time(idle: Terminal) -> None:
    put(
        idle,
        line("one"),
        line("two", level="Warning"),
        line("three", component="triggers", level="Error"),
        line("four", ts="2026-02-02T03:04:05.678Z"),
    )

    def texts(*arguments: str) -> list[str]:
        return [json.loads(each)["renderedMessage"] for each in idle("logs", "--json", *arguments).out.splitlines()]

    assert texts() == ["one", "two", "three", "four"]
    assert texts("--level", "WARNING") == ["two", "three"]
    assert texts("--component", "triggers") == ["three"]
    assert texts("--grep", "FO") == ["four"]
    assert texts("--since", "2026-02-01") == ["four"]


def test_what_is_odd_is_told_beside_and_is_no_failure(idle: Terminal) -> None:
    assert idle("logs").err == "There are no such records.\n"
    put(idle, line("one"), "half a rec\n")
    done = idle("logs")
    assert (done.code, len(done.out.splitlines())) == (0, 1)
    assert done.err == "1 lines are no records: cut off by a crash, or of another program.\n"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Adak"])
def test_a_time_that_no_clock_shows_is_shown_as_it_is(idle: Terminal, zone: str) -> None:
    times = ["0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "soon", ""]
    put(idle, *(line("odd", ts=ts) for ts in times))
    with idle.start("logs", TZ=zone) as shown:
        out, err = shown.communicate(timeout=60)
    assert (shown.returncode, len(out.splitlines()), err) == (0, len(times), b"")


def test_hostile_bytes_in_a_line_do_not_reach_the_terminal(idle: Terminal) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\u202etxt\x9b31m\r\nfaked line"
    path = put(idle, line(hostile, component=hostile, traceId=hostile, ts=hostile, props={hostile: hostile}))
    with path.open("ab") as file:
        file.write(b"\x1b[31m\xff\n")
    for arguments in (["logs"], ["logs", "--json"]):
        out = idle(*arguments).out
        assert len(out.splitlines()) == 1
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", out)


@pytest.mark.skipif(os.name == "nt", reason="pseudo terminals")
def test_levels_have_colours_on_a_terminal_only(idle: Terminal) -> None:
    put(idle, line("fine"), line("broken", level="Error"))
    assert "\x1b[31mbroken" in see(idle.home, 120, "logs")
    assert "\x1b" not in idle("logs").out


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process on Windows")
def test_following_goes_on_over_a_turning_until_ctrl_c(idle: Terminal) -> None:
    path = put(idle, line("first"))
    with idle.start("logs", "--follow", "--json") as following:
        assert following.stdout is not None
        seen = [json.loads(following.stdout.readline())["renderedMessage"]]
        put(idle, line("second"))
        path.rename(path.with_name("python-net-log.2026-01-02T03-04-05-678Z.json"))
        put(idle, line("third"))
        seen += [json.loads(following.stdout.readline())["renderedMessage"] for _ in range(2)]
        following.send_signal(signal.SIGINT)
        assert following.wait(60) == 0
        assert following.stderr is not None
        assert following.stderr.read() == b""
    assert seen == ["first", "second", "third"]


def test_a_page_is_written(idle: Terminal, tmp_path: Path) -> None:
    put(idle, line("one"), line("two", level="Warning"))
    target = tmp_path / "page.html"
    assert idle("logs", "--level", "warning", "--html", str(target)).out == f"Wrote 1 records to {target}\n"
    assert "two" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--trace", "xyz"], "is no trace"),
        (["--since", "soon"], "is no time"),
        (["--component", "gaet"], "gate"),
        (["level", "gate"], "Give a level too"),
        (["level", "gate", "debug", "--for", "8d"], "a week at most"),
        (["level", "gate", "debug", "--for", "ever"], "is no time"),
    ],
)
def test_what_makes_no_sense_is_a_fault_of_usage(idle: Terminal, arguments: list[str], told: str) -> None:
    done = idle("logs", *arguments)
    assert done.code == 2
    assert told in done.err


def test_a_level_is_set_shown_and_ended(idle: Terminal) -> None:
    assert "logLevel" in idle("logs", "level").out
    assert idle("logs", "level", "gate", "DEBUG", "--for", "10m").out.startswith("gate        Debug until ")
    assert idle("logs", "level", "all", "warning", "--json").json["items"][1]["component"] == "all"
    assert {name: each.level for name, each in read_levels(idle.home.paths).items()} == {
        "gate": "Debug",
        "all": "Warning",
    }
    assert idle("logs", "level", "all", "usual").out.startswith("gate")
    assert "logLevel" in idle("logs", "level", "gate", "usual").out


def test_a_level_takes_effect_in_a_running_hub(smrthub: Terminal) -> None:
    smrthub("logs", "level", "gate", "debug", "--for", "1m")
    caller = smrthub.home.caller()
    try:
        for _ in range(600):
            caller.call("GET", "/no-such-path")
            if "refused: not_found" in smrthub("logs", "--component", "gate").out:
                assert re.search("log level +gate Debug until ", smrthub("status").out)
                return
    finally:
        caller.close()
        smrthub("logs", "level", "gate", "usual")
    raise AssertionError("the gate tells nothing of refusals")
