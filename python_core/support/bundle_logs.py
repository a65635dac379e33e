"""The logs in a support bundle: written anew from their records, so that nothing is in them that no hub wrote."""

from __future__ import annotations

import re
from collections import deque

import msgspec

from python_core.support.bundle_format import Gathering
from python_core.support.log_entries import LogEntry, LogFilter, ToldError
from python_core.support.log_lines import LogLines
from python_core.support.masking import Masker
from python_core.utils.log_levels import LEVELS
from python_core.utils.log_records import SHAPES
from python_core.utils.timestamps import from_rfc3339, to_rfc3339

#: Of one log in one form; what is older is left out, and told.
LOG_BYTES = 6 << 20
_SHORT = ("VRB", "DBG", "INF", "WRN", "ERR", "FTL")


def build_logs(gathering: Gathering, slug: str, most_bytes: int = LOG_BYTES) -> dict[str, bytes]:
    """Both forms of one log, written anew from its records: a line that is no record of ours is in neither."""
    kept: deque[tuple[int, LogEntry]] = deque()
    taken = unread = older = 0
    decoder = msgspec.json.Decoder(LogEntry)
    wanted = LogFilter(to_rfc3339(gathering.since_ms))
    for line in LogLines(gathering.machine.paths.logs(slug) / f"{slug}-log.json").read(gathering.since_ms):
        try:
            entry = decoder.decode(line)
            from_rfc3339(entry.ts)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError):
            unread += 1
            continue
        if not wanted.admits(entry):
            continue
        kept.append((len(line), entry))
        taken += len(line)
        while taken > most_bytes:
            taken -= kept.popleft()[0]
            older += 1
    if older:
        gathering.notes.append(f"logs/{slug}: the oldest {older} records of the span are left out: too large")
    if unread:
        gathering.notes.append(f"logs/{slug}: lines that are no records are left out: {unread}")
    if not kept:
        return {}
    forms = [_log_forms(entry, gathering.masker) for _, entry in kept]
    return {
        f"logs/{slug}-log.txt": b"".join(text for text, _ in forms),
        f"logs/{slug}-log.json": b"".join(line for _, line in forms),
    }


def _log_forms(entry: LogEntry, masker: Masker) -> tuple[bytes, bytes]:
    trace = entry.trace_id if re.fullmatch(r"[0-9a-f]{32}", entry.trace_id or "") else None
    component = masker.text(entry.component)
    said = masker.text(entry.rendered_message)
    shown = {
        "ts": to_rfc3339(from_rfc3339(entry.ts)),
        "level": entry.level,
        "component": component,
        "pid": entry.pid,
        "renderedMessage": said,
        "props": masker.value({key: SHAPES[key](value) for key, value in entry.props.items() if key in SHAPES}),
    }
    text = f"{shown['ts']} {_SHORT[LEVELS.index(entry.level)]} {component:<11} {said}"
    if trace is not None:
        shown["traceId"] = trace
        text += f"  trace={trace}"
    if entry.exception is not None:
        fault = _masked_error(entry.exception, masker)
        shown["exception"] = msgspec.to_builtins(fault)
        text += fault.text
    return text.encode() + b"\n", msgspec.json.encode(shown) + b"\n"


def _masked_error(fault: ToldError, masker: Masker) -> ToldError:
    return ToldError(
        type=masker.text(fault.type),
        message=masker.text(fault.message),
        errno=masker.text(fault.errno),
        stack=[masker.text(place) for place in fault.stack],
        inner=None if fault.inner is None else _masked_error(fault.inner, masker),
    )
