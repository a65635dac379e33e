"""What a log record may hold, and how it reads as one line of text and as one line of JSON.

The rule that keeps captured content out: a value is written only under a key of ``SHAPES`` and only if it
looks as that key says. No shape admits a space, a quote or a character outside ASCII, so a title, a clip or a
URL passed by mistake is told as its type alone, and no value ends a line, colours a terminal or breaks UTF-8.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from python_core.utils.log_levels import LEVELS
from python_core.utils.log_texts import chain_of, free_text, printable
from python_core.utils.timestamps import to_rfc3339

if TYPE_CHECKING:
    import msgspec

_COLUMNS: Final = ("VRB", "DBG", "INF", "WRN", "ERR", "FTL")  # Serilog's short names, of one width

Value = str | int | float | None
_Shape = Callable[[object], Value]


class Trace(NamedTuple):
    """The W3C trace context of what is being done: 32 and 16 lower-case hex digits."""

    trace_id: str
    span_id: str


class Record(NamedTuple):
    """One thing to tell: ``props`` as the caller gave them, ``exception`` as ``told_exception`` made it, ``component`` a
    name of ours.
    """

    at_ms: int
    level: int
    template: str
    props: Mapping[str, object]
    trace: Trace | None
    exception: dict[str, Any] | None
    component: str = ""


def _misfit(value: object) -> str:
    known = isinstance(value, str | bytes | int | float | list | tuple | dict)
    return f"({type(value).__name__[:20]})" if known else "(object)"


def _number(value: object) -> Value:
    # Beyond 2**53 a reader that keeps numbers as doubles would read another one.
    if not isinstance(value, int | float) or not abs(value) < 2**53:
        return _misfit(value)
    return value if isinstance(value, bool) else +value  # an enum's member becomes its number


def _looks_like(pattern: str) -> _Shape:
    matches = re.compile(pattern).fullmatch

    def shape(value: object) -> Value:
        found = matches(value) if isinstance(value, str) else None
        return found[0] if found is not None else _misfit(value)

    return shape


# 40 characters: a secret of 256 bits needs 43, so none passes as a word.
_word = _looks_like(r"[A-Za-z][A-Za-z0-9_.:-]{0,39}")
_id = _looks_like(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_digest = _looks_like(r"sha256:[0-9a-f]{64}")
_route = _looks_like(r"(?:/[a-z_.-]{0,40}|/<(?:[a-z]+:)?[a-z_]{1,30}>){1,8}")  # the rule, not what was asked
_loopback = _looks_like(r"(?:https?://)?(?:127\.0\.0\.1|localhost|\[::1\]|::1)(?::\d{1,5})?/?")
_version = _looks_like(r"[0-9][0-9A-Za-z.+-]{0,39}")
_place = _looks_like(r"[A-Za-z0-9_./-]{1,160}:\d{1,9}")
_own_path = re.compile(r"(?:^|/)(SmrtHub/(?:Config|Logs|Data|Runtime)(?:/[A-Za-z0-9_.-]{1,80}){0,6})\Z")


def _own_file(value: object) -> Value:
    """Admit a file of ours by its path from ``SmrtHub`` on: what is before it names the user."""
    if not isinstance(value, str | PurePath):
        return _misfit(value)
    found = _own_path.search(str(value)[-1000:].replace("\\", "/"))
    return found[1] if found is not None else "(path)"


def _library_text(value: object) -> Value:
    return free_text(value) if isinstance(value, str) else _misfit(value)


def _keys(shape: _Shape, names: str) -> dict[str, _Shape]:
    return dict.fromkeys(names.split(), shape)


# Every key that a record may bear. A test reads the whole tree and refuses a call with another one.
SHAPES: Final[Mapping[str, _Shape]] = {
    **_keys(
        _number,
        "attempt bytes count dropped_props duration_ms errno event_id exit_code interval_s limit max_bytes "
        "pending pid port revision rows schema_version signal status threads timeout_s total waited_ms wanted "
        "workers",
    ),
    **_keys(
        _word,
        "action code hotkey kind level library method module reason rule scope service setting source state "
        "step trigger worker",
    ),
    **_keys(_id, "client_id clip_id device_id instance output_id receipt_id run_id visit_id"),
    **_keys(_digest, "digest"),
    **_keys(_route, "route"),
    **_keys(_loopback, "address host url"),
    **_keys(_version, "version"),
    **_keys(_place, "place"),
    **_keys(_own_file, "file folder"),
    **_keys(_library_text, "library_text"),
}


def lines_of(record: Record) -> tuple[bytes, bytes]:
    """Write a record as a line of text and a line of JSON, UTF-8, the only line feed at the end.

    The text has columns: time in UTC, level, component, what happened, and the trace where there is one.
    """
    ts = f"{_second(record.at_ms // 1000)}{record.at_ms % 1000:03d}Z"
    level = LEVELS[record.level]
    template, parts = _read_template(record.template)
    props = _admitted(record.props)
    rendered = "".join(_fill(parts, props))
    entry = {
        "ts": ts,
        "level": level,
        "component": record.component,
        "pid": os.getpid(),
        "message": template,
        "renderedMessage": rendered,
        "props": props,
    }
    text = f"{ts} {_COLUMNS[record.level]} {record.component:<11} {rendered}"
    if record.trace is not None:
        entry["traceId"], entry["spanId"] = record.trace
        text += f"  trace={record.trace.trace_id}"
    if record.exception is not None:
        entry["exception"] = record.exception
        text += "".join(chain_of(record.exception))
    return f"{text}\n".encode(), _encoder().encode(entry) + b"\n"


def _admitted(given: Mapping[str, object]) -> dict[str, Value]:
    props: dict[str, Value] = {}
    dropped = 0
    for key, value in given.items():
        shape = SHAPES.get(key)
        if shape is None:
            dropped += 1
        else:
            props[key] = None if value is None else shape(value)
    if dropped:
        props["dropped_props"] = dropped
    return props


def _fill(parts: tuple[str, ...], props: Mapping[str, Value]) -> list[str]:
    texts = list(parts)
    for at in range(1, len(parts), 2):
        name = parts[at]
        texts[at] = str(props[name]) if name in props else f"{{{name}}}"
    return texts


@lru_cache(maxsize=1024)
def _read_template(template: str) -> tuple[str, tuple[str, ...]]:
    """Cut a template into texts (even places) and the names of its holes (odd places)."""
    shown = printable(template[:500])
    return shown, tuple(re.split(r"\{([a-z][a-z0-9_]*)\}", shown))


@lru_cache(maxsize=8)
def _second(at_s: int) -> str:
    return to_rfc3339(at_s * 1000)[:-4]


@lru_cache(maxsize=1)
def _encoder() -> msgspec.json.Encoder:
    import msgspec  # a command that logs nothing does not pay for it

    return msgspec.json.Encoder()
