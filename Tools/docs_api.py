"""Render the API for ``docs/``: every route, and every struct that routes take and answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from python_core.net.openapi import CODES_OF_ALL, build_document
from python_core.net.routes import subjects_of

_SCHEMA = "#/components/schemas/"


def document() -> dict[str, Any]:
    """Build the OpenAPI document of both servers."""
    return build_document({service: subjects_of(service) for service in ("bridge", "web-listener")})


def routes() -> str:
    """Describe every route, by subject."""
    whole = document()
    return "\n\n".join(_subject(whole, tag) for tag in whole["tags"])


def overview() -> str:
    """List every route in one table."""
    rows, anchors = [], list[str]()
    for method, path, operation in _operations(document()):
        anchor = _slug(f"{method} {path}")
        anchors.append(anchor)
        again = f"_{anchors.count(anchor) - 1}" if anchors.count(anchor) > 1 else ""
        rows.append((f"[`{method} {path}`](#{anchor}{again})", code(operation.get("x-scope")), operation["summary"]))
    return table(("Route", "Scope", "What it does"), rows)


def shapes() -> str:
    """Describe every struct that routes take and answer."""
    schemas = document()["components"]["schemas"]
    return "\n\n".join(
        "\n\n".join([f"### `{name}`", schema["description"], _members(schema)]).rstrip()
        for name, schema in sorted(schemas.items())
    )


def code(text: str | None) -> str:
    """Mark a text as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Build a Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def _operations(whole: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in whole["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                yield method.upper(), path, operation


def _subject(whole: dict[str, Any], tag: dict[str, str]) -> str:
    told = [_route(whole, *each) for each in _operations(whole) if each[2]["tags"] == [tag["name"]]]
    return "\n\n".join([f"## {tag['name']}", *told])


def _route(whole: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    servers = whole["paths"][path].get("servers", [])
    where = [server["url"] == "/" for server in servers]
    parts = [f"### `{method} {path}`", operation["summary"], operation["description"]]
    if servers:
        parts.append("On both servers." if any(where) else "On the web listener.")
    if "parameters" in operation:
        parts.append(_parameters(whole, operation["parameters"]))
    if "requestBody" in operation:
        parts.append(_body(operation["requestBody"]))
    parts.append(_answers(operation["responses"]))
    return "\n\n".join(parts)


def _parameters(whole: dict[str, Any], parameters: list[dict[str, Any]]) -> str:
    told = [_resolved(whole, parameter) for parameter in parameters]
    rows = [
        (code(each["name"]), each["in"], _type(each["schema"]), each.get("description", ""))
        for each in sorted(told, key=lambda each: ("path", "query", "header").index(each["in"]))
    ]
    return table(("Parameter", "In", "Type", "What it is"), rows)


def _resolved(whole: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in entry:
        return entry
    _, _, kind, name = entry["$ref"].split("/")
    found: dict[str, Any] = whole["components"][kind][name]
    return found


def _body(body: dict[str, Any]) -> str:
    media = body["content"]["application/json"]
    example = json.dumps(media["example"], indent=2, ensure_ascii=False)
    return f"Body: {_type(media['schema'])}. {body['description']}\n\n```json\n{example}\n```"


def _answers(responses: dict[str, Any]) -> str:
    """Say what it answers when all is well, and which codes it can answer else."""
    rows, codes = [], []
    for status, response in responses.items():
        if "$ref" in response:
            codes += response["$ref"].rpartition("/")[2].split(".")
            continue
        kinds = [
            _type(media["schema"]) if "schema" in media else code(kind)
            for kind, media in response.get("content", {}).items()
        ]
        rows.append((status, ", ".join(kinds) or "nothing", response["description"]))
    listed = table(("Status", "Answer", "Which says"), rows)
    own = ", ".join(code(each) for each in codes if each not in CODES_OF_ALL)
    return f"{listed}\n\nErrors of its own: {own}." if own else listed


def _members(schema: dict[str, Any]) -> str:
    rows = [
        (code(name), _type(member), "yes" if name in schema.get("required", ()) else "", member.get("description", ""))
        for name, member in schema["properties"].items()
    ]
    there = "Must be sent" if schema.get("additionalProperties") is False else "Always there"
    return table(("Member", "Type", there, "What it is"), rows) if rows else ""


def _type(schema: dict[str, Any]) -> str:
    """Say a JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMA)
        return f"[`{name}`](#{name.lower()})"
    if "const" in schema or "enum" in schema:
        return " or ".join(code(json.dumps(value)) for value in schema.get("enum", [schema.get("const")]))
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            told = [_type(each) for each in schema[key] if each != {"$ref": f"{_SCHEMA}Ok"}]
            return " or ".join(dict.fromkeys(told))
    kind = schema.get("type", "any JSON value")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        kind = _list(schema)
    bounds = ", ".join(_bounds(schema))
    return f"{kind}, {bounds}" if bounds else str(kind)


def _list(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        return f"[{', '.join(_type(each) for each in schema['prefixItems'])}]"
    return f"list of {_type(schema['items'])}" if schema.get("items") else "list"


def _bounds(schema: dict[str, Any]) -> Iterator[str]:
    if "format" in schema:
        yield str(schema["format"])
    if "minimum" in schema and "maximum" in schema:
        yield f"{schema['minimum']} to {schema['maximum']}"
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']} characters"
    if "prefixItems" not in schema and "minItems" in schema and "maxItems" in schema:
        yield f"{schema['minItems']} to {schema['maxItems']}"
    elif "prefixItems" not in schema and "maxItems" in schema:
        yield f"at most {schema['maxItems']}"
    if "pattern" in schema:
        yield f"like `{schema['pattern']}`"
    if schema.get("default") not in (None, {}, []) and not isinstance(schema["default"], dict):
        yield f"else `{json.dumps(schema['default'])}`"


def _slug(heading: str) -> str:
    """Name a heading's anchor as MkDocs does."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return "-".join(kept.split())
