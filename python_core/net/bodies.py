"""Read what a caller sent, strictly: JSON of exactly the declared shape, a query of exactly the declared parameters."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from python_core.errors import BadInput, Detail, UnsupportedMediaType
from python_core.net.endpoints import OneOf
from python_core.utils.learned_types import learned

_PATH_IN_MESSAGE = re.compile(r"(.*?) - at `(?:key in )?\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z0-9_-]+)|\[(\d+|\.\.\.)\]")


def check_media_type(environ: dict[str, Any]) -> None:
    """Accept ``application/json``, with ``charset=utf-8`` or none, and no encoding.

    :raises UnsupportedMediaType: it is anything else.
    """
    kind, _, parameters = environ.get("CONTENT_TYPE", "").lower().partition(";")
    if kind.strip() != "application/json" or parameters.strip() not in ("", "charset=utf-8", 'charset="utf-8"'):
        raise UnsupportedMediaType("Send the body as application/json in UTF-8.")
    if environ.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise UnsupportedMediaType("Send the body without Content-Encoding.")


def read_body(environ: dict[str, Any]) -> bytes:
    """Return the body; the gate has checked its length and type.

    :raises BadInput: it is not whole.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content: bytes = environ["wsgi.input"].read(length)
    if len(content) != length:
        raise BadInput("The body ended early.")
    return content


def decode(content: bytes, shape: type | OneOf) -> Any:
    """Decode JSON into a struct.

    :raises BadInput: it is no JSON in UTF-8, or not of the shape, with a pointer to the place.
    """
    try:
        if isinstance(shape, OneOf):
            members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
            shape = shape.other if shape.key in members else shape.usual
        return msgspec.json.decode(content, type=learned(shape))
    except msgspec.ValidationError as fault:
        raise finding_of(fault) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadInput("The body is no JSON in UTF-8.") from None


def read_query(environ: dict[str, Any], shape: type[msgspec.Struct] | None) -> Any:
    """Decode the query string into its struct, or None when the route takes none.

    :raises BadInput: a parameter is unknown, given twice, or not of its type.
    """
    text = environ.get("QUERY_STRING", "")
    if not text and shape is None:
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=50)
    except ValueError:
        raise BadInput("The query string is not well-formed.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise BadInput("A query parameter is given twice.")
    if shape is None:
        raise BadInput("This route takes no query parameters.")
    try:
        query = msgspec.convert(parameters, learned(shape), strict=False)
    except msgspec.ValidationError as fault:
        raise finding_of(fault, query=True) from None
    for name, member in zip(shape.__struct_encode_fields__, shape.__struct_fields__, strict=True):
        if name in parameters and getattr(query, member) is None:  # msgspec's lax mode reads the text "null" as none
            raise BadInput.at(f"?{name}", "is no value: leave the parameter out instead")
    return query


def finding_of(fault: msgspec.ValidationError, *, query: bool = False) -> BadInput:
    """Say msgspec's finding in our shape.

    Its messages name types, bounds and declared members; what they quote of the request is cut out.
    """
    found = _PATH_IN_MESSAGE.fullmatch(str(fault))
    reason, path = (found[1], found[2]) if found else (str(fault), "")
    if "unknown field" in reason:
        reason = "Object contains a member that is not known here"
    elif reason.startswith(("Invalid value", "Invalid enum value")):
        reason = "Value is none of those that are known here"
    steps = [name or place for name, place in _STEP.findall(path)]
    pointer = (
        f"?{steps[0] if steps else ''}" if query else "".join(f"/{'*' if step == '...' else step}" for step in steps)
    )
    return BadInput(f"{reason}.", details=[Detail(pointer, reason)])
