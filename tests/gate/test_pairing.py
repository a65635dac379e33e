"""Pairing (the shape of RFC 8628): only while the user lets it, only after the user said yes, once, and to who asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from python_core.runtime.clients import SCOPES
from python_core.runtime.pairing import INTERVAL_S, PENDING_AT_MOST, PENDING_PROGRAMS, REQUEST_S, WINDOW_S
from python_core.store import open_store
from tests.gate.doors import CANARY, EXTENSION, FIREFOX_EXTENSION, OTHER_EXTENSION, Answer, House, faults_of, house_of
from tests.hubs import Clock, make_hub

PROGRAM = {"name": "An agent", "kind": "agent", "scopes": ["search:read"]}
BROWSER = {"name": "SmrtChrome", "kind": "extension", "scopes": ["tabs:write"]}


class Pairing:
    """A hub's servers, and what programs and the user say to them about pairing."""

    def __init__(self, house: House, clock: Clock) -> None:
        self.house = house
        self.clock = clock

    def open(self, seconds: int = WINDOW_S) -> None:
        self.house.own("POST", "/pairing/window", {"seconds": seconds})

    def ask(self, origin: str | None = None, **wanted: Any) -> Answer:
        body = (PROGRAM if origin is None else BROWSER) | wanted
        return self.house.ask("web-listener", "POST", "/pair", body, headers=_from(origin))

    def begin(self, origin: str | None = None, **wanted: Any) -> dict[str, Any]:
        answer = self.ask(origin, **wanted)
        assert answer.status == 201, answer
        begun: dict[str, Any] = answer.json
        return begun

    def poll(self, begun: dict[str, Any], origin: str | None = None) -> Answer:
        code = {"deviceCode": begun["deviceCode"]}
        return self.house.ask("web-listener", "POST", "/pair/token", code, headers=_from(origin))

    def decide(self, begun: dict[str, Any], decision: str = "approve") -> Answer:
        path = f"/pairing/{begun['userCode']}"
        return self.house.ask("bridge", "POST", path, {"decision": decision}, token=self.house.owner)

    def listed(self) -> list[tuple[str, str]]:
        return [(item["userCode"], item["state"]) for item in self.house.own("GET", "/pairing")["items"]]


def _from(origin: str | None) -> list[tuple[str, str]]:
    return [("Origin", origin), ("Sec-Fetch-Site", "cross-site")] if origin is not None else []


@pytest.fixture
def pairing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pairing]:
    clock = Clock()
    store = open_store(tmp_path_factory.mktemp("pairing") / "stored")
    with house_of(make_hub(store, clock), telling=False) as house:
        yield Pairing(house, clock)
    store.close()


def refused(answer: Answer, code: str, status: int = 403, *, origin: str | None = None) -> bool:
    return faults_of(answer, status, code, service="web-listener", origin=origin) == []


@pytest.mark.parametrize(("origin", "code"), [(None, "access_denied"), (EXTENSION, "forbidden_origin")])
def test_nobody_may_ask_while_the_window_is_closed(pairing: Pairing, origin: str | None, code: str) -> None:
    assert refused(pairing.ask(origin), code)
    assert pairing.listed() == []


@pytest.mark.parametrize(("origin", "code"), [(None, "access_denied"), (EXTENSION, "forbidden_origin")])
def test_nobody_may_ask_once_the_window_is_over(pairing: Pairing, origin: str | None, code: str) -> None:
    pairing.open()
    pairing.clock.pass_s(WINDOW_S)
    assert refused(pairing.ask(origin), code)


def test_the_user_can_close_the_window(pairing: Pairing) -> None:
    pairing.open()
    pairing.open(0)
    assert refused(pairing.ask(), "access_denied")


@pytest.mark.parametrize("origin", [None, EXTENSION, FIREFOX_EXTENSION])
def test_who_was_allowed_gets_a_token_once(pairing: Pairing, origin: str | None) -> None:
    pairing.open()
    begun = pairing.begin(origin)
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", begun["userCode"])
    assert (begun["expiresIn"], begun["interval"]) == (REQUEST_S, INTERVAL_S)
    assert pairing.poll(begun, origin).code == "authorization_pending"
    assert pairing.decide(begun).status == 200
    made = pairing.poll(begun, origin).json
    assert (made["client"]["origin"], made["client"]["scopes"]) == (origin, (BROWSER if origin else PROGRAM)["scopes"])
    assert pairing.poll(begun, origin).code == "expired_token"
    path, method, service = ("/ping", "GET", "web-listener") if origin else ("/search?q=x", "GET", "bridge")
    assert pairing.house.ask(service, method, path, token=made["token"], headers=_from(origin)).status == 200


def test_of_many_who_fetch_at_once_one_gets_the_token(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun)
    with ThreadPoolExecutor(8) as pool:
        codes = sorted(answer.code for answer in pool.map(lambda _: pairing.poll(begun), range(8)))
    assert codes == ["", *["expired_token"] * 7]
    assert len([each for each in pairing.house.own("GET", "/clients")["items"] if each["kind"] == "agent"]) == 1


def test_who_asks_too_often_is_told_to_slow_down(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    codes = []
    for wait_s in (0, 0, INTERVAL_S - 0.5, INTERVAL_S, INTERVAL_S):
        pairing.clock.pass_s(wait_s)
        codes.append(pairing.poll(begun).code)
    assert codes == [
        "authorization_pending",
        "slow_down",
        "slow_down",
        "authorization_pending",
        "authorization_pending",
    ]


@pytest.mark.parametrize("decision", [None, "approve", "deny"])
def test_a_request_ends_with_its_time_whatever_was_said(pairing: Pairing, decision: str | None) -> None:
    pairing.open()
    begun = pairing.begin()
    if decision:
        pairing.decide(begun, decision)
    pairing.clock.pass_s(REQUEST_S)
    assert pairing.poll(begun).code == "expired_token"
    assert pairing.decide(begun).status == 404
    assert pairing.listed() == []


@pytest.mark.parametrize("origin", [None, EXTENSION])
def test_who_asked_in_time_may_fetch_after_the_window(pairing: Pairing, origin: str | None) -> None:
    pairing.open()
    begun = pairing.begin(origin)
    pairing.clock.pass_s(WINDOW_S + 1)
    pairing.decide(begun)
    assert pairing.poll(begun, origin).status == 200


def test_a_denial_can_be_taken_back(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun, "deny")
    assert refused(pairing.poll(begun), "access_denied")
    pairing.decide(begun)
    assert pairing.poll(begun).status == 200


def test_an_approval_can_be_taken_back_until_the_token_is_fetched(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun)
    pairing.decide(begun, "deny")
    assert refused(pairing.poll(begun), "access_denied")
    pairing.decide(begun)
    assert pairing.poll(begun).status == 200
    assert pairing.decide(begun, "deny").code == "conflict"


@pytest.mark.parametrize(
    ("asks", "fetches"),
    [
        (EXTENSION, OTHER_EXTENSION),
        (EXTENSION, FIREFOX_EXTENSION),
        (EXTENSION, None),
        (None, EXTENSION),
        (FIREFOX_EXTENSION, FIREFOX_EXTENSION.replace("0f8b2d6e", "ffffffff")),
    ],
)
def test_nobody_else_fetches_the_token(pairing: Pairing, asks: str | None, fetches: str | None) -> None:
    pairing.open()
    begun = pairing.begin(asks)
    pairing.decide(begun)
    assert refused(pairing.poll(begun, fetches), "access_denied", origin=fetches)
    assert pairing.poll(begun, asks).status == 200


@pytest.mark.parametrize("code", ["", CANARY, "x" * 100])
def test_a_code_that_was_not_given_is_over(pairing: Pairing, code: str) -> None:
    pairing.open()
    assert refused(pairing.poll({"deviceCode": code}), "expired_token", 400)


def test_the_code_that_is_shown_fetches_nothing(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun)
    assert refused(pairing.poll({"deviceCode": begun["userCode"]}), "expired_token", 400)


def test_a_second_request_of_an_origin_takes_the_place_of_the_first(pairing: Pairing) -> None:
    pairing.open()
    first, second = pairing.begin(EXTENSION), pairing.begin(EXTENSION)
    other = pairing.begin(OTHER_EXTENSION)
    pending = [code for code, state in pairing.listed() if state == "pending"]
    assert sorted(pending) == sorted([second["userCode"], other["userCode"]])
    assert refused(pairing.poll(first, EXTENSION), "expired_token", 400, origin=EXTENSION)
    assert first["userCode"] not in [code for code, _ in pairing.listed()]
    pairing.decide(second)
    assert pairing.poll(second, EXTENSION).status == 200


def test_only_so_many_programs_wait_at_once(pairing: Pairing) -> None:
    pairing.open()
    begun = [pairing.begin() for _ in range(PENDING_PROGRAMS)]
    assert refused(pairing.ask(), "conflict", 409)
    assert pairing.ask(EXTENSION).status == 201
    pairing.decide(begun[0], "deny")
    assert pairing.ask().status == 201


def test_only_so_many_requests_wait_at_once(pairing: Pairing) -> None:
    pairing.open()
    for letter in "abcdefghijklmnop"[:PENDING_AT_MOST]:
        pairing.begin("chrome-extension://" + letter * 32)
    last = "chrome-extension://" + "p" * 32
    assert refused(pairing.ask(last), "conflict", 409, origin=last)
    assert refused(pairing.ask(), "conflict", 409)
    assert len(pairing.listed()) == PENDING_AT_MOST


@pytest.mark.parametrize(
    "scope", sorted({*SCOPES, "*", "tabs:*", "", CANARY, "tabs:write clipboard:read"} - {"tabs:write"})
)
def test_an_extension_gets_no_more_than_tabs_write(pairing: Pairing, scope: str) -> None:
    pairing.open()
    for scopes in ([scope], ["tabs:write", scope]):
        assert refused(pairing.ask(EXTENSION, scopes=scopes), "bad_input", 400, origin=EXTENSION)
    assert pairing.listed() == []


@pytest.mark.parametrize("scope", ["admin", "*", "owner", "ADMIN", "admin ", "search:read admin"])
def test_nobody_gets_admin(pairing: Pairing, scope: str) -> None:
    pairing.open()
    for kind in ("agent", "script"):
        assert refused(pairing.ask(kind=kind, scopes=["search:read", scope]), "bad_input", 400)
    for kind in ("agent", "script", "extension"):
        body = {"name": "x", "kind": kind, "scopes": [scope]}
        assert pairing.house.ask("bridge", "POST", "/clients", body, token=pairing.house.owner).status == 400


@pytest.mark.parametrize(("origin", "kind"), [(None, "extension"), (EXTENSION, "agent"), (EXTENSION, "script")])
def test_an_extension_is_who_comes_from_one(pairing: Pairing, origin: str | None, kind: str) -> None:
    pairing.open()
    assert refused(pairing.ask(origin, kind=kind, scopes=["tabs:write"]), "bad_input", 400, origin=origin)


@pytest.mark.parametrize(
    "origin",
    [f"https://{CANARY}.example", "http://localhost:5000", "http://127.0.0.1:{port}", "null", "", EXTENSION + "/", "*"],
)
def test_no_page_may_ask_or_fetch(pairing: Pairing, origin: str) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun)
    origin = origin.format(port=pairing.house.port("web-listener"))
    assert refused(pairing.ask(origin), "forbidden_origin")
    assert refused(pairing.poll(begun, origin), "forbidden_origin")


@pytest.mark.parametrize("name", ["a\nb", "a\n", "\0", "a\x1b[2J", "a\x7f", "a\x9b2J", "\x85", "", "x" * 101])
def test_a_name_that_would_trick_a_terminal_is_refused(pairing: Pairing, name: str) -> None:
    pairing.open()
    assert refused(pairing.ask(name=name), "bad_input", 400)
    assert refused(pairing.ask(EXTENSION, name=name), "bad_input", 400, origin=EXTENSION)
    body = PROGRAM | {"name": name}
    assert pairing.house.ask("bridge", "POST", "/clients", body, token=pairing.house.owner).status == 400


def test_the_user_may_write_the_code_in_small_letters_and_no_other_code(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    for code, status in (("BBBB-BBBB", 404), ("x", 404), (begun["userCode"].lower(), 200)):
        assert pairing.decide({"userCode": code}).status == status


def test_only_the_owner_opens_the_window_and_decides(pairing: Pairing) -> None:
    every = sorted(set(SCOPES) - {"admin"})
    made = pairing.house.own("POST", "/clients", {"name": "All", "kind": "agent", "scopes": every})
    pairing.open()
    begun = pairing.begin()
    for method, path, body in (
        ("POST", "/pairing/window", {"seconds": 600}),
        ("GET", "/pairing", None),
        ("POST", f"/pairing/{begun['userCode']}", {"decision": "approve"}),
        ("POST", "/clients", PROGRAM),
        ("GET", "/confirmations", None),
    ):
        assert pairing.house.ask("bridge", method, path, body, token=made["token"]).code == "insufficient_scope"
    assert pairing.poll(begun).code == "authorization_pending"


def test_a_paired_program_that_is_revoked_is_out_at_once_and_may_ask_again(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin(EXTENSION)
    pairing.decide(begun)
    made = pairing.poll(begun, EXTENSION).json
    tab = {"url": "https://a.example/", "title": "A"}

    def tell() -> Answer:
        return pairing.house.ask(
            "web-listener", "POST", "/tab-info", tab, token=made["token"], headers=_from(EXTENSION)
        )

    assert tell().status == 200
    pairing.house.own("DELETE", f"/clients/{made['client']['id']}")
    assert tell().code == "unauthorized"
    assert pairing.ask(EXTENSION).status == 201


def test_neither_code_nor_token_is_in_the_database(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin()
    pairing.decide(begun)
    token = pairing.poll(begun).json["token"]
    kept = b"".join(path.read_bytes() for path in pairing.house.hub.store.folder.rglob("*") if path.is_file())
    assert begun["userCode"].encode() in kept
    for secret in (begun["deviceCode"], token, token.split("_")[2], pairing.house.owner.split("_")[2]):
        assert secret.encode() not in kept


def test_the_events_tell_that_somebody_was_paired_and_not_who(pairing: Pairing) -> None:
    pairing.open()
    begun = pairing.begin(name=CANARY)
    pairing.decide(begun)
    made = pairing.poll(begun).json
    items = pairing.house.own("GET", "/events?after=0")["items"]
    assert [item["data"]["id"] for item in items if item["kind"] == "client_paired"] == [made["client"]["id"]]
    assert CANARY not in str(items)
