"""A process is found by its number and its beginning together, and whatever a file says is taken."""

from __future__ import annotations

import os
from typing import Any

import pytest

from python_core.utils.processes import CLOCK_SLACK_S, find_process, still_runs
from python_core.utils.timestamps import now_ms, to_rfc3339


def test_this_process_is_found_by_a_time_after_its_beginning_and_not_by_one_before() -> None:
    found = find_process(os.getpid(), to_rfc3339(now_ms()), CLOCK_SLACK_S)
    assert found is not None
    assert found.pid == os.getpid()
    began_ms = int(found.create_time() * 1000)
    assert find_process(os.getpid(), to_rfc3339(began_ms - 5_000), 2.0) is None
    assert find_process(os.getpid(), to_rfc3339(began_ms - 5_000), 10.0) is not None


@pytest.mark.parametrize(
    "facts",
    [{}, {"pid": os.getpid()}, {"pid": "1", "startedAt": 3}, {"pid": -1, "startedAt": "2026-01-01T00:00:00.000Z"},
     {"pid": 2**70, "startedAt": "2026-01-01T00:00:00.000Z"}, {"pid": os.getpid(), "startedAt": "yesterday"}],
)  # fmt: skip
def test_what_a_file_says_that_names_no_process_names_none(facts: dict[str, Any]) -> None:
    assert not still_runs(facts)
