"""How what takes long tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

#: Told how much of how much is done, now and then.
Progress = Callable[[int, int], None]


def unseen(done: int, total: int) -> None:
    """Tell nobody."""
