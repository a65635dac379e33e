"""Supervision: what ends is started again after a growing pause, until it is a storm; what ends in order is left alone."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import pytest

from python_core.support.supervising import (
    EXIT_GAVE_UP,
    LONGEST_PAUSE_S,
    STORM_ENDS,
    STORM_S,
    WELL_AFTER_S,
    Pauses,
    Supervisor,
    read_supervision,
    supervision_path,
    told_end,
)
from python_core.utils.config_path_resolver import Paths


class NoPauses(Pauses):
    """Gives up as a storm does, without the waiting."""

    def next(self, ended_at: float, ran_s: float) -> float | None:
        return None if super().next(ended_at, ran_s) is None else 0.0


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


def supervisor(paths: Paths, script: str, told: list[str], pauses: Pauses | None = None) -> Supervisor:
    command = [sys.executable, "-c", script]
    return Supervisor(command, paths, grace_s=30, say=told.append, pauses=pauses or NoPauses())


def test_pauses_grow_to_a_minute_and_begin_anew_after_a_good_run() -> None:
    pauses, at = Pauses(), 0.0
    found = []
    for _ in range(12):
        at += STORM_S  # each far from the one before: no storm
        found.append(pauses.next(at, ran_s=1))
    assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert max(each for each in found if each) == LONGEST_PAUSE_S
    assert pauses.next(at + STORM_S, ran_s=WELL_AFTER_S) == 1


def test_so_many_ends_within_so_long_are_a_storm_and_one_less_is_none() -> None:
    storm, calm = Pauses(), Pauses()
    step_s = STORM_S / (STORM_ENDS - 1)
    assert [storm.next(n * step_s, 1) is None for n in range(STORM_ENDS)] == [False] * (STORM_ENDS - 1) + [True]
    assert None not in [calm.next(n * (step_s + 1), 1) for n in range(3 * STORM_ENDS)]


def test_what_ends_in_order_ends_the_supervision_and_leaves_nothing(paths: Paths) -> None:
    told: list[str] = []
    assert supervisor(paths, "pass", told).run() == 0
    assert (told, read_supervision(paths), supervision_path(paths).exists()) == ([], None, False)


def test_settings_that_cannot_be_are_not_tried_again(paths: Paths) -> None:
    assert supervisor(paths, "raise SystemExit(78)", []).run() == 78
    found = read_supervision(paths)
    assert found is not None
    assert (found.state, found.last_code, found.restarts) == ("failed", 78, 0)


def test_a_storm_is_given_up_and_told(paths: Paths) -> None:
    told: list[str] = []
    assert supervisor(paths, "raise SystemExit(70)", told).run() == EXIT_GAVE_UP == 69
    found = read_supervision(paths)
    assert found is not None
    assert (found.state, found.last_code, found.restarts, found.hub_pid) == ("gave_up", 70, STORM_ENDS - 1, None)
    assert "8 times within 10 minutes, with exit code 70" in told[-1]


def test_it_is_started_again_until_it_ends_in_order(paths: Paths, tmp_path: Path) -> None:
    mark = tmp_path / "starts"
    script = f"import sys; f = open({str(mark)!r}, 'a'); f.write('x'); f.close(); sys.exit(len(open({str(mark)!r}).read()) < 3)"
    assert supervisor(paths, script, []).run() == 0
    assert mark.read_text() == "xxx"


@pytest.mark.parametrize("obeys", [True, False])
def test_who_asks_for_the_end_gets_it_by_the_pipe_or_by_force(paths: Paths, tmp_path: Path, obeys: bool) -> None:
    mark = tmp_path / "runs"
    wait = "sys.stdin.read()" if obeys else "time.sleep(600)"
    script = f"import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(mark)!r}, 'w').close(); {wait}"
    told: list[str] = []
    made = Supervisor([sys.executable, "-c", script], paths, grace_s=30 if obeys else 0.5, say=told.append)
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(made.run()))
    thread.start()
    while not mark.exists():
        assert thread.is_alive()
    made.stop.set()
    thread.join()
    assert codes == [0]
    assert bool(told) != obeys
    assert read_supervision(paths) is None


def test_a_file_that_is_damaged_tells_nothing(paths: Paths) -> None:
    supervision_path(paths).parent.mkdir(parents=True)
    supervision_path(paths).write_text("{")
    assert read_supervision(paths) is None


def test_ends_are_told_by_code_or_signal() -> None:
    assert told_end(70) == "with exit code 70"
    assert told_end(-signal.SIGTERM) == "by signal 15"
