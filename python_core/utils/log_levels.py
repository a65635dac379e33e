"""From which level on a component's records are written: what the settings say, and for a while what the user says.

``smrthub logs level`` writes one small file. Each process of the hub looks at it when it has something to log, at most once a
second: no thread, no route, the same under any host. What was said ends by itself, since each entry bears its end.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import monotonic
from typing import Final, Literal, NamedTuple

from python_core.errors import HubError
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.timestamps import from_rfc3339, now_ms, to_rfc3339

LevelName = Literal["Verbose", "Debug", "Information", "Warning", "Error", "Fatal"]
LEVELS: Final[tuple[LevelName, ...]] = ("Verbose", "Debug", "Information", "Warning", "Error", "Fatal")
VERBOSE, DEBUG, INFORMATION, WARNING, ERROR, FATAL = range(len(LEVELS))
#: The modules that log, by their names, ``libraries``, and all of them together.
COMPONENTS: Final = (
    "all", "answers", "backups", "crashes", "gate", "health", "hosting", "indexing", "libraries", "privacy", "retention",
    "running", "save_worker", "server_process", "support_bundles", "triggers",
)  # fmt: skip
ALL: Final = "all"
#: A level that was set for longer is a slip of the clock, and ends.
LONGEST_MS: Final = 7 * 86_400_000
_LOOK_EVERY_S = 1.0
_MAX_FILE_BYTES = 65_536


class SetLevel(NamedTuple):
    """A component's level until a time."""

    level: LevelName
    until_ms: int


class Levels:
    """The levels of a process: ``least`` of a component, else ``level``; ask ``look`` first when ``look_at`` is over."""

    def __init__(self) -> None:
        self.level = INFORMATION
        self.least: dict[str, int] = {}
        self.look_at = float("inf")
        self._usual = INFORMATION
        self._paths: Paths | None = None
        self._set: dict[str, SetLevel] = {}
        self._known: tuple[int, int, int] | None = None

    def configure(self, usual: int, paths: Paths) -> None:
        """Say which level is the usual one and where the user's own levels stand."""
        self._usual, self._paths, self._known = usual, paths, None
        self.look()

    def look(self) -> None:
        """Read what the user has said, if that has changed, and let end what is over; it never raises."""
        self.look_at = monotonic() + _LOOK_EVERY_S
        if self._paths is None:
            return
        file = _file_of(self._paths)
        try:
            found = file.stat()
            known = (found.st_ino, found.st_mtime_ns, found.st_size)
            if known != self._known:
                self._set = _levels_in(file)
                self._known = known
        except FileNotFoundError:
            self._set, self._known = {}, None
        except OSError:
            pass  # it is being replaced, on Windows: the next look reads it
        at_ms = now_ms()
        lasting = {name: LEVELS.index(each.level) for name, each in self._set.items() if at_ms < each.until_ms}
        self.level = lasting.pop(ALL, self._usual)
        self.least = lasting

    def told(self) -> dict[str, SetLevel]:
        """Return the levels that the user has set and that hold now; what was set this very second may be missing."""
        if monotonic() >= self.look_at:
            self.look()
        return {name: each for name, each in self._set.items() if now_ms() < each.until_ms}


def read_levels(paths: Paths) -> dict[str, SetLevel]:
    """Return the levels that were set and hold now; what cannot be read counts as nothing."""
    try:
        return _levels_in(_file_of(paths))
    except OSError:
        return {}


def _levels_in(path: Path) -> dict[str, SetLevel]:
    with path.open("rb") as file:
        content = file.read(_MAX_FILE_BYTES)
    try:
        told = json.loads(content)["levels"]
        found = {name: SetLevel(each["level"], from_rfc3339(each["until"])) for name, each in told.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    at_ms = now_ms()
    return {
        name: each
        for name, each in found.items()
        if name in COMPONENTS and each.level in LEVELS and at_ms < each.until_ms <= at_ms + LONGEST_MS
    }


def set_level(paths: Paths, component: str, level: LevelName | None, for_ms: int = 0) -> None:
    """Set a component's level for a while, in every process within a second; None: as usual again.

    :raises ValueError: there is no such component or level, or the while is longer than ``LONGEST_MS``.
    :raises HubError: the file cannot be written.
    """
    if component not in COMPONENTS or level not in (None, *LEVELS) or not 0 <= for_ms <= LONGEST_MS:
        raise ValueError("a component, a level and at most a week")
    from python_core.utils.atomic_json import write_json  # only for who sets one
    from python_core.utils.file_lock import FileLock

    file = _file_of(paths)
    try:
        with FileLock(make_private(file.parent) / f"{file.name}.lock"):
            levels = read_levels(paths)
            levels.pop(component, None)
            if level is not None:
                levels[component] = SetLevel(level, now_ms() + for_ms)
            told = {name: {"level": each.level, "until": to_rfc3339(each.until_ms)} for name, each in levels.items()}
            write_json(file, {"schemaVersion": 1, "levels": told}, keep_bak=False)
    except OSError as error:
        raise HubError(f"{file} cannot be written: {error.strerror}") from None


def _file_of(paths: Paths) -> Path:
    return paths.runtime() / "log-levels.json"
