"""Upkeep: what the hub tidies of its own at its start and once a day; nothing that was captured goes."""

from __future__ import annotations

from functools import partial

from python_core.runtime.hub import Hub
from python_core.store import Connection, answered, confirmations, events, pairings, visits
from python_core.store.blobs import recover_blobs
from python_core.store.copying import has_replaced
from python_core.utils.logger import tidy_logs

_DAY_MS = 86_400_000
#: How long a repeated request is known as such, and how long a copy that arrives late is joined to its page.
REPLAYS_KNOWN_MS = 7 * _DAY_MS
JOINS_KNOWN_MS = 30 * _DAY_MS
#: How long after a forgetting a program that sends one of the forgotten items again is told that it was there.
FORGOTTEN_KNOWN_MS = 366 * _DAY_MS

#: Events that one transaction removes: some milliseconds.
PRUNED_AT_ONCE = 1_000


def tidy(hub: Hub) -> None:
    """Forget old events, request keys and sightings and expired requests; remove the files that a crash has left, and old logs."""
    now_ms = hub.now()

    def act(conn: Connection) -> None:
        answered.prune_answers(conn, now_ms - REPLAYS_KNOWN_MS, now_ms - FORGOTTEN_KNOWN_MS)
        visits.prune_sightings(conn, now_ms - JOINS_KNOWN_MS)
        pairings.prune_pairings(conn, now_ms)
        confirmations.prune_confirmations(conn, now_ms)

    hub.store.write(act)
    prune_log(hub)
    if not has_replaced(hub.store.folder):  # the store before a restoring still names its pictures
        recover_blobs(hub.store)
    tidy_logs()


def prune_log(hub: Hub) -> None:
    """Remove the events that are older or more than the settings say, in pieces, between which others write."""
    kept = hub.settings.bridge
    act = partial(
        events.prune_events,
        before_ms=hub.now() - kept.event_days * _DAY_MS,
        keep=kept.event_rows,
        at_most=PRUNED_AT_ONCE,
    )
    while hub.store.write(act) == PRUNED_AT_ONCE:
        continue
