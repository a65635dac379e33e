"""Schemas never change, stand by themselves, and cannot make checking a payload stop the process."""

from __future__ import annotations

from typing import Any

import pytest

from python_core.errors import BadInput, Conflict, TooLarge
from python_core.runtime.hub import Hub
from python_core.runtime.output_schemas import FAULTS_AT_MOST, SHIPPED, check_payload, list_schemas, put_schema

TEXT = {"type": "string"}


def doubling(levels: int) -> dict[str, Any]:
    """Build 3 KB of schema whose check doubles with each level."""
    twice = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": twice | {f"a{levels}": TEXT}, "$ref": "#/$defs/a0"}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"allOf": [schema]}
    return schema


def faults(hub: Hub, schema: str, payload: Any) -> list[str]:
    with pytest.raises(BadInput) as found:
        check_payload(hub, schema, payload)
    return sorted(detail.at for detail in found.value.details)


@pytest.mark.parametrize(
    "body",
    [
        {},
        TEXT,
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/s", "$ref": "#/$defs/a~1b",
         "$defs": {"a/b": {"type": "object", "properties": {"$ref": TEXT, "$id": TEXT}}}},
        {"$ref": "#/$defs/a%20b", "$defs": {"a b": TEXT}},
        {"allOf": [TEXT, {"$ref": "#/allOf/0"}]},
        {"pattern": "^[a-z0-9-]{1,64}$"},
        {"maximum": 10**30},
    ],
)  # fmt: skip
def test_a_schema_is_kept_for_good_and_again_changes_nothing(hub: Hub, body: dict[str, Any]) -> None:
    view, made = put_schema(hub, "mine", 1, body)
    assert (view.name, view.version, view.origin, made) == ("mine", 1, "user", True)
    again, made = put_schema(hub, "mine", 1, dict(reversed(body.items())))
    assert (again, made) == (view, False)
    assert list_schemas(hub).items[-1].body == body


@pytest.mark.parametrize(
    ("first", "second"), [({}, TEXT), ({"maximum": 1}, {"maximum": 1.5}), ({"const": 1}, {"const": True})]
)
def test_another_body_under_the_same_version_is_a_conflict(
    hub: Hub, first: dict[str, Any], second: dict[str, Any]
) -> None:
    put_schema(hub, "mine", 1, first)
    with pytest.raises(Conflict):
        put_schema(hub, "mine", 1, second)
    assert put_schema(hub, "mine", 2, second)[1]


def test_the_shipped_schemas_are_there_and_cannot_be_changed(hub: Hub) -> None:
    assert {(view.name, view.origin) for view in list_schemas(hub).items} == {
        (name, "shipped") for name in ("note", "table", "entities", "task-list")
    }
    assert not put_schema(hub, "note", 1, SHIPPED["note"])[1]
    with pytest.raises(Conflict):
        put_schema(hub, "note", 1, {})
    assert put_schema(hub, "note", 2, {})[1]


@pytest.mark.parametrize(
    ("name", "version"),
    [("", 1), ("Note", 1), ("1note", 1), ("a/b", 1), ("x" * 65, 1), ("note\n", 1), ("note", 0), ("note", 1_000_001)],
)
def test_a_name_is_small_letters_and_a_version_counts_from_one(hub: Hub, name: str, version: int) -> None:
    with pytest.raises(BadInput, match="named by"):
        put_schema(hub, name, version, {})


@pytest.mark.parametrize(
    "body",
    [
        {"type": "text"},
        {"properties": []},
        {"minimum": "1"},
        {"multipleOf": 0},
        {"required": "a"},
        {"pattern": "("},
        {"pattern": "^(?=a)b"},
        {"pattern": r"(a)\1"},
        {"pattern": "((a{1000}){1000}){1000}"},
        {"pattern": r"(\w{0,100}){0,20}c"},
        {"$ref": "https://canary.example/schema.json"},
        {"$ref": "http://127.0.0.1:5001/status"},
        {"$ref": "file:///etc/passwd"},
        {"$ref": "https://json-schema.org/draft/2020-12/schema"},
        {"$ref": "other.json#/a"},
        {"$ref": "#anchor", "$defs": {"a": {"$anchor": "anchor"}}},
        {"$ref": "#/$defs/nowhere"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$id": "https://canary.example/a", "$ref": "#/b"}}},
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {"properties": {"next": {"$ref": "#"}}},
        {"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"},
        {"allOf": [{"items": {"$ref": "#"}}] * 2},
        {"$dynamicAnchor": "node", "items": {"$dynamicRef": "#node"}},
        {"$recursiveRef": "#"},
        {"$schema": 5},
        doubling(13),
        doubling(64),
        nested(127),
        nested(60),
        {"description": "x" * 70_000},
    ],
)
def test_a_schema_that_is_none_or_leads_away_or_costs_too_much_is_refused(hub: Hub, body: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as found:
        put_schema(hub, "mine", 1, body)
    assert "canary" not in found.value.message
    assert len(list_schemas(hub).items) == 4


@pytest.mark.parametrize(
    "schema",
    [
        "",
        "note",
        "note/",
        "note/2",
        "note/01",
        "note/1/1",
        "nöte/1",
        "note/-1",
        "none/1",
        "note/1e0",
        "note/" + "9" * 70,
    ],
)
def test_a_schema_that_is_not_there_is_told_at_its_place(hub: Hub, schema: str) -> None:
    assert faults(hub, schema, {"text": "x"}) == ["/schema"]


@pytest.mark.parametrize(
    ("schema", "payload", "places"),
    [
        ("note/1", {}, ["/payload"]),
        ("note/1", [], ["/payload"]),
        ("note/1", None, ["/payload"]),
        ("note/1", {"text": 5}, ["/payload/text"]),
        ("note/1", {"text": "x", "more": 1}, ["/payload"]),
        ("note/1", {"text": "x", "tags": ["a", 1, "b", 2]}, ["/payload/tags/1", "/payload/tags/3"]),
        ("table/1", {"columns": [], "rows": [[{}]]}, ["/payload/columns", "/payload/rows/0/0"]),
        ("task-list/1", {"tasks": [{"text": "a"}, {"done": True}]}, ["/payload/tasks/1"]),
        ("odd/1", {"a/b~c": {"d": 1}}, ["/payload/a~1b~0c/d"]),
    ],
)
def test_each_fault_is_told_at_its_place(hub: Hub, schema: str, payload: Any, places: list[str]) -> None:
    put_schema(hub, "odd", 1, {"additionalProperties": {"additionalProperties": TEXT}})
    assert faults(hub, schema, payload) == places


def test_a_fault_tells_the_rule_and_never_the_value(hub: Hub) -> None:
    with pytest.raises(BadInput) as found:
        check_payload(hub, "entities/1", {"entities": [{"text": "canary", "type": ["canary"]}], "canary": "canary"})
    assert "canary" not in str([(detail.message, found.value.message) for detail in found.value.details])


def test_of_many_faults_the_first_are_told(hub: Hub) -> None:
    assert len(faults(hub, "note/1", {"text": "x", "tags": list(range(100))})) == FAULTS_AT_MOST
    assert len(faults(hub, "note/1", {"text": "x", "tags": list(range(1_000_000))})) == 1  # a large payload: one


@pytest.mark.parametrize(
    "payload",
    [{"a": 10**30}, {"a": 1e308}, {"a": -(2**63)}, [True, None], "", 0, {"\0": "\0"}, {"a": "x" * 1_000_000}],
)
def test_any_json_value_can_be_checked(hub: Hub, payload: Any) -> None:
    put_schema(hub, "any", 1, {})
    check_payload(hub, "any/1", payload)


def test_a_pattern_runs_in_linear_time_whatever_the_text(hub: Hub) -> None:
    put_schema(hub, "evil", 1, {"pattern": "^(a+)+$"})
    assert faults(hub, "evil/1", "a" * 100_000 + "b") == ["/payload"]


def test_a_payload_that_is_nested_deep_is_refused(hub: Hub) -> None:
    payload: Any = []
    for _ in range(99):
        payload = [payload]
    put_schema(hub, "any", 1, {})
    check_payload(hub, "any/1", payload)
    assert faults(hub, "any/1", [payload]) == ["/payload"]


def test_a_payload_that_would_take_long_to_check_is_refused(hub: Hub) -> None:
    put_schema(hub, "wide", 1, {"items": {"allOf": [{"minimum": n} for n in range(1000)]}})
    check_payload(hub, "wide/1", [5000] * 10_000)
    with pytest.raises(TooLarge):
        check_payload(hub, "wide/1", [5000] * 100_000)
