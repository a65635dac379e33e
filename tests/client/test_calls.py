"""Calls: what is sent, what comes back, and what is refused before it is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from python_core.client import HubClient, path_of
from python_core.errors import BadInput, HubError, NotFound
from tests.client.posing import Asked, Posing, Said, write_runtime_file


def ask(tmp_path: Path, said: Said, *args: object, **named: object) -> tuple[dict[str, object], Asked]:
    server = Posing(lambda _: said)
    try:
        with HubClient(environ=write_runtime_file(tmp_path, server.port)) as hub:
            return hub.call(*args, **named), server.asked[-1]  # type: ignore[arg-type]
    finally:
        server.stop()


def test_parameters_that_are_none_are_left_out(tmp_path: Path) -> None:
    answer, asked = ask(
        tmp_path, Said({"status": "ok", "a": 1}), "GET", "/x", query={"q": "ü & b", "site": None, "n": 3}
    )
    assert answer == {"a": 1}
    assert asked.target == "/x?q=%C3%BC+%26+b&n=3"


def test_what_the_hub_finds_wrong_is_raised(tmp_path: Path) -> None:
    told = Said({"status": "error", "error": {"code": "not_found", "message": "There is none."}}, status=404)
    with pytest.raises(NotFound, match="There is none"):
        ask(tmp_path, told, "GET", "/x")


@pytest.mark.parametrize("value", [[], "ok", {"status": "fine"}, {}, None])
def test_an_answer_that_is_none_is_told(tmp_path: Path, value: object) -> None:
    with pytest.raises(HubError, match="does not understand"):
        ask(tmp_path, Said(value), "GET", "/x")


@pytest.mark.parametrize("body", [{"a": "\udc80"}, {"a": float("nan")}, ["\ud800"]])
def test_a_body_that_json_does_not_have_is_not_sent(tmp_path: Path, body: object) -> None:
    with pytest.raises(BadInput):
        ask(tmp_path, Said({"status": "ok"}), "POST", "/x", body)


def test_a_query_that_is_no_unicode_is_not_sent(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="UTF-8"):
        ask(tmp_path, Said({"status": "ok"}), "GET", "/x", query={"q": "\udc80"})


def test_bytes_come_as_they_are(tmp_path: Path) -> None:
    server = Posing(lambda _: Said(content=b"\0\xff\r\n"))
    try:
        with HubClient(environ=write_runtime_file(tmp_path, server.port)) as hub:
            assert hub.download("GET", "/x") == b"\0\xff\r\n"
    finally:
        server.stop()


def test_a_path_is_made_of_plain_parts() -> None:
    assert path_of("clipboard", "01a2-b.c_d", "fragments", "0") == "/clipboard/01a2-b.c_d/fragments/0"


@pytest.mark.parametrize("part", ["", "a/b", "a b", "a?b", "a\r\nb", "%2e", "ü", "a" * 65, "a#b"])
def test_a_part_that_would_change_the_path_is_refused(part: str) -> None:
    with pytest.raises(BadInput, match="copy it from a list"):
        path_of("clipboard", part)
