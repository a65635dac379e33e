"""Pieces of this machine's files, cut as a person would copy them, each with the type that its file's name tells."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import html.parser
import os
import random
import re
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ENDINGS = {
    ".py": "python", ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".ts": "typescript",
    ".java": "java", ".c": "c", ".h": "c|cpp", ".cc": "cpp", ".cpp": "cpp", ".hpp": "cpp", ".cs": "csharp",
    ".go": "go", ".rs": "rust", ".rb": "ruby", ".php": "php", ".sh": "shell", ".zsh": "shell", ".bash": "shell",
    ".ps1": "powershell", ".psm1": "powershell", ".css": "css", ".html": "html", ".htm": "html", ".xml": "xml",
    ".svg": "svg", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".sql": "sql",
    ".md": "markdown", ".markdown": "markdown", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".tex": "latex",
    ".diff": "diff", ".patch": "diff", ".log": "log",
}  # fmt: skip
PROSE_NAMES = re.compile(r"(?:README|LICEN[CS]E|COPYING|AUTHORS|NEWS|NOTICE|copyright)(?:\.txt|\.gz)?")
LICENCE = re.compile(r"(?i:licen[cs]e|copying).*")
MANUAL = re.compile(r".+\.[1-8][a-z]*\.gz")
FOLDERS_PASSED_OVER = {".git", "__pycache__", "proc", "sys", "dev"}
MAX_FILE_BYTES = 400_000
MAX_FILES_A_PACKAGE = 40


class Piece(NamedTuple):
    """A text and the types that are right for it."""

    right: str
    form: str
    text: str
    path: str


class _Paragraphs(html.parser.HTMLParser):
    """Collects what a reader sees of a page's paragraphs."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a paragraph."""
        del attrs
        if tag == "p":
            self._inside = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        """End it."""
        if tag == "p":
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Add to it."""
        if self._inside:
            self.texts[-1] += data


def default_folders() -> list[Path]:
    """Return where most machines keep text that people wrote."""
    paths = sysconfig.get_paths()
    named = ["/usr/share", "/usr/include", "/usr/lib", "/usr/local", paths["stdlib"], paths["purelib"]]
    return [Path(name) for name in named if Path(name).is_dir()]


def half_of(root: Path, path: Path) -> str:
    """Return ``tune`` or ``holdout``: all files of one package are in the same half."""
    package = "/".join(path.relative_to(root).parts[:2])
    return "tune" if hashlib.sha256(package.encode()).digest()[0] % 2 else "holdout"


def label_of(path: Path) -> str | None:
    """Return what the file is by its name, or ``None`` for what is not asked about."""
    if path.name.endswith((".min.js", ".min.css")) or (path.suffix == ".md" and LICENCE.match(path.name)):
        return None
    if "invalid" in path.parts:  # test data that are no longer what their names say
        return None
    if path.name.startswith("Dockerfile"):
        return "dockerfile"
    if path.name == "setup.cfg":
        return "ini"
    if PROSE_NAMES.fullmatch(path.name) or MANUAL.fullmatch(path.name):
        return "text"
    return ENDINGS.get(path.suffix)


def find_files(roots: list[Path], half: str, rng: random.Random) -> dict[str, list[Path]]:
    """Return the files of each label in this half, shuffled, few of any one package."""
    found: dict[str, list[Path]] = defaultdict(list)
    for root in roots:
        by_package: dict[tuple[str, str], list[Path]] = defaultdict(list)
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(set(folders) - FOLDERS_PASSED_OVER)
            for name in sorted(names):
                path = Path(folder, name)
                label = label_of(path)
                if label is not None and half in (half_of(root, path), "all"):
                    package = "/".join(path.relative_to(root).parts[:2])
                    by_package[label, package].append(path)
        for (label, _), paths in by_package.items():
            rng.shuffle(paths)
            found[label] += paths[:MAX_FILES_A_PACKAGE]
    for paths in found.values():
        rng.shuffle(paths)
    return found


def read_text(path: Path) -> str | None:
    """Return a regular UTF-8 file's text, or ``None``."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_FILE_BYTES:
            return None
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, EOFError, ValueError):
        return None
    return text if text.strip() and "\0" not in text and "\x1b" not in text else None


def is_comment_only(label: str, text: str) -> bool:
    """Tell whether a piece of program holds nothing but remarks, as the first 40 lines under a long licence do."""
    if label in ("text", "markdown", "html", "xml", "svg", "json", "csv", "tsv", "log", "diff"):
        return False
    lines = [line.strip() for line in re.sub(r"(?s)/\*.*?(?:\*/|\Z)", "", text).splitlines() if line.strip()]
    return all(line.startswith(("#", "//", "--", "*", ";", "%", "/*")) for line in lines)


def cut_piece(label: str, path: Path, text: str, rng: random.Random) -> Piece | None:
    """Take one piece of a file, as a person would copy it."""
    lines = text.splitlines()
    form = rng.choice(["whole", "head", "excerpt"])
    if form == "whole" and len(text) <= 8_000:
        piece = text
    elif form == "excerpt" and len(lines) > 10:
        start = rng.randrange(len(lines) - 10)
        piece = "\n".join(lines[start : start + 10])
    else:
        form, piece = "head", "\n".join(lines[:40])
    if len(piece.split()) < 3 or is_comment_only(label, piece):
        return None
    return Piece(label, form, piece, str(path))


def prose_of_manual(text: str) -> list[str]:
    """Return the paragraphs of a manual page's source without its macros."""
    text = re.sub(r"(?ms)^\.(nf|EX|Vb)\b.*?^\.(fi|EE|Ve)\b", "", text)
    plain = re.sub(r"\\f[A-Z]|\\&|\\\|", "", text).replace("\\-", "-").replace("\\(aq", "'")
    blocks = re.split(r"(?m)^\..*\n|\n\s*\n", plain)
    return [block.strip() for block in blocks if len(block.split()) >= 20 and "\\" not in block]


def prose_pieces(files: dict[str, list[Path]], count: int, rng: random.Random) -> Iterator[Piece]:
    """Yield paragraphs of pages and manuals, and pieces of plain files, about a third each."""
    for path in files.get("html", [])[: count // 2]:
        parser = _Paragraphs()
        with contextlib.suppress(AssertionError):  # what the standard parser says to some broken declarations
            parser.feed(read_text(path) or "")
        texts = [text.strip() for text in parser.texts if len(text.split()) >= 12]
        if texts:
            yield Piece("text", "web page", rng.choice(texts), str(path))
    for path in files.get("text", [])[: count * 2]:
        text = read_text(path)
        if text is None:
            continue
        if MANUAL.fullmatch(path.name):
            paragraphs = prose_of_manual(text)
            if paragraphs:
                yield Piece("text", "manual", rng.choice(paragraphs), str(path))
        elif piece := cut_piece("text", path, text, rng):
            yield piece


def pieces_of(files: dict[str, list[Path]], count: int, rng: random.Random) -> list[Piece]:
    """Return at most ``count`` pieces of each label, and twice as many of prose."""
    found: list[Piece] = []
    for label, paths in sorted(files.items()):
        if label == "text":
            continue
        taken = 0
        for path in paths:
            text = read_text(path)
            piece = cut_piece(label, path, text, rng) if text else None
            if piece is not None:
                found.append(piece)
                taken += 1
            if taken == count:
                break
    prose = list(prose_pieces(files, count, rng))
    rng.shuffle(prose)
    return found + prose[: 2 * count]
