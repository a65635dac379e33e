"""The documentation's pictures show what there is: their words are those of the pages now."""

from __future__ import annotations

import json
from pathlib import Path

from tests.browser.pictures import FOLDER, WORDS, take_all


def test_the_pictures_show_the_words_that_the_pages_have_now(chromium: str, tmp_path: Path) -> None:
    (tmp_path / "img").mkdir()
    words = take_all(chromium, tmp_path / "img", tmp_path)
    kept = json.loads(WORDS.read_text("utf-8"))
    assert words == kept, "Take them anew, look at them, and commit them: python -m tests.browser.pictures"
    assert {path.name for path in FOLDER.glob("*.png")} == {path.name for path in (tmp_path / "img").glob("*.png")}
