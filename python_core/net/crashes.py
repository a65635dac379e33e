"""What breaks where nobody catches it, told in the log and on stderr by class and places: its words may be somebody's text."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading

from python_core.utils.log_texts import chain_of, told_exception
from python_core.utils.logger import get_logger_for

log = get_logger_for("python-net", __name__)


def capture_crashes() -> None:
    """Take over from Python's own hooks, which print an error with its message, and from warnings, which quote a line."""
    usual = sys.excepthook

    def end(kind: type[BaseException], error: BaseException, _places: object) -> None:
        if issubclass(kind, KeyboardInterrupt):
            usual(kind, error, None)
        else:
            _tell("The process ended", error)

    sys.excepthook = end
    threading.excepthook = lambda found: _tell("A thread ended", found.exc_value)
    sys.unraisablehook = lambda found: _tell("Cleaning up failed", found.exc_value)
    logging.captureWarnings(capture=True)


def _tell(what: str, error: BaseException | None) -> None:
    if error is None or isinstance(error, SystemExit):
        return
    if what == "The process ended":
        log.fatal("The process ended by an error", exception=error)
    else:
        log.error("An error was caught by nobody", exception=error)
    with contextlib.suppress(Exception):
        sys.stderr.write(f"{what} by an error{''.join(chain_of(told_exception(error)))}\n")
