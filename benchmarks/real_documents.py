"""Real documents of this machine, as somebody could have copied them: manual pages, read-me files, Python's own sources."""

from __future__ import annotations

import gzip
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

#: Characters of one document, and of one folder's files so many.
BODY_CHARS, FOLDER_AT_MOST = 4_000, 2_000
_MACRO = re.compile(r"^[.'][A-Za-z\\\"]+ ?(.*)$", re.MULTILINE)
_ESCAPE = re.compile(r"\\f[A-Z(\[]|\\s[-+]?\d|\\[&|/c]|\\\(..")


class Document(NamedTuple):
    """A text and its title; ``kind`` is where it comes from."""

    kind: str
    title: str
    body: str


def find_documents(at_most: int, seed: int) -> list[Document]:
    """Return documents of each kind that there is, in an order that the seed decides, no two of one text."""
    chance = Random(seed)
    found: dict[str, Document] = {}
    for kind, paths in _folders().items():
        chance.shuffle(paths)
        for path in paths[:FOLDER_AT_MOST]:
            for document in _read(kind, path):
                found.setdefault(document.body, document)
    documents = list(found.values())
    chance.shuffle(documents)
    return documents[:at_most]


def _folders() -> dict[str, list[Path]]:
    manuals, doc = Path("/usr/share/man"), Path("/usr/share/doc")
    library = Path(sysconfig.get_paths()["stdlib"])
    packages = [Path(each) for each in sys.path if each.endswith("site-packages")]
    return {
        "manual": sorted(manuals.glob("man[1-8]/*")),
        "manual, other languages": sorted(manuals.glob("[a-z][a-z]*/man[1-8]/*")),
        "manual, Chinese and Japanese": sorted([*manuals.glob("zh*/man[1-8]/*"), *manuals.glob("ja*/man[1-8]/*")]),
        "read-me": sorted(
            path
            for folder in (doc, *packages)
            for pattern in ("**/README*", "**/*.md", "**/*.txt", "**/*.rst", "*.dist-info/METADATA")
            for path in folder.glob(pattern)
        ),
        "source": sorted(path for folder in (library, *packages) for path in folder.glob("**/*.py")),
    }


def _read(kind: str, path: Path) -> Iterator[Document]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            text = file.read(60_000).decode(errors="ignore")
    except (OSError, EOFError):
        return
    if kind.startswith("manual"):
        name = re.search(r'^\.S[Hh] "?.*\n(.*)$', text, re.MULTILINE)
        text = _ESCAPE.sub("", _MACRO.sub(r"\1", text)).replace("\\-", "-")
        title = _ESCAPE.sub("", _MACRO.sub(r"\1", name[1])).replace("\\-", "-").strip() if name else ""
        text = text.partition(title)[2] if title else text
        title = title or path.name
    else:
        title = f"{path.parent.name}/{path.name}"
    body = text.strip()[:BODY_CHARS]
    if len(body) >= 300:
        yield Document(kind, title.strip()[:200], body)
