"""A bar on stderr for what takes longer than a second, where a person looks on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

SHOWN_AFTER_S = 1.0


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how much of how much is done; the bar goes when the block ends."""
    began = time.monotonic()
    bar: Progress | None = None

    def tell(done: int, total: int) -> None:
        nonlocal bar
        is_due = time.monotonic() - began > SHOWN_AFTER_S
        if bar is None and is_due and sys.stderr.isatty():
            bar = _begin(title)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done, total=max(done, total))

    try:
        yield tell
    finally:
        if bar is not None:
            bar.stop()


def _begin(title: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.add_task(title)
    bar.start()
    return bar
