"""Every route through the real host, byte for byte: what succeeds, what is too much, and that a refusal changes nothing."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from python_core.net.examples import BODIES
from python_core.runtime.hub import Hub
from python_core.runtime.status import get_status
from python_core.runtime.triggers import run_next
from python_core.store import open_store
from tests.gate.doors import CANARY, DOORS, Answer, House, house_of, request
from tests.hubs import Clock, make_hub, page_of_events

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Vary": "Origin",
}
LIMITS = {"max_clip_bytes": 4096, "max_output_bytes": 8192}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Servers whose handlers do what they do."""
    store = open_store(tmp_path / "stored")
    with house_of(make_hub(store, Clock(), bridge={"requests_per_second": 10_000}), telling=False) as made:
        yield made
    store.close()


@pytest.fixture
def small_house(tmp_path: Path) -> Iterator[House]:
    """Servers that take small bodies only."""
    store = open_store(tmp_path / "stored")
    with house_of(make_hub(store, Clock(), bridge=LIMITS), telling=False) as made:
        yield made
    store.close()


def text(content: str = "somebody's text") -> dict[str, Any]:
    return {"fragments": [{"type": "text", "content": content}]}


def state_of(hub: Hub) -> tuple[int, dict[str, int], dict[str, dict[str, int]]]:
    status = get_status(hub, "bridge")
    return page_of_events(hub, None, 1, None).newest, status.counts, status.queues


class Life:
    """Calls routes by their handlers' names, and keeps what they answered."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.answers: dict[tuple[str, str], Answer] = {}

    def call(self, name: str, path: str, body: Any = None, service: str = "bridge") -> Any:
        door = next(door for door in DOORS if (door.service, door.endpoint.name) == (service, name))
        token = None if door.endpoint.access == "open" and name != "get_status_reply" else self.house.owner
        answer = self.house.ask(service, door.endpoint.method, path, body, token=token)
        assert answer.status in door.endpoint.replies, (name, answer)
        self.answers[service, name] = answer
        return answer.json if answer.body.startswith(b"{") else answer


def live_with_clips(call: Callable[..., Any]) -> None:
    picture = {"type": "image", "content": base64.b64encode(PNG).decode()}
    clip = call("post_clipboard", "/clipboard", {"fragments": [picture, *text()["fragments"]]})["id"]
    call("get_clipboard", "/clipboard?limit=1")
    call("get_clip", f"/clipboard/{clip}")
    assert call("get_fragment", f"/clipboard/{clip}/fragments/0").body == PNG
    call("get_search", "/search?q=somebody")
    call("get_events", "/events?after=0")
    call("delete_clip", f"/clipboard/{clip}")


def live_with_the_window(call: Callable[..., Any]) -> None:
    call("get_hub_window", "/hub-window")
    call("patch_hub_window", "/hub-window", BODIES["patch_hub_window"])
    sent = call("post_hub_window_command", "/hub-window/commands", BODIES["post_hub_window_command"])["command"]["id"]
    call("get_hub_window_command", f"/hub-window/commands/{sent}")
    call("post_hub_window_ack", f"/hub-window/commands/{sent}/ack")


def live_with_triggers(call: Callable[..., Any]) -> None:
    call("get_trigger", "/trigger")
    run = call("post_trigger", "/trigger", BODIES["post_trigger"])["run"]["id"]
    call("get_trigger_runs", "/trigger/runs")
    call("get_trigger_run", f"/trigger/runs/{run}")
    call("post_trigger_run_cancel", f"/trigger/runs/{run}/cancel")


def live_with_outputs(call: Callable[..., Any]) -> None:
    call("get_output_schemas", "/structured-output/schemas")
    call("put_output_schema", "/structured-output/schemas/mine/1", BODIES["put_output_schema"])
    output = call("post_structured_output", "/structured-output", BODIES["post_structured_output"])["id"]
    call("get_structured_outputs", "/structured-output")
    call("get_structured_output", f"/structured-output/{output}")
    call("delete_structured_output", f"/structured-output/{output}")


def live_with_others(call: Callable[..., Any]) -> None:
    for service in ("bridge", "web-listener"):
        call("get_ping_reply", "/ping", service=service)
    call("get_status_reply", "/status")
    call("post_tab_info", "/tab-info", BODIES["post_tab_info"], "web-listener")
    client = call("post_clients", "/clients", BODIES["post_clients"])["client"]["id"]
    call("get_clients", "/clients")
    call("delete_client", f"/clients/{client}")


@pytest.mark.parametrize(
    "live", [live_with_clips, live_with_the_window, live_with_triggers, live_with_outputs, live_with_others]
)
def test_a_route_succeeds_with_the_status_first_and_every_header(
    house: House, live: Callable[[Callable[..., Any]], None]
) -> None:
    life = Life(house)
    live(life.call)
    for (service, name), answer in life.answers.items():
        assert {header: answer.header(header) for header in SECURITY_HEADERS} == SECURITY_HEADERS, name
        assert answer.all("X-SmrtHub-Service") == [service], name
        assert len(answer.all("X-Trace-Id")) == 1, name
        assert answer.header("Server") is None, name
        assert answer.body.startswith(b'{"status":"ok"') or name == "get_fragment", name


def test_304_has_no_body_and_the_connection_goes_on(house: House) -> None:
    first = house.ask("bridge", "GET", "/hub-window", token=house.owner)
    etag = first.header("ETag") or ""
    sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("If-None-Match", etag)]
    with closing(house.wire()) as wire:
        for _ in range(3):
            wire.send(request("GET", "/hub-window", sent))
            answer = wire.answer(to_head=True)
            assert answer is not None
            assert (answer.status, answer.header("ETag"), answer.header("Content-Length")) == (304, etag, None)
        wire.send(request("GET", "/hub-window", [*sent, ("Connection", "close")]))
        assert wire.is_cut()


def test_a_run_is_waited_for_and_answered_with_its_result(house: House) -> None:
    queued = house.ask("bridge", "POST", "/trigger?wait=0", BODIES["post_trigger"], token=house.owner)
    assert (queued.status, queued.json["run"]["state"]) == (202, "queued")
    run_next(house.hub)
    sent = [("Idempotency-Key", "k")]
    house.ask("bridge", "POST", "/trigger", BODIES["post_trigger"], token=house.owner, headers=sent)
    run_next(house.hub)
    ended = house.ask("bridge", "POST", "/trigger?wait=30", BODIES["post_trigger"], token=house.owner, headers=sent)
    assert (ended.status, ended.json["duplicate"], ended.json["run"]["state"]) == (200, True, "succeeded")
    assert ended.json["run"]["result"]["query"] == "sea"


@pytest.mark.parametrize(("path", "limit"), [("/clipboard", 4096), ("/structured-output", 8192), ("/trigger", 65_536)])
def test_a_body_of_just_the_limit_is_taken_and_one_byte_more_is_not(small_house: House, path: str, limit: int) -> None:
    bodies = {"/clipboard": text(""), "/structured-output": {"schema": "note/1", "payload": {"text": ""}}}
    body = bodies.get(path, {"trigger": ""})
    largest = max(LIMITS.values()) if path != "/trigger" else limit
    for size in (min(limit, largest), limit + 1):
        content = json.dumps(body).encode()
        content = content.replace(b'""', b'"' + b"x" * (size - len(content)) + b'"', 1)
        head = [("Host", small_house.host()), ("Authorization", f"Bearer {small_house.owner}")]
        sent = [*head, ("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        answer = small_house.send("bridge", request("POST", path, sent, content))
        assert answer is not None
        if path == "/trigger":  # larger than what the host takes at all: 8,192
            assert answer.status == 413
        else:
            assert answer.status == (201 if size == limit else 413), (size, answer)
    assert state_of(small_house.hub)[1] == {
        "clips": path == "/clipboard",
        "outputs": path == "/structured-output",
        "visits": 0,
    }


KIND = ("Content-Type", "application/json")
CONTENT = json.dumps(text(CANARY)).encode()
WHOLE = ("Content-Length", str(len(CONTENT)))
LENGTHS: dict[str, tuple[list[tuple[str, str]], int]] = {
    "no length": ([KIND], 400),
    "a length of nothing": ([KIND, ("Content-Length", "0")], 400),
    "a length that is short": ([KIND, ("Content-Length", str(len(CONTENT) - 1))], 400),
    "a length that is much too short": ([KIND, ("Content-Length", "1")], 400),
    "no type": ([WHOLE], 415),
    "an encoding": ([KIND, ("Content-Encoding", "gzip"), WHOLE], 415),
    "two types": ([KIND, ("Content-Type", "text/plain"), WHOLE], 415),
}


@pytest.mark.parametrize("case", LENGTHS)
def test_a_body_whose_length_or_type_is_wrong_stores_nothing(house: House, case: str) -> None:
    more, status = LENGTHS[case]
    before = state_of(house.hub)
    sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), *more]
    answer = house.send("bridge", request("POST", "/clipboard", sent, CONTENT))
    assert answer is not None
    assert answer.status == status
    assert CANARY not in repr(answer)
    assert state_of(house.hub) == before


def test_a_body_that_is_cut_off_stores_nothing(house: House) -> None:
    before = state_of(house.hub)
    content = json.dumps(text()).encode()
    sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("Content-Type", "application/json")]
    wire = house.wire()
    wire.send(request("POST", "/clipboard", [*sent, ("Content-Length", str(len(content) + 1))], content))
    wire.close()
    house.own("GET", "/status")  # the server goes on
    assert state_of(house.hub) == before


def test_a_client_that_waits_to_be_told_to_go_on_is_told(house: House) -> None:
    content = json.dumps(text()).encode()
    sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}"), ("Content-Type", "application/json")]
    with closing(house.wire()) as wire:
        wire.send(
            request("POST", "/clipboard", [*sent, ("Content-Length", str(len(content))), ("Expect", "100-continue")])
        )
        wire.send(content)
        answer = wire.answer()
    assert answer is not None
    assert answer.status == 201


def test_an_answer_that_is_sent_wakes_the_loop_for_nothing(house: House) -> None:
    waitress, turns = house.servers["bridge"]._waitress, []
    pull = waitress.pull_trigger
    waitress.pull_trigger = lambda: turns.append(pull())
    with closing(house.wire()) as wire:
        for _ in range(5):
            wire.send(request("GET", "/ping", [("Host", house.host())]))
            assert (answer := wire.answer()) is not None
            assert answer.status == 200
            while any(channel.requests for channel in waitress.active_channels.values()):
                time.sleep(0.001)  # the next one would be a reason
    assert turns == []


def test_a_connection_is_never_left_out_while_its_answer_is_sent(house: House) -> None:
    with closing(house.wire()) as wire:
        wire.send(request("GET", "/ping", [("Host", house.host())]))
        assert wire.answer() is not None
        [channel] = house.servers["bridge"]._waitress.active_channels.values()
        seen = type(channel).__new__(type(channel))
        vars(seen).update(vars(channel), requests=[], total_outbufs_len=9)
        assert not seen.readable()
        seen.total_outbufs_len = 0  # sent by the thread that answers, before the loop asks on
        assert seen.writable()
        assert (seen.readable(), seen.writable()) == (True, False)


def test_requests_that_are_sent_without_waiting_are_all_answered(house: House) -> None:
    with closing(house.wire()) as wire:
        for _ in range(4):
            wire.send(request("GET", "/ping", [("Host", house.host())]) * 5)
            assert [answer.status for _ in range(5) if (answer := wire.answer()) is not None] == [200] * 5


def test_a_connection_that_is_to_end_with_its_answer_ends(house: House) -> None:
    with closing(house.wire()) as wire:
        wire.send(request("GET", "/ping", [("Host", house.host()), ("Connection", "close")]))
        assert (answer := wire.answer()) is not None
        assert answer.status == 200
        assert wire.answer() is None


def test_a_large_answer_comes_whole_to_who_reads_it_late(tmp_path: Path) -> None:
    content = "x" * 6_000_000
    store = open_store(tmp_path / "stored")
    with house_of(make_hub(store, Clock(), bridge={"max_clip_bytes": 8_000_000}), telling=False) as house:
        sent = [("Host", house.host()), ("Authorization", f"Bearer {house.owner}")]
        body = json.dumps(text(content)).encode()
        said = [*sent, ("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        stored = house.send("bridge", request("POST", "/clipboard", said) + body)
        assert stored is not None
        with closing(house.wire()) as wire:
            wire.send(request("GET", f"/clipboard/{stored.json['id']}/fragments/0", sent))
            time.sleep(0.3)
            assert (answer := wire.answer()) is not None
            assert answer.body == content.encode()
    store.close()


def nested(levels: int, brackets: tuple[str, str] = ("[", "]")) -> str:
    return brackets[0] * levels + brackets[1] * levels


@pytest.mark.parametrize("levels", [98, 99, 100, 101, 500, *range(880, 1010, 10), 5_000, 100_000])
def test_a_payload_of_any_depth_is_taken_whole_or_refused(house: House, levels: int) -> None:
    house.own("PUT", "/structured-output/schemas/any/1", {})
    for path, body in (
        ("/structured-output", f'{{"schema": "any/1", "payload": {nested(levels)}}}'),
        ("/hub-window/commands", f'{{"command": "show", "args": {{"a": {nested(levels)}}}}}'),
        ("/trigger", f'{{"trigger": "smrtsearch", "args": {{"query": {nested(levels)}}}}}'),
        ("/structured-output/schemas/deep/1", f'{{"const": {nested(levels)}}}'),
        ("/clipboard", f'{{"fragments": {nested(levels)}}}'),
    ):
        content = body.encode()
        sent = [
            ("Host", house.host()),
            ("Authorization", f"Bearer {house.owner}"),
            ("Content-Type", "application/json"),
        ]
        method = "PUT" if "schemas" in path else "POST"
        answer = house.send("bridge", request(method, path, [*sent, ("Content-Length", str(len(content)))], content))
        assert answer is not None
        assert answer.status in ((201, 400, 413) if levels > 95 else (201, 400)), (path, levels, answer)
        assert levels < 101 or answer.status != 201
    for item in house.own("GET", "/structured-output")["items"]:
        assert json.dumps(house.own("GET", f"/structured-output/{item['id']}")["payload"]) == nested(levels)
    house.own("GET", "/structured-output/schemas")
    house.own("GET", "/hub-window")


def test_stopping_a_server_that_has_ended_meanwhile_does_nothing_more(house: House) -> None:
    server = house.servers["bridge"]
    server.stop(1)
    server._thread.join()
    server.stop(1)


REFUSED: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "no token": ("", []),
    "a stranger's token": ("shb_x_" + "0" * 64, []),
    "a page's origin": ("owner", [("Origin", "https://page.example")]),
    "another host": ("owner", [("Host", "page.example")]),
    "another site": ("owner", [("Sec-Fetch-Site", "cross-site")]),
    "an upgrade": ("owner", [("Upgrade", "websocket")]),
    "too few scopes": ("client", []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_call_changes_nothing_at_any_route(house: House, case: str) -> None:
    clip = house.own("POST", "/clipboard", text())["id"]
    token, more = REFUSED[case]
    made = house.own("POST", "/clients", {"name": "a", "kind": "script", "scopes": ["events:read"]})
    token = {"owner": house.owner, "client": made["token"]}.get(token, token)
    before = state_of(house.hub)
    for door in DOORS:
        if door.endpoint.anonymous or door.endpoint.name == "get_events" or door.endpoint.setting is not None:
            continue
        body = BODIES.get(door.endpoint.name)
        content = b"" if body is None else json.dumps(body).encode()
        sent = [] if any(name == "Host" for name, _ in more) else [("Host", house.host(door.service))]
        sent += [*more, *([("Authorization", f"Bearer {token}")] if token else [])]
        if body is not None:
            sent += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        path = door.path.replace("/clipboard/x1", f"/clipboard/{clip}")
        answer = house.send(door.service, request(door.endpoint.method, path, sent, content))
        assert answer is not None
        assert answer.status in (400, 401, 403, 421), (door.name, answer)
    assert state_of(house.hub) == before
