"""Texts for a log line that nobody captured: made printable and redacted; errors told by class and places."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Iterator
from typing import Any

from python_core.errors import HubError
from python_core.utils.redaction import redact

#: Characters of such a text in a line.
MOST_CHARS = 300


def free_text(text: str) -> str:
    """Make a text that nobody captured fit for a line: printable, redacted, at most ``MOST_CHARS``."""
    return redact(printable(text[: MOST_CHARS * 2]))[:MOST_CHARS]


def printable(text: str) -> str:
    """Write what is not printable as escapes."""
    # Not printable are controls, line ends, lone surrogates and what steers or hides text (bidi, zero width).
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def told_exception(error: BaseException, *, depth: int = 4) -> dict[str, Any]:
    """Tell an error by class and places, innermost first, with its causes; its message only if it is ours.

    Anybody else's message may quote what it could not read.
    """
    kind = type(error)
    told: dict[str, Any] = {"type": printable(f"{kind.__module__}.{kind.__qualname__}"[:120])}
    if isinstance(error, HubError):
        told["message"] = free_text(str(error.message))
    elif isinstance(error, OSError) and error.errno is not None:
        told["errno"] = errno.errorcode.get(error.errno, "unknown")
    told["stack"] = _places(error)
    inner = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if inner is not None and depth > 1:
        told["inner"] = told_exception(inner, depth=depth - 1)
    return told


def _places(error: BaseException) -> list[str]:
    kept: deque[str] = deque(maxlen=20)
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        kept.appendleft(f"{place_of(code.co_filename, step.tb_lineno)} in {printable(code.co_name[:80])}")
        step = step.tb_next
    return list(kept)


def place_of(path: str, line: int) -> str:
    """Name a line of source as ``python_core/net/gate.py:120``, without the folders that name the user."""
    parts = path.replace("\\", "/").split("/")
    first = len(parts) - 1
    for at in range(first - 1, -1, -1):
        if parts[at] == "python_core":
            first = at
            break
        if parts[at] in {"site-packages", "dist-packages", "Lib"} or parts[at].startswith("python3."):
            first = at + 1
            break
    return f"{printable('/'.join(parts[first:])[-120:])}:{line}"


def chain_of(exception: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of one line that tells an error as ``told_exception`` made it, with its causes."""
    told: dict[str, Any] | None = exception
    while told is not None:
        said = told.get("message") or told.get("errno")
        yield f" | {told['type']}: {said}" if said else f" | {told['type']}"
        for place in told["stack"]:
            yield f" < {place}"
        told = told.get("inner")
