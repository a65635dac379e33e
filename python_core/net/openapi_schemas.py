"""The schemas of the OpenAPI document: what routes take and answer, as their structs say it."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable
from typing import Any, get_args, get_type_hints

import msgspec

from python_core.net.endpoints import Endpoint, OneOf

SCHEMAS = "#/components/schemas/"
#: A part of a declared path: whether it is a number, and its name.
PATH_PART = re.compile(r"<(int:)?(\w+)>")
_OK: dict[str, Any] = {
    "title": "Ok",
    "description": "What every reply that is no error says.",
    "type": "object",
    "properties": {"status": {"const": "ok"}},
    "required": ["status"],
}


def shapes_of(declared: Any) -> list[Any]:
    """List the types that a declaration of a body or a reply names: one, two of ``OneOf``, those of a union, or none."""
    if declared is None:
        return []
    if isinstance(declared, OneOf):
        return [declared.usual, declared.other]
    return list(get_args(declared)) if isinstance(declared, types.UnionType) else [declared]


def component_schemas(endpoints: Iterable[Endpoint], error_codes: Iterable[str]) -> dict[str, Any]:
    """Build a schema for each struct that the endpoints name, and for those that these hold; with ``Ok`` and ``Error``."""
    shapes = [
        shape
        for endpoint in endpoints
        for declared in (endpoint.body, *endpoint.replies.values())
        for shape in shapes_of(declared)
    ]
    _, built = msgspec.json.schema_components(shapes, ref_template=SCHEMAS + "{name}")
    return {"Ok": _OK, "Error": _error(error_codes)} | {name: _as_sent(schema) for name, schema in built.items()}


def body_schema(declared: type | OneOf) -> dict[str, Any]:
    """Build the schema of a request's body."""
    schemas = [_reference(shape) for shape in shapes_of(declared)]
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}


def reply_schemas(declared: Any) -> list[dict[str, Any]]:
    """Build the schema of each form of a reply, with the ``"status": "ok"`` that it is sent with."""
    return [{"allOf": [{"$ref": f"{SCHEMAS}Ok"}, _reference(shape)]} for shape in shapes_of(declared)]


def reply_words(declared: Any) -> str:
    """Say what a reply tells, in its structs' own words."""
    _, built = msgspec.json.schema_components(shapes_of(declared))
    return " Or: ".join(_words(built[shape.__name__]["description"]) for shape in shapes_of(declared))


def path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    """Build a parameter of each part of the path, as the gate takes it, or as the handler's annotation says."""
    hints = get_type_hints(endpoint.handler, include_extras=True)
    parameters: list[dict[str, Any]] = []
    for number, name in PATH_PART.findall(endpoint.path):
        schema: dict[str, Any] = {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}
        if number:
            schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
        if hints[name] not in (str, int):
            schema = msgspec.json.schema(hints[name])
        parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    return parameters


def query_parameters(query: type) -> list[dict[str, Any]]:
    """Build a parameter of each member of a query's struct."""
    _, built = msgspec.json.schema_components([query])
    shape = built[query.__name__]
    parameters = []
    for name, member in shape["properties"].items():
        schema = _without_null(member)
        words = schema.pop("description", "")
        parameters.append(
            {"name": name, "in": "query", "required": name in shape["required"], "description": words, "schema": schema}
        )
    return parameters


def _reference(shape: Any) -> dict[str, Any]:
    schemas, _ = msgspec.json.schema_components([shape], ref_template=SCHEMAS + "{name}")
    return dict(schemas[0])


def _as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """Say of a struct what goes over the wire: in a reply, a member without a value is left out, never null.

    What a caller sends is closed (``additionalProperties`` false), and there null is as good as nothing.
    """
    is_body = schema.get("additionalProperties") is False
    members = {
        name: {key: value for key, value in member.items() if (key, value) != ("default", None)}
        if is_body
        else _without_null(member)
        for name, member in schema.get("properties", {}).items()
    }
    return schema | {"description": _words(schema.get("description", "")), "properties": members}


def _without_null(member: dict[str, Any]) -> dict[str, Any]:
    """Take the null out of a member that is left out when it has no value."""
    if "default" not in member or member["default"] is not None:
        return dict(member)
    kept = {key: value for key, value in member.items() if key not in ("default", "anyOf")}
    choices = [choice for choice in member.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**kept, **choices[0]}
    return kept | ({"anyOf": choices} if choices else {})


def _words(docstring: str) -> str:
    """Turn a docstring's marks into Markdown's."""
    return docstring.replace("``", "`")


def _error(codes: Iterable[str]) -> dict[str, Any]:
    detail = {
        "type": "object",
        "properties": {
            "at": {"type": "string", "description": "A JSON pointer into the body, or `?name` of a query parameter."},
            "message": {"type": "string"},
        },
        "required": ["at", "message"],
    }
    error = {
        "type": "object",
        "properties": {
            "code": {"enum": list(codes)},
            "message": {"type": "string", "description": "For people; it holds nothing of the request."},
            "details": {"type": "array", "items": detail},
            "confirmationId": {"type": "string", "description": "What waits for the user, at `confirmation_required`."},
        },
        "required": ["code", "message"],
    }
    return {
        "title": "Error",
        "description": "Every refusal and failure. `traceId` is in the hub's logs too.",
        "type": "object",
        "properties": {
            "status": {"const": "error"},
            "error": error,
            "traceId": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        },
        "required": ["status", "error", "traceId"],
    }
