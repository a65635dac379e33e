"""Texts as the index compares them, whatever is in them: folded and lowered in a few passes over the whole."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from python_core.store.bounds import Interrupted
from python_core.store.reading import read_until
from python_core.store.words import PATTERN_WORDS, Term, counter_of, folded, lowered, pattern_of


def calls_of(act: Callable[[], object]) -> int:
    """Count the calls that an act makes, of Python's functions and of C's."""
    counted: list[str] = []

    def note(_frame: Any, event: str, _given: Any) -> None:
        if event in ("call", "c_call"):
            counted.append(event)

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return len(counted)


@pytest.mark.parametrize("act", [folded, lowered])
@pytest.mark.parametrize("words", ["ёж жук ", "é à ", "e\u0301 ", "漢 字 ", "İ needle_"])
def test_a_text_takes_as_few_calls_however_long_it_is(act: Callable[[str], str], words: str) -> None:
    act("é")  # what is compiled once
    assert calls_of(lambda: act(words * 2_000)) <= 20


def test_accents_go_wherever_they_stand() -> None:
    assert folded("Ёлка CAFÉ cafe\u0301 \U0001d15e\U0001d165 🎉 한글 ｶﾞ") == "елка cafe cafe \U0001d157 🎉 한글 ｶﾞ"


def test_a_lowered_text_has_each_character_at_its_place() -> None:
    text = "İ NEEDLE_İ ΣΑΣ İ"
    assert lowered(text) == "İ needle\0İ σας İ"


def with_need(row: tuple[int, str]) -> int | None:
    return row[0] if "need" in row[1] else None


def test_what_was_read_before_the_time_was_up_counts() -> None:
    looks = iter([False, True])
    texts = [(3, "a needle"), (2, "needles"), (1, "needle")]
    assert read_until(texts, with_need, 9, lambda: next(looks)) == ([3, 2], True)
    assert read_until(texts, with_need, 3, lambda: False) == ([3, 2, 1], False)

    def interrupted() -> Any:
        yield texts[0]
        raise Interrupted

    assert read_until(interrupted(), with_need, 9, lambda: False) == ([3], True)


def test_a_pattern_compares_few_words_and_a_counter_all() -> None:
    words = tuple("a" for _ in range(100))
    term = Term(" ".join(words), words, is_phrase=True)
    assert pattern_of(term).pattern.count("a") == PATTERN_WORDS + 1  # the first one stands in a look behind, too
    count = counter_of(term)
    assert [count("a " * n) for n in (99, 100, 5_000)] == [0, 1, 1]
