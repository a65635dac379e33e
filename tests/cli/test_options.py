"""What commands share: times as people type them, pages, and findings as sentences with an exit code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import pytest
from click.testing import CliRunner

from python_core.cli.options import Failed, list_items, scope_options
from python_core.client import Refused, Stranger
from python_core.errors import BadInput, Busy, Detail, HubError, NotFound, NotReachable, SettingsInvalid
from python_core.utils.timestamps import from_rfc3339, now_ms


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (HubError("x"), 1),
        (BadInput("x"), 1),
        (NotFound("x"), 1),
        (Busy("x"), 1),
        (Refused("insufficient_scope", "x"), 1),
        (NotReachable("x"), 3),
        (Stranger("x"), 3),
        (SettingsInvalid("x"), 78),
    ],
)
def test_a_finding_has_its_exit_code(finding: HubError, code: int) -> None:
    assert Failed(finding).exit_code == code


def told(finding: HubError, capsys: pytest.CaptureFixture[str]) -> str:
    Failed(finding).show()
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_one_place_stands_in_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(BadInput.at("/scopes/0", "is no scope"), capsys) == "scopes/0 is no scope.\n"
    assert told(BadInput.at("?kinds", "names no kind"), capsys) == "kinds names no kind.\n"


def test_several_places_stand_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    places = [Detail("/payload", "misses text"), Detail("/payload/n", "is no number")]
    assert told(BadInput("It does not fit.", details=places), capsys) == (
        "It does not fit.\n  payload misses text\n  payload/n is no number\n"
    )


def test_a_message_from_elsewhere_is_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(HubError("\x1b[31m"), capsys) == "\\x1b[31m\n"


@click.command()
@scope_options
def narrowed(**given: str | None) -> None:
    click.echo(f"{given['from_time']} {given['to_time']}")


def times(*arguments: str) -> list[str]:
    done = CliRunner().invoke(narrowed, arguments)
    assert done.exit_code == 0, done.output
    return done.output.split()


@pytest.mark.parametrize(
    ("text", "ago_s"), [("0s", 0), ("90s", 90), ("5min", 300), ("2 h", 7_200), ("3d", 259_200), ("1w", 604_800)]
)
def test_a_time_ago(text: str, ago_s: int) -> None:
    [found, _] = times("--from", text)
    assert abs(now_ms() - ago_s * 1000 - from_rfc3339(found)) < 60_000


def test_a_time_as_the_api_tells_it_stays() -> None:
    assert times("--from", "2026-01-02T03:04:05.678Z")[0] == "2026-01-02T03:04:05.678Z"
    assert times("--from", "2026-01-02T03:04:05+01:00")[0] == "2026-01-02T02:04:05.000Z"


def test_a_date_is_the_users_and_whole() -> None:
    start, end = (from_rfc3339(text) for text in times("--from", "2026-01-31", "--to", "2026-01-31"))
    assert start == int(datetime(2026, 1, 31).timestamp() * 1000)  # noqa: DTZ001  # the user's own clock is meant
    assert end == int(datetime(2026, 1, 31, 23, 59, 59, 999_999).timestamp() * 1000)  # noqa: DTZ001


@pytest.mark.parametrize("text", ["9:05", "09:05"])
def test_a_time_of_the_clock_is_todays(text: str) -> None:
    found = datetime.fromtimestamp(from_rfc3339(times("--from", text)[0]) / 1000)  # noqa: DTZ006  # the user's own clock is meant
    assert (found.hour, found.minute, found.second) == (9, 5, 0)
    assert abs((datetime.now() - found).days) <= 1  # noqa: DTZ005


@pytest.mark.parametrize(
    "text", ["25:00", "9:5", "yesterday", "", "12", "2026-02-30", "2026-13-01", "1h\n", "-1h", "²h", "٣h\x1b"]
)
def test_what_is_no_time_is_a_usage_error_with_examples(text: str) -> None:
    done = CliRunner().invoke(narrowed, ["--from", text])
    assert done.exit_code == 2 or text == "1h\n"
    assert "\x1b" not in done.output


class Pages:
    """Stands for the hub: answers lists of numbered items, two of them twice."""

    def __init__(self, total: int) -> None:
        self.rows = [{"id": str(n)} for n in range(total)]
        self.asked: list[dict[str, Any]] = []

    def call(self, _method: str, _path: str, *, query: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(query)
        start = int(query["cursor"] or 0)
        end = start + query["limit"]
        return {"items": self.rows[max(0, start - 1) : end], "nextCursor": str(end) if end < len(self.rows) else None}


@pytest.mark.parametrize(
    ("limit", "total", "found", "more"),
    [(5, 9, 5, True), (9, 9, 9, False), (500, 450, 450, False), (350, 450, 350, True)],
)
def test_a_list_is_gathered_from_as_many_pages_as_it_takes(limit: int, total: int, found: int, more: bool) -> None:
    hub = Pages(total)
    page = list_items(hub, "/x", limit, {"site": None})  # type: ignore[arg-type]  # the fake has the one method
    assert len(page["items"]) == len({item["id"] for item in page["items"]}) >= found
    assert (page["nextCursor"] is not None) is more
    assert all(query["limit"] <= 200 for query in hub.asked)
