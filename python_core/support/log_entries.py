"""The records of the hub's logs, read back from their files, narrowed to what is wanted, in the order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

import msgspec

from python_core.errors import HubError
from python_core.support.log_lines import LogLines
from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_levels import LEVELS, VERBOSE
from python_core.utils.timestamps import from_rfc3339

#: The components' folders that the hub writes to.
SLUGS = ("python-net", "python-runtime")


class ToldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error: its class, our own message or the system's code, its places, innermost first, and its cause."""

    type: str
    message: str = ""
    errno: str = ""
    stack: list[str] = []
    inner: ToldError | None = None

    @property
    def text(self) -> str:
        """All of it on one line, as the text file has it."""
        said = self.message or self.errno
        own = f" | {self.type}" + (f": {said}" if said else "") + "".join(f" < {place}" for place in self.stack)
        return own + (self.inner.text if self.inner else "")


class LogEntry(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One record; what else its line holds is left out."""

    ts: str
    level: Literal["Verbose", "Debug", "Information", "Warning", "Error", "Fatal"]
    rendered_message: str
    component: str = ""
    pid: int = 0
    props: dict[str, Any] = {}
    trace_id: str | None = None
    span_id: str | None = None
    exception: ToldError | None = None

    @property
    def text(self) -> str:
        """What happened, on one line, with the classes and places of an error."""
        return self.rendered_message + ("" if self.exception is None else self.exception.text)


@dataclass(frozen=True)
class LogFilter:
    """Which records are wanted: since a time (RFC 3339, UTC, milliseconds), from a level on, of a trace (or the beginning of
    its id), of a component, with a word whatever its case.
    """

    since: str = ""
    level: int = VERBOSE
    trace: str = ""
    component: str = ""
    word: str = ""

    def admits(self, entry: LogEntry) -> bool:
        """Say whether a record is wanted."""
        return (
            entry.ts >= self.since
            and LEVELS.index(entry.level) >= self.level
            and (not self.trace or (entry.trace_id or "").startswith(self.trace))
            and (not self.component or entry.component == self.component)
            and (not self.word or self.word.casefold() in entry.text.casefold())
        )


@dataclass
class LogReader:
    """Reads all logs, and later what was added; ``unread`` counts lines that are no records."""

    paths: Paths
    unread: int = 0
    _logs: list[LogLines] = field(init=False)
    _decoder: msgspec.json.Decoder[LogEntry] = field(init=False)

    def __post_init__(self) -> None:
        self._logs = [LogLines(self.paths.logs(slug) / f"{slug}-log.json") for slug in SLUGS]
        self._decoder = msgspec.json.Decoder(LogEntry)

    def read(self, wanted: LogFilter) -> Iterator[LogEntry]:
        """Yield the wanted records that were not looked at before, in the order of time.

        :raises HubError: the logs cannot be read.
        """
        since_ms = from_rfc3339(wanted.since) if wanted.since else 0
        try:
            yield from heapq.merge(*(self._of(log, wanted, since_ms) for log in self._logs), key=attrgetter("ts"))
        except OSError as error:
            raise HubError(f"The logs in {self.paths.local / 'Logs'} cannot be read: {error.strerror}") from None

    def _of(self, log: LogLines, wanted: LogFilter, since_ms: int) -> Iterator[LogEntry]:
        for line in log.read(since_ms):
            try:
                entry = self._decoder.decode(line)
                is_wanted = wanted.admits(entry)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self.unread += 1
            else:
                if is_wanted:
                    yield entry
