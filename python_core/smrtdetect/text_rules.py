"""Try the rules for a whole text, in the order in which their evidence is hard to mistake."""

from __future__ import annotations

from typing import Final

from python_core.smrtdetect import line_formats, structures
from python_core.smrtdetect.code_language import has_signs, name_code, name_script
from python_core.smrtdetect.one_liners import Named, name_one_line
from python_core.smrtdetect.prose import is_sentence

MAX_LINES: Final = 80
MAX_LINE_CHARS: Final = 1_000
SURE_CODE: Final = 0.8

# What a patch, Markdown or a command has that a sentence has not.
_MARKS: Final = ("`", "#", "*", "~", "@", "--")
# Documentation inside a program has fences too.
_REMARK_STARTS: Final = ("/*", "//", '"""', "#!", "<")


def name_text(head: str, *, is_whole: bool) -> Named:
    """Return the type of a text's beginning, stripped and not empty, and how sure that is."""
    return _name(head, is_whole=is_whole) or ("text", 0.5 if has_signs(head) else 0.85)


def _name(head: str, *, is_whole: bool) -> Named | None:
    first = head[0]
    if "\n" not in head:
        if first.isalnum() and is_sentence(head) and not any(map(head.__contains__, _MARKS)):
            return structures.name_log([head])  # nothing else has the form of a sentence
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
