"""What can be run: the triggers that there are, with what each takes and does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from python_core.errors import BadInput
from python_core.runtime import smrtsearch
from python_core.runtime.hub import Hub
from python_core.runtime.shapes import Body, View
from python_core.utils.learned_types import learned


@dataclass(frozen=True)
class Trigger:
    """Something that can be run: ``args`` is the struct of its arguments, ``act`` does it (``dry``: only says what it would)."""

    name: str
    hotkey: str
    description: str
    args: type[Body]
    act: Callable[[Hub, Any, bool], dict[str, Any]]


BUILT_IN = (
    Trigger(
        name="smrtsearch",
        hotkey="HOTKEY_SMRTSEARCH",
        description="Find the newest clip's text, or args.query, in the hub, and open it (a URL, or a web search) in the browser.",
        args=smrtsearch.SmrtSearchArgs,
        act=smrtsearch.run_smrtsearch,
    ),
)


class TriggerView(View, frozen=True, kw_only=True, omit_defaults=False):
    """A trigger: ``argsSchema`` is a JSON Schema, ``origin`` who declared it."""

    name: str
    hotkey: str
    description: str
    args_schema: dict[str, Any]
    origin: str


class TriggerList(View, frozen=True, kw_only=True):
    """All triggers."""

    items: list[TriggerView]


def list_triggers() -> TriggerList:
    """Return all triggers with the schemas of their arguments."""
    return TriggerList(
        items=[
            TriggerView(
                name=trigger.name,
                hotkey=trigger.hotkey,
                description=trigger.description,
                args_schema=msgspec.json.schema(trigger.args),
                origin="built-in",
            )
            for trigger in BUILT_IN
        ]
    )


def find_trigger(hotkey: str | None = None, name: str | None = None) -> Trigger:
    """Return the trigger with a hotkey's id, or of a name.

    :raises BadInput: there is none, or not one of the two is given.
    """
    if (hotkey is None) == (name is None):
        raise BadInput("Give either hotkey or trigger.")
    for trigger in BUILT_IN:
        if hotkey == trigger.hotkey or name == trigger.name:
            return trigger
    at = "/hotkey" if hotkey is not None else "/trigger"
    known = ", ".join(f"{trigger.name} ({trigger.hotkey})" for trigger in BUILT_IN)
    raise BadInput.at(at, f"names no trigger; there are: {known}")


def args_of(trigger: Trigger, args: dict[str, Any]) -> Body:
    """Read a trigger's arguments.

    :raises BadInput: they are not its own.
    """
    try:
        return msgspec.convert(args, learned(trigger.args))
    except msgspec.ValidationError:
        known = ", ".join(trigger.args.__struct_encode_fields__)
        told = f"does not fit {trigger.name}, which takes {known}: see argsSchema at GET /trigger"
        raise BadInput.at("/args", told) from None
