"""Settings in force: default, file, environment, flag, a later one winning; each value knows its source."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, Literal

from msgspec import Struct

from python_core.config.layers import (
    from_environ,
    from_file,
    from_flags,
    read_document,
    unknown_keys,
    unknown_variables,
)
from python_core.config.migrations import MIGRATIONS, Migration, bring_forward, newest_names
from python_core.config.schema import AnySettings, BridgeSettings, Settings, WebListenerSettings, contradictions
from python_core.config.sections import BRIDGE, WEB_LISTENER, S, Section
from python_core.errors import Detail, SettingsInvalid
from python_core.utils.atomic_json import bak_of, invalid_file, seed_json, write_json
from python_core.utils.config_path_resolver import Paths, resolve_paths

Source = Literal["default", "file", "environment", "flag"]


class Loaded(Struct, Generic[S], frozen=True):
    """A section's settings, the file they are kept in and, by name in the file, where each came from."""

    settings: S
    path: Path
    sources: Mapping[str, Source]
    warnings: tuple[str, ...]


class Explained(Struct, frozen=True):
    """One value in force; ``variable`` is the environment variable that can set it, ``path`` its file."""

    section: str
    name: str
    value: Any
    source: Source
    default: Any
    variable: str
    path: Path


def load_or_seed_bridge_settings(
    paths: Paths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> BridgeSettings:
    """Read the bridge's settings, writing the file with the defaults first where there is none.

    :raises SettingsInvalid: as ``load_section``.
    """
    return load_section(BRIDGE, paths, environ, flags).settings


def load_or_seed_web_listener_settings(
    paths: Paths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> WebListenerSettings:
    """Read the web listener's settings, writing the file with the defaults first where there is none.

    :raises SettingsInvalid: as ``load_section``.
    """
    return load_section(WEB_LISTENER, paths, environ, flags).settings


def load_or_seed_settings(
    paths: Paths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, object]] | None = None,
) -> Settings:
    """Read all settings; ``flags`` holds those of each section by its name, ``bridge`` and ``web-listener``.

    :raises SettingsInvalid: as ``load_section``.
    """
    bridge, web_listener = _load_both(paths, environ, flags or {})
    return Settings(
        bridge=bridge.settings,
        web_listener=web_listener.settings,
        warnings=bridge.warnings + web_listener.warnings,
    )


def explain_settings(
    paths: Paths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, Mapping[str, object]] | None = None,
) -> tuple[Explained, ...]:
    """Tell every value in force and its source, in the order of the files; ``flags`` as for all settings.

    :raises SettingsInvalid: as ``load_section``.
    """
    bridge, web_listener = _load_both(paths, environ, flags or {})
    return (*_explained(BRIDGE, bridge), *_explained(WEB_LISTENER, web_listener))


def load_section(
    section: Section[S],
    paths: Paths | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> Loaded[S]:
    """Read one section with sources and warnings; its file is seeded where there is none.

    A file is changed only where it can be used and a setting in it has another name now; the one before is its ``.bak``.

    :param flags: by name in the file; a text is read as the environment's are, None is not given.
    :raises SettingsInvalid: naming file and pointer, variable or flag, what must hold, and the way back.
    """
    variables = os.environ if environ is None else environ
    path = (paths or resolve_paths(variables)).config() / section.file_name
    document, old_names = bring_forward(_seed_or_read(path, section, 1 + len(migrations)), section.name, migrations)
    layers: list[tuple[Source, Mapping[str, Any]]] = [
        ("default", {each.name: each.default for each in section.settings}),
        ("file", from_file(path, document, section, old_names)),
        ("environment", from_environ(variables, section)),
        ("flag", from_flags(flags or {}, section)),
    ]
    values: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for source, layer in layers:
        values.update(layer)
        sources.update(dict.fromkeys(layer, source))
    settings = section.struct(**{each.field: values[each.name] for each in section.settings})
    _refuse_contradictions(settings, sources, path)
    renamed = newest_names(section.name, migrations)
    warnings = [*unknown_keys(path, document, section, renamed), *unknown_variables(variables, section, renamed)]
    if old_names:
        warnings.insert(0, _write_forward(path, document, old_names))
    return Loaded(settings, path, sources, tuple(warnings))


def _load_both(
    paths: Paths | None, environ: Mapping[str, str] | None, flags: Mapping[str, Mapping[str, object]]
) -> tuple[Loaded[BridgeSettings], Loaded[WebListenerSettings]]:
    return (
        load_section(BRIDGE, paths, environ, flags.get(BRIDGE.name)),
        load_section(WEB_LISTENER, paths, environ, flags.get(WEB_LISTENER.name)),
    )


def _seed_or_read(path: Path, section: Section[S], newest: int) -> dict[str, Any]:
    try:
        seed_json(path, section.defaults())
    except OSError as error:
        raise SettingsInvalid(f"{path} is not there and cannot be written: {error.strerror}.") from None
    try:
        return read_document(path, newest)
    except FileNotFoundError:
        raise invalid_file(path, "is a link to nothing, or was removed this moment") from None


def _write_forward(path: Path, document: dict[str, Any], old_names: Mapping[str, str]) -> str:
    """Write a file in its newest form and say what has another name now; of many starts at once each writes the same."""
    told = ", ".join(f"{old} is {new} now" for new, old in old_names.items())
    try:
        write_json(path, document)
    except OSError as error:
        return f"{path}: {told}. It cannot be written so ({error.strerror}): change it yourself."
    return f"{path}: {told}. It is written so; as it was, it is {bak_of(path)}."


def _refuse_contradictions(settings: AnySettings, sources: Mapping[str, Source], path: Path) -> None:
    for names, cause in contradictions(settings):
        if all(sources[name] in ("default", "file") for name in names):
            raise invalid_file(path, f"/{names[0]}: {cause}", details=[Detail(f"/{names[0]}", cause)])
        places = ", ".join(f"{name} from {sources[name]}" for name in names)
        raise SettingsInvalid(f"{cause} ({places}).")


def _explained(section: Section[S], loaded: Loaded[S]) -> list[Explained]:
    return [
        Explained(
            section=section.name,
            name=each.name,
            value=getattr(loaded.settings, each.field),
            source=loaded.sources[each.name],
            default=each.default,
            variable=each.variable,
            path=loaded.path,
        )
        for each in section.settings
    ]
