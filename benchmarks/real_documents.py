"""Real documents of this machine, as somebody could have copied them: manual pages, read-me files, Python's own sources."""

from __future__ import annotations

import gzip
import hashlib
import re
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

#: Characters of one document, and of one folder's files so many.
BODY_CHARS, FOLDER_AT_MOST = 4_000, 2_000
#: Characters of one piece of a document, on average, and of one line of it.
PIECE_CHARS, PIECE_AT_MOST = 1_000, 10_000
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


def find_pieces(seed: int) -> Iterator[tuple[str, str]]:
    """Yield pieces of all documents, each text once, as somebody could copy them: some lines, most short, about 1 KB on average.

    Each has what it is before it: ``text`` or ``python``. Pieces of one document come one after the other.
    """
    chance = Random(seed)
    paths = [(kind, path) for kind, paths in _folders().items() for path in paths]
    chance.shuffle(paths)
    seen: set[bytes] = set()
    for kind, path in paths:
        for piece in _cut(_text_of(kind, path), chance):
            digest = hashlib.blake2b(piece.encode(), digest_size=8).digest()
            if digest not in seen:
                seen.add(digest)
                yield "python" if kind == "source" else "text", piece


def _cut(text: str, chance: Random) -> Iterator[str]:
    piece = ""
    wanted = 0.0
    for line in text.splitlines(keepends=True):
        wanted = wanted or chance.lognormvariate(0, 0.9) * PIECE_CHARS / 1.5
        piece += line[:PIECE_AT_MOST]
        if len(piece) >= wanted:
            if piece.strip():
                yield piece.strip()
            piece, wanted = "", 0.0


def _text_of(kind: str, path: Path) -> str:
    """Return what a file says, without the marks of a manual page; nothing when it cannot be read."""
    text = _content_of(path)
    return _plain(text) if kind.startswith("manual") else text


def _content_of(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read(60_000).decode(errors="ignore")
    except (OSError, EOFError):
        return ""


def _plain(page: str) -> str:
    return _ESCAPE.sub("", _MACRO.sub(r"\1", page)).replace("\\-", "-")


def _read(kind: str, path: Path) -> Iterator[Document]:
    text = _content_of(path)
    if kind.startswith("manual"):
        name = re.search(r'^\.S[Hh] "?.*\n(.*)$', text, re.MULTILINE)
        text = _plain(text)
        title = _plain(name[1]).strip() if name else ""
        text = text.partition(title)[2] if title else text
        title = title or path.name
    else:
        title = f"{path.parent.name}/{path.name}"
    body = text.strip()[:BODY_CHARS]
    if len(body) >= 300:
        yield Document(kind, title.strip()[:200], body)
