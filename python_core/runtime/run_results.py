"""What a run found, for who asks: who may only run triggers must not search and read the clipboard with them."""

from __future__ import annotations

from typing import Any

from python_core.runtime.hub import Caller, Hub
from python_core.runtime.ledger import note_reads

#: Who may see what a run found.
SEEING = "search:read"
#: What everybody is told: nothing of it was captured.
TOLD_TO_ALL = frozenset({"opened", "notOpenedBecause"})


def shown_result(hub: Hub, caller: Caller, result: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what this caller may see of a run's result; the hits in it are a read, which the ledger is told."""
    if result is None:
        return None
    if SEEING not in caller.scopes:
        return {name: value for name, value in result.items() if name in TOLD_TO_ALL}
    note_reads(hub, caller.client, (hit["id"] for hit in result.get("hits", ())))
    return result
