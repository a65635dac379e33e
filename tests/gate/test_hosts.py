"""Only a loopback name with the server's own port is a right Host; a page that rebinds its name to 127.0.0.1 has another."""

from __future__ import annotations

import pytest

from tests.gate.doors import CANARY, DOORS, House, faults_of

#: ``{port}`` is the server's own port, ``{other}`` the other server's.
RIGHT = (
    ("127.0.0.1:{port}",),
    ("localhost:{port}",),
    ("LocalHost:{port}",),
    ("[::1]:{port}",),
    ("hub.test:80",),  # in allowedHosts, as Hub.Test:80
    ("HUB.TEST:80",),
)
WRONG = (
    (),
    ("",),
    ("127.0.0.1",),
    ("localhost",),
    ("127.0.0.1:",),
    ("127.0.0.1:80",),
    ("127.0.0.1:{other}",),
    ("127.0.0.1:0{port}",),
    ("127.0.0.1:{port}0",),
    ("127.0.0.1:+{port}",),
    ("127.0.0.2:{port}",),
    ("127.1:{port}",),
    ("0.0.0.0:{port}",),
    ("2130706433:{port}",),
    ("0x7f.0.0.1:{port}",),
    ("0177.0.0.1:{port}",),
    ("localhost.:{port}",),
    ("127.0.0.1.:{port}",),
    (f"{CANARY}.localhost:{{port}}",),
    (f"localhost.{CANARY}.example:{{port}}",),
    (f"127.0.0.1.{CANARY}.example:{{port}}",),
    (f"{CANARY}.example:{{port}}",),
    (f"{CANARY}.example",),
    (f"{CANARY}@127.0.0.1:{{port}}",),
    (f"127.0.0.1:{{port}}/{CANARY}",),
    ("127.0.0.1:{port}, 127.0.0.1:{port}",),
    ("127.0.0.1:{port}", "127.0.0.1:{port}"),
    ("127.0.0.1:{port}", f"{CANARY}.example"),
    (f"{CANARY}.example", "127.0.0.1:{port}"),
    ("::1:{port}",),
    ("[::]:{port}",),
    ("[0:0:0:0:0:0:0:1]:{port}",),
    ("[::ffff:127.0.0.1]:{port}",),
    ("http://127.0.0.1:{port}",),
    ("hub.test",),
    ("hub.test:{port}",),
    ("*",),
)


def spelled(house: House, service: str, hosts: tuple[str, ...]) -> list[str]:
    other = house.port("web-listener" if service == "bridge" else "bridge")
    return [host.format(port=house.port(service), other=other) for host in hosts]


@pytest.mark.parametrize("hosts", RIGHT, ids=repr)
def test_a_right_host_is_let_in_at_every_door(house: House, hosts: tuple[str, ...]) -> None:
    for door in DOORS:
        knock = house.knock(door, house.bearer(door), hosts=spelled(house, door.service, hosts))
        answer = house.send(door.service, knock)
        assert (door.name, answer and answer.status, house.took()) == (door.name, 200, [door.key])


@pytest.mark.parametrize("hosts", WRONG, ids=repr)
def test_a_wrong_host_is_refused_at_every_door(house: House, hosts: tuple[str, ...]) -> None:
    faults = {}
    for door in DOORS:
        right = ("X-Forwarded-Host", house.host(door.service)), ("Forwarded", f"host={house.host(door.service)}")
        knock = house.knock(door, [*right, *house.bearer(door)], hosts=spelled(house, door.service, hosts))
        answer = house.send(door.service, knock)
        if found := faults_of(answer, 421, "misdirected", service=door.service):
            faults[door.name] = found
    assert (faults, house.took()) == ({}, [])
