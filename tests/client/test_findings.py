"""Each error of the contract comes back as the exception of its code."""

from __future__ import annotations

import json

import pytest

from python_core import errors
from python_core.client.findings import Refused, finding_of
from python_core.errors import Busy, Detail, HubError


def reply(code: str, message: str = "So it is.", **more: object) -> bytes:
    return json.dumps({"status": "error", "error": {"code": code, "message": message, **more}}).encode()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("bad_input", errors.BadInput),
        ("not_found", errors.NotFound),
        ("conflict", errors.Conflict),
        ("gone", errors.Gone),
        ("precondition_failed", errors.PreconditionFailed),
        ("too_large", errors.TooLarge),
        ("unsupported_media_type", errors.UnsupportedMediaType),
        ("storage_full", errors.StorageFull),
        ("busy", errors.Busy),
        ("insufficient_scope", Refused),
        ("one_of_a_later_version", Refused),
    ],
)
def test_a_code_has_its_class(code: str, kind: type[HubError]) -> None:
    finding = finding_of(400, {}, reply(code))
    assert (type(finding), finding.code, finding.message) == (kind, code, "So it is.")


def test_details_are_kept() -> None:
    finding = finding_of(400, {}, reply("bad_input", details=[{"at": "/a/0", "message": "no"}, "odd"]))
    assert finding.details == (Detail("/a/0", "no"),)


@pytest.mark.parametrize(("header", "seconds"), [("7", 7), ("", 1), ("soon", 1), ("-1", 1)])
def test_busy_says_when_to_try_again(header: str, seconds: int) -> None:
    finding = finding_of(503, {"retry-after": header}, reply("busy"))
    assert isinstance(finding, Busy)
    assert finding.retry_after_s == seconds


def test_what_broke_in_the_hub_names_its_trace() -> None:
    assert finding_of(500, {"x-trace-id": "abc"}, reply("internal")).message == "So it is. (abc)"


def test_a_hub_that_is_not_ready_is_told_so() -> None:
    finding = finding_of(503, {}, b'{"status":"ok","service":"smrthub-bridge","apiVersion":1,"ready":false}')
    assert isinstance(finding, Busy)
    assert "not ready" in finding.message


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"error": "text"}', b"\xff", b"[" * 100_000])
def test_an_error_of_no_known_shape_is_told_as_such(content: bytes) -> None:
    assert "does not understand" in finding_of(500, {}, content).message
