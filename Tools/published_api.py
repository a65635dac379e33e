"""What programs build on in the API, written down when it is published, and what of it a later document breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).resolve().parent.parent / "tests" / "net" / "published_api.json"
_WORDS = frozenset({"description", "summary", "title", "example", "tags"})
#: Bounds: to have fewer of them breaks nobody.
_BOUNDS = frozenset({"additionalProperties", "maxLength", "maxItems", "maximum", "minimum", "pattern"})


def promise_of(document: dict[str, Any]) -> dict[str, Any]:
    """Take what programs build on out of an OpenAPI document: operations and schemas, without their words."""
    schemas = document["components"]["schemas"]
    return {
        "apiVersion": document["info"]["version"],
        "operations": {
            f"{method.upper()} {path}": _bare(_operation(operation))
            for path, item in document["paths"].items()
            for method, operation in item.items()
            if method != "servers"
        },
        "schemas": {name: _bare(schema) for name, schema in schemas.items()},
    }


def text_of(promise: dict[str, Any]) -> str:
    """Write it down, a line for each operation and schema, so that a change of one is seen as such."""
    lines = [f'{{"apiVersion": {json.dumps(promise["apiVersion"])}']
    for kind in ("operations", "schemas"):
        entries = ",\n".join(f"{json.dumps(name)}: {json.dumps(each)}" for name, each in promise[kind].items())
        lines.append(f'"{kind}": {{\n{entries}\n}}')
    return ",\n".join(lines) + "\n}\n"


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    """Keep what it takes, from whom, and what it answers when all is well; errors have one shape, in the schemas."""
    kept = {key: operation[key] for key in ("operationId", "security", "parameters", "requestBody") if key in operation}
    answers = {
        status: response.get("content", {}) for status, response in operation["responses"].items() if status < "400"
    }
    return kept | {"responses": answers}


def _bare(value: Any, *, is_schema: bool = True) -> Any:
    if isinstance(value, dict):
        return {
            key: _bare(each, is_schema=key not in ("properties", "schemas"))
            for key, each in sorted(value.items())
            if not (is_schema and key in _WORDS)
        }
    return [_bare(each) for each in value] if isinstance(value, list) else value


def broken(promised: Any, kept: Any, at: str = "") -> Iterator[str]:
    """Say each place at which what was promised is no more, or more is asked of a caller than was."""
    if isinstance(promised, dict) and isinstance(kept, dict):
        for key, value in promised.items():
            if key in kept:
                yield from broken(value, kept[key], f"{at}/{key}")
            elif key not in _BOUNDS:
                yield f"{at}/{key} is gone"
        if promised.get("additionalProperties") is False:
            asked = sorted(set(kept.get("required", ())) - set(promised.get("required", ())))
            yield from (f"{at} needs {member} now" for member in asked)
    elif isinstance(promised, list) and isinstance(kept, list):
        yield from (f"{at} lacks {each}" for each in promised if each not in kept)
    elif promised != kept:
        yield f"{at} was {promised!r} and is {kept!r}"
