"""One form of request is taken: HTTP/1.1, a known method, a plain path; all else ends before a handler, in one shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from python_core.runtime.hub import Hub
from tests.gate.doors import CANARY, DOORS, GUARDED, SERVICES, Door, House, faults_of, house_of, request

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Knock(NamedTuple):
    """How a right request is changed: each part is a function of the right one."""

    status: int
    code: str
    target: Callable[[str], str] = str
    method: Callable[[str], str] = str
    protocol: str = "HTTP/1.1"
    headers: tuple[tuple[str, str], ...] = ()
    edit: Callable[[bytes], bytes] = bytes


def bad_path(target: Callable[[str], str]) -> Knock:
    return Knock(400, "bad_input", target)


def bad_bytes(edit: Callable[[bytes], bytes], status: int = 400, code: str = "bad_input") -> Knock:
    return Knock(status, code, edit=edit)


def unknown(name: str) -> Knock:
    return Knock(405, "method_not_allowed", method=lambda _: name)


def with_line(line: bytes) -> Callable[[bytes], bytes]:
    """Put a line after the first one of the headers."""
    return lambda whole: whole.replace(b"\r\n", b"\r\n" + line + b"\r\n", 1)


#: What is refused whatever the route, by Waitress's parser or by the gate: nobody could tell which.
FORMS = {
    "HTTP/1.0": Knock(400, "bad_input", protocol="HTTP/1.0"),
    "HTTP/1.0 kept alive": Knock(400, "bad_input", protocol="HTTP/1.0", headers=(("Connection", "keep-alive"),)),
    "HTTP/1.2": Knock(400, "bad_input", protocol="HTTP/1.2"),
    "HTTP/2.0": Knock(400, "bad_input", protocol="HTTP/2.0"),
    "no version": Knock(400, "bad_input", protocol=""),
    "no such version": Knock(400, "bad_input", protocol="HTTP/11"),
    "another protocol": Knock(400, "bad_input", protocol=f"{CANARY}/1.1"),
    "absolute form": bad_path(lambda path: f"http://127.0.0.1{path}"),
    "absolute form of another": bad_path(lambda path: f"http://{CANARY}.example{path}"),
    "authority form": bad_path(lambda _: f"{CANARY}.example:80"),
    "asterisk form": bad_path(lambda _: "*"),
    "two slashes first": bad_path(lambda path: f"/{path}"),
    "three slashes first": bad_path(lambda path: f"//{path}"),
    "a host in the path": bad_path(lambda path: f"//{CANARY}.example{path}"),
    "two slashes within": bad_path(lambda path: f"/.{path}".replace("/.", "/x/", 1)),
    "two slashes last": bad_path(lambda path: f"{path.rstrip('/')}//"),
    "an escaped letter": bad_path(lambda path: f"{path[:1]}%{ord(path[1]):02x}{path[2:]}"),
    "an escaped slash": bad_path(lambda path: path.replace("/", "%2f")),
    "an escaped end": bad_path(lambda path: f"{path}%00"),
    "an escaped query": bad_path(lambda path: f"{path}%3f{CANARY}"),
    "a bad escape": bad_path(lambda path: f"{path}%zz"),
    "a fragment": bad_path(lambda path: f"{path}#{CANARY}"),
    "a tab in the path": bad_path(lambda path: f"{path[:2]}\t{path[2:]}"),
    "a tab after the path": bad_path(lambda path: f"{path}\t"),
    "a scheme before the path": bad_path(lambda path: f"file:{path}"),
    "no slash": bad_path(lambda path: path[1:]),
    "two blanks": bad_path(lambda path: f" {path}"),
    "a blank in the path": bad_path(lambda path: f"{path} {CANARY}"),
    "websocket": Knock(400, "bad_input", headers=(("Connection", "Upgrade"), ("Upgrade", "websocket"))),
    "h2c": Knock(400, "bad_input", headers=(("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"))),
    "TRACE": unknown("TRACE"),
    "CONNECT": unknown("CONNECT"),
    "a made-up method": unknown(CANARY.upper()),
    "a method in small letters": bad_bytes(lambda whole: whole.split(b" ")[0].lower() + whole[whole.index(b" ") :]),
    "an odd method": bad_bytes(lambda whole: b"G\xc9T" + whole[whole.index(b" ") :]),
    "no method": bad_bytes(lambda whole: whole[whole.index(b" ") :]),
    "a header without a colon": bad_bytes(with_line(CANARY.encode())),
    "a header without a name": bad_bytes(with_line(b": " + CANARY.encode())),
    "a blank before the colon": bad_bytes(with_line(b"X-Any : " + CANARY.encode())),
    "a folded first header": bad_bytes(with_line(b" " + CANARY.encode())),
    "a bare newline in a header": bad_bytes(with_line(b"X-Any: a\n" + CANARY.encode() + b": b")),
    "a bare return in a header": bad_bytes(with_line(b"X-Any: a\r" + CANARY.encode() + b": b")),
    "a zero byte in a header": bad_bytes(with_line(b"X-Any: \0" + CANARY.encode())),
    "headers without end": bad_bytes(with_line(b"X-Any: " + CANARY.encode() * 30_000), 413, "too_large"),
    "chunked": Knock(400, "bad_input", headers=(("Transfer-Encoding", "chunked"),)),
    "chunked, spelled oddly": Knock(400, "bad_input", headers=(("Transfer-Encoding", "Chunked"),)),
    "gzip and chunked": Knock(400, "bad_input", headers=(("Transfer-Encoding", "gzip, chunked"),)),
    "an unheard-of coding": Knock(400, "bad_input", headers=(("Transfer-Encoding", CANARY),)),
    "a length that is no number": Knock(400, "bad_input", headers=(("Content-Length", CANARY),)),
    "a length with a sign": Knock(400, "bad_input", headers=(("Content-Length", "+2"),)),
    "a length below nothing": Knock(400, "bad_input", headers=(("Content-Length", "-2"),)),
    "a list of lengths": Knock(400, "bad_input", headers=(("Content-Length", "2, 2"),)),
    "an endless length": Knock(413, "too_large", headers=(("Content-Length", "9" * 12),)),
}


def changed(house: House, door: Door, form: Knock) -> bytes:
    named = {name for name, _ in form.headers}
    sent = [("Host", house.host(door.service)), *house.bearer(door), *form.headers]
    if door.endpoint.body is not None:
        sent.append(("Content-Type", "application/json"))
    body = b""
    if "Transfer-Encoding" in named:
        body = b"2\r\n{}\r\n0\r\n\r\n"
    elif "Content-Length" not in named and door.endpoint.body is not None:
        sent, body = [*sent, ("Content-Length", "2")], b"{}"
    return form.edit(request(form.method(door.endpoint.method), form.target(door.path), sent, body, form.protocol))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_another_form_is_refused_at_every_door(house: House, form: Knock) -> None:
    faults = {}
    for door in DOORS:
        answer = house.send(door.service, changed(house, door, form))
        if found := faults_of(answer, form.status, form.code, service=door.service):
            faults[door.name] = found
    assert (faults, house.took()) == ({}, [])


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_a_path_does_not_have_is_refused_and_the_right_ones_named(house: House, method: str) -> None:
    there = {(door.service, door.path): set[str]() for door in DOORS}
    for door in DOORS:
        there[door.service, door.path] |= {door.endpoint.method} | (
            {"HEAD"} if door.endpoint.method == "GET" else set()
        )
    faults = {}
    for (service, path), methods in there.items():
        if method in methods:
            continue
        sent = [("Host", house.host(service)), ("Authorization", f"Bearer {house.owner}")]
        answer = house.send(service, request(method, path, sent), to_head=method == "HEAD")
        found = faults_of(answer, 405, "method_not_allowed", service=service, has_body=method != "HEAD")
        if found or answer is None or answer.header("Allow") != ", ".join(sorted(methods)):
            faults[service, path] = found or answer
    assert (faults, house.took()) == ({}, [])


@pytest.mark.parametrize("method", METHODS)
def test_without_a_token_a_wrong_method_is_told_where_anyone_may_know_the_path(hub: Hub, method: str) -> None:
    with house_of(hub) as house:  # of its own: calls without a token are counted, and too many are answered otherwise
        for service, path in sorted({(door.service, door.path) for door in DOORS}):
            doors = [door for door in DOORS if (door.service, door.path) == (service, path)]
            if method in {door.endpoint.method for door in doors} | {"HEAD"}:
                continue
            answer = house.send(service, request(method, path, [("Host", house.host(service))]))
            is_open = any(door.endpoint.anonymous for door in doors)
            status, code = (405, "method_not_allowed") if is_open else (401, "unauthorized")
            assert faults_of(answer, status, code, service=service) == [], path
            assert answer is not None
            assert bool(answer.header("Allow")) == is_open
        assert house.took() == []


@pytest.mark.parametrize(
    "path", ["/", f"/{CANARY}", "/clipboard/", "/CLIPBOARD", "/clipboard;x", "/ping/x", "/static/x"]
)
def test_what_is_not_declared_is_unauthorized_to_strangers_and_not_found_to_the_owner(house: House, path: str) -> None:
    for service in SERVICES:
        for method in METHODS:
            for token, status, code in (("", 401, "unauthorized"), (house.owner, 404, "not_found")):
                sent = [("Host", house.host(service)), *([("Authorization", f"Bearer {token}")] if token else [])]
                answer = house.send(service, request(method, path, sent), to_head=method == "HEAD")
                assert faults_of(answer, status, code, service=service, has_body=method != "HEAD") == []
    assert house.took() == []


def test_head_is_answered_as_get_without_a_body(house: House) -> None:
    for door in (door for door in DOORS if door.endpoint.method == "GET"):
        sent = [("Host", house.host(door.service)), *house.bearer(door)]
        wire = house.wire(door.service)
        wire.send(request("HEAD", door.path, sent) + request("GET", door.path, sent))
        head, get = wire.answer(to_head=True), wire.answer()
        wire.close()
        assert head is not None
        assert get is not None
        assert (head.status, head.header("Content-Length")) == (get.status, str(len(get.body))), door.name
        assert house.took() == [door.key, door.key]


@pytest.mark.parametrize("body", [b"{}", b"x"])
def test_a_body_where_none_belongs_is_refused(house: House, body: bytes) -> None:
    for door in (door for door in DOORS if door.endpoint.body is None):
        sent = [("Host", house.host(door.service)), *house.bearer(door), ("Content-Length", str(len(body)))]
        answer = house.send(door.service, request(door.endpoint.method, door.path, sent, body))
        assert faults_of(answer, 400, "bad_input", service=door.service) == [], door.name
    assert house.took() == []


def test_two_lengths_are_refused(house: House) -> None:
    for door in DOORS:
        whole = changed(house, door, Knock(400, "bad_input", headers=(("Content-Length", "2"),)))
        twice = whole.replace(b"\r\n", b"\r\nContent-Length: 3\r\n", 1) + b"{}"
        answer = house.send(door.service, twice)
        assert faults_of(answer, 400, "bad_input", service=door.service) == [], door.name
    assert house.took() == []


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-Method-Override", "X-Original-URL", "X-Rewrite-URL"])
def test_no_header_changes_the_method_or_the_path(house: House, name: str) -> None:
    for door in GUARDED:
        other = "DELETE" if "method" in name.lower() else "/ping"
        house.send(door.service, house.knock(door, [*house.bearer(door), (name, other)]))
        assert house.took() == [door.key]


def test_a_header_with_an_underscore_is_not_the_one_with_a_hyphen(house: House) -> None:
    for door in GUARDED:
        sent = [("HTTP_AUTHORIZATION", f"Bearer {house.owner}"), ("PATH_INFO", "/ping"), ("SCRIPT_NAME", "/x")]
        answer = house.send(door.service, house.knock(door, sent))
        assert faults_of(answer, 401, "unauthorized", service=door.service) == []
    assert house.took() == []
