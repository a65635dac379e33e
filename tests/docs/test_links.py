"""Links between the pages lead somewhere, also from those that MkDocs does not build; pictures say what they show."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, prose


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_anchor_leads_somewhere(page: str) -> None:
    lost = []
    for link in links(page):
        if re.match(r"https?://", link.text):
            continue
        path, _, anchor = link.text.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if not target.exists():
            lost.append(str(link))
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.resolve().relative_to(ROOT).as_posix()):
            lost.append(f"{link} (no such heading)")
    assert lost == []


@pytest.mark.parametrize("page", PAGES)
def test_every_picture_says_what_it_shows(page: str) -> None:
    assert [words for words in re.findall(r"!\[([^\]]*)\]", prose(page)) if len(words.split()) < 4] == []


def test_every_page_that_the_code_names_is_there() -> None:
    """By as much of its path as tells which it is: who reads the code has these pages and no others."""
    folders = [ROOT / name for name in ("docs", "python_core", "Tools", "benchmarks")]
    there = [f"/{page.relative_to(ROOT).as_posix()}" for place in folders for page in place.rglob("*.md")]
    there += [f"/{page.name}" for page in ROOT.glob("*.md")]
    named = re.compile(r"(?<![\w/-])\w[\w/-]*\.md\b")
    lost = [
        f"{path.relative_to(ROOT)}: {name}"
        for place in folders
        for path in place.rglob("*.py")
        for name in named.findall(path.read_text("utf-8"))
        if not any(page.endswith(f"/{name}") for page in there)
    ]
    assert lost == []
