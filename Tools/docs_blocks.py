"""Render the parts of ``docs/`` that follow from the code: routes, error codes, scopes, shapes, settings, events, commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click

from python_core.cli import main as smrthub
from python_core.config import BRIDGE, WEB_LISTENER
from python_core.config.generate import settings_table
from python_core.net.failures import STATUS_OF_CODE
from python_core.net.openapi import CODES_OF_ALL, build_document
from python_core.net.openapi_texts import ACCESS, CODE_MEANINGS
from python_core.net.routes import subjects_of
from python_core.runtime.clients import SCOPES
from python_core.runtime.events import EVENT_KINDS

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
        rows.append((f"[`{method} {path}`](#{anchor}{again})", _code(operation.get("x-scope")), operation["summary"]))
    return _table(("Route", "Scope", "What it does"), rows)


def shapes() -> str:
    """Describe every struct that routes take and answer."""
    schemas = document()["components"]["schemas"]
    return "\n\n".join(
        "\n\n".join([f"### `{name}`", schema["description"], _members(schema)]).rstrip()
        for name, schema in sorted(schemas.items())
    )


def error_codes() -> str:
    """List the error codes."""
    rows = [(_code(code), str(status), CODE_MEANINGS[code]) for code, status in STATUS_OF_CODE.items()]
    return _table(("Code", "Status", "When"), rows)


def scopes() -> str:
    """List the scopes."""
    return _table(("Scope", "Lets a client"), [(_code(name), words) for name, words in SCOPES.items()])


def access() -> str:
    """List the classes of routes by who may call."""
    return _table(("Class", "Who may call"), [(_code(name), words) for name, words in ACCESS.items()])


def events() -> str:
    """Describe every event kind with the members of its data."""
    return "\n\n".join(
        f"## `{kind}`\n\n{words}\n\n"
        + _table(("Member of `data`", "What it holds"), [(_code(name), text) for name, text in members.items()])
        for kind, (words, members) in EVENT_KINDS.items()
    )


def commands() -> str:
    """List every command."""
    rows = [(f"`{name}{_arguments(command)}`", _help(command)) for name, command in _commands("smrthub", smrthub)]
    return _table(("Command", "What it does"), rows)


def codes_of_all() -> str:
    """List the error codes that every route can answer."""
    return ", ".join(f"`{code}`" for code in CODES_OF_ALL)


#: Each block by its name in a page.
BLOCKS: dict[str, Callable[[], str]] = {
    "access": access,
    "codes of all": codes_of_all,
    "commands": commands,
    "error codes": error_codes,
    "events": events,
    "overview": overview,
    "routes": routes,
    "scopes": scopes,
    "settings of the bridge": lambda: settings_table(BRIDGE).rstrip(),
    "settings of the web listener": lambda: settings_table(WEB_LISTENER).rstrip(),
    "shapes": shapes,
}


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
        (_code(each["name"]), each["in"], _type(each["schema"]), each.get("description", ""))
        for each in sorted(told, key=lambda each: ("path", "query", "header").index(each["in"]))
    ]
    return _table(("Parameter", "In", "Type", "What it is"), rows)


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
            _type(media["schema"]) if "schema" in media else _code(kind)
            for kind, media in response.get("content", {}).items()
        ]
        rows.append((status, ", ".join(kinds) or "nothing", response["description"]))
    table = _table(("Status", "Answer", "Which says"), rows)
    own = ", ".join(f"`{code}`" for code in codes if code not in CODES_OF_ALL)
    return f"{table}\n\nErrors of its own: {own}." if own else table


def _members(schema: dict[str, Any]) -> str:
    rows = [
        (_code(name), _type(member), "yes" if name in schema.get("required", ()) else "", member.get("description", ""))
        for name, member in schema["properties"].items()
    ]
    return _table(("Member", "Type", "Always there", "What it is"), rows) if rows else ""


def _type(schema: dict[str, Any]) -> str:
    """Say a JSON Schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_SCHEMA)
        return f"[`{name}`](#{name.lower()})"
    if "const" in schema or "enum" in schema:
        return " or ".join(_code(json.dumps(value)) for value in schema.get("enum", [schema.get("const")]))
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


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        for child, below in command.commands.items():
            yield from _commands(f"{name} {child}", below)
    else:
        yield name, command


def _arguments(command: click.Command) -> str:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    return "".join(f" {each.human_readable_name}" for each in arguments)


def _help(command: click.Command) -> str:
    return command.get_short_help_str(200)


def _slug(heading: str) -> str:
    """Name a heading's anchor as MkDocs does."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    return "-".join(kept.split())


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)
