"""A client that can read captured text asks the user before each side effect: exactly this, once; or it is trusted for good."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from python_core.runtime.clients import SCOPES
from python_core.runtime.confirmation import READING, WAITING_AT_MOST, WAITS_S
from python_core.store import open_store
from tests.gate.doors import CANARY, DOORS, Answer, Door, House, faults_of_any, house_of
from tests.hubs import Clock, make_hub

EFFECTS = tuple(door for door in DOORS if door.endpoint.side_effect)
WRITING = ["clipboard:write", "trigger:run"]


class User:
    """Servers whose handlers only tell that they ran, for clients; and the same hub's real ones, for the user."""

    def __init__(self, house: House, real: House, clock: Clock) -> None:
        self.house = house
        self.real = real
        self.clock = clock

    def client(self, *scopes: str) -> str:
        body = {"name": "An agent", "kind": "agent", "scopes": list(scopes)}
        return str(self.real.own("POST", "/clients", body)["token"])

    def act(self, token: str, door: Door, body: object = None, path: str | None = None) -> Answer:
        content = ({} if body is None else body) if door.endpoint.body is not None else None
        return self.house.ask(door.service, door.endpoint.method, path or door.path, content, token=token)

    def asked(self, token: str, door: Door, body: object = None, path: str | None = None) -> str:
        """Act, see that the user is asked, and return under which id."""
        answer = self.act(token, door, body, path)
        assert (answer.status, answer.code, self.house.took()) == (403, "confirmation_required", [])
        return str(answer.json["error"]["confirmationId"])

    def acts(self, token: str, door: Door, body: object = None, path: str | None = None) -> bool:
        """Act, and say whether it was done."""
        answer = self.act(token, door, body, path)
        ran = self.house.took() == [door.key]
        assert ran == (answer.status == 200), answer
        return ran

    def says(self, decision: str, confirmation_id: str) -> Answer:
        body = {"decision": decision}
        return self.real.ask("bridge", "POST", f"/confirmations/{confirmation_id}", body, token=self.real.owner)

    def waiting(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.real.own("GET", "/confirmations")["items"]
        return items


@pytest.fixture
def user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    clock = Clock()
    store = open_store(tmp_path_factory.mktemp("confirmation") / "stored")
    hub = make_hub(store, clock)
    with house_of(hub) as house, house_of(hub, telling=False) as real:
        yield User(house, real, clock)
    store.close()


@pytest.fixture
def agent(user: User) -> str:
    """The token of a client that reads clips and acts."""
    return user.client("clipboard:read", *WRITING)


def test_what_writes_the_clipboard_or_runs_a_trigger_is_a_side_effect() -> None:
    declared = {(door.endpoint.method, door.endpoint.path) for door in EFFECTS}
    assert declared == {("POST", "/clipboard"), ("DELETE", "/clipboard/<clip_id>"), ("POST", "/trigger")}
    others = {
        door.endpoint.path
        for door in DOORS
        if door.endpoint.scope in WRITING and door.endpoint.method != "GET" and not door.endpoint.side_effect
    }
    assert others == {"/trigger/runs/<run_id>/cancel"}  # it takes back what was confirmed


def test_no_query_changes_what_a_side_effect_does() -> None:
    queries = {door.endpoint.query for door in EFFECTS} - {None}
    assert {name for query in queries for name in query.__struct_fields__} == {"wait"}  # type: ignore[union-attr]


@pytest.mark.parametrize("scope", sorted(READING))
@pytest.mark.parametrize("door", EFFECTS, ids=lambda door: door.name)
def test_who_can_read_asks_and_does_nothing_before(user: User, door: Door, scope: str) -> None:
    token = user.client(scope, *WRITING)
    answer = user.act(token, door)
    assert (answer.status, answer.code, user.house.took()) == (403, "confirmation_required", [])
    assert set(answer.json["error"]) == {"code", "message", "confirmationId"}
    assert faults_of_any(answer, service=door.service, has_body=False) == []
    assert [each["id"] for each in user.waiting()] == [answer.json["error"]["confirmationId"]]


@pytest.mark.parametrize("door", EFFECTS, ids=lambda door: door.name)
def test_who_cannot_read_does_not_ask(user: User, door: Door) -> None:
    every = sorted(set(SCOPES) - READING - {"admin", "tabs:write"})
    assert user.acts(user.client(*every), door)
    assert user.waiting() == []


@pytest.mark.parametrize("door", EFFECTS, ids=lambda door: door.name)
def test_the_owner_does_not_ask(user: User, door: Door) -> None:
    assert user.acts(user.real.owner, door)


@pytest.mark.parametrize("door", EFFECTS, ids=lambda door: door.name)
def test_what_was_confirmed_is_done_once(user: User, agent: str, door: Door) -> None:
    first = user.asked(agent, door)
    assert user.says("once", first).status == 200
    assert user.acts(agent, door)
    assert user.asked(agent, door) != first


def test_asking_again_does_not_ask_the_user_twice(user: User, agent: str) -> None:
    assert user.asked(agent, EFFECTS[0]) == user.asked(agent, EFFECTS[0])
    assert len(user.waiting()) == 1


OTHERS: dict[str, tuple[object, object]] = {
    "another member": ({"a": 1}, {"a": 1, "b": 2}),
    "another value": ({"a": 1}, {"a": 2}),
    "another spelling": ({"a": 1.0}, {"a": 1}),
    "nothing": ({"a": 1}, {}),
}


@pytest.mark.parametrize("bodies", OTHERS.values(), ids=OTHERS)
def test_other_arguments_are_asked_about_anew(user: User, agent: str, bodies: tuple[object, object]) -> None:
    door = next(door for door in EFFECTS if door.endpoint.body is not None)
    first = user.asked(agent, door, bodies[0])
    user.says("once", first)
    assert user.asked(agent, door, bodies[1]) != first
    assert user.acts(agent, door, bodies[0])


def test_the_query_is_part_of_what_is_confirmed(user: User, agent: str) -> None:
    body = {"trigger": "smrtsearch", "args": {"query": "sea", "open": False}}

    def run(path: str) -> Answer:
        return user.real.ask("bridge", "POST", path, body, token=agent)

    asked = run("/trigger?wait=0").json["error"]["confirmationId"]
    assert user.waiting()[0]["asked"].startswith("/trigger?wait=0 {")
    user.says("once", asked)
    assert run("/trigger").json["error"]["confirmationId"] != asked
    assert run("/trigger?wait=0").status == 202


def test_another_item_and_another_route_are_asked_about_anew(user: User, agent: str) -> None:
    doors = {door.endpoint.method: door for door in EFFECTS}
    first = user.asked(agent, doors["DELETE"], path="/clipboard/one")
    user.says("once", first)
    assert user.asked(agent, doors["DELETE"], path="/clipboard/two") != first
    posts = [door for door in EFFECTS if door.endpoint.method == "POST"]
    confirmed = user.asked(agent, posts[0], {"same": True})
    user.says("once", confirmed)
    assert user.asked(agent, posts[1], {"same": True}) != confirmed
    assert user.acts(agent, doors["DELETE"], path="/clipboard/one")
    assert user.acts(agent, posts[0], {"same": True})


def test_another_client_does_not_act_on_what_was_confirmed(user: User, agent: str) -> None:
    other = user.client("clipboard:read", *WRITING)
    first = user.asked(agent, EFFECTS[0])
    user.says("once", first)
    assert user.asked(other, EFFECTS[0]) != first
    assert user.acts(agent, EFFECTS[0])


def test_who_is_trusted_asks_no_more_and_nobody_else_is(user: User, agent: str) -> None:
    user.says("always", user.asked(agent, EFFECTS[0]))
    for door in EFFECTS:
        assert user.acts(agent, door)
        assert user.acts(agent, door)
    assert user.asked(user.client("clipboard:read", *WRITING), EFFECTS[0])


def test_what_was_denied_stays_so_until_it_is_over(user: User, agent: str) -> None:
    first = user.asked(agent, EFFECTS[0])
    user.says("deny", first)
    answer = user.act(agent, EFFECTS[0])
    assert (answer.code, "confirmationId" in answer.json["error"]) == ("confirmation_required", False)
    assert user.waiting() == []
    user.clock.pass_s(WAITS_S + 1)
    assert user.asked(agent, EFFECTS[0]) != first


def test_a_denial_can_be_taken_back(user: User, agent: str) -> None:
    first = user.asked(agent, EFFECTS[0])
    user.says("deny", first)
    user.says("once", first)
    assert user.acts(agent, EFFECTS[0])


@pytest.mark.parametrize("decision", [None, "once"])
def test_what_waits_or_was_confirmed_ends_with_its_time(user: User, agent: str, decision: str | None) -> None:
    first = user.asked(agent, EFFECTS[0])
    if decision:
        user.says(decision, first)
    user.clock.pass_s(WAITS_S + 1)
    assert user.waiting() == []
    assert user.says("once", first).status == 404
    assert user.asked(agent, EFFECTS[0]) != first


def test_what_was_done_cannot_be_decided_again(user: User, agent: str) -> None:
    first = user.asked(agent, EFFECTS[0])
    user.says("once", first)
    assert user.acts(agent, EFFECTS[0])
    for decision in ("once", "always", "deny"):
        assert user.says(decision, first).code == "conflict"
    assert user.asked(agent, EFFECTS[0])


def test_of_many_repetitions_at_once_one_is_done(user: User, agent: str) -> None:
    user.says("once", user.asked(agent, EFFECTS[0]))
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(answer.status for answer in pool.map(lambda _: user.act(agent, EFFECTS[0]), range(8)))
    assert statuses == [200, *[403] * 7]
    assert user.house.took() == [EFFECTS[0].key]


def test_what_waits_is_bounded(user: User, agent: str) -> None:
    door = next(door for door in EFFECTS if door.endpoint.body is not None)
    for n in range(WAITING_AT_MOST):
        user.asked(agent, door, {"n": n})
    answer = user.act(agent, door, {"n": WAITING_AT_MOST})
    assert (answer.code, "confirmationId" in answer.json["error"]) == ("confirmation_required", False)
    assert len(user.waiting()) == WAITING_AT_MOST


def test_the_user_sees_who_asks_what_and_that_it_is_not_to_be_trusted(user: User, agent: str) -> None:
    door = next(door for door in EFFECTS if door.endpoint.body is not None)
    user.asked(agent, door, {"text": CANARY + "x" * 5000})
    waiting = user.waiting()[0]
    assert (waiting["clientName"], waiting["operation"], waiting["trust"]) == (
        "An agent",
        door.endpoint.name,
        "untrusted",
    )
    assert waiting["asked"].startswith(f'{door.path} {{"text": "{CANARY}xxx')
    assert len(waiting["asked"]) < 2100


@pytest.mark.parametrize("confirmation_id", ["x", "0" * 64, "01a2035d-9325-71f4-b7ea-c2c67697e033"])
def test_what_nobody_asked_cannot_be_confirmed(user: User, confirmation_id: str) -> None:
    assert user.says("always", confirmation_id).code == "not_found"


def test_a_client_cannot_confirm_for_itself(user: User, agent: str) -> None:
    first = user.asked(agent, EFFECTS[0])
    every = user.client(*sorted(set(SCOPES) - {"admin"}))
    for token in (agent, every):
        answer = user.real.ask("bridge", "POST", f"/confirmations/{first}", {"decision": "once"}, token=token)
        assert answer.code == "insufficient_scope"
    assert user.asked(agent, EFFECTS[0]) == first


def test_the_owner_is_asked_for_a_bundle_each_time(user: User) -> None:
    """What leaves the machine is nobody's by a token alone, and no yes holds for the next one."""

    def ask() -> Answer:
        # A time that is none: what got as far as the handler is refused, and makes nothing.
        return user.real.ask("bridge", "POST", "/support-bundle", {"since": "now"}, token=user.real.owner)

    for _ in range(2):
        answer = ask()
        assert (answer.status, answer.code) == (403, "confirmation_required")
        asked = answer.json["error"]["confirmationId"]
        [waiting] = user.waiting()
        assert (waiting["id"], waiting["operation"]) == (asked, "post_support_bundle")
        assert ask().json["error"]["confirmationId"] == asked
        assert user.says("always", asked).status == 409
        assert user.says("once", asked).status == 200
        assert ask().code == "bad_input"
    denied = ask().json["error"]["confirmationId"]
    user.says("deny", denied)
    assert ask().json["error"].keys() == {"code", "message"}
