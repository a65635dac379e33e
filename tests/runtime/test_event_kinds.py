"""The kinds of events: each has a schema, what breaks it cannot be announced, and none has room for a captured text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from python_core.runtime.event_kinds import EVENT_KINDS, event_schema, told_by
from python_core.runtime.events import announce
from python_core.runtime.hub import Hub
from tests.hubs import caller, page_of_events

#: What people copy, and what pages call themselves: none of it may fit into an event.
CAPTURED = (
    "a word or two",
    "https://example.org/?q=secret",
    "hunter2!",
    "rené",
    "a.b@example.org",
    "/home/someone/file",
    "line\nbreak",
    "x" * 81,
    "",
)


def _strings(schema: Any) -> Iterator[dict[str, Any]]:
    """Find every place in a schema that a string may stand at."""
    if isinstance(schema, dict):
        if schema.get("type") == "string" or "enum" in schema:
            yield schema
        elif not schema.keys() & {"type", "anyOf", "$ref"} and "const" not in schema and "properties" not in schema:
            assert not schema.keys() & {"description", "title"}, f"anything may stand here: {schema}"
        for part in schema.values():
            yield from _strings(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _strings(part)


@pytest.mark.parametrize("kind", EVENT_KINDS)
def test_a_kind_has_a_json_schema_that_is_closed_and_whose_strings_have_a_form(kind: str) -> None:
    schema = event_schema(kind)
    jsonschema_rs.meta.validate(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        assert part["type"] == "object"
        assert part["additionalProperties"] is False
    for part in _strings(schema):
        for text in CAPTURED:
            assert not jsonschema_rs.is_valid(part, text), (part, text)


def test_what_does_not_fit_its_kind_is_not_announced_and_takes_its_act_with_it(hub: Hub) -> None:
    wrong: list[tuple[str, dict[str, object]]] = [
        ("heartbeat", {"module": "store"}),
        ("heartbeat", {"module": "store", "level": "healthy", "more": 1}),
        ("heartbeat", {"module": "what was copied", "level": "healthy"}),
        ("output_removed", {"id": "canary"}),
    ]
    for kind, members in wrong:
        with pytest.raises(msgspec.ValidationError):
            hub.store.write(lambda conn, kind=kind, members=members: announce(conn, hub, caller(), kind, **members))
    with pytest.raises(KeyError):
        told_by("canary", {})
    assert page_of_events(hub, 0, 50, None).newest == 0
