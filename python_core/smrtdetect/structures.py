"""Name a text by its outer form: JSON, tags, tables, patches, logs."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import msgspec

from python_core.smrtdetect.one_liners import Named

HTML_TAGS: Final = frozenset(
    ["a", "abbr", "article", "aside", "audio", "b", "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col", "colgroup", "dd", "details", "dfn", "div", "dl", "dt", "em", "embed", "fieldset", "figcaption", "figure", "font", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd", "label", "legend", "li", "link", "main", "map", "mark", "meta", "nav", "noscript", "object", "ol", "optgroup", "option", "p", "picture", "pre", "q", "s", "samp", "script", "section", "select", "small", "source", "span", "strong", "style", "sub", "summary", "sup", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt", "u", "ul", "var", "video", "wbr"]
)  # fmt: skip
_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]{0,60})((?:\s[^<>]{0,600})?)>")
_JSON_LINE = re.compile(
    r"\s*(?:\"[^\"\n]{0,200}\"\s*:\s*\S.*|[\[{}\]]+,?|\{ ?\"[^\"]{1,80}\": [^\n]*\},?|\"[^\"\n]*\",?|-?[\d.]+,?|(?:true|false|null),?|//.*)\s*"
)
_REMARK = re.compile(r"^[ \t]*//.*$|[ \t]//[ \t].*$|^[ \t]*/\*[^*]*\*/", re.M)
_LAST_COMMA = re.compile(r",(\s*[\]}])")
_JSON_KEY = re.compile(r"\s*\"[^\"\n]{1,200}\"\s*: ?\S")
_DIFF_MARK = re.compile(
    r"^(?:diff --git .|--- \S.*\n\+\+\+ \S|@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|Index: \S+\n={20})", re.M
)
_STAMP = re.compile(
    r"(?:\[?[12]\d{3}[-/.][01]\d[-/.][0-3]\d[T _][0-2]\d:[0-5]\d"
    r"|\[?[0-2]\d:[0-5]\d:[0-6]\d(?:[.,]\d+)?\]? \S"
    r"|\[?(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ 0-3]\d [0-2]\d:[0-5]\d:[0-6]\d"
    r"|[\w.:-]{3,45} \S{1,40} \S{1,40} \[[0-3]\d/[A-Z][a-z]{2}/\d{4}:"
    r"|\[ *\d+\.\d{6}\] "
    r"|\d{1,6} (?:verbose|silly|http|info|warn|error|timing) "
    r"|\[?(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|NOTICE)\]?[ :|-])"
)
_QUOTED = re.compile(r"\"[^\"]*\"")
_SENTENCE_END = re.compile(r"[a-z]{2}[.!?][\"')]?$")


def name_json(text: str, *, is_whole: bool) -> Named | None:
    """Judge a text that begins with a brace or bracket; of a longer one only the beginning is here."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, ValueError) as broken:
        if "truncated" in str(broken) and len(text) > 60:
            return "json", (0.85 if is_whole else 0.95)
        return _name_json_lines(text, is_whole=is_whole) or _name_json_with_remarks(text)
    return "json", (0.99 if len(text) > 4 else 0.6)


def _name_json_lines(text: str, *, is_whole: bool) -> Named | None:
    lines = [line for line in text.split("\n") if line.strip()][: 50 if is_whole else -1]
    if len(lines) < 2 or any(line[0] not in "{[" for line in lines):
        return None
    try:
        for line in lines:
            msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
    return "jsonl", 0.97


def _name_json_with_remarks(text: str) -> Named | None:
    if "//" not in text and "/*" not in text and ",\n" not in text:
        return None
    plain = _LAST_COMMA.sub(r"\1", _REMARK.sub("", text))
    try:
        msgspec.json.decode(plain)
    except (msgspec.DecodeError, RecursionError, ValueError) as broken:
        return ("json", 0.7) if "truncated" in str(broken) and len(text) > 60 else None
    return "json", 0.9


def name_json_excerpt(lines: list[str]) -> Named | None:
    """Judge some lines from the middle of a JSON file."""
    if sum(1 for line in lines if _JSON_KEY.match(line)) < (2 if len(lines) < 8 else 1):
        return None
    fitting = sum(1 for line in lines if _JSON_LINE.fullmatch(line))
    return ("json", 0.75) if fitting >= 0.9 * len(lines) else None


def name_tags(text: str) -> Named | None:
    """Judge a text that begins with an angle bracket."""
    lower = text[:4_096].lower()
    if lower.startswith(("<?php", "<?=")):
        return "php", 0.98
    if lower.startswith(("<!doctype html", "<html")):
        return "html", 0.99
    if lower.startswith("<?xml"):
        if "<svg" in lower:
            return "svg", 0.97
        return ("html", 0.9) if "<html" in lower else ("xml", 0.98)
    if lower.startswith("<svg"):
        return "svg", 0.97
    if "<?php" in lower:
        return "php", 0.9
    return name_tagged(text, opening=True)


def name_tagged(text: str, *, opening: bool = False) -> Named | None:
    """Judge by the tags in a text; ``opening``: it begins with one."""
    tags = _TAG.findall(text[:8_192])
    names = Counter(name.lower() for _, name, _ in tags)
    closing = sum(1 for slash, _, rest in tags if slash or rest.endswith("/"))
    total = len(tags)
    if total < 2 or (not closing and not opening):
        return None
    html = sum(count for name, count in names.items() if name in HTML_TAGS)
    chars = sum(len(name) + len(rest) + 2 + len(slash) for slash, name, rest in tags)
    share = chars / len(text[:8_192])
    if html >= 0.7 * total:
        if opening:
            return "html", (0.95 if closing else 0.7)
        return ("html", 0.75) if share >= 0.2 or (total > 2 and share >= 0.1) else None
    if closing >= 0.3 * total and (opening or share >= 0.35):
        if html >= 0.3 * total and any(attribute in text for attribute in ("class=", "href=", "style=")):
            return "html", 0.75
        return "xml", (0.9 if opening else 0.7)
    return None


def name_diff(text: str) -> Named | None:
    """Judge by the headers that patches bear."""
    if "--" not in text and ("@" not in text or "@@" not in text):
        return None
    return ("diff", 0.97) if _DIFF_MARK.search(text) else None


def name_log(lines: list[str]) -> Named | None:
    """Judge by how many lines begin with a time or a level."""
    stamped = sum(1 for line in lines if _STAMP.match(line))
    if stamped >= 2 and stamped >= 0.6 * len(lines):
        return "log", 0.93
    if stamped >= 3 and stamped >= 0.25 * len(lines):
        return "log", 0.75
    is_one = len(lines) == 1 and stamped and len(lines[0]) > 30 and re.search(r"\b(?:INFO|WARN|ERROR|DEBUG)", lines[0])
    return ("log", 0.8) if is_one else None


def name_table(lines: list[str]) -> Named | None:
    """Judge whether every line has the same number of cells: by tabs, commas or semicolons."""
    if len(lines) < 2:
        return None
    tabs = lines[0].strip().count("\t")
    if tabs and all(line.count("\t") == tabs and line[0] != "\t" for line in lines):
        return "tsv", (0.9 if len(lines) * tabs > 3 else 0.75)
    for mark in ",;":
        if mark in lines[0] and mark in lines[-1] and (found := _name_separated(lines, mark)):
            return found
    return None


def _name_separated(lines: list[str], mark: str) -> Named | None:
    cells = _cells(lines[0], mark)
    if (len(lines) - 1) * cells < 4 or any(_cells(line, mark) != cells for line in lines):
        return None
    ends = [line.rstrip()[-1] for line in lines]
    if any(end in "{(:" or (mark == ";" and end == ";") for end in ends):
        return None
    if all(end == mark for end in ends) or all(line[0] in " \t" for line in lines):
        return None  # a list in some program
    if sum(1 for line in lines if _SENTENCE_END.search(line[-8:])) * 3 > len(lines):
        return None
    wide = 60 if len(lines) > 4 and cells > 2 else 25
    if sum(map(len, lines)) > wide * cells * len(lines) and f'{mark}"' not in lines[-1]:
        return None
    if len(lines) < 5 and all(line.count(f"{mark} ") == cells - 1 for line in lines):
        return None  # as in sentences
    if any(character in line for line in lines[:3] for character in "(){}=") and cells < 4:
        return None
    return "csv", (0.95 if cells > 2 and len(lines) > 2 else 0.75)


def _cells(line: str, mark: str) -> int:
    return (_QUOTED.sub("", line) if '"' in line else line).count(mark) + 1
