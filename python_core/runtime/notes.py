"""What one process has noted for the ledger and not written yet."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import NamedTuple

from python_core.store.clients import UseRow
from python_core.store.ledger import OutcomeRow, ReadRow
from python_core.utils.timestamps import to_rfc3339

WRITE_AFTER_MS = 5_000
#: Uses come with every call, those that only look too: alone they are written less often.
WRITE_USES_AFTER_MS = 60_000
#: Reads that are held at most before they are written.
HELD_AT_MOST = 1_000


class Taken(NamedTuple):
    """What was noted, as rows."""

    reads: list[ReadRow]
    outcomes: list[OutcomeRow]
    uses: list[UseRow]


class Notes:
    """What was noted in this process and is not written yet; ``writing`` is held by who writes it.

    That it is time to write is said once, till it was taken.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.writing = threading.Lock()
        self._is_told = False
        self._reads: dict[tuple[str, str], ReadRow] = {}
        self._outcomes: dict[tuple[str, str, str], int] = {}
        self._uses: dict[str, int] = {}
        self._since_ms: int | None = None

    def add_reads(self, client: str, items: Iterable[str], at_ms: int) -> bool:
        """Note reads; say whether it is time to write."""
        with self._lock:
            for item in items:
                known = self._reads.get((item, client))
                first, times = (known.first_at_ms, known.times) if known else (at_ms, 0)
                self._reads[item, client] = ReadRow(item, client, first, at_ms, times + 1)
            return self._is_due(at_ms)

    def add_outcome(self, service: str, code: str, at_ms: int) -> bool:
        """Note a refusal; say whether it is time to write."""
        with self._lock:
            key = (to_rfc3339(at_ms)[:10], service, code)
            self._outcomes[key] = self._outcomes.get(key, 0) + 1
            return self._is_due(at_ms)

    def add_use(self, client: str, at_ms: int) -> bool:
        """Note that a client called, to the second; say whether it is time to write."""
        if 0 <= at_ms - self._uses.get(client, 0) < 1_000:
            return False
        with self._lock:
            self._uses[client] = at_ms
            return self._is_due(at_ms, WRITE_USES_AFTER_MS)

    def take(self) -> Taken:
        """Return what was noted, and begin anew."""
        with self._lock:
            taken = Taken(
                list(self._reads.values()),
                [OutcomeRow(*key, n) for key, n in self._outcomes.items()],
                [UseRow(*use) for use in self._uses.items()],
            )
            self._reads, self._outcomes, self._uses, self._since_ms, self._is_told = {}, {}, {}, None, False
            return taken

    def _is_due(self, at_ms: int, after_ms: int = WRITE_AFTER_MS) -> bool:
        if self._since_ms is None:
            self._since_ms = at_ms
        is_due = at_ms - self._since_ms >= after_ms or len(self._reads) >= HELD_AT_MOST
        self._is_told, is_told = self._is_told or is_due, self._is_told
        return is_due and not is_told
