"""What a browser is told: one extension's origin, whole, and only where that extension may call; never a cookie."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from python_core.runtime.clients import NewClient, make_client, revoke_client
from python_core.runtime.pairing import WindowWanted, open_window
from python_core.store import open_store
from tests.gate.doors import (
    CANARY,
    DOORS,
    EXTENSION,
    FIREFOX_EXTENSION,
    OTHER_EXTENSION,
    SERVICES,
    Answer,
    House,
    faults_of,
    house_of,
    request,
)
from tests.hubs import Clock, caller, make_hub

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "authorization, content-type",
    "Access-Control-Max-Age": "600",
}


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[House]:
    store = open_store(tmp_path_factory.mktemp("cors") / "stored")
    with house_of(make_hub(store, clock, bridge={"test_hooks": True})) as house:
        yield house
    store.close()


@pytest.fixture(scope="module")
def token(house: House) -> str:
    """The token of the extension that is paired."""
    return pair(house, EXTENSION)


def pair(house: House, origin: str, expires_s: int | None = None) -> str:
    wanted = NewClient(
        name="SmrtChrome", kind="extension", scopes=["tabs:write"], origin=origin, expires_in_seconds=expires_s
    )
    return make_client(house.hub, caller(), wanted).token


def preflight(
    house: House, service: str, path: str, origin: str, method: str = "POST", *more: tuple[str, str]
) -> Answer:
    asked = [("Origin", origin), ("Access-Control-Request-Method", method), *more]
    return house.ask(service, "OPTIONS", path, headers=asked)


def cors_of(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers if name.lower().startswith("access-control-")}


@pytest.mark.usefixtures("token")
def test_the_paired_extension_is_told_exactly_what_it_may(house: House) -> None:
    asked = ("Access-Control-Request-Headers", f"authorization,content-type,{CANARY},cookie")
    answer = preflight(house, "web-listener", "/tab-info", EXTENSION, "POST", asked)
    assert (answer.status, answer.body) == (204, b"")
    assert cors_of(answer) == {"Access-Control-Allow-Origin": EXTENSION} | PREFLIGHT
    assert answer.all("Vary") == ["Origin"]
    assert house.took() == []


@pytest.mark.usefixtures("token")
def test_neither_credentials_nor_a_private_network_are_ever_granted(house: House) -> None:
    more = [
        ("Access-Control-Request-Private-Network", "true"),
        ("Access-Control-Request-Local-Network", "true"),
        ("Access-Control-Request-Credentials", "true"),
        ("Cookie", "a=b"),
    ]
    told = cors_of(preflight(house, "web-listener", "/tab-info", EXTENSION, "POST", *more))
    assert set(told) == {"Access-Control-Allow-Origin", "Access-Control-Allow-Methods", "Access-Control-Max-Age"}


@pytest.mark.parametrize(
    "origin",
    [
        OTHER_EXTENSION,
        FIREFOX_EXTENSION,
        EXTENSION + "/",
        EXTENSION.upper(),
        "null",
        "",
        f"https://{CANARY}.example",
        "http://127.0.0.1:5001",
        "http://localhost:8080",
        f"{EXTENSION}.{CANARY}.example",
    ],
)
@pytest.mark.usefixtures("token")
def test_nobody_else_is_told_anything(house: House, origin: str) -> None:
    for path in sorted({door.path for door in DOORS if door.service == "web-listener"}):
        for method in METHODS:
            answer = preflight(house, "web-listener", path, origin, method)
            assert faults_of(answer, 403, "forbidden_origin", service="web-listener") == [], (path, method)
    assert house.took() == []


@pytest.mark.usefixtures("token")
def test_the_paired_extension_is_told_nothing_of_other_routes_methods_and_servers(house: House) -> None:
    for service, path in sorted({(door.service, door.path) for door in DOORS} | {("web-listener", f"/{CANARY}")}):
        for method in (*METHODS, CANARY, ""):
            if (path, method) != ("/tab-info", "POST"):
                answer = preflight(house, service, path, EXTENSION, method)
                assert faults_of(answer, 403, "forbidden_origin", service=service) == [], (service, path, method)


def test_pairing_is_open_to_any_extension_while_the_window_is(house: House, clock: Clock) -> None:
    asked = ("Access-Control-Request-Headers", "content-type")
    for path in ("/pair", "/pair/token"):
        assert preflight(house, "web-listener", path, OTHER_EXTENSION).status == 403
    open_window(house.hub, WindowWanted(seconds=60))
    for path in ("/pair", "/pair/token"):
        for origin in (OTHER_EXTENSION, FIREFOX_EXTENSION):
            answer = preflight(house, "web-listener", path, origin, "POST", asked)
            assert answer.status == 204
            assert cors_of(answer)["Access-Control-Allow-Origin"] == origin
        assert preflight(house, "web-listener", path, f"https://{CANARY}.example").status == 403
    clock.pass_s(60)
    assert preflight(house, "web-listener", "/pair", OTHER_EXTENSION).status == 403


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_an_extension_that_may_call_no_more_is_told_nothing_more(house: House, clock: Clock, end: str) -> None:
    origin = "chrome-extension://" + ("a" if end == "revoked" else "b") * 32
    token = pair(house, origin, expires_s=60)
    assert preflight(house, "web-listener", "/tab-info", origin).status == 204
    if end == "revoked":
        revoke_client(house.hub, caller(), token.split("_")[1])
    else:
        clock.pass_s(60)
    assert preflight(house, "web-listener", "/tab-info", origin).status == 403


def test_an_answer_may_be_read_by_the_extension_that_asked_and_no_other(house: House, token: str) -> None:
    sent = [("Origin", EXTENSION)]
    for path, method, body, shown in (("/tab-info", "POST", {}, token), ("/ping", "GET", None, None)):
        answer = house.ask("web-listener", method, path, body, token=shown, headers=sent)
        assert (answer.status, cors_of(answer)) == (200, {"Access-Control-Allow-Origin": EXTENSION})
        assert answer.all("Vary") == ["Origin"]


def test_a_refusal_of_the_gate_may_be_read_by_no_page(house: House, token: str) -> None:
    for headers, shown in (([("Origin", EXTENSION)], token + "0"), ([("Origin", OTHER_EXTENSION)], token)):
        answer = house.ask("web-listener", "POST", "/tab-info", {}, token=shown, headers=headers)
        assert answer.status in (401, 403)
        assert cors_of(answer) == {}


def test_the_bridge_tells_no_browser_anything(house: House) -> None:
    for origin in (None, f"http://{house.host()}"):
        for door in (door for door in DOORS if door.service == "bridge"):
            sent = [*house.bearer(door), *([("Origin", origin)] if origin else [])]
            answer = house.send("bridge", house.knock(door, sent))
            assert answer is not None
            assert (answer.status, cors_of(answer)) == (200, {}), door.name
    assert cors_of(house.ask("bridge", "GET", "/ping", headers=[("Origin", EXTENSION)])) == {}
    house.took()


def test_no_answer_sets_a_cookie_or_names_the_server(house: House, token: str) -> None:
    cookies = [("Cookie", f"session={CANARY}; token={token}")]
    for door in DOORS:
        for sent in (cookies, [*cookies, *house.bearer(door)], [*cookies, ("Authorization", "Bearer x")]):
            answer = house.send(door.service, house.knock(door, sent))
            assert answer is not None
            for name in (
                "Set-Cookie",
                "Set-Cookie2",
                "Server",
                "X-Powered-By",
                "Via",
                "Access-Control-Allow-Credentials",
            ):
                assert answer.all(name) == [], (door.name, name)
            assert CANARY.lower() not in repr(answer).lower()
    house.took()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 421])
def test_every_answer_bears_the_same_headers_once(house: House, service: str, status: int) -> None:
    calls: dict[int, tuple[str, str, str | None, list[tuple[str, str]]]] = {
        200: ("GET", "/ping", None, []),
        400: ("GET", "//ping", None, []),
        401: ("GET", "/ping", "x", []),
        403: ("GET", "/ping", None, [("Origin", "null")]),
        404: ("GET", "/x", house.owner, []),
        405: ("PUT", "/ping", house.owner, []),
    }
    if status == 421:
        answer = house.send(service, request("GET", "/ping", [("Host", "hub.example")]))
    else:
        method, path, shown, headers = calls[status]
        answer = house.ask(service, method, path, token=shown, headers=headers)
    assert answer is not None
    assert answer.status == status
    assert {
        name: answer.all(name)
        for name in (
            "X-SmrtHub-Service",
            "Cache-Control",
            "Content-Security-Policy",
            "Cross-Origin-Opener-Policy",
            "Cross-Origin-Resource-Policy",
            "Referrer-Policy",
            "Vary",
            "X-Content-Type-Options",
            "X-Frame-Options",
        )
    } == {
        "X-SmrtHub-Service": [service],
        "Cache-Control": ["no-store"],
        "Content-Security-Policy": [
            "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
        ],
        "Cross-Origin-Opener-Policy": ["same-origin"],
        "Cross-Origin-Resource-Policy": ["same-origin"],
        "Referrer-Policy": ["no-referrer"],
        "Vary": ["Origin"],
        "X-Content-Type-Options": ["nosniff"],
        "X-Frame-Options": ["DENY"],
    }
    house.took()
