"""One layer of settings each: what a file, the environment or the flags give, checked against the schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from python_core.config.migrations import SCHEMA_VERSION
from python_core.config.sections import S, Section, Setting
from python_core.errors import Detail, SettingsInvalid
from python_core.utils.atomic_json import invalid_file, read_json

# Not settings, but rightly at the root of a file: its version, and where an editor finds the schema.
_ROOT_KEYS = ("schemaVersion", "$schema")


def read_document(path: Path, newest: int = SCHEMA_VERSION) -> dict[str, Any]:
    """Read a settings file's object; SettingsInvalid where it is damaged or from a newer version."""
    document = read_json(path)
    if not isinstance(document, dict):
        raise _invalid(path, [Detail("", "the file must hold one JSON object")])
    version = document.get("schemaVersion", 1)
    if type(version) is not int or version < 1:
        raise _invalid(path, [Detail("/schemaVersion", "must be a whole number from 1")])
    if version > newest:
        newer = f"is {version} and this hub knows {newest}: a newer SmrtHub wrote it, so update the hub"
        raise _invalid(path, [Detail("/schemaVersion", newer)])
    return document


def from_file(
    path: Path, document: Mapping[str, Any], section: Section[S], old_names: Mapping[str, str]
) -> dict[str, Any]:
    """Take the section's values by their names; SettingsInvalid points at every fault, by the name in the file."""
    values: dict[str, Any] = {}
    faults: list[Detail] = []
    for each in section.settings:
        if each.name in document:
            try:
                values[each.name] = msgspec.convert(document[each.name], each.type)
            except msgspec.ValidationError as error:
                faults.append(_fault(each, old_names.get(each.name, each.name), error))
    if faults:
        raise _invalid(path, faults)
    return values


def from_environ(environ: Mapping[str, str], section: Section[S]) -> dict[str, Any]:
    """Take the values of the section's variables by their names in the file; an empty variable is not set."""
    given = ((each, environ.get(each.variable, "")) for each in section.settings)
    return {each.name: _given(text, each, each.variable) for each, text in given if text}


def from_flags(flags: Mapping[str, object], section: Section[S]) -> dict[str, Any]:
    """Check what a caller gives by name in the file; None is not given, an unknown name is a ValueError."""
    known = {each.name: each for each in section.settings}
    if unknown := flags.keys() - known.keys():
        raise ValueError(f"no such setting of {section.name}: {', '.join(sorted(unknown))}")
    given = ((known[name], value) for name, value in flags.items() if value is not None)
    return {each.name: _given(value, each, f"{section.name} {each.name}") for each, value in given}


def unknown_keys(path: Path, document: Mapping[str, Any], section: Section[S], renamed: Mapping[str, str]) -> list[str]:
    """Say which keys of a file nothing reads."""
    known = [each.name for each in section.settings]
    unknown = [key for key in document if key not in known and key not in _ROOT_KEYS]
    return [f"{path}: no such setting: {key!r}{_meant(key, known, renamed)}. It is kept." for key in unknown]


def unknown_variables(environ: Mapping[str, str], section: Section[S], renamed: Mapping[str, str]) -> list[str]:
    """Say which variables look like this section's and are read by nothing."""
    known = [each.variable for each in section.settings]
    variables = {section.variable_of(old): section.variable_of(new) for old, new in renamed.items()}
    unknown = sorted(key for key in environ if key.startswith(section.variable_prefix) and key not in known)
    return [f"no such setting: {key}{_meant(key, known, variables)}" for key in unknown]


def _invalid(path: Path, faults: list[Detail]) -> SettingsInvalid:
    cause = "; ".join(f"{fault.at}: {fault.message}" if fault.at else fault.message for fault in faults)
    return invalid_file(path, cause, details=faults)


def _fault(setting: Setting, key: str, error: msgspec.ValidationError) -> Detail:
    # msgspec tells a place inside a list only in its message: "… - at `$[2]`".
    found = re.search(r"- at `\$\[(\d+)\]`$", str(error))
    if found:
        return Detail(f"/{key}/{found[1]}", f"does not fit: {setting.name} must be {setting.rule}")
    return Detail(
        f"/{key}", f"must be {setting.rule}" if key == setting.name else f"{setting.name} must be {setting.rule}"
    )


def _given(value: object, setting: Setting, place: str) -> Any:
    """Read what a variable or a flag gives; ``place`` is how a message names it."""
    try:
        return msgspec.convert(_from_text(value, setting) if isinstance(value, str) else value, setting.type)
    except msgspec.ValidationError:
        raise SettingsInvalid(f"{place} must be {setting.rule}.") from None


def _from_text(text: str, setting: Setting) -> object:
    """Read a text as the setting's kind, or hand it back as it is, to be refused."""
    if isinstance(setting.default, tuple):
        return [each.strip() for each in text.split(",") if each.strip()]
    if isinstance(setting.default, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)
    if isinstance(setting.default, int) and re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
        return int(text)
    return text


def _meant(name: str, known: list[str], renamed: Mapping[str, str]) -> str:
    if name in renamed:
        return f" (it is {renamed[name]} now)"
    import difflib  # only a slip of the pen needs it

    near = difflib.get_close_matches(name, known, n=1)
    return f" (is {near[0]} meant?)" if near else ""
