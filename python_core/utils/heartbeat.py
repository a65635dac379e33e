"""A thread that reports at a steady interval whether a part of the hub is alive and at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

Level = Literal["healthy", "warning", "degraded", "critical"]

Beat = Callable[[str, Level, str], None]


def level_of(age_s: float, interval_s: float) -> Level:
    """Judge a sign of life by its age: healthy to 1.5 intervals, warning to 3, degraded to 6, then critical.

    One and a half, because a beat that comes late by scheduling alone is no finding.
    """
    intervals = age_s / interval_s
    if intervals <= 1.5:
        return "healthy"
    if intervals <= 3:
        return "warning"
    return "degraded" if intervals <= 6 else "critical"


class Heartbeat:
    """Call ``beat(tag, level, detail)`` at once and then every ``interval_s`` seconds, from a thread of its own.

    The level is ``level_of`` the last ``pulse()``. ``error(text)`` makes the level at least degraded until the next pulse.
    What ``beat`` raises is swallowed and told, by class, in the next detail.

    :param beat: runs on the heartbeat's thread; ``detail`` is a text of ours, never a captured one.
    :param monotonic: seconds that never go back.
    """

    def __init__(
        self,
        interval_s: float,
        tag: str,
        beat: Beat,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.interval_s = interval_s
        self.tag = tag
        self._beat = beat
        self._monotonic = monotonic
        self._pulsed_at = monotonic()
        self._error = ""
        self._beat_failure = ""
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; the start counts as a first pulse."""
        if self._thread is not None:
            raise RuntimeError(f"the heartbeat of {self.tag} was started before")
        self.pulse()
        self._thread = threading.Thread(target=self._run, name=f"heartbeat-{self.tag}", daemon=True)
        self._thread.start()

    def pulse(self) -> None:
        """Say that the part is at work; an error that was told is over."""
        self._pulsed_at = self._monotonic()
        self._error = ""

    @property
    def silence_s(self) -> float:
        """How long ago the part said last that it is at work."""
        return self._monotonic() - self._pulsed_at

    def error(self, text: str) -> None:
        """Say that the part's last step failed, in fixed words of ours; the first after a pulse is told at once."""
        is_first = not self._error
        self._error = text
        if is_first:
            self._wake.set()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End the thread, waiting at most so long for a beat that is under way; stopping twice is fine."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            level, detail = self._judge()
            try:
                self._beat(self.tag, level, detail)
            except Exception as error:  # noqa: BLE001 - a full disk must not end the sign of life
                self._beat_failure = type(error).__name__
            else:
                self._beat_failure = ""
            if not self._stopping:
                self._wake.wait(self.interval_s)

    def _judge(self) -> tuple[Level, str]:
        age_s = self.silence_s
        level = level_of(age_s, self.interval_s)
        findings = [f"no sign of work for {age_s:.0f} s"] if level != "healthy" else []
        if self._error:
            findings.insert(0, self._error)
            level = level if level == "critical" else "degraded"
        if self._beat_failure:
            findings.append(f"the beat before was not recorded: {self._beat_failure}")
            level = "warning" if level == "healthy" else level
        return level, "; ".join(findings)
