"""Exactly one bearer token that is somebody's, not revoked, not expired, with the route's scope and from the right origin."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest

from python_core.errors import BadInput
from python_core.runtime.clients import (
    SCOPES,
    NewClient,
    list_clients,
    make_client,
    revoke_client,
)
from python_core.runtime.hub import OWNER, Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.store import Store, open_store
from tests.gate.doors import (
    CANARY,
    DOORS,
    EXTENSION,
    FIREFOX_EXTENSION,
    GUARDED,
    OTHER_EXTENSION,
    Door,
    House,
    faults_of,
    house_of,
)
from tests.hubs import Clock, caller, make_hub

GIVEN = sorted(set(SCOPES) - {"admin"})
Headers = list[tuple[str, str]]


class Tokens:
    """A token of each sort, of one hub."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self.hub = hub
        self.former_owner = begin_owner_session(hub, None)
        self.agent = self.make("agent", GIVEN)
        self.extension = self.make("extension", ["tabs:write"], EXTENSION)
        self.expired = self.make("script", GIVEN, expires_s=60)
        self.revoked = self.make("script", GIVEN)
        revoke_client(hub, caller(), self.revoked.split("_")[1])
        clock.pass_s(60)
        self.owner = ""

    def make(self, kind: str, scopes: list[str], origin: str | None = None, expires_s: int | None = None) -> str:
        wanted = NewClient(
            name="Tried",
            kind=kind,
            scopes=scopes,
            origin=origin,
            expires_in_seconds=expires_s,  # type: ignore[arg-type]
        )
        return make_client(self.hub, caller(), wanted).token

    def origin_of(self, token: str) -> str | None:
        return next(client.origin for client in list_clients(self.hub).items if client.id == token.split("_")[1])


@pytest.fixture
def house(tokens: Tokens) -> Iterator[House]:
    """Servers that have counted no failure yet, and a new session of the owner's."""
    with house_of(tokens.hub) as house:
        tokens.owner = house.owner
        yield house


@pytest.fixture(scope="module")
def tokens(module_store: Store) -> Tokens:
    clock = Clock()
    return Tokens(make_hub(module_store, clock, bridge={"test_hooks": True}), clock)


def bearer(token: str) -> Headers:
    return [("Authorization", f"Bearer {token}")]


def with_secret(token: str, secret: str) -> str:
    return "_".join([*token.split("_")[:2], secret])


def secret_of(token: str) -> str:
    return token.split("_")[2]


WRONG: dict[str, Callable[[Tokens], Headers]] = {
    "none": lambda _: [],
    "empty": lambda _: [("Authorization", "")],
    "a scheme alone": lambda _: [("Authorization", "Bearer")],
    "a token alone": lambda t: [("Authorization", t.owner)],
    "another scheme": lambda t: [("Authorization", f"Token {t.owner}")],
    "Basic": lambda t: [("Authorization", "Basic " + base64.b64encode(f"owner:{t.owner}".encode()).decode())],
    "Basic with the token": lambda t: [("Authorization", f"Basic {t.owner}")],
    "two blanks": lambda t: bearer(f" {t.owner}"),
    "a tab": lambda t: [("Authorization", f"Bearer\t{t.owner}")],
    "in quotes": lambda t: bearer(f'"{t.owner}"'),
    "a comma after it": lambda t: bearer(f"{t.owner},"),
    "a word after it": lambda t: bearer(f"{t.owner} {CANARY}"),
    "doubled": lambda t: bearer(t.owner) * 2,
    "with a wrong one after": lambda t: [*bearer(t.owner), *bearer(CANARY)],
    "with a wrong one before": lambda t: [*bearer(CANARY), *bearer(t.owner)],
    "in a list": lambda t: bearer(f"{t.owner}, Bearer {t.owner}"),
    "the owner's id, another's secret": lambda t: bearer(with_secret(t.owner, secret_of(t.agent))),
    "another's id, the owner's secret": lambda t: bearer(with_secret(t.agent, secret_of(t.owner))),
    "the id of one who is revoked, a good secret": lambda t: bearer(with_secret(t.revoked, secret_of(t.agent))),
    "an id that nobody has": lambda t: bearer(t.agent.replace(t.agent.split("_")[1], "0" * 8)),
    "the id alone": lambda t: bearer(t.owner.rpartition("_")[0]),
    "the secret alone": lambda t: bearer(secret_of(t.owner)),
    "the secret in capitals": lambda t: bearer(with_secret(t.owner, secret_of(t.owner).upper())),
    "the whole in capitals": lambda t: bearer(t.owner.upper()),
    "a letter less": lambda t: bearer(t.owner[:-1]),
    "a letter more": lambda t: bearer(t.owner + "0"),
    "the last letter another": lambda t: bearer(t.owner[:-1] + ("1" if t.owner[-1] == "0" else "0")),
    "a secret of zeros": lambda t: bearer(with_secret(t.owner, "0" * 64)),
    "wide digits": lambda t: bearer(with_secret(t.owner, "²" * 64)),
    "no ASCII": lambda _: bearer("é" * 40),
    "very long": lambda t: bearer(t.owner + "0" * 60_000),
    "of the session before": lambda t: bearer(t.former_owner),
    "revoked": lambda t: bearer(t.revoked),
    "expired": lambda t: bearer(t.expired),
    "in a cookie": lambda t: [("Cookie", f"token={t.owner}; Authorization=Bearer {t.owner}")],
    "in the proxy's header": lambda t: [("Proxy-Authorization", f"Bearer {t.owner}")],
    "in headers of other programs": lambda t: [("X-Api-Key", t.owner), ("X-Auth-Token", t.owner)],
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_token_is_refused_at_every_door(
    house: House, tokens: Tokens, wrong: Callable[[Tokens], Headers]
) -> None:
    sent = wrong(tokens)
    shows_none = not any(name == "Authorization" for name, _ in sent)
    faults = {}
    for door in DOORS:
        if door.endpoint.anonymous and shows_none:
            continue  # nobody has to show one there
        answer = house.send(door.service, house.knock(door, sent))
        found = faults_of(answer, 401, "unauthorized", service=door.service)
        if found or answer is None or answer.all("WWW-Authenticate") != ["Bearer"]:
            faults[door.name] = found or answer
    assert (faults, house.took()) == ({}, [])


@pytest.mark.parametrize("name", ["token", "access_token", "authorization", "Authorization"])
def test_a_token_in_the_address_is_none(house: House, tokens: Tokens, name: str) -> None:
    for door in GUARDED:
        knock = house.knock(door).replace(b" HTTP/1.1", f"?{name}=Bearer+{tokens.owner} HTTP/1.1".encode(), 1)
        assert faults_of(house.send(door.service, knock), 401, "unauthorized", service=door.service) == []
    assert house.took() == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
@pytest.mark.parametrize("end", ["", " ", "\t "])
def test_the_scheme_may_be_spelled_as_http_lets_it(house: House, tokens: Tokens, scheme: str, end: str) -> None:
    for door in GUARDED:
        answer = house.send(door.service, house.knock(door, [("Authorization", f"{scheme} {tokens.owner}{end}")]))
        assert (answer and answer.status, house.took()) == (200, [door.key]), door.name


def test_a_token_opens_the_doors_of_its_scopes_and_no_other(house: House, tokens: Tokens) -> None:
    for scope in GIVEN:
        token = tokens.make("script", [scope])
        for door in DOORS:
            if door.endpoint.scope is None or door.endpoint.access == "extension":
                continue
            answer = house.send(door.service, house.knock(door, bearer(token)))
            if door.endpoint.scope == scope:
                assert (answer and answer.status, house.took()) == (200, [door.key]), (scope, door.name)
            else:
                found = faults_of(answer, 403, "insufficient_scope", service=door.service)
                assert (found, house.took()) == ([], []), (scope, door.name)


def test_every_scope_but_one_does_not_open_the_door_of_that_one(house: House, tokens: Tokens) -> None:
    for scope in sorted({door.endpoint.scope for door in GUARDED if door.endpoint.access != "extension"} - {None}):
        token = tokens.make("script", [each for each in GIVEN if each != scope])
        for door in (door for door in DOORS if door.endpoint.scope == scope):
            answer = house.send(door.service, house.knock(door, bearer(token)))
            assert faults_of(answer, 403, "insufficient_scope", service=door.service) == [], door.name
    assert house.took() == []


def let_in(house: House, headers: Headers, may: Callable[[Door], bool]) -> dict[str, object]:
    """Try every door; tell each that lets in whom it may not, or the other way round, or refuses in another way."""
    faults: dict[str, object] = {}
    for door in DOORS:
        answer = house.send(door.service, house.knock(door, headers))
        if may(door):
            fits = house.took() == [door.key] and answer is not None and answer.status == 200
        else:
            codes = ("forbidden_origin", "insufficient_scope")
            fits = house.took() == [] and answer is not None and answer.status == 403 and answer.code in codes
        if not fits:
            faults[door.name] = answer
    return faults


def nowhere(_: Door) -> bool:
    return False


def test_an_extensions_token_works_from_its_own_origin_at_its_own_doors(house: House, tokens: Tokens) -> None:
    sent = [*bearer(tokens.extension), ("Origin", EXTENSION), ("Sec-Fetch-Site", "cross-site")]
    may = lambda door: door.endpoint.access == "extension" or door.endpoint.path == "/ping"  # noqa: E731
    assert let_in(house, sent, may) == {}


@pytest.mark.parametrize(
    "origin", [None, OTHER_EXTENSION, FIREFOX_EXTENSION, EXTENSION + "/", "null", f"https://{CANARY}.example"]
)
def test_an_extensions_token_works_from_nowhere_else(house: House, tokens: Tokens, origin: str | None) -> None:
    sent = [*bearer(tokens.extension), *([("Origin", origin)] if origin is not None else [])]
    assert let_in(house, sent, nowhere) == {}
    assert tokens.origin_of(tokens.extension) == EXTENSION


def test_an_extensions_token_does_not_work_from_the_bridges_own_page(house: House, tokens: Tokens) -> None:
    unbound = tokens.make("extension", ["tabs:write"])
    for token in (tokens.extension, unbound):
        assert let_in(house, [*bearer(token), ("Origin", f"http://{house.host()}")], nowhere) == {}
    assert tokens.origin_of(unbound) is None


def test_nobody_elses_token_works_from_an_extension_or_is_bound_to_one(house: House, tokens: Tokens) -> None:
    for token in (tokens.owner, tokens.agent):
        assert let_in(house, [*bearer(token), ("Origin", OTHER_EXTENSION)], nowhere) == {}
        assert tokens.origin_of(token) is None
    asked = [("Origin", OTHER_EXTENSION), ("Access-Control-Request-Method", "POST")]
    assert house.ask("web-listener", "OPTIONS", "/tab-info", headers=asked).all("Access-Control-Allow-Origin") == []


def test_an_agents_token_may_tell_of_no_tabs(house: House, tokens: Tokens) -> None:
    tab_info = next(door for door in DOORS if door.endpoint.access == "extension")
    assert (
        faults_of(
            house.send(tab_info.service, house.knock(tab_info, bearer(tokens.agent))),
            403,
            "forbidden_origin",
            service=tab_info.service,
        )
        == []
    )
    assert house.took() == []


def test_an_unbound_extension_is_bound_by_its_first_call_that_is_let_in(house: House, tokens: Tokens) -> None:
    token = tokens.make("extension", ["tabs:write"])
    status, tab_info = (next(door for door in DOORS if door.endpoint.path == path) for path in ("/status", "/tab-info"))

    def knock(door: Door, origin: str) -> tuple[int, str]:
        answer = house.send(door.service, house.knock(door, [*bearer(token), ("Origin", origin)]))
        assert answer is not None
        return answer.status, answer.code

    assert knock(status, OTHER_EXTENSION) == (403, "insufficient_scope")
    assert tokens.origin_of(token) is None
    assert knock(tab_info, FIREFOX_EXTENSION) == (200, "")
    assert knock(tab_info, OTHER_EXTENSION) == (403, "forbidden_origin")
    assert knock(tab_info, FIREFOX_EXTENSION) == (200, "")
    assert tokens.origin_of(token) == FIREFOX_EXTENSION


def test_a_supervisors_token_is_taken_whatever_it_looks_like(tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(tmp_path_factory.mktemp("supervised") / "stored")
    hub = make_hub(store, Clock(), bridge={"test_hooks": True})
    with house_of(hub) as house:
        begin_owner_session(hub, "a-supervisors-own-token-of-another-form")
        for door in GUARDED:
            answer = house.send(door.service, house.knock(door, bearer("a-supervisors-own-token-of-another-form")))
            assert (answer and answer.status, house.took()) == (200, [door.key])
            answer = house.send(door.service, house.knock(door, bearer(house.owner)))
            assert faults_of(answer, 401, "unauthorized", service=door.service) == []
    store.close()


def test_the_owner_is_no_client_that_can_be_revoked(tokens: Tokens) -> None:
    with pytest.raises(BadInput):
        revoke_client(tokens.hub, caller(), OWNER)
