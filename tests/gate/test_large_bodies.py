"""Bodies that come at once take bounded memory, whoever sends them: Waitress keeps each before the gate has seen a header."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from python_core.net.connections import BODIES_AT_MOST, SMALL_BODY
from python_core.store import Store
from tests.gate.doors import House, Wire, house_of, request
from tests.hubs import Clock, make_hub
from tests.whole.hub_home import wait_for

LARGEST = 1 << 20
SIZE = LARGEST - 4096


@pytest.fixture
def house(store: Store) -> Iterator[House]:
    settings: dict[str, object] = {"max_clip_bytes": LARGEST, "max_output_bytes": LARGEST}
    with house_of(make_hub(store, Clock(), bridge=settings), telling=False) as house:
        yield house


def content(size: int, mark: int) -> bytes:
    body = json.dumps({"fragments": [{"type": "text", "content": f"{mark} "}]}).encode()
    return body.replace(b'"}', b"x" * (size - len(body)) + b'"}')


def post(house: House, body: bytes, *headers: tuple[str, str]) -> bytes:
    sent = [("Host", house.host()), ("Content-Type", "application/json"), *headers]
    return request("POST", "/clipboard", [*sent, ("Content-Length", str(len(body)))], body)


def channels(house: House) -> list[Any]:
    return list(house.servers["bridge"]._waitress.active_channels.values())


def begun(house: House) -> int:
    """How many requests have come as far as their body."""
    return sum(channel.request is not None and channel.request.headers_finished for channel in channels(house))


def kept_bytes(house: House) -> int:
    """How much of the bodies is in memory."""
    return sum(len(channel.request.body_rcv.buf) for channel in channels(house) if channel.request is not None)


def test_of_many_large_bodies_at_once_a_few_are_kept_and_the_others_come_again(house: House) -> None:
    bearer = ("Authorization", f"Bearer {house.owner}")
    with ExitStack() as opened:
        wires = [opened.enter_context(closing(house.wire())) for _ in range(3 * BODIES_AT_MOST)]
        for mark, wire in enumerate(wires):
            wire.send(post(house, content(SIZE, mark), bearer)[:-1])
        wait_for(lambda: begun(house) == len(wires))
        wait_for(lambda: kept_bytes(house) >= BODIES_AT_MOST * (SIZE - 1))
        assert kept_bytes(house) <= BODIES_AT_MOST * LARGEST
        small = house.ask(
            "bridge", "POST", "/clipboard", {"fragments": [{"type": "text", "content": "s"}]}, token=house.owner
        )
        assert small.status == 201
        statuses = [last_byte(wire) for wire in wires]
    assert statuses.count((201, None)) == BODIES_AT_MOST
    assert statuses.count((503, "1")) == len(wires) - BODIES_AT_MOST
    wait_for(lambda: house.send("bridge", post(house, content(SIZE, 99), bearer)).status == 201)  # type: ignore[union-attr]


def last_byte(wire: Wire) -> tuple[int, str | None]:
    wire.send(b"}")
    answer = wire.answer()
    assert answer is not None
    return answer.status, answer.header("Retry-After")


def test_what_a_caller_leaves_makes_room_for_others(house: House) -> None:
    bearer = ("Authorization", f"Bearer {house.owner}")
    for mark in range(3 * BODIES_AT_MOST):
        with closing(house.wire()) as wire:
            wire.send(post(house, content(SIZE, mark), bearer)[:-1])
            wait_for(lambda: begun(house) == 1)
        wait_for(lambda: channels(house) == [])
    assert house.send("bridge", post(house, content(SIZE, 99), bearer)).status == 201  # type: ignore[union-attr]


def test_many_on_one_connection_are_counted_too(house: House) -> None:
    bearer = ("Authorization", f"Bearer {house.owner}")
    with closing(house.wire()) as wire:
        for mark in range(2 * BODIES_AT_MOST):
            wire.send(post(house, content(SIZE, mark), bearer))
        for _ in range(2 * BODIES_AT_MOST):
            answer = wire.answer()
            assert answer is not None
            assert answer.status in (201, 503)
            if answer.status == 503:
                break


def test_nothing_of_a_chunked_body_is_kept(house: House) -> None:
    sent = [("Host", house.host()), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]
    with closing(house.wire()) as wire:
        wire.send(request("POST", "/clipboard", sent, b"%x\r\n%b" % (SIZE, b"x" * (SIZE - 10))))
        wait_for(lambda: begun(house) == 1)
        assert kept_bytes(house) == 0
        wire.send(b"x" * 10 + b"\r\n0\r\n\r\n")
        answer = wire.answer()
        assert answer is not None
        assert (answer.status, answer.code) == (400, "bad_input")


def test_a_small_body_is_never_one_too_many(house: House) -> None:
    with ExitStack() as opened:
        wires = [opened.enter_context(closing(house.wire())) for _ in range(40)]
        for mark, wire in enumerate(wires):
            wire.send(post(house, content(SMALL_BODY, mark), ("Authorization", f"Bearer {house.owner}"))[:-1])
        wait_for(lambda: begun(house) == len(wires))
        assert {last_byte(wire) for wire in wires} == {(201, None)}
