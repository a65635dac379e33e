"""What was captured never lies in a file of the temporary folder, on its way in or out: Waitress would put it there."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from python_core.store import open_store
from tests.gate.doors import House, house_of, request
from tests.hubs import Clock, make_hub

MIB = 1 << 20


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Servers in a process that has no temporary folder."""
    store = open_store(tmp_path / "stored")
    with house_of(make_hub(store, Clock()), telling=False) as house:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        yield house
    store.close()


def clip(size: int) -> dict[str, object]:
    return {"fragments": [{"type": "text", "content": "x" * size}]}


@pytest.mark.parametrize("size", [MIB // 2 + 1, 2 * MIB, 15 * MIB])
def test_a_large_clip_goes_in_and_out_without_a_file(house: House, size: int) -> None:
    made = house.own("POST", "/clipboard", clip(size))
    shown = house.own("GET", f"/clipboard/{made['id']}")
    assert len(shown["fragments"][0]["content"]) == size
    raw = house.ask("bridge", "GET", f"/clipboard/{made['id']}/fragments/0", token=house.owner)
    assert len(raw.body) == size


def test_answers_that_wait_for_their_reader_do_not_either(house: House) -> None:
    made = house.own("POST", "/clipboard", clip(3 * MIB))
    bearer = ("Authorization", f"Bearer {house.owner}")
    ask = request("GET", f"/clipboard/{made['id']}/fragments/0", [("Host", house.host()), bearer])
    with closing(house.wire()) as wire:
        wire.send(ask * 5)
        for _ in range(5):
            answer = wire.answer()
            assert answer is not None
            assert len(answer.body) == 3 * MIB


def test_a_chunked_body_that_is_refused_does_not_either(house: House) -> None:
    content = json.dumps(clip(2 * MIB)).encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("Transfer-Encoding", "chunked")]
    answer = house.send("bridge", request("POST", "/clipboard", [*sent, ("Content-Type", "application/json")], chunked))
    assert answer is not None
    assert answer.code == "bad_input"
