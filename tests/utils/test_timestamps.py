from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.utils.timestamps import from_rfc3339, now_ms, to_rfc3339

# Settings of hypothesis for a busy machine, where how long one example takes says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIRST_MS = -62_135_596_800_000  # 0001-01-01T00:00:00.000Z
LAST_MS = 253_402_300_799_999  # 9999-12-31T23:59:59.999Z

OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def test_now_is_the_wall_clock():
    before = time.time()
    now = now_ms()
    assert int(before * 1000) - 1 <= now <= int(time.time() * 1000) + 1


@pytest.mark.parametrize(
    ("at_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_767_323_045_678, "2026-01-02T03:04:05.678Z"),
        (FIRST_MS, "0001-01-01T00:00:00.000Z"),
        (LAST_MS, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_written_and_read_as_rfc3339(at_ms: int, text: str):
    assert to_rfc3339(at_ms) == text
    assert from_rfc3339(text) == at_ms


@pytest.mark.parametrize("at_ms", [FIRST_MS - 1, LAST_MS + 1, 10**30])
def test_a_time_outside_the_calendar_is_refused(at_ms: int):
    with pytest.raises(ValueError, match="years 1 to 9999"):
        to_rfc3339(at_ms)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02t03:04:05.6z", "2026-01-02T03:04:05.600Z"),
        ("2026-01-02T03:04:05.6789999+00:00", "2026-01-02T03:04:05.678Z"),
        ("2026-01-02T03:04:05-00:00", "2026-01-02T03:04:05.000Z"),
        ("2026-01-02T03:04:05+05:30", "2026-01-01T21:34:05.000Z"),
        ("2026-01-01T23:30:00-08:00", "2026-01-02T07:30:00.000Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"),
    ],
)
def test_every_form_of_rfc3339_is_read(text: str, same: str):
    assert to_rfc3339(from_rfc3339(text)) == same


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-01-02T03:04Z",
        "20260102T030405Z",
        "2026-W01-5T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-02T24:00:00Z",
        "2026-01-02T03:04:61Z",
        "2026-01-02T03:04:05,5Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T03:04:05Z\n",
        " 2026-01-02T03:04:05Z",
        "٢٠٢٦-01-02T03:04:05Z",
        "0000-01-02T03:04:05Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_anything_else_is_a_value_error(text: str):
    with pytest.raises(ValueError):  # noqa: PT011 - the calendar's own messages differ
        from_rfc3339(text)


@patient
@given(st.integers(FIRST_MS, LAST_MS))
def test_what_is_written_reads_back_the_same(at_ms: int):
    assert from_rfc3339(to_rfc3339(at_ms)) == at_ms


@patient
@given(st.datetimes(timezones=OFFSETS).filter(lambda moment: 1 < moment.year < 9999))
def test_any_offset_is_the_same_moment(moment: datetime):
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    text = moment.isoformat()
    assert from_rfc3339(text) == since // timedelta(milliseconds=1)


@patient
@given(st.text())
def test_any_text_is_read_or_a_value_error(text: str):
    try:
        from_rfc3339(text)
    except ValueError:
        return
    assert text[4] == "-"
