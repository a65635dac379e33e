"""Structured outputs: what they cite is stored, and says later whether it still is as it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, NotFound
from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import NewClip, put_clip, remove_clip
from python_core.runtime.hub import Hub
from python_core.runtime.output_schemas import put_schema
from python_core.runtime.search import SearchScope, search
from python_core.runtime.structured_output import (
    NewOutput,
    OutputReceipt,
    get_output,
    list_outputs,
    put_output,
    remove_output,
)
from python_core.runtime.tabs import TabInfo, record_tabs
from tests.hubs import Clock, caller, page_of_events

NOTE = {"schema": "note/1", "payload": {"text": "a note"}}


def put(hub: Hub, key: str | None = None, **said: Any) -> OutputReceipt:
    return put_output(hub, caller(), msgspec.convert(NOTE | said, NewOutput), key)


def clip(hub: Hub, content: str = "a clip") -> str:
    wanted = msgspec.convert({"fragments": [{"type": "text", "content": content}]}, NewClip)
    receipt = put_clip(hub, caller(), wanted, None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def visit(hub: Hub, title: str = "A page") -> str:
    [receipt] = record_tabs(hub, caller(), TabInfo(url="https://example.com/", title=title)).results
    assert receipt.visit_id is not None
    return receipt.visit_id


def test_an_output_comes_back_with_its_payload_and_sources(hub: Hub) -> None:
    sources = [{"clip": clip(hub)}, {"visit": visit(hub)}]
    receipt = put(hub, sources=sources, producer="a test", title="T")
    view = get_output(hub, receipt.id)
    assert (view.schema, view.payload, view.producer, view.title, view.trust) == (
        *("note/1", {"text": "a note"}, "a test", "T", "untrusted"),
    )
    assert [{source.kind: source.id} for source in view.sources] == sources
    assert [source.state for source in view.sources] == ["present", "present"]


def test_each_source_says_whether_it_is_as_it_was(hub: Hub, clock: Clock) -> None:
    kept, forgotten, changed = clip(hub), clip(hub, "other"), visit(hub)
    receipt = put(hub, sources=[{"clip": kept}, {"clip": forgotten}, {"visit": changed}])
    remove_clip(hub, caller(), forgotten)
    clock.pass_s(1)
    assert visit(hub, title="Another title") == changed
    assert [source.state for source in get_output(hub, receipt.id).sources] == ["present", "forgotten", "changed"]
    assert [source.state for source in list_outputs(hub, None, None, 1, None).items[0].sources][1] == "forgotten"


@pytest.mark.parametrize(
    ("source", "at"),
    [
        ({}, "/sources/1"),
        ({"clip": "x", "visit": "y"}, "/sources/1"),
        ({"clip": "canary"}, "/sources/1/clip"),
        ({"visit": "canary"}, "/sources/1/visit"),
    ],
)
def test_an_unknown_source_is_told_at_its_place_and_nothing_is_stored(
    hub: Hub, source: dict[str, str], at: str
) -> None:
    with pytest.raises(BadInput) as found:
        put(hub, sources=[{"clip": clip(hub)}, source])
    assert [detail.at for detail in found.value.details] == [at]
    assert "canary" not in found.value.message
    assert list_outputs(hub, None, None, 10, None).items == []
    assert [event.kind for event in page_of_events(hub, 0, 10, None).items] == ["clipboard_processed"]


def test_a_visit_is_no_clip(hub: Hub) -> None:
    with pytest.raises(BadInput):
        put(hub, sources=[{"clip": visit(hub)}])


@pytest.mark.parametrize(
    "said",
    [
        {"schema": "x" * 81},
        {"producer": ""},
        {"title": "a\0b"},
        {"title": "x" * 201},
        {"sources": [{"clip": "x" * 65}]},
        {"sources": [{"output": "x"}]},
        {"sources": [{"clip": "x"}] * 201},
        {"more": 1},
    ],
)
def test_a_body_of_another_shape_is_no_output(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(NOTE | said, NewOutput)


def test_a_key_answers_with_the_first_output_also_when_it_was_removed(hub: Hub) -> None:
    first = put(hub, "k")
    assert put(hub, "k", payload={"text": "other"}) == OutputReceipt(id=first.id, duplicate=True)
    remove_output(hub, caller(), first.id)
    assert put(hub, "k") == OutputReceipt(id=first.id, duplicate=True)
    assert list_outputs(hub, None, None, 10, None).items == []


def test_a_key_of_a_clip_does_not_stand_for_an_output(hub: Hub) -> None:
    put_clip(hub, caller(), msgspec.convert({"fragments": [{"type": "text", "content": "x"}]}, NewClip), "k")
    assert not put(hub, "k").duplicate


def test_outputs_are_listed_newest_first_without_payloads_and_stay_in_place(hub: Hub) -> None:
    ids = [put(hub, producer=f"p{n % 2}").id for n in range(4)]
    page = list_outputs(hub, None, None, 3, None)
    put(hub)
    rest = list_outputs(hub, None, None, 3, page.next_cursor)
    assert [view.id for view in page.items + rest.items] == ids[::-1]
    assert rest.next_cursor is None
    assert {view.payload for view in page.items} == {None}
    assert [view.id for view in list_outputs(hub, None, "p1", 10, None).items] == [ids[3], ids[1]]
    assert list_outputs(hub, "table/1", None, 10, None).items == []


def test_a_removed_output_is_found_nowhere(hub: Hub) -> None:
    receipt = put(hub, payload={"text": "canary"})
    remove_output(hub, caller(), receipt.id)
    assert search(hub, "canary", SearchScope(), 10, None).items == []
    for ask in (get_output, lambda hub, output_id: remove_output(hub, caller(), output_id)):
        with pytest.raises(NotFound):
            ask(hub, receipt.id)
    kinds = [(event.kind, event.data["id"]) for event in page_of_events(hub, 0, 10, None).items]
    assert kinds == [("output_added", receipt.id), ("output_removed", receipt.id)]


@pytest.mark.parametrize(
    "payload", [None, 0, "", [], 10**300, 1.5e300, "\0", {"\0": ["\0"]}, [[[]]], "x" * 500_000, {"a": {"b": ["deep"]}}]
)
def test_any_payload_that_fits_comes_back_as_it_was(hub: Hub, payload: Any) -> None:
    put_schema(hub, "any", 1, {})
    receipt = put(hub, schema="any/1", payload=payload)
    assert get_output(hub, receipt.id).payload == payload
