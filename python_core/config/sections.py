"""What follows from the schema for each settings file: its name, its settings in order, their variables and rules."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from python_core.config.schema import AnySettings, BridgeSettings, WebListenerSettings

S = TypeVar("S", bound=AnySettings)


class Setting(Struct, frozen=True):
    """One setting: ``name`` in the file, ``variable`` in the environment, ``rule`` as in "must be <rule>"."""

    name: str
    field: str
    type: Any
    default: Any
    help: str
    rule: str
    variable: str


class Section(Struct, Generic[S], frozen=True, dict=True):
    """One settings file; its name gives the file's and the environment variables'."""

    name: str
    struct: type[S]

    @property
    def file_name(self) -> str:
        """Name the file in the settings folder."""
        return f"{self.name}-settings.json"

    @property
    def variable_prefix(self) -> str:
        """Begin the names of this section's environment variables."""
        return f"SMRTHUB_{self.name.replace('-', '_').upper()}_"

    def variable_of(self, name: str) -> str:
        """Name the environment variable of a setting by its name in the file."""
        return self.variable_prefix + re.sub(r"(?=[A-Z])", "_", name).upper()

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """List the section's settings in the order of the file; ``schemaVersion`` is none of them."""
        hints = get_type_hints(self.struct, include_extras=True)
        return tuple(
            _setting(self.variable_of(each.encode_name), each, hints[each.name])
            for each in msgspec.structs.fields(self.struct)
            if each.name != "schema_version"
        )

    def defaults(self) -> dict[str, Any]:
        """Build what a new file holds."""
        built: dict[str, Any] = msgspec.to_builtins(self.struct())
        return built


BRIDGE: Section[BridgeSettings] = Section("bridge", BridgeSettings)
WEB_LISTENER: Section[WebListenerSettings] = Section("web-listener", WebListenerSettings)
AnySection = Section[BridgeSettings] | Section[WebListenerSettings]
SECTIONS: tuple[AnySection, ...] = (BRIDGE, WEB_LISTENER)


def _setting(variable: str, field: msgspec.structs.FieldInfo, hint: Any) -> Setting:
    meta = next(each for each in hint.__metadata__ if isinstance(each, Meta))
    return Setting(
        name=field.encode_name,
        field=field.name,
        type=hint,
        default=field.default,
        help=meta.description or "",
        rule=_rule(hint.__origin__, meta),
        variable=variable,
    )


def _rule(plain: Any, meta: Meta) -> str:
    if plain is bool:
        return "true or false"
    if plain is int:
        return f"a whole number from {meta.ge} to {meta.le}"
    if get_origin(plain) is Literal:
        return "one of " + ", ".join(get_args(plain))
    return str((meta.extra or {})["rule"])
