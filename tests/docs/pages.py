"""The pages that people read, taken apart: fenced blocks, what stands in backticks, headings and links."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
#: Each page by its path from the root; CHANGELOG.md tells what was, and is none.
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *(ROOT / folder / "README.md" for folder in ("benchmarks", "extension", "python_core/net")),
        *(ROOT / "docs").glob("*.md"),
    ]
)
#: What was decided on a day, and why: it names what was tried and dropped, too.
HISTORY = frozenset({"docs/decisions.md"})
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Found(NamedTuple):
    """A piece of a page: the kind of a block (else nothing), and its text."""

    page: str
    line: int
    text: str
    kind: str = ""

    def __str__(self) -> str:
        """Show where it stands and how it begins."""
        return f"{self.page}:{self.line}: {self.text[:90]}"


@cache
def read(page: str) -> str:
    """Return a page's text."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str) -> list[Found]:
    """List the fenced blocks."""
    text = read(page)
    return [Found(page, _line(text, found.start()), found[2], found[1]) for found in _FENCE.finditer(text)]


def spans(page: str) -> list[Found]:
    """List what stands in backticks outside of blocks, a table's escaped strokes undone."""
    text = prose(page)
    return [
        Found(page, _line(text, found.start()), found[1].replace("\\|", "|"))
        for found in re.finditer(r"`([^`\n]+)`", text)
    ]


def links(page: str) -> list[Found]:
    """List where the page's links and pictures lead."""
    text = prose(page)
    return [
        Found(page, _line(text, found.start()), found[1]) for found in re.finditer(r"\]\(([^)\s]+)(?: [^)]*)?\)", text)
    ]


def prose(page: str) -> str:
    """Return a page's text with its blocks emptied, line for line."""
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), read(page))


def anchors(page: str) -> set[str]:
    """List the anchors of a page's headings, as MkDocs and code hosts name them."""
    names: list[str] = []
    for heading in re.findall(r"^#{1,4} (.+)$", prose(page), re.MULTILINE):
        slug = re.sub(r"[^\w\s-]", "", heading.lower()).strip().replace(" ", "-")
        again = sum(name.rpartition("_")[0] == slug or name == slug for name in names)
        names.append(f"{slug}_{again}" if again else slug)
    return set(names)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
