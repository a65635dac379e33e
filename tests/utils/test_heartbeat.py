from __future__ import annotations

import queue
import threading
import time

import pytest

from python_core.utils.heartbeat import Heartbeat, level_of

Told = tuple[str, str, str]


class Clock:
    """Seconds that go on when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Record:
    """Keeps what a heartbeat tells; ``failing`` makes it raise, as a full disk would."""

    def __init__(self) -> None:
        self.told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self.failing = False
        self.failed = threading.Semaphore(0)

    def __call__(self, tag: str, level: str, detail: str) -> None:
        if self.failing:
            self.failed.release()
            raise OSError(28, "No space left on device")
        self.told.put((tag, level, detail))

    def next(self) -> Told:
        return self.told.get(timeout=20)


@pytest.mark.parametrize(
    ("age_s", "level"),
    [
        (0, "healthy"),
        (45, "healthy"),
        (45.1, "warning"),
        (90, "warning"),
        (90.1, "degraded"),
        (180, "degraded"),
        (180.1, "critical"),
        (1e9, "critical"),
        (-5, "healthy"),
    ],
)
def test_a_level_is_the_age_in_intervals(age_s: float, level: str):
    assert level_of(age_s, 30) == level


def test_it_beats_at_once_and_then_at_every_interval():
    record = Record()
    heart = Heartbeat(interval_s=0.02, tag="save_worker", beat=record, monotonic=Clock())
    heart.start()
    assert [record.next() for _ in range(4)] == [("save_worker", "healthy", "")] * 4
    heart.stop()


def test_a_part_that_no_longer_pulses_sinks_and_recovers():
    record, clock = Record(), Clock()
    heart = Heartbeat(30, "save_worker", record, monotonic=clock)
    for later_s, level in ((40, "healthy"), (80, "warning"), (100, "degraded"), (200, "critical")):
        clock.seconds = 1000.0 + later_s
        assert heart._judge()[0] == level
    assert heart._judge() == ("critical", "no sign of work for 200 s")
    heart.pulse()
    assert heart._judge() == ("healthy", "")


def test_an_error_is_told_at_once_and_stays_until_the_next_pulse():
    record = Record()
    heart = Heartbeat(1000, "save_worker", record)
    heart.start()
    assert record.next() == ("save_worker", "healthy", "")
    heart.error("the space is gone")
    assert record.next() == ("save_worker", "degraded", "the space is gone")
    heart.pulse()
    assert heart._judge() == ("healthy", "")
    heart.stop()


def test_a_worker_that_fails_all_the_time_does_not_flood():
    record = Record()
    heart = Heartbeat(1000, "save_worker", record)
    heart.start()
    record.next()
    heart.error("step 1")
    assert record.next()[1] == "degraded"
    for number in range(5):
        heart.error(f"step {number}")
        time.sleep(0.02)
    heart.stop()
    assert record.told.empty()


def test_an_error_of_a_part_that_hangs_as_well_stays_critical():
    clock = Clock()
    heart = Heartbeat(30, "save_worker", Record(), monotonic=clock)
    heart.error("the space is gone")
    clock.seconds += 300
    assert heart._judge() == ("critical", "the space is gone; no sign of work for 300 s")


def test_a_beat_that_fails_ends_nothing_and_is_told_when_it_works_again():
    record = Record()
    record.failing = True
    heart = Heartbeat(0.02, "save_worker", record, monotonic=Clock())
    heart.start()
    assert record.failed.acquire(timeout=20)
    assert record.failed.acquire(timeout=20)
    record.failing = False
    assert record.next() == ("save_worker", "warning", "the beat before was not recorded: OSError")
    assert record.next() == ("save_worker", "healthy", "")
    heart.stop()


def test_stopping_does_not_wait_for_the_interval():
    record = Record()
    heart = Heartbeat(1000, "save_worker", record)
    heart.start()
    record.next()
    before = time.monotonic()
    heart.stop(timeout_s=500)
    heart.stop()
    assert time.monotonic() - before < 100
    assert "heartbeat-save_worker" not in {thread.name for thread in threading.enumerate()}


def test_stopping_does_not_wait_for_ever_for_a_beat_that_hangs():
    entered, gone_on = threading.Event(), threading.Event()

    def hang(*_: str) -> None:
        entered.set()
        gone_on.wait(20)

    heart = Heartbeat(1000, "save_worker", hang)
    heart.start()
    assert entered.wait(20)
    heart.stop(timeout_s=0.05)
    gone_on.set()


def test_the_thread_never_keeps_a_process_alive_and_starts_once():
    heart = Heartbeat(1000, "save_worker", Record())
    heart.stop()
    other = Heartbeat(1000, "other", Record())
    other.start()
    assert next(each for each in threading.enumerate() if each.name == "heartbeat-other").daemon
    with pytest.raises(RuntimeError, match="started before"):
        other.start()
    other.stop()
