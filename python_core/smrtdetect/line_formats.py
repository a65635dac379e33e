"""Name a text by what its lines begin with: YAML, TOML, INI, Markdown, LaTeX, a Dockerfile."""

from __future__ import annotations

import re
from itertools import pairwise

from python_core.smrtdetect.one_liners import Named

_SECTION = re.compile(r"\[\[?[^\[\]\n]{1,120}\]?\][ \t]*(?:[#;].*)?")
_TOML_PAIR = re.compile(
    r"\s*(?:[\w-]+|\"[^\"\n]+\"|'[^'\n]+')(?:\.(?:[\w-]+|\"[^\"\n]+\"))* ?= ?"
    r"(?:\"|'|\[|\{ ?|true\b|false\b|[-+]?\d|\Z).*"
)
_TOML_ENDS = ('"', "'", "]", "}", "[", "{")
_TOML_LINE = re.compile(r"[a-z][\w-]{0,60} = (?:\"[^\"\n]*\"|true|false|[-+]?\d[\d_.]*|\[[^\[\]\n]*\])(?: *#.*)?")
_VARIABLE = re.compile(r"(?:export )?[A-Z][A-Z0-9_]{1,60}=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"']*)")
_INI_PAIR = re.compile(r"\s*[\w.][\w .:/\\*-]{0,80}? ?[=:] ?(?![=>]).*")
_YAML_KEY = re.compile(r"\s*(?:- +){0,3}(?:[\w./$*<-][\w ./()@+*-]{0,60}|\"[^\"\n]{1,80}\"|'[^'\n]{1,80}'):(?: +\S.*)?")
_YAML_BARE_KEY = re.compile(r"\s*(?:- +)?[\w./$-]+:")
_YAML_ITEM = re.compile(r"\s*- +\S.*|\s*-")
_CODE_END = (";", "{", "}", "(", ",", ")", "\\")

_HEADING = re.compile(r"#{1,6} +\S.{0,120}")
_BULLET = re.compile(r"(?:\s{0,6}(?:[-+]|\d{1,3}[.)])|(?:\s{2,6})?\*) +\S")
_FENCE = re.compile(r"(?:```+|~~~)[ \w{}.=+#-]{0,60}")
_LINK = re.compile(r"!?\[[^\[\]\n]{1,200}\](?:\((?:<|#|/|\.|\w)[^()\s]{0,300}(?: \"[^\"\n]*\")?\)|\[[^\[\]\n]{0,80}\])")
_LINK_TARGET = re.compile(r"\[[^\[\]\n]{1,80}\]: +(?:https?://|[./#<]|\w+[./])")
_STRONG = re.compile(r"(?<![\w*])\*\*(?=\S)[^*\n]{1,200}(?<=\S)\*\*(?!\*)")
_CODE_SPAN = re.compile(r"(?<![`\w:])`[^`\n]{1,120}`(?!`)")
_RULE_SIGNS = frozenset(" :|-")

_LATEX = re.compile(
    r"\\(?:documentclass|usepackage|begin|end|section|subsection|subsubsection|chapter|label|ref|cite|textbf|textit|emph|"
    r"item|caption|newcommand|renewcommand|includegraphics|frac|sum|int|mathbb|alpha|beta|left|right|hline|footnote|"
    r"def|let|input|maketitle|title|author|footnotesize|hspace|vspace|newenvironment|RequirePackage|ProvidesPackage)\b"
)
_DOCKER = re.compile(
    r"(FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|SHELL) +\S"
)


def name_settings(text: str, lines: list[str]) -> Named | None:
    """Judge lines of keys and values: TOML, INI or YAML."""
    if ": " not in text and ":\n" not in text and text[0] != "[" and "\n[" not in text:
        return None
    bare = [line for line in lines if line.lstrip()[0] not in "#;"]
    if not bare:
        return None
    sections = sum(1 for line in bare if line[0] == "[" and _SECTION.fullmatch(line))
    if sections and not any(line.endswith((";", "{")) for line in bare[:40]):
        named = _name_sections(bare, sections)
        if named:
            return named
    return _name_yaml(bare)


def name_assignments(lines: list[str]) -> Named | None:
    """Judge lines that do nothing but set names to values."""
    bare = [line for line in lines if line.lstrip()[0] != "#"]
    if len(bare) < 3:
        return None
    if all(map(_TOML_LINE.fullmatch, bare)):
        return "toml", 0.65
    return ("shell", 0.65) if all(map(_VARIABLE.fullmatch, bare)) else None


def _name_sections(bare: list[str], sections: int) -> Named | None:
    pairs = len(bare) - sections
    toml = sum(1 for line in bare if _TOML_PAIR.fullmatch(line))
    continued = sum(1 for line in bare if line[0] in " \t]})\"'" and not _TOML_PAIR.fullmatch(line))
    if toml and toml + continued >= 0.85 * pairs:
        if not any(line.endswith(_TOML_ENDS) for line in bare if "=" in line):
            return "ini", 0.65  # bare numbers and booleans could be either
        return "toml", (0.95 if toml > 1 else 0.8)
    ini = sum(1 for line in bare if _INI_PAIR.fullmatch(line))
    if ini - 1 >= 0 and ini + continued >= 0.8 * pairs:
        return "ini", 0.9
    return None


def _name_yaml(bare: list[str]) -> Named | None:
    has_marker = bare[0] == "---"
    plain = sum(1 for line in bare if ":" in line and _YAML_BARE_KEY.match(line))
    if plain < (1 if has_marker else 2):
        return None
    shown = _without_blocks(bare)
    keyed = [line for line in shown if _YAML_KEY.fullmatch(line)]
    others = [line for line in shown if not _YAML_KEY.fullmatch(line)]
    fitting = len(keyed) + sum(1 for line in others if _YAML_ITEM.fullmatch(line))
    foreign = sum(1 for line in others if line.endswith(_CODE_END))
    if fitting < 0.6 * len(shown) or foreign > 0.15 * len(shown) or plain < 0.5 * len(keyed):
        return None
    starts = [line.lstrip(" -")[:1] for line in shown]
    deeper = _count_deeper(shown) + len(bare) - len(shown)
    # Headers of a mail or of a package look like this too, but they are not nested throughout.
    is_titled = not has_marker and 2 * sum(map(str.isupper, starts)) > len(shown)
    if is_titled and (3 * deeper < len(keyed) or fitting < 0.9 * len(shown)):
        return None
    if has_marker or deeper:
        return "yaml", (0.93 if deeper and fitting >= 0.8 * len(shown) else 0.75)
    wordy = sum(1 for line in shown if line.count(" ") > 4 or line.endswith("."))
    is_flat = plain >= 3 and plain == len(shown) and all(map(str.islower, starts)) and wordy * 4 < plain
    return ("yaml", 0.65) if is_flat else None


def _count_deeper(lines: list[str]) -> int:
    """Count the keys whose value stands below them."""
    return sum(
        1
        for upper, lower in pairwise(lines)
        if upper.endswith((":", "|", ">", "|-", ">-"))
        and (_indent(lower) > _indent(upper) or lower.lstrip()[:2] == "- ")
    )


def _without_blocks(lines: list[str]) -> list[str]:
    """Leave out the lines of literal blocks, which hold anything."""
    kept = []
    deeper_than = 1_000
    for line in lines:
        if _indent(line) > deeper_than:
            continue
        deeper_than = _indent(line) if line.endswith((": |", ": >", ": |-", ": >-", ": |+")) else 1_000
        kept.append(line)
    return kept


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def name_markdown(text: str, lines: list[str]) -> Named | None:
    """Judge by headings, links, fences and emphasis: one mark alone proves nothing."""
    has_marks = "`" in text or "#" in text or ("*" in text and "**" in text) or "~~~" in text or "---" in text
    if not has_marks and ("]" not in text or not ("](" in text or "][" in text or "]: " in text)):
        return None  # bullets alone are found in any text
    fences = sum(1 for line in lines if line[0] in "`~" and _FENCE.fullmatch(line))
    headings = _count_headings(text) if "# " in text else 0
    bullets = sum(1 for line in lines if _BULLET.match(line))
    links = len(_LINK.findall(text)) if "](" in text or "][" in text else 0
    links += sum(1 for line in lines if line[0] == "[" and _LINK_TARGET.match(line))
    strong = len(_STRONG.findall(text)) if "**" in text else 0
    spans = len(_CODE_SPAN.findall(text)) if "`" in text else 0
    tables = sum(1 for line in lines if "---" in line and "|" in line and _RULE_SIGNS.issuperset(line))
    points = 3.0 * min(fences, 2) + headings + 1.5 * min(links, 3) + 3 * min(tables, 1)
    points += 1.0 * min(strong, 3) + 0.6 * min(spans, 3) + 0.4 * min(bullets, 4)
    if points < 1.9 or (points == headings and len(lines) < headings):
        return None
    return "markdown", round(min(0.95, 0.5 + 0.08 * points), 2)


def _count_headings(text: str) -> float:
    """Count lines such as ``## Use``, but none of a block of comments; deep ones count more, as no script has them."""
    lines = ["", *text.split("\n", 120)[:120], ""]
    found = [
        2.0 if line[1] == "#" else 1.5
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False)
        if line.startswith("#")
        and _HEADING.match(line)
        and line[-1] not in ".,;"
        and before[:2] != line[:2] != after[:2]
        and (not after or line[1] == "#")
    ]
    return sum(found[:3])


def name_latex(text: str) -> Named | None:
    """Judge by commands that only LaTeX has."""
    if text.count("\\") < 2:
        return None
    found = _LATEX.findall(text)
    if "\\documentclass" in text or "\\begin{" in text or "\\usepackage" in text:
        return "latex", (0.97 if len(found) > 2 else 0.85)
    return ("latex", 0.8) if len(set(found)) >= 2 and text.count("{") >= 2 else None


def name_dockerfile(lines: list[str]) -> Named | None:
    """Judge by lines that begin with an instruction."""
    found = [match[1] for line in lines if line[0].isupper() and (match := _DOCKER.match(line))]
    kinds = set(found)
    if len(kinds) < 2 or not kinds & {"FROM", "RUN", "CMD", "COPY", "ENTRYPOINT"}:
        return None
    return ("dockerfile", 0.95) if "FROM" in kinds else ("dockerfile", 0.8)
