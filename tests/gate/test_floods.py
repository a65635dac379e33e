"""Who calls too often is told when to come again, and nobody else is: each client for itself, and those without a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from python_core.net.gate import FAILURES_PER_SECOND
from python_core.net.rates import CALLERS_AT_MOST, Rates
from python_core.runtime.clients import NewClient, make_client
from python_core.store import open_store
from tests.gate.doors import EXTENSION, OTHER_EXTENSION, Answer, House, Wire, faults_of, house_of, request
from tests.hubs import Clock, caller, make_hub

CLIENT_PER_SECOND = 2


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Servers that do what they do, and have counted nothing yet."""
    store = open_store(tmp_path_factory.mktemp("floods") / "stored")
    rate: dict[str, object] = {"requests_per_second": CLIENT_PER_SECOND}
    with house_of(make_hub(store, Clock(), bridge=rate, listener=rate), telling=False) as house:
        yield house
    store.close()


def client(house: House, *scopes: str) -> str:
    wanted = NewClient(name="Busy", kind="script", scopes=list(scopes))
    return make_client(house.hub, caller(), wanted).token


def ask(wire: Wire, content: bytes) -> Answer:
    wire.send(content)
    answer = wire.answer()
    assert answer is not None
    return answer


def status(house: House, token: str) -> bytes:
    return request("GET", "/status", [("Host", house.host()), ("Authorization", f"Bearer {token}")])


def until_slowed(call: Callable[[], Answer]) -> list[Answer]:
    """Call until it is refused for its rate; a slow machine needs more calls for that."""
    answers = [call()]
    while answers[-1].status != 429:
        answers.append(call())
        assert len(answers) < 5000, "never slowed"
    return answers


def is_slowed(answer: Answer) -> bool:
    return (answer.status, answer.code) == (429, "rate_limited") and int(answer.header("Retry-After") or 0) >= 1


def test_a_flood_of_wrong_tokens_is_slowed_and_the_owner_and_others_go_on(house: House) -> None:
    other = client(house, "status:read")
    wire, wrong = house.wire(), status(house, f"shb_owner_{'0' * 64}")
    answers = until_slowed(lambda: ask(wire, wrong))
    assert len(answers) > FAILURES_PER_SECOND
    assert answers[0].status == 401
    assert is_slowed(answers[-1])
    assert faults_of(answers[-1], 429, "rate_limited", service="bridge") == []
    for token in (house.owner, other):
        answer = ask(wire, status(house, token))
        assert "version" in answer.json
    for path in ("/ping", "/status"):
        assert house.ask("bridge", "GET", path).status == 200
    assert house.ask("web-listener", "GET", "/ping", token="x").status == 401
    wire.close()


def test_a_client_that_calls_too_often_is_slowed_and_nobody_else(house: House) -> None:
    busy, other = client(house, "status:read"), client(house, "status:read")
    wire = house.wire()
    answers = until_slowed(lambda: ask(wire, status(house, busy)))
    assert answers[0].status == 200
    assert is_slowed(answers[-1])
    assert faults_of(answers[-1], 429, "rate_limited", service="bridge") == []
    assert ask(wire, status(house, other)).status == 200
    wire.close()


def test_the_owner_is_never_slowed(house: House) -> None:
    wire = house.wire()
    assert {ask(wire, status(house, house.owner)).status for _ in range(20 * CLIENT_PER_SECOND)} == {200}
    wire.close()


def test_a_slowed_client_changes_nothing(house: House) -> None:
    token = client(house, "clipboard:write")
    body = {"fragments": [{"type": "text", "content": "again"}]}
    answers = until_slowed(lambda: house.ask("bridge", "POST", "/clipboard", body, token=token))
    assert len(answers) > 1
    made = [answer.json["duplicate"] for answer in answers[:-1]]
    assert house.own("GET", "/status")["counts"]["clips"] == made.count(False) == 1


def test_requests_to_be_paired_are_slowed_for_each_origin_by_itself(house: House) -> None:
    house.own("POST", "/pairing/window", {"seconds": 120})
    wanted = {"name": "SmrtChrome", "kind": "extension", "scopes": ["tabs:write"]}

    def pair(origin: str) -> Answer:
        return house.ask("web-listener", "POST", "/pair", wanted, headers=[("Origin", origin)])

    answers = until_slowed(lambda: pair(EXTENSION))
    assert answers[0].status == 201
    assert is_slowed(answers[-1])
    assert pair(OTHER_EXTENSION).status == 201
    items = house.own("GET", "/pairing")["items"]
    assert len([item for item in items if item["state"] == "pending"]) == 2


def test_guesses_of_a_device_code_are_slowed(house: House) -> None:
    guess = {"deviceCode": "x" * 43}
    answers = until_slowed(lambda: house.ask("web-listener", "POST", "/pair/token", guess))
    assert answers[0].code == "expired_token"
    assert is_slowed(answers[-1])


def test_refusals_are_counted_and_written_no_oftener_than_every_few_seconds(house: House) -> None:
    house.own("GET", "/audit")
    store = house.hub.store
    with store.reading() as conn:
        before = conn.execute("PRAGMA data_version").fetchone()
    wire = house.wire()
    for _ in range(300):
        assert ask(wire, request("GET", "/clipboard", [("Host", "hub.example")])).status == 421
    wire.close()
    with store.reading() as conn:
        assert conn.execute("PRAGMA data_version").fetchone() == before
    outcomes = house.own("GET", "/audit")["outcomes"]
    assert {"misdirected": 300}.items() <= {each["code"]: each["times"] for each in outcomes}.items()


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_bucket_is_emptied_and_fills_again() -> None:
    clock = Seconds()
    rates = Rates(10, 20, clock)
    assert [rates.take("a") for _ in range(21)] == [0] * 20 + [1]
    assert rates.take("b") == 0
    clock.now_s = 0.1
    assert [rates.take("a") for _ in range(2)] == [0, 1]
    clock.now_s = 3600.0
    assert [rates.take("a") for _ in range(21)] == [0] * 20 + [1]


def test_who_comes_too_early_is_told_a_time_after_which_it_passes() -> None:
    clock = Seconds()
    rates = Rates(0.25, 1, clock)
    assert rates.take("a") == 0
    wait_s = rates.take("a")
    clock.now_s += wait_s
    assert rates.take("a") == 0


def test_the_callers_that_are_remembered_are_bounded() -> None:
    rates = Rates(1, 1, Seconds())
    assert rates.take("first") == 0
    assert rates.take("first") == 1
    for n in range(CALLERS_AT_MOST):
        rates.take(str(n))
    assert rates.take("first") == 0
    assert len(rates._left) <= CALLERS_AT_MOST
