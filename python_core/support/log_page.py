"""One page, whole in itself, that shows log records with filters and a search: for reading, the log files are the truth.

The page asks no other host for anything, and its policy forbids it to. Records stand in it as data that no browser runs, and
its script writes them as text only.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import deque
from importlib.resources import files
from operator import attrgetter
from pathlib import Path

import msgspec

from python_core.errors import HubError
from python_core.support.log_entries import LogEntry, LogFilter, LogReader
from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_levels import LEVELS
from python_core.utils.timestamps import now_ms, to_rfc3339

_HOLE = re.compile(r"\{\{(policy|made|records)\}\}")


def write_log_page(paths: Paths, wanted: LogFilter, newest: int, target: Path) -> int:
    """Write a page with the newest wanted records, for this user's eyes alone; return how many there are.

    :raises HubError: the logs cannot be read or the page cannot be written.
    """
    entries = sorted(deque(LogReader(paths).read(wanted), maxlen=newest), key=attrgetter("ts"))
    content = page_of(entries, to_rfc3339(now_ms())).encode("utf-8", "backslashreplace")
    try:
        target.unlink(missing_ok=True)  # what stands there may be open to others
        with open(target, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
    except OSError as error:
        raise HubError(f"{target} cannot be written: {error.strerror}") from None
    return len(entries)


def page_of(entries: list[LogEntry], made: str) -> str:
    """Build the page."""
    shell = files("python_core.support").joinpath("log_page.html").read_text("utf-8")
    filled = {"policy": _policy_of(shell), "made": made, "records": _encoded(entries)}
    return _HOLE.sub(lambda found: filled[found[1]], shell)


def _encoded(entries: list[LogEntry]) -> str:
    rows = [
        (each.ts, LEVELS.index(each.level), each.component, each.text, each.trace_id or "", each.pid, each.props)
        for each in entries
    ]
    text = msgspec.json.encode(rows).decode()
    # Nothing in the data can end the element that holds it.
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _policy_of(shell: str) -> str:
    """Allow the page's own script and style, by their hashes, and nothing else."""
    hashes = {}
    for name in ("script", "style"):
        found = re.search(f"<{name}>(.*?)</{name}>", shell, re.DOTALL)
        content = found[1] if found else ""
        hashes[name] = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "base-uri 'none'; form-action 'none'"
    )
