"""Schemas of structured outputs: the ones that ship with the hub, the users' own, and the check of a payload."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from python_core.errors import BadInput, Conflict, Detail, TooLarge
from python_core.runtime.hub import Hub
from python_core.runtime.room import need_room
from python_core.runtime.schema_cost import expanded_parts
from python_core.runtime.shapes import PAGE_AT_MOST, View, count_parts, cursor_of, place_of
from python_core.store import Connection, outputs
from python_core.store.outputs import SchemaRow
from python_core.utils.timestamps import to_rfc3339

if TYPE_CHECKING:
    import jsonschema_rs

SCHEMA_BYTES_AT_MOST = 65_536
#: Faults of one payload that are told: more do not help to mend it.
FAULTS_AT_MOST = 20
#: Parts of a payload times those of its schema: at 30 ns each, checking stops the whole process for so long.
CHECKS_AT_MOST = 50_000_000
#: Bytes of a payload times parts of its schema up to which all faults are gathered: each of them quotes the payload.
GATHERED_AT_MOST = 2_000_000
#: Bytes of a compiled pattern: its steps for each character of a text grow with it.
PATTERN_BYTES_AT_MOST = 200_000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,6}")
_TEXT = {"type": "string", "maxLength": 100_000}


def _object(title: str, required: list[str], **properties: Any) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _list_of(**properties: Any) -> dict[str, Any]:
    items = {"type": "object", "properties": properties, "required": ["text"], "additionalProperties": False}
    return {"type": "array", "items": items, "maxItems": 10_000}


#: What every hub has; version 1 of each, for good.
SHIPPED: dict[str, dict[str, Any]] = {
    "note": _object(
        "A note", ["text"], text=_TEXT, tags={"type": "array", "items": {"type": "string", "maxLength": 100}}
    ),
    "table": _object(
        "A table",
        ["columns", "rows"],
        columns={"type": "array", "items": {"type": "string", "maxLength": 1000}, "minItems": 1},
        rows={
            "type": "array",
            "items": {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
        },
    ),
    "entities": _object("Things named in a text", ["entities"], entities=_list_of(text=_TEXT, type={"type": "string"})),
    "task-list": _object(
        "Things to do",
        ["tasks"],
        tasks=_list_of(text=_TEXT, done={"type": "boolean"}, due={"type": "string"}),
    ),
}


class SchemaView(View, frozen=True, kw_only=True, omit_defaults=False):
    """A schema under ``name/version``; ``origin`` is shipped or user."""

    name: str
    version: int
    origin: str
    body: dict[str, Any]
    added_at: str | None


class SchemaList(View, frozen=True, kw_only=True, omit_defaults=False):
    """Schemas, the shipped ones first."""

    items: list[SchemaView]
    next_cursor: str | None


def list_schemas(hub: Hub, limit: int = PAGE_AT_MOST, cursor: str | None = None) -> SchemaList:
    """Return a page of the schemas: the shipped ones, then the users' own by name and version."""
    [start] = place_of(cursor, 1) or (0,)
    shipped = [
        SchemaView(name=name, version=1, origin="shipped", body=body, added_at=None) for name, body in SHIPPED.items()
    ][start : start + limit + 1]
    with hub.store.reading() as conn:
        rows = outputs.list_schemas(conn, limit + 1 - len(shipped), max(0, start - len(SHIPPED)))
    found = shipped + [_view(row) for row in rows]
    return SchemaList(items=found[:limit], next_cursor=cursor_of(start + limit) if len(found) > limit else None)


def put_schema(hub: Hub, name: str, version: int, body: dict[str, Any]) -> tuple[SchemaView, bool]:
    """Keep a schema for good; say whether it is new. The same body again changes nothing.

    :raises BadInput: the name, or the body is no JSON Schema 2020-12 or refers outside itself.
    :raises Conflict: another body has this name and version.
    """
    if not _NAME.fullmatch(name) or not 1 <= version <= 1_000_000:
        raise BadInput("A schema is named by lower-case letters, digits and hyphens, and a version from 1.")
    count_parts(body, "")
    text = msgspec.json.encode(body)
    if len(text) > SCHEMA_BYTES_AT_MOST:
        raise BadInput(f"A schema may be {SCHEMA_BYTES_AT_MOST} bytes at most.")
    _check_schema(text)
    row = SchemaRow(name, version, body, hub.now())

    def act(conn: Connection) -> tuple[SchemaView, bool]:
        if name in SHIPPED and version == 1:
            known = SchemaRow(name, 1, SHIPPED[name], 0)
        else:
            found = outputs.get_schema(conn, name, version)
            if found is None:
                need_room(conn, hub, is_item=False)
                outputs.add_schema(conn, row)
                return _view(row), True
            known = found
        if _canonical(known.body) != _canonical(body):
            raise Conflict("A schema never changes once it is kept: use the next version.")
        return _view(known), False

    return hub.store.write(act)


def check_payload(hub: Hub, schema: str, payload: Any) -> None:
    """Check a payload against ``name/version``.

    :raises BadInput: there is no such schema, or the payload is not valid, with a pointer for each fault.
    """
    name, _, number = schema.partition("/")
    body = SHIPPED.get(name) if number == "1" else None
    if body is None:
        version = int(number) if _VERSION.fullmatch(number) else 0
        with hub.store.reading() as conn:
            row = outputs.get_schema(conn, name, version)
        if row is None:
            raise BadInput.at(
                "/schema",
                "names no schema; smrthub output schemas (GET /structured-output/schemas) lists them, as name/version",
            )
        body = row.body
    cost, validator = _checker(msgspec.json.encode(body))
    if count_parts(payload, "/payload") * cost > CHECKS_AT_MOST:
        raise TooLarge("The payload is too large for its schema: divide it.")
    if validator.is_valid(payload):
        return
    if len(msgspec.json.encode(payload)) * cost <= GATHERED_AT_MOST:
        faults = [_detail_of(fault) for fault in islice(validator.iter_errors(payload), FAULTS_AT_MOST)]
    else:
        faults = [_detail_of(_first_fault(validator, payload))]
    raise BadInput("The payload does not fit its schema.", details=faults)


def _first_fault(validator: jsonschema_rs.Draft202012Validator, payload: Any) -> jsonschema_rs.ValidationError:
    import jsonschema_rs

    try:
        validator.validate(payload)
    except jsonschema_rs.ValidationError as fault:
        return fault
    raise AssertionError("what is not valid has a fault")


def _detail_of(fault: jsonschema_rs.ValidationError) -> Detail:
    pointer = "".join(f"/{_escaped(str(step))}" for step in ("payload", *fault.instance_path))
    rule = fault.schema_path[-1] if fault.schema_path else "false"
    missing = (
        f" {fault.kind.as_dict()['property'][:100]}" if rule == "required" else ""
    )  # a name of the schema's, none of the payload's
    return Detail(pointer, f"does not fit the schema: {rule}{missing}")


@lru_cache(maxsize=64)
def _checker(text: bytes) -> tuple[int, jsonschema_rs.Draft202012Validator]:
    """Count a schema's parts and build its validator, which fetches nothing and whose patterns run in linear time.

    jsonschema-rs is imported at the first use: it takes 40 ms, a fifth of a cold start.
    """
    import jsonschema_rs

    body = msgspec.json.decode(text)
    patterns = jsonschema_rs.RegexOptions(PATTERN_BYTES_AT_MOST)
    return expanded_parts(body), jsonschema_rs.Draft202012Validator(body, offline=True, pattern_options=patterns)


def _check_schema(text: bytes) -> None:
    import jsonschema_rs

    try:
        _checker(text)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        raise BadInput(
            "This is no JSON Schema 2020-12 that stands by itself: references must stay inside it, "
            "patterns may not look around or back, nor be very large."
        ) from None


def _canonical(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body, order="sorted")


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _view(row: SchemaRow) -> SchemaView:
    shipped = row.at_ms == 0
    return SchemaView(
        name=row.name,
        version=row.version,
        origin="shipped" if shipped else "user",
        body=row.body,
        added_at=None if shipped else to_rfc3339(row.at_ms),
    )
