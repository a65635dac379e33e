"""All the logs of a process: where they are, how much of them stays, and the thread that writes what was gathered."""

from __future__ import annotations

import atexit
import threading
from contextlib import suppress
from pathlib import Path

from python_core.errors import HubError
from python_core.utils.config_path_resolver import Paths, resolve_paths
from python_core.utils.log_files import prune_full_files
from python_core.utils.log_levels import LEVELS, LevelName
from python_core.utils.log_streams import LogOptions, LogStream

_FLUSH_EVERY_S = 0.2
_LAST_FLUSH_S = 5.0


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
        return self._streams.setdefault(slug, LogStream(slug, self.options, self.prune))

    def configure(
        self,
        paths: Paths | None = None,
        *,
        level: LevelName = "Information",
        days: int = LogOptions.days,
        max_total_bytes: int = LogOptions.max_total_bytes,
        max_bytes: int = LogOptions.max_bytes,
    ) -> None:
        """Say where this process logs and from which level on, and prove that it can.

        :param paths: the user's folders, from the environment when None.
        :param days: a full file goes so many days after its last line.
        :param max_total_bytes: what all files together take; the oldest full ones go first.
        :param max_bytes: a file that would grow beyond it is turned over; it may not take more than an eighth of all.
        :raises HubError: the files of one of the loggers made so far cannot be made or opened.
        """
        if level not in LEVELS or min(days, max_total_bytes, max_bytes) < 1:
            raise ValueError("level is one of LEVELS, days and bytes are at least 1")
        self.options.paths = paths or resolve_paths()
        self.options.levels.configure(LEVELS.index(level), self.options.paths)
        self.options.days, self.options.max_total_bytes = days, max_total_bytes
        self.options.max_bytes = max(1, min(max_bytes, max_total_bytes // 8))
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
        self.tidy()

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

    def tidy(self) -> None:
        """Turn over what is of a day before today and remove what is too old or too much; a host does it once a day."""
        if self.options.paths is None:
            return  # nobody has said where this process logs: the user's own folder is not to be touched by a test
        for stream in list(self._streams.values()):
            stream.tidy()
        self.prune()

    def prune(self) -> None:
        """Remove full files that are too old or too much; it never raises."""
        with suppress(OSError, HubError):
            paths = [path for stream in list(self._streams.values()) for path in stream.file_paths()]
            prune_full_files(paths, days=self.options.days, max_bytes=self.options.max_total_bytes)

    def count_lost(self) -> tuple[int, int]:
        """Tell how many records this process could not write so far, and how many of these are not yet told in the log."""
        streams = list(self._streams.values())
        return sum(each.lost_ever for each in streams), max((each.lost_untold() for each in streams), default=0)

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
