"""Rules about shape and names: sizes, docstrings, the closed utils, empty words, taken names."""

from __future__ import annotations

import ast
import re
import sys

from tests.house.tree import Source

MAX_DEF_LINES, MAX_FILE_LINES = 60, 400
AIM_DEF_LINES, AIM_FILE_LINES = 40, 250
UTILS = frozenset(
    {
        "__init__",
        "atomic_json",
        "config_path_resolver",
        "file_lock",
        "heartbeat",
        "ids",
        "learned_types",
        "log_files",
        "log_levels",
        "log_records",
        "log_streams",
        "log_texts",
        "log_writer",
        "logger",
        "redaction",
        "port_holder",
        "processes",
        "shared_state_window",
        "timestamps",
    }
)
EMPTY_WORDS = frozenset({"manager", "helper", "helpers", "misc", "common", "base", "data", "info", "util", "utils"})
EMPTY_STARTS = ("do_", "handle_")
# Fixed by the specification, with the path /tab-info.
FIXED_NAMES = frozenset({"handle_tab_info", "utils"})
FIXED_WORDS = ("tab_info",)
# The command is called Tools/test.py; nothing imports the standard library's own tests from there.
FIXED_MODULES = frozenset({"Tools/test.py"})


def check_sizes(sources: list[Source]) -> list[str]:
    """No def and no file beyond the hard limits."""
    found = [
        f"{source.shown}: {_lines(source)} lines, where {MAX_FILE_LINES} is the limit. Split it by subject."
        for source in sources
        if _lines(source) > MAX_FILE_LINES
    ]
    found += [
        f"{source.shown}:{node.lineno} {node.name}: {_length(node)} lines, limit {MAX_DEF_LINES}. "
        "Take a step out of it and give that its own name."
        for source in sources
        for node in _defs(source)
        if _length(node) > MAX_DEF_LINES
    ]
    return found


def check_budget(sources: list[Source], max_long_defs: int, max_long_files: int) -> list[str]:
    """Only a stated few beyond the aims, so that the exceptions stay exceptions."""
    defs = [
        f"{source.shown}:{node.lineno} {node.name} ({_length(node)})"
        for source in sources
        for node in _defs(source)
        if _length(node) > AIM_DEF_LINES
    ]
    files = [f"{source.shown} ({_lines(source)})" for source in sources if _lines(source) > AIM_FILE_LINES]
    return [
        f"{len(long)} {what} have more than {aim} lines, where {limit} may. Shorten one of: {', '.join(long)}"
        for what, long, aim, limit in (
            ("defs", defs, AIM_DEF_LINES, max_long_defs),
            ("files", files, AIM_FILE_LINES, max_long_files),
        )
        if len(long) > limit
    ]


def check_docstrings(sources: list[Source]) -> list[str]:
    """Every module says in one line what its one job is."""
    return [
        f"{source.shown} has no docstring. Begin it with one line that says its one job."
        for source in sources
        if not (ast.get_docstring(source.tree) or "").strip()
    ]


def check_utils(sources: list[Source]) -> list[str]:
    """The utils are a closed list."""
    return [
        f"{source.shown}: utils is a closed list, in tests/house/shape.py. A new one needs two callers "
        "on different floors and a reason in docs/decisions.md; else put it into the room that uses it."
        for source in sources
        if source.path.parent.name == "utils" and source.path.stem not in UTILS
    ]


def check_stdlib_names(sources: list[Source]) -> list[str]:
    """No module bears a standard-library name: a script's own folder comes first on ``sys.path``."""
    found = []
    for source in sources:
        names = {source.path.stem, *source.path.relative_to(source.root).parts[:-1]}
        found += [
            f"{source.shown}: '{name}' would hide the standard library's module. Name it otherwise."
            for name in sorted(names & sys.stdlib_module_names)
            if source.shown not in FIXED_MODULES
        ]
    return found


def check_words(sources: list[Source]) -> list[str]:
    """No name of a module, class or def that says nothing."""
    found = []
    for source in sources:
        named = [(1, source.path.stem)]
        named += [(node.lineno, node.name) for node in ast.walk(source.tree) if isinstance(node, _NAMED)]
        found += [
            f"{source.shown}:{line} '{name}': '{word}' says nothing. Name what it is or does."
            for line, name in named
            for word in _empty_words(name)
        ]
    return found


def _empty_words(name: str) -> list[str]:
    """List what is empty in a name, in snake_case or CamelCase."""
    if name in FIXED_NAMES:
        return []
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    for fixed in FIXED_WORDS:
        snake = snake.replace(fixed, "")
    starts = [start for start in EMPTY_STARTS if snake.lstrip("_").startswith(start)]
    return starts + sorted(EMPTY_WORDS.intersection(snake.split("_")))


_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _defs(source: Source) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(source.tree) if isinstance(node, _DEFS)]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _lines(source: Source) -> int:
    return len(source.text.splitlines())
