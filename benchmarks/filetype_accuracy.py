"""How often ``smrtdetect.filetype`` names a text rightly, on files of this machine that its rules were not tuned on.

Every package (the first two folders below a root) falls by its name's digest into one of two halves: the rules may be
tuned on the one, the figures come from the other. Of each file one piece is taken, as a person would copy it: the whole of
a small file, its first 40 lines, or 10 lines from anywhere. Left out are only pieces of programs whose every line begins as a
remark: nobody could say what they are of. Prose is taken from web pages' paragraphs, manual pages, licences and read-me files.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import hashlib
import html.parser
import os
import random
import re
import statistics
import sys
import sysconfig
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from python_core.smrtdetect.filetype import detect

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


def report(pieces: list[Piece], show: str | None) -> None:
    """Print recall and precision a type, what is taken for what, and how far the confidences can be believed."""
    named: dict[str, Counter[str]] = defaultdict(Counter)
    claimed: Counter[str] = Counter()
    right_claims: Counter[str] = Counter()
    by_form: dict[str, list[bool]] = defaultdict(list)
    by_confidence: dict[int, list[bool]] = defaultdict(list)
    spent_us = []
    for piece in pieces:
        began = time.perf_counter_ns()
        found = detect(piece.text)
        spent_us.append((time.perf_counter_ns() - began) / 1000)
        is_right = found.type_id in piece.right.split("|")
        named[piece.right][found.type_id] += 1
        claimed[found.type_id] += 1
        right_claims[found.type_id] += is_right
        by_form["prose" if piece.right == "text" else piece.form].append(is_right)
        by_confidence[int(found.confidence * 10)].append(is_right)
        if show and show in (f"{piece.right}>{found.type_id}", f"{piece.right}>", f">{found.type_id}") and not is_right:
            print(
                f"--- {piece.right} > {found.type_id} {found.confidence} ({piece.form}) {piece.path}\n{piece.text[:700]}"
            )
    print(f"{'type':12} {'pieces':>6} {'recall':>7} {'precision':>9}  taken for")
    for label, counts in sorted(named.items()):
        total = counts.total()
        hits = sum(counts[right] for right in label.split("|"))
        claims = sum(claimed[right] for right in label.split("|"))
        precision = f"{sum(right_claims[right] for right in label.split('|')) / claims:9.3f}" if claims else "        -"
        misses = [f"{name} {n}" for name, n in counts.most_common() if name not in label.split("|")]
        print(f"{label:12} {total:6} {hits / total:7.3f} {precision}  {', '.join(misses[:8])}")
    everything = [is_right for rights in by_form.values() for is_right in rights]
    prose = named["text"]
    print(f"\nall {len(everything)} pieces: {statistics.fmean(everything):.3f} right")
    for form, rights in sorted(by_form.items()):
        print(f"  {form:10} {len(rights):6} {statistics.fmean(rights):.3f}")
    print(f"prose taken for something else: {1 - prose['text'] / max(1, prose.total()):.4f} of {prose.total()}")
    print("right, by confidence: ", end="")
    print(", ".join(f"0.{k}: {statistics.fmean(v):.2f} of {len(v)}" for k, v in sorted(by_confidence.items())))
    spent_us.sort()
    print(f"time a piece: median {statistics.median(spent_us):.0f} us, worst {spent_us[-1]:.0f} us")


def report_speed() -> None:
    """Print what ``detect`` costs for what is copied most: prose of 1 KB, a few words, an address."""
    prose = (
        "The quick answer is that nobody knows. Most of the people who were asked (about forty, over two weeks) said "
        'that they would rather wait; a few, however, wanted to begin at once.\n\nOne of them said: "I have waited '
        'long enough". Nobody had an answer to that, and so the meeting ended, an hour early and without a plan. What '
        "happened next is told in many ways, and the one below is only the shortest of them.\n\nIn the spring, when the "
        "road was open again, two of them went down to the coast to see for themselves. They found the house empty, the "
        "garden well kept, and on the table a letter - not to them, but they read it all the same. It was short.\n\n"
        "Since then the story has been told so often that everybody believes to have been there. "
    ) * 2
    for name, text in (
        ("prose, 1 KB", prose[:1024]),
        ("a few words", "the quick answer"),
        ("an address", "https://example.com/a/b?c=d"),
        ("Python, 1 KB", ("def f(a, b):\n    if a > b:\n        return a\n    return self.go(b)\n\n" * 20)[:1024]),
        ("JSON, 1 KB", "[" + ",".join(['{"name":"some value","n":12.5}'] * 33) + "]"),
    ):
        rounds = []
        for _ in range(7):
            began = time.perf_counter_ns()
            for _ in range(300):
                detect(text)
            rounds.append((time.perf_counter_ns() - began) / 300_000)
        print(f"{name:14} {min(rounds):7.1f} us at best, {statistics.median(rounds):7.1f} in the median")


def main() -> None:
    """Sample, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=["holdout", "tune", "all"], default="holdout")
    parser.add_argument("--count", type=int, default=150, help="pieces of each type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, action="append", help="take files from here instead; may be repeated")
    parser.add_argument("--show", help="print misses of this kind, such as 'text>', '>shell' or 'c>cpp'")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    files = find_files(options.folder or default_folders(), options.half, rng)
    report(pieces_of(files, options.count, rng), options.show)
    print()
    report_speed()


if __name__ == "__main__":
    main()
