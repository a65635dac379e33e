"""The server's proof on ``/ping``: who knows a token knows the hub from a program that took its port, before it says anything."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest

from python_core.runtime.clients import NewClient, make_client, revoke_client
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import open_store
from tests.gate.doors import CANARY, EXTENSION, SERVICES, Answer, House, faults_of, house_of
from tests.hubs import Clock, caller, make_hub

NONCE = "AbCd_-0123456789"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[House]:
    """Servers that do what they do."""
    store = open_store(tmp_path_factory.mktemp("proof") / "stored")
    with house_of(make_hub(store, clock), telling=False) as house:
        yield house
    store.close()


def make(house: House, kind: str = "script", scope: str = "status:read", expires_s: int | None = None) -> str:
    wanted = NewClient(name="x", kind=kind, scopes=[scope], expires_in_seconds=expires_s)  # type: ignore[arg-type]
    return make_client(house.hub, caller(), wanted).token


def expected(token: str, service: str, port: int, nonce: str = NONCE) -> str:
    """Compute it as docs and extension do, from the token alone."""
    key = hmac.digest(hashlib.sha256(token.encode()).digest(), b"smrthub server proof", "sha256")
    return hmac.digest(key, f"smrthub {service} {port} {nonce}".encode(), "sha256").hex()


def ping(house: House, service: str, query: str, **headers: str) -> Answer:
    return house.ask(service, "GET", f"/ping{query}", headers=list(headers.items()))


def proof(house: House, token: str, service: str = "bridge", nonce: str = NONCE) -> str | None:
    answer = ping(house, service, f"?client={token.split('_')[1]}&nonce={nonce}")
    assert answer.status == 200
    assert set(answer.json) - {"proof"} == {"status", "service", "apiVersion"}
    told: str | None = answer.json.get("proof")
    return told


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("whose", ["owner", "client"])
def test_the_proof_is_of_the_token_the_server_its_port_and_the_nonce(house: House, service: str, whose: str) -> None:
    token = house.owner if whose == "owner" else make(house)
    port, other = house.port(service), house.port("bridge" if service == "web-listener" else "web-listener")
    told = proof(house, token, service)
    assert told == expected(token, service, port)
    assert told != expected(token, service, other)
    assert told != expected(token, "bridge" if service == "web-listener" else "web-listener", port)
    assert told != expected(make(house), service, port)
    assert proof(house, token, service, NONCE + "x") == expected(token, service, port, NONCE + "x") != told


def test_it_is_of_the_port_that_listens_whatever_the_host_says(house: House) -> None:
    token = make(house)
    for host in ("localhost", "[::1]", "127.0.0.1"):
        sent = f"GET /ping?client={token.split('_')[1]}&nonce={NONCE} HTTP/1.1\r\nHost: {host}:{house.port()}\r\n\r\n"
        answer = house.send("bridge", sent.encode())
        assert answer is not None
        assert answer.json["proof"] == expected(token, "bridge", house.port())


def test_an_extension_gets_it_too(house: House) -> None:
    token = make(house, "extension", "tabs:write")
    query = f"?client={token.split('_')[1]}&nonce={NONCE}"
    answer = ping(house, "web-listener", query, Origin=EXTENSION, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.json["proof"] == expected(token, "web-listener", house.port("web-listener"))
    assert answer.header("Access-Control-Allow-Origin") == EXTENSION


def test_for_a_client_that_is_not_known_or_no_more_there_is_none(house: House, clock: Clock) -> None:
    revoked, expired = make(house), make(house, expires_s=60)
    assert proof(house, revoked)
    assert proof(house, expired)
    revoke_client(house.hub, caller(), revoked.split("_")[1])
    clock.pass_s(60)
    assert [proof(house, token) for token in (revoked, expired, "shb_nobody_0")] == [None, None, None]


def test_without_being_asked_there_is_none(house: House) -> None:
    assert set(ping(house, "bridge", "").json) == {"status", "service", "apiVersion"}


@pytest.mark.parametrize(
    "query",
    [
        "?client=owner",
        f"?nonce={NONCE}",
        f"?client=&nonce={NONCE}",
        f"?client={CANARY}&nonce={NONCE}",
        f"?client=owner;&nonce={NONCE}",
        f"?client={'a' * 41}&nonce={NONCE}",
        "?client=owner&nonce=",
        "?client=owner&nonce=short",
        f"?client=owner&nonce={'a' * 65}",
        f"?client=owner&nonce={NONCE}%20",
        f"?client=owner&nonce={NONCE}&nonce={NONCE}",
        f"?client=owner&nonce={NONCE}&{CANARY}=1",
        f"?client=owner&nonce={NONCE}&{CANARY}",
    ],
)
def test_a_question_of_another_form_is_refused(house: House, query: str) -> None:
    for service in SERVICES:
        assert faults_of(ping(house, service, query), 400, "bad_input", service=service) == []


def test_a_new_session_of_the_owner_ends_the_proof_of_the_one_before(house: House) -> None:
    former = house.owner
    house.owner = begin_owner_session(house.hub, None)
    assert proof(house, house.owner) == expected(house.owner, "bridge", house.port())
    assert proof(house, house.owner) != expected(former, "bridge", house.port())
