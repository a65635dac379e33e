"""Settings in force: default, file, environment, flag, a later one winning; each value knows its source."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
from python_core.config.schema import AnySettings, BridgeSettings, Settings, WebListenerSettings, contradictions
from python_core.config.sections import BRIDGE, WEB_LISTENER, S, Section
from python_core.errors import Detail, SettingsInvalid
from python_core.utils.atomic_json import invalid_file, seed_json
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
) -> Loaded[S]:
    """Read one section with sources and warnings; its file is seeded where there is none, and never changed.

    :param flags: by name in the file; a text is read as the environment's are, None is not given.
    :raises SettingsInvalid: naming file and pointer, variable or flag, what must hold, and the way back.
    """
    variables = os.environ if environ is None else environ
    path = (paths or resolve_paths(variables)).config() / section.file_name
    document = _seed_or_read(path, section)
    layers: list[tuple[Source, Mapping[str, Any]]] = [
        ("default", {each.name: each.default for each in section.settings}),
        ("file", from_file(path, document, section)),
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
    warnings = (*unknown_keys(path, document, section), *unknown_variables(variables, section))
    return Loaded(settings, path, sources, warnings)


def _load_both(
    paths: Paths | None, environ: Mapping[str, str] | None, flags: Mapping[str, Mapping[str, object]]
) -> tuple[Loaded[BridgeSettings], Loaded[WebListenerSettings]]:
    return (
        load_section(BRIDGE, paths, environ, flags.get(BRIDGE.name)),
        load_section(WEB_LISTENER, paths, environ, flags.get(WEB_LISTENER.name)),
    )


def _seed_or_read(path: Path, section: Section[S]) -> dict[str, Any]:
    try:
        seed_json(path, section.defaults())
    except OSError as error:
        raise SettingsInvalid(f"{path} is not there and cannot be written: {error.strerror}.") from None
    try:
        return read_document(path)
    except FileNotFoundError:
        raise invalid_file(path, "is a link to nothing, or was removed this moment") from None


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
