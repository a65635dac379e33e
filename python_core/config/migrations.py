"""Older forms of the settings files: which names each version changed, and how a file is brought to the newest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


def _same(value: Any) -> Any:
    return value


class Renamed(NamedTuple):
    """A setting's name since some version, and what makes its value of the old one's."""

    name: str
    convert: Callable[[Any], Any] = _same


#: What a version changed in each settings file (``bridge``, ``web-listener``), by the old names.
Migration = Mapping[str, Mapping[str, Renamed]]
#: The first of them makes version 2 of version 1. A meaning that changes takes another name, and no name comes back: so
#: a file without a version is read as one of the first. The rules of privacy have a file of their own, which this leaves alone.
MIGRATIONS: tuple[Migration, ...] = ()
SCHEMA_VERSION = 1 + len(MIGRATIONS)


class BroughtForward(NamedTuple):
    """A file's document in the newest form, and the old name of each setting whose name changed on the way."""

    document: dict[str, Any]
    old_names: dict[str, str]


def bring_forward(document: dict[str, Any], section: str, migrations: Sequence[Migration]) -> BroughtForward:
    """Bring what a file holds to the newest form; what no migration names stays as it is, in its place.

    A setting that stands under both names keeps the new one's value. A value that cannot be converted is left for the
    setting's own rule to refuse.
    """
    old_names: dict[str, str] = {}
    for migration in migrations[document.get("schemaVersion", 1) - 1 :]:
        renamed = {old: new for old, new in migration.get(section, {}).items() if new.name not in document}
        for old in (key for key in document if key in renamed):
            old_names[renamed[old].name] = old_names.pop(old, old)
        document = dict(_renamed(key, value, renamed.get(key)) for key, value in document.items())
    if old_names:
        document = {"schemaVersion": 1} | document | {"schemaVersion": 1 + len(migrations)}
    return BroughtForward(document, old_names)


def newest_names(section: str, migrations: Sequence[Migration]) -> dict[str, str]:
    """List every old name of a file's settings with what it is now."""
    names: dict[str, str] = {}
    for migration in migrations:
        step = {old: new.name for old, new in migration.get(section, {}).items()}
        names = {old: step.get(name, name) for old, name in names.items()} | step
    return names


def _renamed(key: str, value: Any, new: Renamed | None) -> tuple[str, Any]:
    if new is None:
        return key, value
    try:
        return new.name, new.convert(value)
    except (TypeError, ValueError):
        return new.name, value
