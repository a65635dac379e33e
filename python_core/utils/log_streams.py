"""Between a log call and the files: records wait here to be written together, or are written at once."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from python_core.errors import HubError
from python_core.utils.config_path_resolver import Paths, resolve_paths
from python_core.utils.log_files import LogFile
from python_core.utils.log_levels import WARNING, Levels
from python_core.utils.log_records import Record, lines_of
from python_core.utils.timestamps import now_ms

_MAX_WAITING = 10_000  # records, a few MB
_MAX_BLOCK = 256  # records


@dataclass
class LogOptions:
    """What the streams of a process have in common; a host may change it while they run.

    :param paths: the user's folders; found from the environment at the first record when None.
    :param max_bytes: of one file; ``days`` and ``max_total_bytes`` bound what stays of all.
    :param hold_open: as ``LogFile`` takes it.
    :param gathering: whether records below Warning may wait, for a thread that flushes.
    :param waiting: set when something waits for that thread.
    """

    paths: Paths | None = None
    levels: Levels = field(default_factory=Levels)
    max_bytes: int = 5 * 1024 * 1024
    days: int = 14
    max_total_bytes: int = 64 * 1024 * 1024
    hold_open: bool = os.name != "nt"
    gathering: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)


class LogStream:
    """The two files of one slug and the records that wait for them; for any thread, and nothing of it raises.

    A record that cannot be written is counted, and the next one that can be is preceded by the count.
    """

    def __init__(self, slug: str, options: LogOptions, when_full: Callable[[], object]) -> None:
        self.slug = slug
        self._options = options
        self._when_full = when_full
        self._waiting: deque[Record] = deque()
        self._lost = 0
        self.lost_ever = 0
        self._files: tuple[LogFile, ...] = ()
        self._busy = False
        # Reentrant for what interrupts its own thread: a signal handler or a finalizer that logs.
        self.lock = threading.RLock()

    def add(self, record: Record) -> None:
        """Take a record, and have it in the files on return unless it may wait."""
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append(record)
        else:
            self.count_lost()
        if record.level >= WARNING or not self._options.gathering:
            self.flush()
        elif not self._options.waiting.is_set():
            self._options.waiting.set()

    def count_lost(self, count: int = 1) -> None:
        """Count records that could not even be made."""
        self._lost += count
        self.lost_ever += count

    def lost_untold(self) -> int:
        """Tell how many lost records the log does not tell of yet."""
        return self._lost + max((file.lost for file in self._files), default=0)

    def flush(self) -> None:
        """Write all that waits."""
        while self._waiting:
            with self.lock:
                if self._busy:
                    return  # the flush that we interrupt writes it when it goes on
                self._busy = True
                try:
                    self._write_block()
                finally:
                    self._busy = False

    def tidy(self) -> None:
        """Turn files over whose last line is of a day before today."""
        with self.lock, suppress(OSError, HubError):
            for file in self._opened():
                file.turn_over_if_due()

    def file_paths(self) -> list[Path]:
        """Name both files; OSError or HubError where they cannot be."""
        folder = (self._options.paths or resolve_paths()).logs(self.slug)
        return [folder / f"{self.slug}-log.{suffix}" for suffix in ("txt", "json")]

    def prove(self) -> None:
        """Open both files, making what is missing; OSError or HubError if that fails."""
        with self.lock:
            for file in self._opened():
                file.prove()

    def close(self) -> None:
        """Write what waits and close the files; the next record opens them where the options then say."""
        self.flush()
        with self.lock:
            for file in self._files:
                file.close()
            self._files = ()

    def start_afresh(self) -> None:
        """Be usable in a forked child: what waits is the parent's to write, and so are its open files."""
        self.lock = threading.RLock()
        self._waiting.clear()
        self._busy = False
        self._lost = 0
        for file in self._files:
            file.close()
        self._files = ()

    def _opened(self) -> tuple[LogFile, ...]:
        if not self._files:
            options = self._options
            self._files = tuple(
                LogFile(
                    path,
                    max_bytes=options.max_bytes,
                    hold_open=options.hold_open,
                    when_full=self._when_full,
                )
                for path in self.file_paths()
            )
        return self._files

    def _write_block(self) -> None:
        block = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MAX_BLOCK))]
        if not block:
            return  # another thread has written it while we waited for the lock
        try:
            files = self._opened()
            lines = tuple(zip(*map(lines_of, block), strict=True))
        except Exception:  # noqa: BLE001 # whatever it is, the caller's work is worth more than this block
            self.count_lost(len(block))
            return
        lost, self._lost = self._lost, 0
        missing = 0
        for at, file in enumerate(files):
            file.lost += lost
            told = [lines_of(_loss(file.lost))[at]] if file.lost else []
            written = file.append([*told, *lines[at]])
            if told and written:
                file.lost = 0
            cut = len(block) - max(0, written - len(told))
            file.lost += cut
            missing = max(missing, cut)
        self.lost_ever += missing


def _loss(count: int) -> Record:
    template = "{count} records before this one were lost"
    return Record(now_ms(), WARNING, template, {"count": count}, None, None, "logger")
