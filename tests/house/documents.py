"""Rules about ``docs/``: what code declares for a user to meet is listed there, so that it cannot rot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

PLACEHOLDER = re.compile(r"\{[^}]*\}|<[^>]*>")


def check_listed(root: Path, page: str, what: str, names: Iterable[str], declared_in: str) -> list[str]:
    """Each name stands in the page as code: in backticks, alone or followed by more."""
    path = root / "docs" / page
    if not path.is_file():
        return [f"docs/{page} is missing. It lists every {what} of {declared_in}."]
    spans = [PLACEHOLDER.sub("{}", span) for span in re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))]
    return [
        f"docs/{page} does not list the {what} `{name}`, which {declared_in} declares. Add it, with what a user needs."
        for name in sorted(names)
        if not any(_begins(span, PLACEHOLDER.sub("{}", name)) for span in spans)
    ]


def _begins(span: str, name: str) -> bool:
    """`GET /events?kinds=` lists `GET /events`, `smrthub pair --name N` the command; `GET /eventstream` does not."""
    return span.startswith(name) and not re.match(r"[\w/-]", span[len(name) :])
