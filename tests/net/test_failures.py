"""Every finding and failure has one shape; what is no finding of ours tells nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from werkzeug.test import Client

from python_core import errors
from python_core.errors import BadInput, Busy, Detail, HubError
from python_core.net.apps import build_app
from python_core.net.endpoints import Call, Reply, Routes
from python_core.net.failures import STATUS_OF_CODE, Refusal, shaped, status_line
from python_core.runtime.hub import Hub
from python_core.store.schema import StoreUnusable
from python_core.utils.config_path_resolver import Paths
from python_core.utils.logger import configure_logs, flush_logs

TRACE = "a" * 32
CANARY = "Zq7canary"
LOCAL = ("internal", "settings_invalid", "not_reachable", "store_unusable", "port_taken")


def told(fault: BaseException) -> tuple[int, dict[str, object], dict[str, str]]:
    status, body, headers = shaped(fault, TRACE)
    return status, msgspec.json.decode(body), headers


def test_a_finding_is_told_with_its_places() -> None:
    status, body, headers = told(BadInput("Two faults.", details=[Detail("/a/0", "is odd"), Detail("?q", "is long")]))
    assert (status, headers) == (400, {})
    assert body == {
        "status": "error",
        "error": {
            "code": "bad_input",
            "message": "Two faults.",
            "details": [{"at": "/a/0", "message": "is odd"}, {"at": "?q", "message": "is long"}],
        },
        "traceId": TRACE,
    }


@pytest.mark.parametrize("code", [code for code in STATUS_OF_CODE if code != "internal"])
def test_every_code_has_a_status_with_a_reason(code: str) -> None:
    status, body, _ = told(Refusal(code, "A sentence."))
    assert status_line(status).startswith(f"{status} ")
    assert body["error"] == {"code": code, "message": "A sentence."}


def test_every_finding_has_a_code_of_the_contract_or_is_for_this_machine_alone() -> None:
    found = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HubError)]
    assert {each.code for each in found} - STATUS_OF_CODE.keys() <= set(LOCAL)


def test_who_comes_too_early_is_told_when_to_come_again() -> None:
    assert told(Busy("Later.", retry_after_s=7))[2] == {"Retry-After": "7"}
    assert told(Refusal("unauthorized", "No.", {"WWW-Authenticate": "Bearer"}))[2] == {"WWW-Authenticate": "Bearer"}


@pytest.mark.parametrize("fault", [ValueError(CANARY), KeyError(CANARY), HubError(CANARY), RecursionError(CANARY)])
def test_what_is_no_finding_for_callers_is_internal_and_tells_nothing(fault: Exception) -> None:
    status, body, headers = told(fault)
    assert (status, headers) == (500, {})
    assert body["error"]["code"] == "internal"  # type: ignore[index]
    assert CANARY not in str(body)


def test_a_database_that_cannot_be_used_is_internal_and_says_what_to_do() -> None:
    status, body, _ = told(StoreUnusable("Put back a copy."))
    assert (status, body["error"]) == (500, {"code": "internal", "message": "Put back a copy."})


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[Paths]:
    """Where this test's log goes."""
    made = Paths(tmp_path / "roaming", tmp_path / "local")
    configure_logs(made, level="Verbose")
    yield made
    flush_logs()


@pytest.mark.parametrize(
    "fault", [ValueError(CANARY), msgspec.ValidationError(CANARY), RecursionError(), MemoryError()]
)
def test_a_handler_that_breaks_is_answered_in_the_same_shape_and_logged_by_its_class(
    hub: Hub, paths: Paths, fault: Exception
) -> None:
    routes = Routes("Broken")

    @routes.declare("GET", "/broken", access="open", anonymous=True)
    def get_broken(call: Call) -> Reply:  # noqa: ARG001
        raise fault

    reply = Client(build_app("bridge", hub, [routes], hub.settings.bridge)).get(
        "/broken", base_url="http://127.0.0.1:5001"
    )
    assert reply.status_code == 500
    assert reply.get_json()["error"]["code"] == "internal"
    assert reply.headers["X-SmrtHub-Service"] == "bridge"
    assert reply.get_json()["traceId"] == reply.headers["X-Trace-Id"]
    flush_logs()
    logged = "".join(path.read_text(encoding="utf-8") for path in paths.logs().iterdir())
    assert type(fault).__name__ in logged
    assert CANARY not in logged + reply.get_data(as_text=True)
    assert not logging.getLogger("python_core.net").handlers
