"""Say what a text is, by rules that look at its beginning only and give up where the evidence is thin."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec

from python_core.smrtdetect import line_formats, structures
from python_core.smrtdetect.code_language import has_signs, name_code, name_script
from python_core.smrtdetect.kinds import KINDS
from python_core.smrtdetect.one_liners import Named, name_one_line

MAX_CHARS: Final = 16_384
MAX_LINES: Final = 80
MAX_LINE_CHARS: Final = 1_000
SURE_CODE: Final = 0.8

# Documentation inside a program has fences too.
_REMARK_STARTS: Final = ("/*", "//", '"""', "#!", "<")


class Detection(msgspec.Struct, frozen=True, rename="camel"):
    """What a text is; ``extension`` is without a dot, ``confidence`` 0…1."""

    type_id: str
    group: str
    confidence: float
    extension: str


def detect(text: str) -> Detection:
    """Return the type of a text by its first 16 Ki characters; ``text`` where nothing is plain.

    Linear in what it looks at, whatever that holds.
    """
    head = text[:MAX_CHARS].lstrip("\ufeff").strip()
    if not head:
        return _detection("text", 0.3)
    named = _name(head, is_whole=len(text) <= MAX_CHARS)
    return _detection(*(named or ("text", 0.5 if has_signs(head) else 0.85)))


@lru_cache(maxsize=256)
def _detection(type_id: str, confidence: float) -> Detection:
    kind = KINDS[type_id]
    return Detection(type_id=type_id, group=kind.group, confidence=confidence, extension=kind.extension)


def _name(head: str, *, is_whole: bool) -> Named | None:
    first = head[0]
    if "\n" not in head:
        if head.replace(" ", "").isalpha() and " " in head:
            return name_code([head])  # words alone: a command, if anything
        if named := name_one_line(head):
            return named
    named = None
    if first in "{[":
        named = structures.name_json(head, is_whole=is_whole)
    elif first == "<":
        named = structures.name_tags(head)
    elif first == "#":
        named = name_script(head)
    return named or _name_lines(head, is_whole=is_whole)


def _name_code_or_text(head: str, lines: list[str]) -> Named | None:
    code = name_code(lines)
    if code and code[1] >= SURE_CODE:
        return code
    markdown = line_formats.name_markdown(head, lines)
    return markdown if markdown and (code is None or markdown[1] > code[1]) else code


def _name_lines(head: str, *, is_whole: bool) -> Named | None:
    raw = [line for line in head.split("\n", MAX_LINES)[:MAX_LINES] if line and not line.isspace()]
    if not is_whole and len(raw) > 1:
        raw.pop()
    lines = [line[:MAX_LINE_CHARS].rstrip() for line in raw]
    is_fenced = "\n```" in head or "\n~~~" in head or head.startswith(("```", "~~~"))
    if is_fenced and not head.startswith(_REMARK_STARTS):
        named = line_formats.name_markdown(head, lines)
        if named:
            return named
    return (
        structures.name_diff(head)
        or structures.name_log(lines)
        or line_formats.name_dockerfile(lines)
        or line_formats.name_latex(head)
        or line_formats.name_settings(head, lines)
        or structures.name_json_excerpt(lines)
        or (line_formats.name_assignments(lines) if "=" in head else None)
        or _name_code_or_text(head, lines)
        or structures.name_table(raw)
        or (structures.name_tagged(head) if ">" in head and "<" in head else None)
    )
