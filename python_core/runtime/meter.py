"""What one process counts of the requests that it answers: how many, with what, how fast; a microsecond each."""

from __future__ import annotations

import threading
from bisect import bisect_left
from itertools import accumulate
from typing import NamedTuple

#: Upper bounds of the histogram's buckets, in seconds; one more takes what is slower.
BOUNDS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Asked(NamedTuple):
    """What was asked for: ``route`` as it is declared, or ``none`` for what was turned away before it was known."""

    service: str
    method: str
    route: str


class Times(NamedTuple):
    """How long the answers to one thing took: how many up to each bound and in all, and the seconds together."""

    upto: list[int]
    total: int
    seconds: float


class Meter:
    """Counts since the process began; safe for threads. Keys are of what is declared alone, so that they are few."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: dict[tuple[str, str, str, int], list[float]] = {}
        self._refusals: dict[tuple[str, str], int] = {}

    def note(self, service: str, method: str, route: str, status: int, took_s: float) -> None:
        """Count an answer that began ``took_s`` after its request."""
        key = (service, method, route, status // 100)
        bucket = bisect_left(BOUNDS_S, took_s)
        with self._lock:
            row = self._answers.get(key)
            if row is None:
                row = self._answers[key] = [0] * (len(BOUNDS_S) + 1) + [0.0]
            row[bucket] += 1
            row[-1] += took_s

    def note_refusal(self, service: str, code: str) -> None:
        """Count a request that the gate turned away."""
        with self._lock:
            self._refusals[service, code] = self._refusals.get((service, code), 0) + 1

    def answers(self) -> dict[tuple[Asked, int], int]:
        """Return how many answers there were, by what was asked and the class of their status (2 for 200 to 299)."""
        with self._lock:
            return {(Asked(*key[:3]), key[3]): int(sum(row[:-1])) for key, row in self._answers.items()}

    def times(self) -> dict[Asked, Times]:
        """Return how long the answers took."""
        merged: dict[Asked, list[float]] = {}
        with self._lock:
            for key, row in self._answers.items():
                asked = Asked(*key[:3])
                merged[asked] = [sum(pair) for pair in zip(merged.get(asked, [0.0] * len(row)), row, strict=True)]
        upto = {asked: [int(n) for n in accumulate(row[:-1])] for asked, row in merged.items()}
        return {asked: Times(upto[asked][:-1], upto[asked][-1], row[-1]) for asked, row in merged.items()}

    def refusals(self) -> dict[tuple[str, str], int]:
        """Return how many requests were turned away, by server and code."""
        with self._lock:
            return dict(self._refusals)
