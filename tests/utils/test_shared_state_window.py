from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.utils.shared_state_window import MAX_BYTES, snapshot

# Settings of hypothesis for a busy machine, where how long one example takes says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters(codec=None))
    | st.binary()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner)
        | st.dictionaries(st.text(alphabet=st.characters(codec=None)) | st.integers() | st.none(), inner)
    ),
    max_leaves=12,
)


def size_of(value: object) -> int:
    return len(msgspec.json.encode(value))


def test_a_small_state_is_copied_as_it_is():
    state = {"clipboard": {"id": "x", "bytes": 12, "ok": True, "at": None, "score": 0.5}, "counts": [1, 2, []]}
    assert snapshot(state) == state


def test_the_copy_shares_nothing_with_the_live_state():
    state: dict[str, Any] = {"a": {"b": [1, {"c": "d"}]}}
    before = copy.deepcopy(state)
    copied = snapshot(state)
    state["a"]["b"][1]["c"] = "changed"
    assert copied == before
    copied["a"]["b"].append(2)
    assert state["a"]["b"] == [1, {"c": "changed"}]


@patient
@given(state=st.dictionaries(st.text(), ANYTHING), max_bytes=st.integers(2, 600))
def test_the_copy_is_json_and_within_its_bound_whatever_the_state(state: dict[str, Any], max_bytes: int):
    before = copy.deepcopy(state)
    copied = snapshot(state, max_bytes=max_bytes)
    assert size_of(copied) <= max_bytes
    assert msgspec.json.decode(msgspec.json.encode(copied)) == copied
    assert repr(state) == repr(before)


def test_a_long_text_is_cut_with_a_mark():
    copied = snapshot({"text": "ü" * 10_000})["text"]
    assert copied == "ü" * 4096 + "…"
    short = snapshot({"text": '"' * 1000}, max_bytes=200)
    assert short["text"].endswith('"…')
    assert 150 < size_of(short) <= 200


def test_a_huge_entry_never_crowds_out_the_others():
    state = {"huge": ["x" * 4000] * 100, "clipboard": {"id": "1"}, "also huge": {str(n): "y" * 900 for n in range(200)}}
    copied = snapshot(state)
    assert list(copied) == list(state)
    assert copied["clipboard"] == {"id": "1"}
    assert copied["huge"][-1].endswith("x…")
    assert copied["also huge"]["0"].startswith("yyy")
    assert MAX_BYTES // 2 < size_of(copied) <= MAX_BYTES


def test_what_is_left_out_is_counted():
    assert snapshot({"items": list(range(1000))})["items"][200:] == ["…800"]
    copied = snapshot({str(number): number for number in range(1000)})
    assert (len(copied), copied["…"]) == (201, 800)


def test_deep_and_circular_states_end():
    circle: dict[str, Any] = {}
    circle["again"] = circle
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    copied = snapshot({"circle": circle, "deep": deep})
    text = msgspec.json.encode(copied).decode()
    assert text.count("again") == 8
    assert '"…"' in text


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (b"secret bytes", "<bytes>"),
        (bytearray(b"x"), "<bytearray>"),
        (datetime(2026, 1, 1, tzinfo=UTC), "<datetime>"),
        (object(), "<object>"),
        (float("nan"), None),
        (float("inf"), None),
        (2**53, "<int>"),
        (-(2**53) + 1, -(2**53) + 1),
        ("a\ud800b", "a?b"),
        ({3}, [3]),
        ((1, 2), [1, 2]),
    ],
)
def test_what_json_does_not_have_is_named_by_its_type(value: object, seen: object):
    assert snapshot({"value": value}) == {"value": seen}


def test_a_repr_is_never_shown():
    class Clip:
        def __repr__(self) -> str:
            return "the user's password"

    assert snapshot({"clip": Clip(), "list": [Clip()], Clip(): 1}) == {  # type: ignore[dict-item]
        "clip": "<Clip>",
        "list": ["<Clip>"],
        "<Clip>": 1,
    }


def test_a_state_that_changes_meanwhile_is_copied_all_the_same():
    class Live(Mapping[str, object]):
        """Changes on the first two ways through."""

        def __init__(self) -> None:
            self.ways = 0

        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Iterator[str]:
            self.ways += 1
            if self.ways < 3:
                raise RuntimeError("dictionary changed size during iteration")
            return iter(["a"])

        def __getitem__(self, key: str) -> object:
            return 1

    assert snapshot(Live()) == {"a": 1}


def test_a_state_under_writing_threads_is_always_copied():
    state: dict[str, Any] = {"list": [], "map": {}}
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            state["map"][str(number % 300)] = [number]
            state["map"].pop(str((number + 150) % 300), None)
            state["list"].append(number)
            del state["list"][:-50]

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(60):
            assert set(snapshot(state)) == {"list", "map"}
    finally:
        stop.set()
        for thread in threads:
            thread.join()
