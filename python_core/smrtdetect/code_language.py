"""Tell program text from prose, and its language, by counting the marks of ``languages``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from python_core.smrtdetect.languages import braced, scripting, systems
from python_core.smrtdetect.languages.marks import Form, Language
from python_core.smrtdetect.one_liners import Named

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
MAX_CHARS: Final = 6_000
MAX_LINE_CHARS: Final = 240
MIN_POINTS: Final = 4.0
# What prose has little of; in 1,000 characters of program text there are forty and more.
SIGNS: Final = "{}=;()<>[]_$\\|#/"
MIN_SIGNS: Final = 0.012

_SHEBANG = re.compile(r"#![^\n]{0,80}?\b(python|node|bash|zsh|dash|ksh|sh|ruby|php|pwsh|deno)")
_INTERPRETERS: Final = {
    "python": "python",
    "node": "javascript",
    "deno": "typescript",
    "ruby": "ruby",
    "php": "php",
    "pwsh": "powershell",
}
_LINE_START = r"\n[ \t]*"
_WORD = re.compile(r"[A-Za-z_]\w*")


class _Index(NamedTuple):
    """The marks by what is looked up first."""

    by_word: dict[str, tuple[tuple[str, float], ...]]
    forms_by_word: dict[str, tuple[int, ...]]
    forms_by_text: tuple[tuple[str, int], ...]
    forms: tuple[tuple[str, Form], ...]


def name_script(text: str) -> Named | None:
    """Judge by a first line that names an interpreter."""
    found = _SHEBANG.match(text)
    return (_INTERPRETERS.get(found[1], "shell"), 0.98) if found else None


def name_code(lines: list[str]) -> Named | None:
    """Return the language whose marks are plain and not outweighed by another's, or ``None``.

    ``lines`` without white space at their ends and none of them empty.
    """
    head = "\n".join(line[:MAX_LINE_CHARS] for line in lines)[:MAX_CHARS]
    if len(lines) > 3 and sum(map(head.count, SIGNS)) < MIN_SIGNS * len(head):
        return None
    points = count_points(head)
    ranked = sorted(((score, language) for language, score in points.items()), reverse=True)
    if not ranked:
        return None
    best, language = ranked[0]
    second = ranked[1][0] if len(ranked) > 1 else 0.0
    density = best / min(len(lines), 40)
    if best < MIN_POINTS or density < 0.35 or best < 1.15 * second:
        return None
    sure = min(1.0, best / 14) * min(1.0, (best - second) / best + 0.4) * min(1.0, 0.6 + density)
    return language, round(min(0.97, 0.5 + 0.48 * sure), 2)


def count_points(head: str) -> dict[str, float]:
    """Return what each language scores."""
    index = _index()
    points: dict[str, float] = {}
    framed = f"\n{head}\n"
    words = set(_WORD.findall(head))
    tried = {number for text, number in index.forms_by_text if text in framed}
    for word in words & index.by_word.keys():
        for language, weight in index.by_word[word]:
            points[language] = points.get(language, 0.0) + weight
    for word in words & index.forms_by_word.keys():
        tried.update(index.forms_by_word[word])
    for number in tried:
        language, form = index.forms[number]
        found = len(compile_form(form.pattern).findall(framed)) if form.pattern else framed.count(form.gate)
        if found:
            points[language] = points.get(language, 0.0) + form.weight * (1 + min(found - 1, 2) / 2)
    return _join_kin(points)


@lru_cache(maxsize=512)
def compile_form(pattern: str) -> re.Pattern[str]:
    """Compile a form's pattern when it is first needed: all of them at import would cost a start 60 ms."""
    return re.compile(_LINE_START + pattern[1:] if pattern.startswith("^") else pattern)


@lru_cache(maxsize=1)
def _index() -> _Index:
    by_word: dict[str, tuple[tuple[str, float], ...]] = {}
    forms_by_word: dict[str, tuple[int, ...]] = {}
    forms_by_text = []
    forms = []
    for name, language in LANGUAGES.items():
        for word, weight in language.words.items():
            by_word[word] = (*by_word.get(word, ()), (name, weight))
        for form in language.forms:
            if re.fullmatch(r"[\w ]+", form.gate) and form.gate[0] not in " _":
                for word in form.gate.split():
                    forms_by_word[word] = (*forms_by_word.get(word, ()), len(forms))
            else:
                form = form._replace(gate=form.gate.removeprefix("~"))
                forms_by_text.append((form.gate, len(forms)))
            forms.append((name, form))
    return _Index(by_word, forms_by_word, tuple(forms_by_text), tuple(forms))


def _join_kin(points: dict[str, float]) -> dict[str, float]:
    """Add what a language inherits: TypeScript is JavaScript with types, C++ is C with classes."""
    for child, parent, least in (("typescript", "javascript", 3.0), ("cpp", "c", 3.0)):
        own = points.pop(child, 0.0)
        if own >= least:
            points[child] = own + points.pop(parent, 0.0)
        elif own:
            points[parent] = points.get(parent, 0.0) + own
    return points
