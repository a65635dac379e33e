"""The page of the logs is whole in itself, private, and runs and shows nothing of what its records say but as text."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from python_core.errors import HubError
from python_core.support.log_entries import LogEntry, LogFilter, LogReader
from python_core.support.log_page import page_of, write_log_page
from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_levels import WARNING
from python_core.utils.log_writer import LogWriter
from python_core.utils.logger import Logger

HOSTILE = "</script><script>alert(1)</script><!-- {{policy}} \u2028 \x1b[31m"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


def write(paths: Paths) -> None:
    """Write three records by two components into two logs."""
    writer = LogWriter()
    gate, triggers = Logger(writer, "python-net", "gate"), Logger(writer, "python-runtime", "triggers")
    writer.configure(paths)
    gate.information("first {count}", count=1)
    triggers.warning("second {count}", count=2)
    error = HubError("The store is busy.")
    error.__cause__ = ValueError("a secret title")
    gate.error("third {count}", count=3, exception=error)
    for slug in ("python-net", "python-runtime"):
        writer.stream(slug).close()


def texts(paths: Paths, wanted: LogFilter) -> list[str]:
    return [entry.rendered_message for entry in LogReader(paths).read(wanted)]


def test_the_records_of_all_logs_are_read_in_the_order_of_time(paths: Paths) -> None:
    write(paths)
    assert sorted(texts(paths, LogFilter())) == ["first 1", "second 2", "third 3"]
    assert texts(paths, LogFilter(level=WARNING, component="gate")) == ["third 3"]
    assert texts(paths, LogFilter(word="VALUEERROR")) == ["third 3"]
    assert texts(paths, LogFilter(since="2999-01-01T00:00:00.000Z")) == []
    assert texts(paths, LogFilter(trace="ab")) == []


def test_an_error_reads_as_in_the_text_file(paths: Paths) -> None:
    write(paths)
    [entry] = LogReader(paths).read(LogFilter(word="third"))
    text = (paths.logs() / "python-net-log.txt").read_text(encoding="utf-8")
    assert text.splitlines()[-1].endswith(entry.text)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"\xff\xfe", b'{"ts":3}', b"null", b'{"ts":"t","level":"Loud","renderedMessage":"x"}', b'{"a":' * 9999],
)
def test_lines_that_are_no_records_are_counted_and_left_out(paths: Paths, line: bytes) -> None:
    write(paths)
    with (paths.logs() / "python-net-log.json").open("ab") as file:
        file.write(line + b"\n")
    reader = LogReader(paths)
    assert len(list(reader.read(LogFilter()))) == 3
    assert reader.unread == 1


def test_logs_that_cannot_be_read_are_told_by_their_folder(paths: Paths) -> None:
    paths.logs().mkdir(parents=True)
    (paths.logs() / "python-net-log.json").mkdir()
    with pytest.raises(HubError, match="Logs cannot be read"):
        list(LogReader(paths).read(LogFilter()))


def test_nothing_in_a_record_ends_the_element_that_holds_it_or_fills_a_hole_of_the_page() -> None:
    entry = LogEntry(ts="x", level="Error", rendered_message=HOSTILE, component=HOSTILE, props={HOSTILE: HOSTILE})
    page = page_of([entry], "2026-01-01T00:00:00.000Z")
    assert page.count("</script>") == 2
    held = re.search(r'<script type="application/json" id="records">(.*?)</script>', page)
    assert held is not None
    [row] = json.loads(held[1])
    assert row == ["x", 4, HOSTILE, HOSTILE, "", 0, {HOSTILE: HOSTILE}]
    assert "http:" not in page
    assert "https:" not in page
    assert not re.search(r"\son\w+=|innerHTML|document\.write|eval\(", page)


def test_the_page_is_for_the_user_alone_and_holds_the_newest(paths: Paths, tmp_path: Path) -> None:
    write(paths)
    target = tmp_path / "page.html"
    target.touch(0o644)
    assert write_log_page(paths, LogFilter(), 2, target) == 2
    page = target.read_text(encoding="utf-8")
    assert "second 2" in page
    assert "first 1" not in page
    assert "secret title" not in page
    if os.name != "nt":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_page_that_cannot_be_written_is_told(paths: Paths, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="cannot be written"):
        write_log_page(paths, LogFilter(), 1, tmp_path / "no folder" / "page.html")
