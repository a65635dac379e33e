"""Keep the hub running: start it again when it has died, with a growing pause, and give up after a storm.

The hub's standard input is a pipe of the supervisor's: when that closes the hub ends in order, on every system, also when the
supervisor is killed. What the supervisor does stands in a file that ``smrthub status`` reads, the hub running or not.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from python_core.errors import SettingsInvalid
from python_core.utils.atomic_json import read_json, write_json
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.timestamps import now_ms, to_rfc3339

#: The pause before a start, and its growth: 1, 2, 4, … 60 s.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
#: A hub that has run for so long was well: the next pause is the first again.
WELL_AFTER_S = 600.0
#: So many ends within so long are a storm: something has to be mended first.
STORM_ENDS, STORM_S = 8, 600.0
#: Ended in order, wrong usage, settings: another start would end alike.
FINAL_CODES = frozenset({0, 2, 78})
EXIT_GAVE_UP = 69
#: Between two looks whether the hub still runs.
LOOK_S = 0.25
State = Literal["running", "pausing", "gave_up", "failed"]


class Supervision(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a supervisor does, or did last; ``last_code`` as a process ends: an exit code, or the negative of a signal."""

    state: State
    pid: int
    started_at: str
    hub_pid: int | None = None
    restarts: int = 0
    last_code: int | None = None
    last_ended_at: str | None = None
    next_start_at: str | None = None


class Pauses:
    """How long to wait before the next start; None after a storm."""

    def __init__(self) -> None:
        self._ends: deque[float] = deque(maxlen=STORM_ENDS)
        self._pause_s = FIRST_PAUSE_S

    def next(self, ended_at: float, ran_s: float) -> float | None:
        """Return the pause after an end at a time (of a clock that never goes back) of a hub that ran for so long."""
        self._ends.append(ended_at)
        if len(self._ends) == STORM_ENDS and ended_at - self._ends[0] <= STORM_S:
            return None
        if ran_s >= WELL_AFTER_S:
            self._pause_s = FIRST_PAUSE_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, LONGEST_PAUSE_S)
        return pause_s


class Supervisor:
    """Runs a command over and over until it ends in order or somebody sets ``stop``.

    :param grace_s: how long the hub may take to end when it is asked to; then it is killed.
    :param say: tells a person what happens.
    """

    def __init__(
        self,
        command: Sequence[str],
        paths: Paths,
        *,
        grace_s: float,
        say: Callable[[str], None],
        output: int | None = None,
        pauses: Pauses | None = None,
    ) -> None:
        self.stop = threading.Event()
        self._command, self._grace_s, self._say, self._output = list(command), grace_s, say, output
        self._pauses = pauses or Pauses()
        self._path = supervision_path(paths)
        self._told = Supervision(state="running", pid=os.getpid(), started_at=to_rfc3339(now_ms()))

    def run(self) -> int:
        """Keep it running and return the exit code: 0 asked to end, 69 gave up, else what the hub ended with for good."""
        while True:
            began = time.monotonic()
            code = self._run_once()
            if self.stop.is_set() or code == 0:
                self._path.unlink(missing_ok=True)
                return 0
            ended_at, at_ms = time.monotonic(), now_ms()
            ended = {"hub_pid": None, "last_code": code, "last_ended_at": to_rfc3339(at_ms)}
            if code in FINAL_CODES:
                self._tell(state="failed", **ended)
                return code
            pause_s = self._pauses.next(ended_at, ended_at - began)
            if pause_s is None:
                self._tell(state="gave_up", **ended)
                self._say(
                    f"The hub ended {STORM_ENDS} times within {STORM_S / 60:.0f} minutes, {told_end(code)}: given up."
                )
                return EXIT_GAVE_UP
            self._tell(state="pausing", next_start_at=to_rfc3339(at_ms + int(pause_s * 1000)), **ended)
            self._say(f"The hub has ended, {told_end(code)}. It is started again in {pause_s:.0f} s.")
            if self.stop.wait(pause_s):
                self._path.unlink(missing_ok=True)
                return 0
            self._told = msgspec.structs.replace(self._told, restarts=self._told.restarts + 1)

    def _run_once(self) -> int:
        with subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=self._output, stderr=self._output) as hub:
            self._tell(state="running", hub_pid=hub.pid, next_start_at=None)
            while hub.poll() is None:
                if self.stop.wait(LOOK_S):
                    self._end(hub)
            return hub.wait()

    def _end(self, hub: subprocess.Popen[bytes]) -> None:
        """Ask the hub to end, and end it when it does not."""
        if hub.stdin is not None:
            with suppress(OSError):
                hub.stdin.close()
        if os.name != "nt":  # there this would end it at once
            with suppress(ProcessLookupError):
                hub.send_signal(signal.SIGTERM)
        try:
            hub.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            self._say(f"The hub did not end within {self._grace_s:.0f} s: it is killed.")
            hub.kill()

    def _tell(self, **changes: Any) -> None:
        self._told = msgspec.structs.replace(self._told, **changes)
        with suppress(OSError):  # a full disk must not end the supervision
            make_private(self._path.parent)
            write_json(self._path, msgspec.to_builtins(self._told), keep_bak=False)


def supervision_path(paths: Paths) -> Path:
    """Return where a supervisor tells what it does."""
    return paths.runtime() / "supervisor.json"


def read_supervision(paths: Paths) -> Supervision | None:
    """Return what the last supervisor told; None when there was none, or it ended in order."""
    try:
        return msgspec.convert(read_json(supervision_path(paths)), Supervision)
    except (OSError, SettingsInvalid, msgspec.ValidationError):
        return None


def told_end(code: int) -> str:
    """Say how a process ended."""
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"
