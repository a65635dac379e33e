"""Whatever bytes come, decoding them gives what was declared or a finding that quotes nothing of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from python_core.errors import BadInput, UnsupportedMediaType
from python_core.net.bodies import check_media_type, decode, read_query
from python_core.net.endpoints import OneOf
from tests.net.documented import DECLARED

CANARY = "Zq7canary"
BODIES = {endpoint.name: endpoint.body for _, endpoint in DECLARED if endpoint.body is not None}
QUERIES = {endpoint.name: endpoint.query for _, endpoint in DECLARED if endpoint.query is not None}


def members_of(shape: Any, seen: set[Any]) -> set[str]:
    """Every member's name in a shape and the shapes within."""
    if isinstance(shape, OneOf):
        return members_of(shape.usual, seen) | members_of(shape.other, seen)
    names: set[str] = set()
    for inner in getattr(shape, "__args__", ()):
        names |= members_of(inner, seen)
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape not in seen:
        seen.add(shape)
        for field in msgspec.structs.fields(shape):
            names |= {field.encode_name} | members_of(field.type, seen)
    return names


NAMES = sorted({CANARY, "type", "content"}.union(*(members_of(shape, set()) for shape in BODIES.values())))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [
            CANARY,
            f"{CANARY}`$.a` - at",
            "text",
            "html",
            "image",
            "files",
            "closed",
            "script",
            "",
            "\0",
            "2026-01-01T00:00:00Z",
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)),
    max_leaves=30,
)


def refusal_of(read: Callable[..., Any], *given: Any) -> str:
    """All that a refusal tells; nothing when what was given is taken."""
    try:
        read(*given)
    except BadInput as finding:
        return str((finding.message, [(detail.at, detail.message) for detail in finding.details]))
    return ""


@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8))
@settings(max_examples=300, deadline=None)
def test_any_json_is_decoded_or_refused_without_quoting_it(body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()
    for shape in BODIES.values():
        assert CANARY not in refusal_of(decode, content, shape)


@given(
    content=st.one_of(
        st.binary(), st.text(alphabet=st.characters(codec=None)).map(lambda t: t.encode(errors="surrogatepass"))
    )
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    for shape in BODIES.values():
        refusal_of(decode, content, shape)


@given(query=st.one_of(
    st.text(alphabet=st.characters(max_codepoint=255)),
    st.lists(st.tuples(st.sampled_from(["q", "limit", "cursor", "from", "after", CANARY]), st.text()), max_size=6)
    .map(lambda pairs: "&".join(f"{name}={quote(value)}" for name, value in pairs)),
))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_any_query_is_read_or_refused_without_quoting_it(query: str) -> None:
    for shape in [*QUERIES.values(), None]:
        told = refusal_of(read_query, {"QUERY_STRING": f"{query}&{CANARY}={CANARY}"}, shape)
        assert told, "a parameter that is not known was taken"
        assert CANARY not in told


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("limit=0", "?limit"),
        ("limit=%201", "?limit"),
        ("limit=999999999999999999999999", "?limit"),
        ("type=video", "?type"),
        (f"from={'1' * 41}", "?from"),
    ],
)
def test_a_wrong_parameter_is_told_by_its_name(query: str, at: str) -> None:
    with pytest.raises(BadInput) as found:
        read_query({"QUERY_STRING": query}, QUERIES["get_clipboard"])
    assert [detail.at for detail in found.value.details] == [at]


def test_more_parameters_than_any_route_has_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(BadInput):
        read_query({"QUERY_STRING": "&".join(f"a{n}=1" for n in range(100_000))}, QUERIES["get_clipboard"])


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"']
)
def test_json_in_utf_8_is_taken(kind: str) -> None:
    check_media_type({"CONTENT_TYPE": kind})


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CONTENT_TYPE": ""},
        {"CONTENT_TYPE": "text/json"},
        {"CONTENT_TYPE": "application/json5"},
        {"CONTENT_TYPE": "application/jsonx; charset=utf-8"},
        {"CONTENT_TYPE": "application/json; charset=latin-1"},
        {"CONTENT_TYPE": "application/json; charset=utf-8; charset=utf-16"},
        {"CONTENT_TYPE": "application/json, text/plain"},
        {"CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": "gzip"},
        {"CONTENT_TYPE": "application/json", "HTTP_CONTENT_ENCODING": ""},
    ],
    ids=str,
)
def test_anything_else_is_not(environ: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        check_media_type(environ)
