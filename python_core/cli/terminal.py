"""What the commands write: captured text made harmless, JSON, times and sizes as people read them.

Captured text may be hostile. A terminal obeys control characters in it (move the cursor, set the title, answer as if typed),
and invisible Unicode makes it read as what it is not: both are shown as escapes, and none of it is markup to rich.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TextIO

import click

from python_core.utils.timestamps import from_rfc3339, now_ms

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

#: C0, DEL and C1 but tab and line feed; soft hyphen; marks of direction, zero-width characters (but the joiners, without which
#: Persian, Hindi and emoji cannot be read), line and paragraph separators, fillers; half surrogates; tags and their like.
_HARMFUL = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u070f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    "\U000110bd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def shown(text: str) -> str:
    """Make a text harmless for a terminal; lines and tabs stay."""
    return _HARMFUL.sub(_escaped, text.replace("\r\n", "\n"))


def one_line(text: str, most: int | None = None) -> str:
    """Make a text harmless and one line, of at most so many characters, with a mark where it was cut."""
    line = shown(" ".join(text.split()))
    return line if most is None or len(line) <= most else line[: most - 1] + "…"


def say(line: str = "") -> None:
    """Write a line of ours to stdout."""
    click.echo(line)


def say_field(label: str, text: str, label_width: int = 10) -> None:
    """Write a text with its label, broken at words under itself where it is longer than the terminal's line."""
    lines = _wrapped(one_line(text), sys.stdout, label_width)
    say(f"{label:<{label_width}}" + ("\n" + " " * label_width).join(lines))


def note(line: str) -> None:
    """Write a line that is no part of the answer, to stderr."""
    click.echo("\n".join(_wrapped(line, sys.stderr)), err=True)


def say_json(value: object, *, one_line: bool = False) -> None:
    """Write a value as JSON that any parser reads and no terminal obeys: what is harmful in it is escaped as in JSON."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(value, ensure_ascii=plain, indent=None if one_line else 2)
    click.echo(_HARMFUL.sub(lambda found: json.dumps(found[0])[1:-1], text))


def make_console() -> Console:
    """Make rich's console, which takes nothing in a text for markup; into a pipe it never breaks a line."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else 100_000
    return Console(width=width, markup=False, highlight=False, emoji=False, soft_wrap=width is not None)


def marked(text: str, marks: list[Any], style: str) -> Text:
    """Return a text on one line with its marked places, [start, end) each, in a style."""
    from rich.text import Text

    made, done = Text(), 0
    for start, end in marks:
        made.append(_flat(text[done:start]))
        made.append(_flat(text[start:end]), style)
        done = end
    return made.append(_flat(text[done:]))


def local_time(instant: str | None) -> str:
    """Show an RFC 3339 time on the user's own clock."""
    if instant is None:
        return ""
    return datetime.fromtimestamp(from_rfc3339(instant) / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def span(seconds: int) -> str:
    """Show a time span by its largest unit and the next, such as ``2 h 5 min``."""
    for (length, unit), (below, smaller) in pairwise(_STEPS):
        if seconds >= length:
            rest = seconds % length // below
            return f"{seconds // length} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{seconds} s"


def age(instant: str) -> str:
    """Show how long ago a time was."""
    return span(max(0, now_ms() - from_rfc3339(instant)) // 1000)


def size(count: int) -> str:
    """Show a number of bytes."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def _wrapped(line: str, stream: TextIO, indent: int = 0) -> list[str]:
    """Break a line at words for a terminal; into a pipe it stays one."""
    if not stream.isatty():
        return [line]
    import shutil  # both take longer than what most commands do with them
    import textwrap

    width = max(20, shutil.get_terminal_size().columns - indent)
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")


def _flat(text: str) -> str:
    return shown(re.sub(r"\s+", " ", text))
