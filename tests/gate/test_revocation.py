"""A token that is revoked is over at once, in this process and in every other one on the same store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.whole.hub_home import BRIDGE, HUB, Caller, Home, Served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    home = Home(tmp_path_factory.mktemp("revocation"))
    yield home
    home.end_all()


@pytest.fixture(scope="module")
def processes(home: Home) -> list[Served]:
    """The hub, and a bridge alone beside it on the same store."""
    served = [home.start(*HUB)]
    served[0].url()
    served.append(home.start(*BRIDGE))
    return served


def callers(home: Home, processes: list[Served], token: str) -> list[Caller]:
    """A connection to each process, kept open."""
    return [home.caller(served.url(), token=token) for served in processes]


def make(owner: Caller, **more: object) -> dict[str, str]:
    made = owner.post("/clients", {"name": "A script", "kind": "script", "scopes": ["status:read"]} | more)
    return {"id": made["client"]["id"], "token": made["token"]}


def statuses(asked: list[Caller]) -> list[int]:
    return [caller.call("GET", "/status").status for caller in asked]


@pytest.mark.parametrize("by", [0, 1], ids=["the hub", "the bridge beside it"])
def test_a_revoked_token_is_over_in_every_process(home: Home, processes: list[Served], by: int) -> None:
    owners = callers(home, processes, home.facts()["token"])
    made = make(owners[0])
    asked = callers(home, processes, made["token"])
    assert statuses(asked) == [200, 200]
    assert owners[by].call("DELETE", f"/clients/{made['id']}").status == 200
    assert statuses(asked) == [401, 401]
    assert statuses(owners) == [200, 200]


@pytest.mark.parametrize("by", [0, 1], ids=["the hub", "the bridge beside it"])
def test_a_token_that_was_exchanged_is_over_in_every_process_and_the_new_one_good(
    home: Home, processes: list[Served], by: int
) -> None:
    owners = callers(home, processes, home.facts()["token"])
    made = make(owners[0])
    asked = callers(home, processes, made["token"])
    assert statuses(asked) == [200, 200]
    rotated = owners[by].post(f"/clients/{made['id']}/rotate", None)
    assert statuses(asked) == [401, 401]
    assert statuses(callers(home, processes, rotated["token"])) == [200, 200]


def test_a_client_that_used_its_token_anywhere_is_told_with_the_time(home: Home, processes: list[Served]) -> None:
    hub, beside = callers(home, processes, home.facts()["token"])
    made = make(hub)

    def last_use(owner: Caller) -> str | None:
        items = {item["id"]: item for item in owner.get("/clients")["items"]}
        used: str | None = items[made["id"]]["lastUsedAt"]
        return used

    assert last_use(hub) is None
    assert statuses(callers(home, processes[1:], made["token"])) == [200]
    first = last_use(beside)
    assert first is not None
    assert last_use(hub) == first


def test_a_token_that_one_process_gave_is_good_in_every_other(home: Home, processes: list[Served]) -> None:
    for owner in callers(home, processes, home.facts()["token"]):
        assert statuses(callers(home, processes, make(owner)["token"])) == [200, 200]


def test_what_waits_to_be_paired_can_be_decided_in_another_process(home: Home, processes: list[Served]) -> None:
    hub, beside = callers(home, processes, home.facts()["token"])
    beside.post("/pairing/window", {"seconds": 60})
    listener = home.anyone(home.facts("web-listener")["url"])
    begun = listener.post("/pair", {"name": "A program", "kind": "agent", "scopes": ["status:read"]})
    beside.post(f"/pairing/{begun['userCode']}", {"decision": "approve"})
    token = listener.post("/pair/token", {"deviceCode": begun["deviceCode"]})["token"]
    assert statuses(callers(home, processes, token)) == [200, 200]
    assert hub.call("POST", "/pairing/window", {"seconds": 0}).json["open"] is False
    again = listener.call("POST", "/pair", {"name": "A program", "kind": "agent", "scopes": ["status:read"]})
    assert again.json["error"]["code"] == "access_denied"


def test_a_confirmation_of_one_process_is_used_up_in_all(home: Home, processes: list[Served]) -> None:
    hub, beside = callers(home, processes, home.facts()["token"])
    asked = callers(home, processes, make(hub, kind="agent", scopes=["clipboard:read", "clipboard:write"])["token"])
    body = {"fragments": [{"type": "text", "content": "confirmed once"}]}
    confirmation = asked[0].call("POST", "/clipboard", body).json["error"]["confirmationId"]
    beside.post(f"/confirmations/{confirmation}", {"decision": "once"})
    assert asked[1].call("POST", "/clipboard", body).status == 201
    assert asked[0].call("POST", "/clipboard", body).status == 403
