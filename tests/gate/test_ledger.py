"""The ledger: who has read which clip, how often what was refused; never what was in it; and a read waits for no disk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from python_core.errors import StorageFull
from python_core.runtime.audit import get_audit
from python_core.runtime.hub import OWNER, Hub
from python_core.runtime.ledger import OUTCOME_DAYS, list_readers, note_outcome, note_reads, write_notes
from python_core.runtime.notes import HELD_AT_MOST, WRITE_AFTER_MS, Notes
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import open_store
from tests.gate.doors import CANARY, DOORS, House, house_of
from tests.hubs import Clock, make_hub, wait_for_ledger
from tests.whole.hub_home import Home

READS = ["clipboard:read", "search:read", "hub:read"]


class Reading:
    """A hub with one clip, and a client that reads."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.clock = clock
        self.clip = self.copy(f"the {CANARY} of the sea")
        self.reader = self.client("A reader")

    def copy(self, text: str) -> str:
        body = {"fragments": [{"type": "text", "content": text}]}
        return str(self.house.own("POST", "/clipboard", body)["id"])

    def client(self, name: str, *scopes: str) -> str:
        body = {"name": name, "kind": "agent", "scopes": list(scopes or READS)}
        return str(self.house.own("POST", "/clients", body)["token"])

    def read(self, path: str, token: str | None = None, status: int = 200, **headers: str) -> Any:
        answer = self.house.ask("bridge", "GET", path, token=token or self.reader, headers=list(headers.items()))
        assert answer.status == status, answer
        return answer

    def readers(self, clip: str | None = None) -> list[tuple[str, str, int]]:
        items = self.house.own("GET", f"/clipboard/{clip or self.clip}/readers")["items"]
        return sorted((item["name"], item["kind"], item["times"]) for item in items)


@pytest.fixture
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    clock = Clock()
    store = open_store(tmp_path_factory.mktemp("ledger") / "stored")
    with house_of(make_hub(store, clock), telling=False) as house:
        yield Reading(house, clock)
    store.close()


WAYS = {
    "by its id": "/clipboard/{clip}",
    "in the list": "/clipboard",
    "in a search": f"/search?q={CANARY}",
    "by its bytes": "/clipboard/{clip}/fragments/0",
    "in the hub window": "/hub-window",
}


@pytest.mark.parametrize("path", WAYS.values(), ids=WAYS)
def test_who_read_a_clip_is_known_however_it_was_read(reading: Reading, path: str) -> None:
    assert reading.readers() == []
    for _ in range(3):
        reading.read(path.format(clip=reading.clip))
    assert reading.readers() == [("A reader", "agent", 3)]


def test_each_reader_is_told_with_the_first_and_the_last_time(reading: Reading) -> None:
    other = reading.client("Another")
    path = f"/clipboard/{reading.clip}"
    reading.read(path)
    reading.clock.pass_s(60)
    reading.read(path)
    reading.read(path, other)
    reading.house.own("GET", path)
    items = {item["name"]: item for item in reading.house.own("GET", f"{path}/readers")["items"]}
    assert {name: item["times"] for name, item in items.items()} == {"A reader": 2, "Another": 1, "the user": 1}
    assert items["A reader"]["firstAt"] == "2026-01-01T12:00:00.000Z"
    assert items["A reader"]["lastAt"] == items["Another"]["firstAt"] == "2026-01-01T12:01:00.000Z"


def test_only_what_was_shown_counts_as_read(reading: Reading) -> None:
    unseen = reading.copy("nothing of it is found")
    reading.read(f"/search?q={CANARY}")
    reading.read("/clipboard?type=image")
    reading.read("/search?q=nothere")
    assert reading.readers(unseen) == []
    assert reading.readers() == [("A reader", "agent", 1)]


def test_what_was_refused_or_not_found_or_unchanged_is_no_read(reading: Reading) -> None:
    path = f"/clipboard/{reading.clip}"
    blind = reading.client("Blind", "status:read")
    reading.read(path, blind, 403)
    reading.read(path, "wrong", 401)
    reading.read(f"{path}/fragments/1", status=404)
    assert reading.readers() == []
    etag = reading.read("/hub-window").header("ETag")
    reading.read("/hub-window", status=304, **{"If-None-Match": etag})
    assert reading.readers() == [("A reader", "agent", 1)]


def test_readers_are_known_when_the_clip_and_the_reader_are_gone(reading: Reading) -> None:
    reading.read(f"/clipboard/{reading.clip}")
    clients = reading.house.own("GET", "/clients")["items"]
    reader = next(client["id"] for client in clients if client["name"] == "A reader")
    reading.house.own("DELETE", f"/clients/{reader}")
    reading.house.own("DELETE", f"/clipboard/{reading.clip}")
    assert reading.readers() == [("A reader", "agent", 1)]


def test_a_structured_output_has_readers_too(reading: Reading) -> None:
    body = {"schema": "note/1", "payload": {"text": "Buy salt."}, "title": "A note"}
    output = reading.house.own("POST", "/structured-output", body)["id"]
    reading.read(f"/structured-output/{output}", reading.client("Outputs", "output:read"))
    assert [(reader.name, reader.times) for reader in list_readers(reading.house.hub, output).items] == [("Outputs", 1)]


def test_nothing_that_was_captured_or_asked_is_in_the_ledger(reading: Reading) -> None:
    for path in WAYS.values():
        reading.read(path.format(clip=reading.clip))
    reading.house.ask("bridge", "GET", f"/{CANARY}?q={CANARY}", token=CANARY)
    write_notes(reading.house.hub)
    with reading.house.hub.store.reading() as conn:
        kept = [*conn.execute("SELECT * FROM reads"), *conn.execute("SELECT * FROM outcomes")]
    assert kept
    assert CANARY not in str(kept)


def test_a_read_is_not_written_by_itself_and_a_few_seconds_later_all_are(reading: Reading) -> None:
    hub = reading.house.hub
    write_notes(hub)

    def kept() -> int:
        wait_for_ledger()
        with hub.store.reading() as conn:
            return int(conn.execute("SELECT coalesce(sum(times), 0) FROM reads").fetchone()[0])

    reading.read(f"/clipboard/{reading.clip}")
    reading.clock.pass_s(WRITE_AFTER_MS / 1000 - 1)
    reading.read(f"/clipboard/{reading.clip}")
    assert kept() == 0
    reading.clock.pass_s(1)
    reading.read(f"/clipboard/{reading.clip}")
    assert kept() == 3


@pytest.mark.parametrize(
    ("code", "headers", "token"),
    [
        ("misdirected", [], None),
        ("forbidden_origin", [("Origin", "null")], None),
        ("unauthorized", [], None),
        ("unauthorized", [], "wrong"),
        ("insufficient_scope", [], "reader"),
        ("bad_input", [("Upgrade", "websocket")], None),
    ],
)
def test_each_refusal_is_counted_by_its_code(
    reading: Reading, code: str, headers: list[tuple[str, str]], token: str | None
) -> None:
    door = next(door for door in DOORS if door.endpoint.path == "/clients")
    token = reading.reader if token == "reader" else token
    shown = [("Authorization", f"Bearer {token}")] if token else []
    hosts = ["hub.example"] if code == "misdirected" else None
    for _ in range(4):
        reading.house.send("bridge", reading.house.knock(door, [*headers, *shown], hosts=hosts))
    outcomes = reading.house.own("GET", "/audit")["outcomes"]
    assert {"day": "2026-01-01", "service": "bridge", "code": code, "times": 4} in outcomes


def test_what_the_host_itself_refuses_is_counted_too(reading: Reading) -> None:
    reading.house.send("web-listener", b"BREW\r\n\r\n")
    outcomes = reading.house.own("GET", "/audit")["outcomes"]
    assert {"day": "2026-01-01", "service": "web-listener", "code": "bad_input", "times": 1} in outcomes


def test_outcomes_are_told_by_day_and_kept_for_a_while(reading: Reading) -> None:
    hub = reading.house.hub
    for _ in range(2):
        note_outcome(hub, "bridge", "unauthorized")
        write_notes(hub)
        reading.clock.pass_s(86_400)
    assert [(each.day, each.times) for each in get_audit(hub).outcomes] == [("2026-01-02", 1), ("2026-01-01", 1)]
    reading.clock.pass_s(OUTCOME_DAYS * 86_400 - 86_400)
    note_outcome(hub, "bridge", "unauthorized")
    assert [each.day for each in get_audit(hub).outcomes] == ["2026-04-02", "2026-01-02"]


def test_the_ledger_outlives_the_hub_and_is_one_for_all_its_processes(reading: Reading) -> None:
    reading.read(f"/clipboard/{reading.clip}")
    write_notes(reading.house.hub)
    store = open_store(reading.house.hub.store.folder)
    other = make_hub(store, reading.clock)
    note_reads(other, OWNER, [reading.clip])
    write_notes(other)
    assert reading.readers() == [("A reader", "agent", 1), ("the user", "owner", 1)]
    store.close()


def test_a_store_that_takes_nothing_costs_the_notes_and_not_the_answer(reading: Reading) -> None:
    class Full:
        """A store without room."""

        def write(self, act: object) -> None:
            raise StorageFull("The disk is full.")

    hub = Hub(reading.house.hub.settings, Full(), reading.clock)  # type: ignore[arg-type]
    note_reads(hub, OWNER, ["x"])
    note_outcome(hub, "bridge", "unauthorized")
    write_notes(hub)
    assert not any(hub.notes.take())


def test_no_answer_waits_for_the_ledger_to_be_written(reading: Reading) -> None:
    begun, may_end, waits = threading.Event(), threading.Event(), list[bool]()

    class Slow:
        """A store that takes its time."""

        def write(self, act: object) -> None:
            begun.set()
            waits.append(may_end.wait(60))

    hub = Hub(reading.house.hub.settings, Slow(), reading.clock)  # type: ignore[arg-type]
    for n in range(2 * HELD_AT_MOST):
        note_reads(hub, OWNER, [str(n)])
    assert begun.wait(60)
    may_end.set()
    write_notes(hub)
    assert not any(hub.notes.take())
    assert all(waits)


def test_notes_of_many_threads_are_all_kept() -> None:
    notes = Notes()

    def note() -> None:
        for n in range(1000):
            notes.add_reads("client", [str(n % 7)], n)
            notes.add_outcome("bridge", "unauthorized", 0)

    threads = [threading.Thread(target=note) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reads, outcomes, _ = notes.take()
    assert sum(read.times for read in reads) == sum(outcome.times for outcome in outcomes) == 8000
    assert not any(notes.take())


def test_notes_that_are_many_are_written_before_their_time() -> None:
    notes = Notes()
    assert not notes.add_reads("client", [str(n) for n in range(HELD_AT_MOST - 1)], 0)
    assert notes.add_reads("client", ["one more"], 0)


def test_the_last_reads_before_an_orderly_end_are_kept(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home(tmp_path_factory.mktemp("ended"))
    try:
        hub = home.start_hub()
        caller = home.caller()
        clip = caller.copy("read once")["id"]
        caller.get(f"/clipboard/{clip}")
        assert hub.end() == 0
        store = open_store(home.paths.stored())
        later = make_hub(store, Clock())
        begin_owner_session(later, None)
        assert [(reader.kind, reader.times) for reader in list_readers(later, clip).items] == [("owner", 1)]
        store.close()
    finally:
        home.end_all()
