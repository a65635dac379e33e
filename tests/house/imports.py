"""Rules about imports: strictly down, no cycles, absolute, each foreign package behind one room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from tests.house.tree import Source

PACKAGE = "python_core"
BOTTOM = frozenset({"utils", "errors"})
FIRST = BOTTOM | {"config", "store", "smrtdetect"}
# room -> the rooms it may import. The face (python_core/__init__.py) and __main__ stand on top of all.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "utils": frozenset({"errors"}),  # what reads a file has to say what is wrong with it
    "config": BOTTOM,
    "store": BOTTOM,
    "smrtdetect": BOTTOM,
    "runtime": FIRST,
    "client": FIRST,
    "support": FIRST,
    "net": BOTTOM | {"runtime", "config"},
    "cli": BOTTOM | {"client", "support", "config"},
    "agents": BOTTOM | {"client", "support", "config"},
    "__main__": FIRST | {"runtime", "client", "support", "net", "cli"},
    "": FIRST | {"runtime", "client", "support", "net", "cli", "__main__"},
}
ONLY_IN = {
    "flask": "net",
    "werkzeug": "net",
    "waitress": "net",
    "flasgger": "net",
    "flask_cors": "net",
    "apsw": "store",
}
# These open the store, once a process, and hand it on; nothing else of it is theirs.
OPENERS = frozenset(f"{PACKAGE}.net.{module}" for module in ("apps", "bridge_server", "hosting", "web_listener"))


@dataclass(frozen=True)
class Import:
    """One imported module, or name of a module, at one line."""

    line: int
    module: str
    name: str | None = None

    @property
    def room(self) -> str:
        """Name the room of ours that it leads to; ``""`` is the package's face."""
        full = f"{self.module}.{self.name}" if self.module == PACKAGE and self.name else self.module
        room = (*full.split("."), "")[1]
        return room if room in MAY_IMPORT else ""

    @property
    def is_ours(self) -> bool:
        return self.module.split(".")[0] == PACKAGE


def list_imports(tree: ast.Module) -> Iterator[Import]:
    """Give every import at any depth, under TYPE_CHECKING and by ``import_module("…")`` too."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (Import(node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from (Import(node.lineno, module, alias.name) for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield Import(node.lineno, module)


def check_direction(sources: list[Source]) -> list[str]:
    """Imports go strictly down, also inside functions and under TYPE_CHECKING."""
    found = []
    for source in sources:
        room = _room_of(source)
        if room not in MAY_IMPORT:
            found.append(
                f"{source.shown}: the room '{room}' stands on no floor. Use an existing one, or "
                f"give the new one its floor in docs/architecture.md and in tests/house/imports.py."
            )
            continue
        for found_import in list_imports(source.tree):
            allowed = MAY_IMPORT[room] | {room}
            if not found_import.is_ours or found_import.room in allowed or _is_excepted(source, found_import):
                continue
            found.append(
                f"{source.shown}:{found_import.line} imports {found_import.module}: "
                f"'{room or PACKAGE}' may import {', '.join(sorted(MAY_IMPORT[room])) or 'nothing of ours'}. "
                f"Move what both need down a floor, or have it handed in as an argument."
            )
    return list(dict.fromkeys(found))


def check_relative(sources: list[Source]) -> list[str]:
    """Only absolute imports."""
    return [
        f"{source.shown}:{node.lineno} has a relative import. Write it out: from {PACKAGE}.… import …"
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


def check_foreign(sources: list[Source]) -> list[str]:
    """Flask and its kin only in ``net``, SQL only in ``store``."""
    found = []
    for source in sources:
        for found_import in list_imports(source.tree):
            package = found_import.module.split(".")[0]
            home = ONLY_IN.get(package)
            if package == "sqlite3" or (home and _room_of(source) != home):
                found.append(
                    f"{source.shown}:{found_import.line} imports {package}, which is "
                    f"{f'for python_core/{home} only' if home else 'replaced by apsw in python_core/store'}. "
                    f"Give that room a function for it and call it."
                )
    return found


def check_routes(sources: list[Source]) -> list[str]:
    """Routes know the runtime's verbs, never store or config."""
    return [
        f"{source.shown}:{found.line} imports {found.module}: a route never sees {found.room}. "
        f"Call a verb of python_core.runtime with the Hub that the route was handed."
        for source in sources
        if source.module.startswith(f"{PACKAGE}.net.routes")
        for found in list_imports(source.tree)
        if found.is_ours and found.room in ("store", "config")
    ]


def check_cycles(sources: list[Source]) -> list[str]:
    """No module needs itself, however far around."""
    modules = {source.module for source in sources}
    graph = {source.module: _targets(source, modules) for source in sources}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        around = " -> ".join(reversed(cycle.args[1]))
        return [f"A cycle of imports: {around}. Move what two of them share into a module below both."]
    return []


def _targets(source: Source, modules: set[str]) -> set[str]:
    """Name the modules of ours that this one imports; ``from package import module`` means the module."""
    targets = set()
    for found in list_imports(source.tree):
        if found.is_ours and not _is_excepted(source, found):
            below = f"{found.module}.{found.name}"
            targets.add(below if below in modules else found.module)
    return targets & modules


def _room_of(source: Source) -> str:
    return (*source.module.split("."), "")[1]


def _is_excepted(source: Source, found: Import) -> bool:
    """Some names may be reached from where their room may not: the version, and the store by those who open it."""
    if found.module == PACKAGE and found.name == "__version__":
        return True
    return source.module in OPENERS and found.module == f"{PACKAGE}.store" and found.name in ("open_store", "Store")
