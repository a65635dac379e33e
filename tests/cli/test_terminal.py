"""What captured text may do to a terminal: nothing."""

from __future__ import annotations

import io
import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_core.cli.terminal import local_time, marked, one_line, say_json, shown, size, span

ANY_TEXT = st.text(alphabet=st.characters(codec=None))
JOINERS = "\u200c\u200d"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("a\rb", "a\\rb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\0\x7f\x08", "\\x00\\x7f\\x08"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("a\u2028b", "a\\u2028b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041\U000e007f", "\\U000e0041\\U000e007f"),
        ("می‌خواهم 👨‍👩‍👧 é 日本", "می‌خواهم 👨‍👩‍👧 é 日本"),
    ],
)
def test_what_a_terminal_obeys_or_hides_is_escaped(text: str, safe: str) -> None:
    assert shown(text) == safe


@given(ANY_TEXT)
def test_nothing_but_letters_lines_and_tabs_reaches_the_terminal(text: str) -> None:
    for character in shown(text):
        assert character in "\n\t" + JOINERS or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )


@given(ANY_TEXT, st.integers(1, 50))
def test_one_line_is_one_line_of_at_most_so_many_characters(text: str, most: int) -> None:
    line = one_line(text, most)
    assert len(line) <= most
    assert len(line.splitlines()) <= 1


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda each: st.lists(each) | st.dictionaries(ANY_TEXT, each))
)
def test_json_is_read_back_as_it_was_and_is_harmless(value: object) -> None:
    for encoding in ("utf-8", "cp1252"):
        sink = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
        before, sys.stdout = sys.stdout, sink
        try:
            say_json(value)
        finally:
            sys.stdout = before
        sink.flush()
        text = sink.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
        assert json.loads(text) == value
        assert shown(text) == text


def test_marks_stay_where_they_were_though_escapes_move_them() -> None:
    text = marked("\x1b[1mone two\nthree", [[4, 7], [12, 17]], "bold")
    assert text.plain == "\\x1b[1mone two three"
    assert [text.plain[span.start : span.end] for span in text.spans] == ["one", "three"]


def test_markup_of_rich_is_text() -> None:
    assert marked("[red]x[/red] :smile:", [], "").plain == "[red]x[/red] :smile:"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_span_is_told_by_two_units(seconds: int, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(("count", "words"), [(0, "0 B"), (999, "999 B"), (1_234, "1.2 kB"), (16_777_216, "16.8 MB")])
def test_a_size_is_told_in_decimal_units(count: int, words: str) -> None:
    assert size(count) == words


def test_a_time_is_told_on_the_users_clock() -> None:
    assert local_time(None) == ""
    assert local_time("2026-07-02T23:30:00.000Z")[:7] == "2026-07"
