"""What ``smrthub status`` tells of a supervisor that has given up, failed, pauses, or is gone, while no hub answers."""

from __future__ import annotations

import os

import msgspec
import pytest

from python_core.support.supervising import Supervision, supervision_path
from python_core.utils.timestamps import now_ms, to_rfc3339
from tests.cli.terminals import Terminal


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (
            {"state": "gave_up", "last_code": 70},
            "The supervisor gave up (exit code 69): the hub ended 8 times within 10 minutes",
        ),
        ({"state": "failed", "last_code": 78}, "the hub ended with exit code 78, and another start would end"),
        ({"state": "pausing", "last_code": -9}, "The hub ended by signal 9, 1 min"),
        ({"state": "running", "started_at": "2001-01-01T00:00:00.000Z"}, "is gone without a word"),
    ],
)
def test_status_says_why_there_is_no_hub(idle: Terminal, told: dict[str, object], says: str) -> None:
    path = supervision_path(idle.home.paths)
    path.parent.mkdir(parents=True)
    usual = {"pid": os.getpid(), "started_at": to_rfc3339(now_ms() + 60_000)}
    if "last_code" in told:
        usual["last_ended_at"] = to_rfc3339(now_ms() - 65_000)
    path.write_bytes(msgspec.json.encode(msgspec.to_builtins(Supervision(**(usual | told)))))  # type: ignore[arg-type]
    done = idle("status")
    assert (done.code, says in done.err, done.out) == (3, True, ""), done.err
    assert "See smrthub logs." in done.err
