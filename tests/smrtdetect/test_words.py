"""What search finds an item by, and the way back from a visit's words to what was selected."""

from __future__ import annotations

import pytest

from python_core.smrtdetect.words import (
    INDEXED_AT_MOST,
    selection_in,
    words_of_clip,
    words_of_payload,
    words_of_visit,
)


def test_html_counts_only_where_there_is_no_plain_text() -> None:
    assert words_of_clip([("html", "<b>sea</b>"), ("text", "sea"), ("image", ""), ("files", "/a\n/b")]) == "sea\n/a\n/b"
    assert words_of_clip([("html", "<b>sea</b>")]).split() == ["sea"]


def test_words_are_bounded() -> None:
    assert len(words_of_clip([("text", "x" * INDEXED_AT_MOST), ("files", "/a")])) == INDEXED_AT_MOST
    assert len(words_of_payload(["x" * INDEXED_AT_MOST, "y"])) == INDEXED_AT_MOST


def test_texts_of_a_payload_stand_in_order_and_keys_are_none() -> None:
    assert words_of_payload({"a": ["one", 2, {"b": "two"}], "c": None, "d": "three"}) == "one\ntwo\nthree"


@pytest.mark.parametrize("selection", [None, "a passage", "two\nlines"])
def test_a_selection_comes_back_as_it_was(selection: str | None) -> None:
    url = "https://example.com/sea"
    assert selection_in(words_of_visit(url, selection), url) == selection
