"""What was captured is shown to those who may read it, and to nobody else: whatever route is asked, whatever it is for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from python_core.net.examples import BODIES
from python_core.runtime.clients import SCOPES
from python_core.runtime.confirmation import READING
from python_core.runtime.ledger import list_readers
from python_core.runtime.triggers import run_next
from python_core.store import Store
from tests.gate.doors import CANARY, DOORS, Answer, Door, House, house_of
from tests.hubs import Clock, make_hub

BLIND = sorted(set(SCOPES) - READING - {"admin"})
RUN = {"trigger": "smrtsearch", "args": {"open": False}}


class Captured:
    """A hub that has something of each kind, and knows under which ids."""

    def __init__(self, house: House) -> None:
        self.house = house
        page = {"url": f"https://example.com/{CANARY}", "title": f"The {CANARY}", "event": "activated", "focused": True}
        house.own("POST", "/tab-info", page, "web-listener")
        clip = {"fragments": [{"type": "text", "content": f"{CANARY} of the sea"}]}
        self.clip = house.own("POST", "/clipboard", clip)["id"]
        note = {"schema": "note/1", "payload": {"text": CANARY}, "title": CANARY}
        ids = {"clip_id": self.clip, "output_id": house.own("POST", "/structured-output", note)["id"]}
        ids["run_id"] = house.own("POST", "/trigger", RUN)["run"]["id"]
        assert run_next(house.hub)
        ids["command_id"] = house.own("POST", "/hub-window/commands", {"command": "show"})["command"]["id"]
        self.ids = ids

    def token(self, *scopes: str) -> str:
        wanted = {"name": "Tried", "kind": "agent", "scopes": list(scopes)}
        return str(self.house.own("POST", "/clients", wanted)["token"])

    def path(self, door: Door) -> str:
        path = re.sub(r"<int:\w+>", "0", door.endpoint.path)
        return re.sub(r"<(\w+)>", lambda found: self.ids.get(found[1], "x1"), path)

    def run(self, token: str, **more: Any) -> Answer:
        return self.house.ask("bridge", "POST", "/trigger", {**RUN, **more}, token=token)


@pytest.fixture
def captured(store: Store) -> Iterator[Captured]:
    with house_of(make_hub(store, Clock(), bridge={"admit_same_user_programs": True}), telling=False) as house:
        yield Captured(house)


def test_the_owner_sees_it(captured: Captured) -> None:
    shown = [door.path for door in DOORS if door.service == "bridge" and door.endpoint.method == "GET"]
    assert shown
    assert CANARY in str(captured.house.own("GET", f"/trigger/runs/{captured.ids['run_id']}"))
    assert CANARY in str(captured.house.own("GET", "/hub-window"))


@pytest.mark.parametrize("scope", BLIND)
def test_a_token_without_a_reading_scope_is_shown_nothing_of_it(captured: Captured, scope: str) -> None:
    token, shown = captured.token(scope), []
    for door in (door for door in DOORS if door.service == "bridge" and door.endpoint.scope == scope):
        if door.endpoint.method == "DELETE":
            continue
        body = None if door.endpoint.body is None else BODIES[door.endpoint.name]
        answer = captured.house.ask("bridge", door.endpoint.method, captured.path(door), body, token=token)
        if CANARY in f"{answer.headers}{answer.body!r}" and door.path != "/clipboard":
            shown.append((door.name, answer.body))
    assert shown == []


@pytest.mark.parametrize("more", [{"dryRun": True}, {"dryRun": True, "args": {"query": CANARY, "open": False}}, {}])
def test_who_may_only_run_triggers_does_not_search_with_them(captured: Captured, more: dict[str, Any]) -> None:
    for token in (captured.token("trigger:run"), None):
        answer = (
            captured.run(token, **more) if token else captured.house.ask("bridge", "POST", "/trigger", {**RUN, **more})
        )
        assert answer.status in (200, 202)
        assert CANARY not in str(answer.body)
    assert run_next(captured.house.hub) is (more == {})
    runs = captured.house.ask("bridge", "GET", "/trigger/runs", token=captured.token("trigger:run"))
    assert CANARY not in str(runs.body)
    assert runs.json["items"][-1]["result"] == {"opened": False, "notOpenedBecause": "args.open is false"}


def test_who_may_search_sees_what_a_run_found_and_is_in_the_ledger(captured: Captured) -> None:
    token = captured.token("trigger:run", "search:read")
    run = captured.house.ask("bridge", "GET", f"/trigger/runs/{captured.ids['run_id']}", token=token)
    assert CANARY in str(run.json["result"])
    readers = {reader.name: reader.times for reader in list_readers(captured.house.hub, captured.clip).items}
    assert readers["Tried"] == 1


def test_a_title_in_a_list_of_outputs_is_a_read(captured: Captured) -> None:
    captured.house.ask("bridge", "GET", "/structured-output", token=captured.token("output:read"))
    assert [reader.name for reader in list_readers(captured.house.hub, captured.ids["output_id"]).items] == ["Tried"]
