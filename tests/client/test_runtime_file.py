"""Where the hub is, as its runtime files say it, and what is made of files that cannot be so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from python_core.client import Refused, find_server
from python_core.client.runtime_file import is_loopback
from python_core.errors import BadInput, HubError, NotReachable
from tests.client.posing import TOKEN, write_runtime_file, write_runtime_text


def test_the_file_says_where_the_hub_is(tmp_path: Path) -> None:
    server = find_server("bridge", write_runtime_file(tmp_path, 5011, pid=42))
    assert (server.url, server.port, server.pid, server.token) == ("http://127.0.0.1:5011", 5011, 42, TOKEN)


def test_an_address_of_ipv6_stands_in_brackets(tmp_path: Path) -> None:
    assert find_server("bridge", write_runtime_file(tmp_path, 5011, host="::1")).url == "http://[::1]:5011"


def test_each_server_has_its_file(tmp_path: Path) -> None:
    environ = write_runtime_file(tmp_path, 5000, "web-listener")
    assert find_server("web-listener", environ).port == 5000
    with pytest.raises(NotReachable, match=r"^Cannot reach the hub\. Start it with: smrthub serve$"):
        find_server("bridge", environ)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "\0", "{}", '{"host": "127.0.0.1"}', "[" * 100_000])
def test_a_damaged_file_is_no_running_hub(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotReachable, match="is damaged"):
        find_server("bridge", write_runtime_text(tmp_path, text))


@pytest.mark.parametrize("wrong", [{"port": "5001"}, {"pid": None}, {"host": 1}, {"startedAt": 0}])
def test_facts_of_the_wrong_type_are_damage(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(NotReachable, match="is damaged"):
        find_server("bridge", write_runtime_file(tmp_path, **{"port": 5001, **wrong}))


@pytest.mark.parametrize("host", ["192.0.2.1", "hub.example", "0.0.0.0", "localhost.evil.example", "::", ""])
def test_a_host_that_is_not_this_machine_is_never_called(tmp_path: Path, host: str) -> None:
    with pytest.raises(NotReachable, match="not on this machine"):
        find_server("bridge", write_runtime_file(tmp_path, 5001, host=host))


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_cannot_be_is_never_called(tmp_path: Path, port: int) -> None:
    with pytest.raises(NotReachable, match="not on this machine"):
        find_server("bridge", write_runtime_file(tmp_path, port))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_has_several_names(host: str) -> None:
    assert is_loopback(host)


def test_a_supervisors_token_wins_over_the_files(tmp_path: Path) -> None:
    environ = write_runtime_file(tmp_path, 5001)
    assert find_server("bridge", environ | {"SMRTHUB_SESSION_TOKEN": "given"}).token == "given"
    assert find_server("bridge", environ | {"SMRTHUB_SESSION_TOKEN": ""}).token == TOKEN


def test_without_any_token_it_says_whose_it_is(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="set SMRTHUB_SESSION_TOKEN") as told:
        find_server("bridge", write_runtime_file(tmp_path, 5001, token=""))
    assert told.value.code == "unauthorized"


@pytest.mark.parametrize("token", ["shb\r\nX-Other: 1", "tök", "a\0b"])
def test_a_token_that_would_break_the_request_is_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(BadInput, match="SMRTHUB_SESSION_TOKEN"):
        find_server("bridge", write_runtime_file(tmp_path, 5001) | {"SMRTHUB_SESSION_TOKEN": token})


def test_the_token_is_in_no_representation(tmp_path: Path) -> None:
    assert TOKEN not in repr(find_server("bridge", write_runtime_file(tmp_path, 5001)))


@pytest.mark.skipif(os.name == "nt", reason="files have no mode on Windows")
def test_a_file_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path) -> None:
    environ = write_runtime_file(tmp_path, 5001)
    [path] = tmp_path.rglob("bridge.json")
    path.chmod(0o644)
    with pytest.raises(HubError, match="chmod 600"):
        find_server("bridge", environ)
