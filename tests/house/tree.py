"""Read the project's own source as the house rules see it: files, modules, syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = frozenset({"site", "build", "dist", "node_modules", "__pycache__"})
OUR_HIDDEN = frozenset({".ci", ".vscode", ".github"})


@dataclass(frozen=True)
class Source:
    """One Python file of ours."""

    root: Path
    path: Path

    @property
    def shown(self) -> str:
        """Name the file as a person would, from the project's root."""
        return self.path.relative_to(self.root).as_posix()

    @property
    def module(self) -> str:
        """Name it as an import does."""
        parts = self.path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.shown)


def list_sources(root: Path, *folders: str) -> list[Source]:
    """List the Python files under these folders of ``root``, in a stable order."""
    return [
        Source(root, path)
        for folder in folders
        for path in sorted((root / folder).rglob("*.py"))
        if _is_ours(path.relative_to(root))
    ]


def list_texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Give every text file of the project; what is not UTF-8 is no text."""
    for path in sorted(root.rglob("*")):
        if not _is_ours(path.relative_to(root)) or not path.is_file():
            continue
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def _is_ours(path: Path) -> bool:
    """Leave out what tools put beside the source, as ``.gitignore`` does."""
    folders = path.parts[:-1]
    hidden = {folder for folder in folders if folder.startswith(".")}
    return not hidden - OUR_HIDDEN and not NOT_OURS.intersection(folders)
