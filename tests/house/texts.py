"""Rules about every text of the tree: nothing in it belongs to one machine."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.tree import list_texts

# Written so that this file does not find itself.
PLACES = {
    "the path of one machine": re.compile(r"(?<![\w.~])/(?:work|farm|root|tmp/venv|tmp/plan|opt/(?:pypi|wheels))/"),
    "a package index's host": re.compile(r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org)\b"),
}
# Published by others and kept byte for byte.
VENDORED = ("assets/", "vendor/", ".min.js")


def check_places(root: Path) -> list[str]:
    """No text names a place of one machine or an index."""
    return [
        f"{path.relative_to(root).as_posix()}:{number} names {what} ({found[0]}). Say what holds anywhere."
        for path, text in list_texts(root)
        if not any(mark in path.relative_to(root).as_posix() for mark in VENDORED)
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in PLACES.items()
        if (found := pattern.search(line))
    ]
