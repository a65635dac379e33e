"""Tell program text from prose, and its language, by counting the marks of ``languages``."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from python_core.smrtdetect.languages import braced, scripting, systems
from python_core.smrtdetect.languages.marks import Form, Language
from python_core.smrtdetect.one_liners import Named
from python_core.smrtdetect.prose import is_prose, is_sentence

LANGUAGES: Final[dict[str, Language]] = {
    "python": scripting.PYTHON,
    "ruby": scripting.RUBY,
    "php": scripting.PHP,
    "shell": scripting.SHELL,
    "powershell": scripting.POWERSHELL,
    "javascript": braced.JAVASCRIPT,
    "typescript": braced.TYPESCRIPT,
    "java": braced.JAVA,
    "csharp": braced.CSHARP,
    "go": braced.GO,
    "rust": braced.RUST,
    "c": systems.C,
    "cpp": systems.CPP,
    "css": systems.CSS,
    "sql": systems.SQL,
}
MAX_CHARS: Final = 1_600  # of lines that tell something; more of them made the answer no better
MAX_LINE_CHARS: Final = 240
MAX_WIDE_CHARS: Final = 1_000
MIN_POINTS: Final = 4.0
MAX_DENSE_LINES: Final = 24  # as a form counts three times at most, long texts cannot score more

# Of 1,000 characters of program text 20 and more are signs, of most prose fewer than 10, and those mostly of the
# second kind. So most prose is let go before any mark is looked for.
_SIGNS: Final = b"{}=<>[]_$\\|#"
_SIGNS_OF_PROSE_TOO: Final = b"();/"
_MIN_SIGNS, _MIN_SIGNS_OF_PROSE_TOO = 0.018, 0.035
_REMARKS: Final = ("#", "//", "*", "/*", "--")
_LINE_ENDS: Final = (";", "{", "}", "):")
_SPECIALS: Final = "{}=<>[]_$\\|#();/:,.\"'@&%*-!?~^+`\n"
_WORD_BYTES: Final = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte == 95 else 32 for byte in range(256))

# A program's first lines may have no signs at all.
_OPENING = re.compile(
    r"package [\w.]+;?\n|import [\w.\"'{*]|from [\w.]+ import |#include|using [A-Z]|use [\w\\]|require |module [A-Z]"
)
_SHEBANG = re.compile(r"#![^\n]{0,80}?\b(python|node|bash|zsh|dash|ksh|sh|ruby|php|pwsh|deno)")
_INTERPRETERS: Final = {
    "python": "python",
    "node": "javascript",
    "deno": "typescript",
    "ruby": "ruby",
    "php": "php",
    "pwsh": "powershell",
}
_FIRST_WORD = re.compile(r"\\b([A-Za-z_]+)(?![A-Za-z_?*+{])")
_LINE_START = r"\n[ \t]*"


class _Index(NamedTuple):
    """The marks by what is looked up first: a word, or a text by its first special character."""

    by_word: dict[bytes, tuple[tuple[str, float], ...]]
    forms_by_word: dict[bytes, tuple[int, ...]]
    forms_by_text: dict[str, tuple[tuple[str, int], ...]]
    forms: tuple[tuple[str, Form], ...]


def name_script(text: str) -> Named | None:
    """Judge by a first line that names an interpreter."""
    found = _SHEBANG.match(text)
    return (_INTERPRETERS.get(found[1], "shell"), 0.98) if found else None


def name_code(lines: list[str]) -> Named | None:
    """Return the language whose marks are plain and not outweighed by another's, or ``None``.

    ``lines`` without white space at their ends and none of them empty.
    """
    if len(lines) == 1 and is_sentence(lines[0]):
        return None
    width = max(MAX_LINE_CHARS, min(MAX_WIDE_CHARS, MAX_CHARS // len(lines)))
    telling = [line[:width] for line in lines if not _is_remark(line)] or lines
    head = "\n".join(telling)[:MAX_CHARS]
    raw = head.encode("utf-8", "replace")
    if len(lines) > 3 and not _may_be_program(head, lines):
        return None
    points = count_points(head, raw)
    ranked = sorted(((score, language) for language, score in points.items()), reverse=True)
    if not ranked:
        return None
    best, language = ranked[0]
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    remarks = sum(1 for line in lines if line.lstrip().startswith(_REMARKS))
    density = best / max(1, min(len(lines) - remarks, MAX_DENSE_LINES))
    prose = sum(map(is_prose, lines)) / len(lines) if len(lines) > 1 else 0.0
    if best * (1 - prose) < MIN_POINTS or density < 0.35 or best < 1.15 * second:
        return None
    if prose > 0.5 and (best < 10 or language == "shell"):  # a text about commands, not a script
        return None
    sure = min(1.0, best / 14) * min(1.0, (best - second) / best + 0.4) * min(1.0, 0.6 + density)
    return language, round(min(0.97, 0.5 + 0.48 * sure), 2)


def _may_be_program(head: str, lines: list[str]) -> bool:
    is_opened = has_signs(head) or _OPENING.match(head) is not None
    return is_opened or sum(1 for line in lines if line.endswith(_LINE_ENDS)) >= 3


def _count_form(form: Form, framed: str) -> int:
    if not form.pattern:
        return framed.count(form.gate)
    return sum(1 for _ in islice(compile_form(form.pattern).finditer(framed), 3))


def _is_remark(line: str) -> bool:
    """Tell whether a line is a sentence in a comment, as in the licence that a file begins with."""
    text = line.lstrip()
    return text.startswith(_REMARKS) and is_prose(text.lstrip("#/*- "))


def has_signs(text: str) -> bool:
    """Tell whether a text has more of the signs that programs are written with than prose has."""
    raw = text.encode("utf-8", "replace")
    rest = raw.translate(None, _SIGNS)
    signs = len(raw) - len(raw.translate(None, _SIGNS + _SIGNS_OF_PROSE_TOO))
    return signs >= (_MIN_SIGNS if len(rest) < len(raw) else _MIN_SIGNS_OF_PROSE_TOO) * len(raw)


def count_points(head: str, raw: bytes) -> dict[str, float]:
    """Return what each language scores; ``raw`` is the same text in UTF-8."""
    index = _index()
    points: dict[str, float] = {}
    framed = f"\n{head}\n"
    tried = {
        number
        for special in _SPECIALS
        if special in framed
        for text, number in index.forms_by_text.get(special, ())
        if text in framed
    }
    words = set(raw.translate(_WORD_BYTES).split())
    for word in words & index.by_word.keys():
        for language, weight in index.by_word[word]:
            points[language] = points.get(language, 0.0) + weight
    for word in words & index.forms_by_word.keys():
        tried.update(index.forms_by_word[word])
    for number in tried:
        language, form = index.forms[number]
        found = _count_form(form, framed)
        if found:
            points[language] = points.get(language, 0.0) + form.weight * (1 + min(found - 1, 2) / 2)
    return _join_kin(points)


@lru_cache(maxsize=512)
def compile_form(pattern: str) -> re.Pattern[str]:
    """Compile a form's pattern when it is first needed: all of them at import would cost a start 60 ms.

    A pattern's first ``\\b`` is taken off, before one word for a look behind it: so the search goes by the literal
    characters that can begin a match, and takes a tenth of the time.
    """
    if pattern.startswith("^"):
        return re.compile(_LINE_START + pattern[1:])
    if pattern.startswith(r"\b(?:"):
        return re.compile(pattern[2:])
    word = _FIRST_WORD.match(pattern)
    if word:
        pattern = f"{word[1]}(?<!\\w{word[1]}){pattern[word.end() :]}"
    return re.compile(pattern)


@lru_cache(maxsize=1)
def _index() -> _Index:
    by_word: defaultdict[bytes, tuple[tuple[str, float], ...]] = defaultdict(tuple)
    forms_by_word: defaultdict[bytes, tuple[int, ...]] = defaultdict(tuple)
    forms_by_text: defaultdict[str, tuple[tuple[str, int], ...]] = defaultdict(tuple)
    forms: list[tuple[str, Form]] = []
    for name, language in LANGUAGES.items():
        for word, weight in language.words.items():
            by_word[word.encode()] += ((name, weight),)
        for form in language.forms:
            for word in form.words():
                forms_by_word[word.encode()] += (len(forms),)
            text = form.text()
            if text:
                special = next(character for character in text if character in _SPECIALS)
                forms_by_text[special] += ((text, len(forms)),)
            forms.append((name, form._replace(gate=text)))
    return _Index(dict(by_word), dict(forms_by_word), dict(forms_by_text), tuple(forms))


def _join_kin(points: dict[str, float]) -> dict[str, float]:
    """Add what a language inherits: TypeScript is JavaScript with types, C++ is C with classes."""
    for child, parent, least in (("typescript", "javascript", 3.0), ("cpp", "c", 3.0)):
        own = points.pop(child, 0.0)
        if own >= least:
            points[child] = own + points.pop(parent, 0.0)
        elif own:
            points[parent] = points.get(parent, 0.0) + own
    return points
