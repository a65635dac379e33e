"""The hub's log: a record is a line in ``<slug>-log.txt`` and one in ``<slug>-log.json`` (NDJSON).

Nothing is opened before the first record. A record is in its files when the call returns, which is right under
any host; a host that has called ``start_flusher`` has them written together every 200 ms instead, Warning and
above still at once. A disk that is full or read-only never fails or holds up who logs: only ``configure_logs``,
which a host calls at its start, raises.
"""

from __future__ import annotations

import os
import re
from contextlib import AbstractContextManager, suppress
from contextvars import ContextVar
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, LiteralString

from python_core.utils.log_levels import DEBUG, ERROR, FATAL, INFORMATION, LEVELS, VERBOSE, WARNING, LevelName
from python_core.utils.log_records import Record, Trace
from python_core.utils.log_texts import place_of, told_exception
from python_core.utils.log_writer import LogWriter
from python_core.utils.timestamps import now_ms

if TYPE_CHECKING:
    import logging

_HEX_IDS = re.compile(r"[0-9a-f]{32} [0-9a-f]{16}")
_LIBRARIES = "smrthub-libraries"
# Loggers of libraries whose texts hold numbers only.
_SAFE_TEXTS = frozenset({"waitress.queue"})

_trace: ContextVar[Trace | None] = ContextVar("smrthub_trace", default=None)


class Logger:
    """Write records under one slug.

    A template is a literal with ``{holes}`` that the props of the same names fill; ``log_records.SHAPES`` says
    which props there are and what their values look like. Of an ``exception`` its class and places are written.
    """

    __slots__ = ("_levels", "_stream", "component", "slug")

    def __init__(self, writer: LogWriter, slug: str, component: str | None = None) -> None:
        self.slug = slug
        self.component = component or slug
        self._stream = writer.stream(slug)
        self._levels = writer.options.levels

    def is_on(self, level: int) -> bool:
        """Say whether records of this level are written."""
        levels = self._levels
        if monotonic() >= levels.look_at:
            levels.look()
        return levels.least.get(self.component, levels.level) <= level

    def verbose(self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object) -> None:
        """Tell what only somebody who follows each step wants to know."""
        if self.is_on(VERBOSE):
            self.tell(VERBOSE, template, exception, props)

    def debug(self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object) -> None:
        """Tell what helps to find a fault."""
        if self.is_on(DEBUG):
            self.tell(DEBUG, template, exception, props)

    def information(
        self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object
    ) -> None:
        """Tell what happened and was meant to."""
        if self.is_on(INFORMATION):
            self.tell(INFORMATION, template, exception, props)

    def warning(self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object) -> None:
        """Tell what went otherwise than meant and was coped with."""
        if self.is_on(WARNING):
            self.tell(WARNING, template, exception, props)

    def error(self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object) -> None:
        """Tell what failed."""
        if self.is_on(ERROR):
            self.tell(ERROR, template, exception, props)

    def fatal(self, template: LiteralString, /, *, exception: BaseException | None = None, **props: object) -> None:
        """Tell what ends the process."""
        self.tell(FATAL, template, exception, props)

    def tell(self, level: int, template: str, exception: BaseException | None, props: dict[str, object]) -> None:
        """Tell a record whatever the level; for callers that have no literal."""
        try:
            told = None if exception is None else told_exception(exception)
            self._stream.add(Record(now_ms(), level, template, props, _trace.get(), told, self.component))
        except Exception:  # noqa: BLE001 # a log call never fails its caller
            self._stream.count_lost()


_writer = LogWriter()
configure_logs = _writer.configure
start_flusher = _writer.start_flusher
stop_flusher = _writer.stop_flusher
flush_logs = _writer.flush
tidy_logs = _writer.tidy
count_lost_records = _writer.count_lost
told_levels = _writer.options.levels.told


def get_logger_for(slug: str, module: str | None = None) -> Logger:
    """Make a logger into the files of ``slug``, such as ``python-net``; nothing is opened. ValueError if it is no slug.

    :param module: ``__name__`` of the module that logs: its last part is the records' component.
    """
    return Logger(_writer, slug, module and module.rpartition(".")[2])


class _Bound:
    __slots__ = ("_before", "_trace")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._before: Trace | None = None

    def __enter__(self) -> Trace:
        self._before = _trace.get()
        _trace.set(self._trace)
        return self._trace

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, places: TracebackType | None
    ) -> None:
        _trace.set(self._before)


def trace(trace_id: str, span_id: str) -> AbstractContextManager[Trace]:
    """Let every record within bear this trace context; ValueError if it is not 32 and 16 lower-case hex digits."""
    if _HEX_IDS.fullmatch(f"{trace_id} {span_id}") is None:
        raise ValueError("a trace context is 32 and 16 lower-case hex digits")
    return bind_trace(Trace(trace_id, span_id))


def bind_trace(context: Trace) -> AbstractContextManager[Trace]:
    """As ``trace``, for ids that were made or checked a moment ago: the gate's, at each request."""
    return _Bound(context)


def new_span_id() -> str:
    """Make the id of a step of a trace."""
    return os.urandom(8).hex()


def capture_stdlib(level: LevelName = "Warning") -> logging.Handler:
    """Bring what libraries tell ``logging`` into the log, once, however often it is called.

    Their texts may quote a request, so a record says which logger spoke and where, and of an exception its
    class and places.

    :returns: the handler on the root logger, for whoever wants to take it away again.
    """
    import logging

    log = get_logger_for("python-net", "libraries")

    class Forward(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            with suppress(Exception):  # not handleError, which prints the record and with it the request
                _forward(log, record)

    root = logging.getLogger()
    for old in [each for each in root.handlers if each.name == _LIBRARIES]:
        root.removeHandler(old)
    handler = Forward(level=max(1, LEVELS.index(level) * 10))
    handler.name = _LIBRARIES
    root.addHandler(handler)
    if handler.level < root.level:
        root.setLevel(handler.level)
    return handler


def _forward(log: Logger, record: logging.LogRecord) -> None:
    level = min(max(record.levelno // 10, VERBOSE), FATAL)
    if not log.is_on(level):
        return
    props: dict[str, object] = {"library": record.name, "place": place_of(record.pathname, record.lineno)}
    template = "{library} reports at {place}"
    if record.name in _SAFE_TEXTS:
        template += ": {library_text}"
        props["library_text"] = record.getMessage()
    log.tell(level, template, record.exc_info[1] if record.exc_info else None, props)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_writer.before_fork,
        after_in_parent=_writer.after_fork_in_parent,
        after_in_child=_writer.after_fork_in_child,
    )
