"""Between a log call and the files: records wait here to be written together, or are written at once."""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from python_core.errors import HubError
from python_core.utils.config_path_resolver import Paths, resolve_paths
from python_core.utils.log_files import LogFile
from python_core.utils.log_records import INFORMATION, LEVELS, WARNING, LevelName, Record, lines_of
from python_core.utils.timestamps import now_ms

_FLUSH_EVERY_S = 0.2
_LAST_FLUSH_S = 5.0
_MAX_WAITING = 10_000  # records, a few MB
_MAX_BLOCK = 256  # records


@dataclass
class LogOptions:
    """What the streams of a process have in common; a host may change it while they run.

    :param paths: the user's folders; found from the environment at the first record when None.
    :param hold_open: as ``LogFile`` takes it.
    :param gathering: whether records below Warning may wait, for a thread that flushes.
    :param waiting: set when something waits for that thread.
    """

    paths: Paths | None = None
    level: int = INFORMATION
    max_bytes: int = 5 * 1024 * 1024
    keep: int = 5
    hold_open: bool = os.name != "nt"
    gathering: bool = False
    waiting: threading.Event = field(default_factory=threading.Event)


class LogStream:
    """The two files of one slug and the records that wait for them; for any thread, and nothing of it raises.

    A record that cannot be written is counted, and the next one that can be is preceded by the count.
    """

    def __init__(self, slug: str, options: LogOptions) -> None:
        self.slug = slug
        self._options = options
        self._waiting: deque[Record] = deque()
        self._lost = 0
        self._files: tuple[LogFile, ...] = ()
        self._busy = False
        # Reentrant for what interrupts its own thread: a signal handler or a finalizer that logs.
        self.lock = threading.RLock()

    def add(self, record: Record) -> None:
        """Take a record, and have it in the files on return unless it may wait."""
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append(record)
        else:
            self._lost += 1
        if record.level >= WARNING or not self._options.gathering:
            self.flush()
        elif not self._options.waiting.is_set():
            self._options.waiting.set()

    def count_lost(self) -> None:
        """Count a record that could not even be made."""
        self._lost += 1

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
            folder = (options.paths or resolve_paths()).logs(self.slug)
            self._files = tuple(
                LogFile(
                    folder / f"{self.slug}-log.{suffix}",
                    max_bytes=options.max_bytes,
                    keep=options.keep,
                    hold_open=options.hold_open,
                )
                for suffix in ("txt", "json")
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
            self._lost += len(block)
            return
        lost, self._lost = self._lost, 0
        for at, file in enumerate(files):
            file.lost += lost
            told = [lines_of(_loss(file.lost))[at]] if file.lost else []
            written = file.append([*told, *lines[at]])
            if told and written:
                file.lost = 0
            file.lost += len(block) - max(0, written - len(told))


def _loss(count: int) -> Record:
    return Record(now_ms(), WARNING, "{count} records before this one were lost", {"count": count}, None, None)


class LogWriter:
    """All streams of a process and the thread that flushes them: one a process, and one a test."""

    def __init__(self) -> None:
        self.options = LogOptions()
        self._streams: dict[str, LogStream] = {}
        self._flusher: threading.Thread | None = None
        self._stop = threading.Event()
        self._forking: list[LogStream] = []

    def stream(self, slug: str) -> LogStream:
        """Name the stream of a slug, always the same one; ValueError if it is no slug."""
        Paths(roaming=Path(), local=Path()).logs(slug)
        return self._streams.setdefault(slug, LogStream(slug, self.options))

    def configure(
        self,
        paths: Paths | None = None,
        *,
        level: LevelName = "Information",
        max_bytes: int = LogOptions.max_bytes,
        keep: int = LogOptions.keep,
    ) -> None:
        """Say where this process logs and from which level on, and prove that it can.

        :param paths: the user's folders, from the environment when None.
        :param max_bytes: a file that would grow beyond it becomes ``.1``.
        :param keep: how many such files stay.
        :raises HubError: the files of one of the loggers made so far cannot be made or opened.
        """
        if level not in LEVELS or max_bytes < 1 or keep < 1:
            raise ValueError("level is one of LEVELS, max_bytes and keep are at least 1")
        self.options.paths = paths or resolve_paths()
        self.options.level = LEVELS.index(level)
        self.options.max_bytes, self.options.keep = max_bytes, keep
        for stream in list(self._streams.values()):
            stream.close()
            try:
                stream.prove()
            except OSError as error:
                folder = self.options.paths.logs(stream.slug)
                raise HubError(
                    f"The log folder {folder} cannot be used: {error.strerror}. "
                    "Make it writable for this user, or set LOCALAPPDATA to a folder that is."
                ) from error

    def start_flusher(self) -> None:
        """Have records below Warning written together every 200 ms, by a thread that ends with the process.

        A process that is killed loses those of the last 200 ms.
        """
        if self._flusher is None:
            self._stop.clear()
            self._flusher = threading.Thread(target=self._flush_regularly, name="log-flusher", daemon=True)
            self._flusher.start()
            self.options.gathering = True
            atexit.register(self.stop_flusher)

    def stop_flusher(self) -> None:
        """Write what waits and end the thread: each record is written at once again."""
        self.options.gathering = False
        flusher, self._flusher = self._flusher, None
        if flusher is not None:
            atexit.unregister(self.stop_flusher)
            self._stop.set()
            self.options.waiting.set()
            flusher.join(timeout=_LAST_FLUSH_S)
            if flusher.is_alive():
                return  # the disk hangs, and the process must be able to end
        self.flush()

    def flush(self) -> None:
        """Write what waits now."""
        for stream in list(self._streams.values()):
            stream.flush()

    def before_fork(self) -> None:
        """Let no other thread be in the middle of a write when the process is copied."""
        self._forking = list(self._streams.values())
        for stream in self._forking:
            stream.lock.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        for stream in self._forking:
            stream.lock.release()

    def after_fork_in_child(self) -> None:
        """Go on without the flusher, which is not copied: each record is written at once again."""
        self.options.gathering = False
        self.options.waiting = threading.Event()
        self._flusher = None
        self._stop = threading.Event()
        for stream in list(self._streams.values()):
            stream.start_afresh()

    def _flush_regularly(self) -> None:
        while not self._stop.is_set():
            self.options.waiting.wait()  # a process with nothing to tell never wakes up
            self._stop.wait(_FLUSH_EVERY_S)
            self.options.waiting.clear()
            self.flush()
