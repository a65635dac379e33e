"""How much work a JSON Schema can make: what is valid 2020-12 may still take hours to check against.

``{"allOf": [{"$ref": "#/$defs/a1"}, {"$ref": "#/$defs/a1"}]}`` thirty times over is 3 KB and 2³⁰ checks, in one call that
holds up the whole process. So a schema's references are followed once, when it is kept.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from python_core.errors import BadInput

#: Parts of a schema when each reference is written out in full.
PARTS_AT_MOST = 10_000
#: They lead where a pointer into the schema does not show.
_OTHER_REFERENCES = ("$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor")


def expanded_parts(schema: dict[str, Any]) -> int:
    """Return how many parts a schema has when each reference is written out in full; it may not be nested deep.

    :raises BadInput: it has more than ``PARTS_AT_MOST``, or a reference leads outside, nowhere or back to itself.
    """
    parts = _parts(schema, schema, {})
    if parts > PARTS_AT_MOST:
        raise BadInput(f"A schema may have {PARTS_AT_MOST} parts at most, with its references written out in full.")
    return parts


def _parts(node: Any, root: dict[str, Any], known: dict[int, int | None]) -> int:
    if not isinstance(node, (dict, list)):
        return 0
    if id(node) in known:
        parts = known[id(node)]
        if parts is None:
            raise BadInput("A reference in a schema may not lead back to itself.")
        return parts
    known[id(node)] = None
    parts = 1 + sum(_parts(inner, root, known) for inner in (node.values() if isinstance(node, dict) else node))
    if isinstance(node, dict):
        has_others = any(isinstance(node.get(name), str) for name in _OTHER_REFERENCES)
        if has_others or (isinstance(node.get("$id"), str) and node is not root):
            raise BadInput(f"A schema refers to its parts by $ref alone, without $id, {', '.join(_OTHER_REFERENCES)}.")
        if isinstance(node.get("$ref"), str):
            parts += _parts(_part_at(root, node["$ref"]), root, known)
    known[id(node)] = parts
    return parts


def _part_at(root: dict[str, Any], reference: str) -> Any:
    found: Any = root
    if reference != "#" and not reference.startswith("#/"):
        raise BadInput("A reference in a schema must be a JSON pointer into it, such as #/$defs/name.")
    for step in unquote(reference).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isascii() and name.isdigit() and len(name) < 6 and int(name) < len(found):
            found = found[int(name)]
        else:
            raise BadInput("A reference in a schema leads nowhere.")
    return found
