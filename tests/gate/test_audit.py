"""The audit: refusals, changes of access and what each client has read, told without anything of the content, and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from python_core.runtime import audit
from python_core.runtime.hub import SAME_USER
from python_core.runtime.ledger import note_reads
from python_core.store import open_store
from tests.gate.doors import CANARY, House, house_of
from tests.hubs import Clock, make_hub


class Audited:
    """A hub and what its audit tells."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.clock = clock

    def client(self, name: str, *scopes: str) -> dict[str, Any]:
        body = {"name": name, "kind": "agent", "scopes": list(scopes or ["clipboard:read", "status:read"])}
        made: dict[str, Any] = self.house.own("POST", "/clients", body)
        return made

    def ask(self, made: dict[str, Any], path: str = "/status") -> None:
        assert self.house.ask("bridge", "GET", path, token=made["token"]).status == 200

    def told(self, since: str = "") -> Any:
        return self.house.own("GET", f"/audit?since={since}" if since else "/audit")

    def changes(self) -> list[tuple[str, str]]:
        return [(change["kind"], change["clientName"]) for change in self.told()["changes"]]

    def use_of(self, name: str) -> Any:
        return next((use for use in self.told()["clients"] if use["clientName"] == name), None)


@pytest.fixture
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    clock = Clock()
    store = open_store(tmp_path_factory.mktemp("audited") / "stored")
    with house_of(make_hub(store, clock), telling=False) as house:
        yield Audited(house, clock)
    store.close()


def test_each_change_of_access_is_told_newest_first(audited: Audited) -> None:
    one, two = audited.client("One"), audited.client("Two")
    audited.house.own("POST", f"/clients/{one['client']['id']}/rotate")
    audited.house.own("DELETE", f"/clients/{two['client']['id']}")
    assert audited.changes() == [
        ("client_revoked", "Two"),
        ("client_rotated", "One"),
        ("client_paired", "Two"),
        ("client_paired", "One"),
    ]
    assert audited.told()["changes"][0]["at"] == "2026-01-01T12:00:00.000Z"


def test_that_a_client_is_trusted_for_good_is_told_once(audited: Audited) -> None:
    made = audited.client("Trusted", "clipboard:read", "clipboard:write")
    for text, changes in (("one", 2), ("two", 2)):
        body = {"fragments": [{"type": "text", "content": text}]}
        answer = audited.house.ask("bridge", "POST", "/clipboard", body, token=made["token"])
        if answer.status == 403:
            path = f"/confirmations/{answer.json['error']['confirmationId']}"
            audited.house.own("POST", path, {"decision": "always"})
            audited.house.own("POST", path, {"decision": "always"})
        assert len(audited.changes()) == changes
    assert audited.changes()[0] == ("client_trusted", "Trusted")


def test_what_a_client_has_read_is_told_by_number(audited: Audited) -> None:
    reader, idle = audited.client("Reader"), audited.client("Idle")
    clips = [
        audited.house.own("POST", "/clipboard", {"fragments": [{"type": "text", "content": f"{CANARY} {n}"}]})["id"]
        for n in range(2)
    ]
    audited.ask(reader, f"/clipboard/{clips[0]}")
    audited.clock.pass_s(60)
    audited.ask(reader, f"/clipboard/{clips[0]}")
    audited.ask(reader, f"/clipboard/{clips[1]}")
    use = audited.use_of("Reader")
    assert (use["itemsRead"], use["reads"], use["client"]) == (2, 3, reader["client"]["id"])
    assert use["lastReadAt"] == use["lastUsedAt"] == "2026-01-01T12:01:00.000Z"
    assert audited.use_of("Idle") is None
    audited.ask(idle)
    assert (audited.use_of("Idle")["itemsRead"], audited.use_of("Idle")["lastReadAt"]) == (0, None)
    assert CANARY not in str(audited.told())


def test_a_program_without_a_token_that_has_read_is_told_too(audited: Audited) -> None:
    note_reads(audited.house.hub, SAME_USER, ["x"])
    assert [use["itemsRead"] for use in audited.told()["clients"] if use["client"] == SAME_USER] == [1]


def test_since_leaves_out_what_was_before(audited: Audited) -> None:
    before = audited.client("Before")
    audited.ask(before)
    audited.house.ask("bridge", "GET", "/status", token="wrong")
    audited.told()
    audited.clock.pass_s(86_400)
    audited.client("After")
    told = audited.told("2026-01-02T00:00:00Z")
    assert [change["clientName"] for change in told["changes"]] == ["After"]
    assert [use["clientName"] for use in told["clients"]] == ["the user"]
    assert told["outcomes"] == []
    assert audited.house.ask("bridge", "GET", "/audit?since=yesterday", token=audited.house.owner).code == "bad_input"


def test_every_list_of_it_is_bounded(audited: Audited) -> None:
    hub = audited.house.hub

    def fill(conn: Any) -> None:
        for n in range(audit.CLIENTS_AT_MOST + 50):
            conn.execute("INSERT INTO reads VALUES ('item', ?, 1, ?, 1)", (f"gone-{n}", n + 1))
            conn.execute(
                "INSERT INTO events(kind, source, at, trace_id, data) VALUES ('client_revoked', 'x', ?, 'x', '{\"id\":\"x\"}')",
                (n,),
            )

    hub.store.write(fill)
    told = audited.told()
    assert len(told["changes"]) == audit.CHANGES_AT_MOST
    assert len(told["clients"]) == audit.CLIENTS_AT_MOST
    assert told["clients"][1]["client"] == f"gone-{audit.CLIENTS_AT_MOST + 49}"


def test_changes_of_access_are_found_by_their_index(audited: Audited) -> None:
    with audited.house.hub.store.reading() as conn:
        plan = conn.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM events WHERE kind IN "
            "('client_paired', 'client_rotated', 'client_trusted', 'client_revoked') AND at >= ? ORDER BY id DESC LIMIT ?",
            (0, 10),
        ).fetchall()
    assert "events_of_access" in str(plan)
