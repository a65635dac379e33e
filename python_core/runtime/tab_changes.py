"""What a tab's report changes: its visit, what its browser has in front, the event; decided here, written by ``tabs``."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from python_core.runtime.event_kinds import told_by
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.room import need_room
from python_core.runtime.shapes import View
from python_core.smrtdetect.websource import SeenTab, TabInfo
from python_core.smrtdetect.words import words_of_visit
from python_core.store import Connection, forgettings, visits
from python_core.store.tab_reports import Report, Standing, get_standing
from python_core.store.visits import SightingRow, VisitRow
from python_core.utils.ids import new_id


class TabReceipt(View, frozen=True, kw_only=True):
    """What became of one tab: ``id`` is the client's own, or the visit's where it gave none; ``reason`` when not stored,
    with the ``rule`` by which it is ``excluded``.
    """

    id: str | None
    stored: bool
    reason: str | None = None
    rule: str | None = None
    visit_id: str | None = None
    duplicate: bool = False


class Change(NamedTuple):
    """What a report changes, and what its sender is told; ``again`` is the sighting that was seen once more since."""

    report: Report
    receipt: TabReceipt
    is_retitled: bool
    again: SightingRow | None
    is_marked: bool

    @property
    def is_plain(self) -> bool:
        return not self.is_retitled and self.again is None and not self.is_marked


def change_of(conn: Connection, hub: Hub, caller: Caller, tab: TabInfo, verdict: SeenTab) -> Change | TabReceipt:
    """Return what a report changes, or what its sender is told where it changes nothing; writes nothing."""
    at_ms, key = verdict.observed_at_ms, tab.id or None
    found = get_standing(conn, caller.client, _tab_key(verdict), verdict.browser, key, hub.now(), at_ms)
    if found.is_kept_out:  # not even that something came to the front
        return TabReceipt(id=tab.id, stored=False, reason="paused")
    if found.answered is not None:
        return TabReceipt(id=tab.id, stored=True, visit_id=found.answered, duplicate=True)
    before = _visit_then(conn, verdict, found)
    visit = _left(hub, before, verdict) if _leaves(verdict) else _stayed(conn, hub, caller, before, verdict)
    if visit is None:
        return TabReceipt(id=tab.id, stored=False, reason="not_in_front")
    front = front_of(found.sighting, visit.seq, at_ms, verdict.focused)
    if verdict.event == "closed" or (_leaves(verdict) and front.is_another):
        front = Front()  # a tab in the background: it was not in front of anybody
    event = told_by("tab_changed", {"id": visit.id, "event": verdict.event})
    report = Report(
        visit=visit,
        words=words_of_visit(visit.url, verdict.selection),
        key=key,
        at_ms=at_ms,
        focused=verdict.focused,
        extends=front.extends,
        is_sighted=front.is_sighted,
        service=caller.service,
        trace_id=caller.trace_id,
        event=event if front.is_another or verdict.event == "closed" else None,
    )
    return Change(
        report,
        TabReceipt(id=tab.id or visit.id, stored=True, visit_id=visit.id),
        is_retitled=before is not None and visit.id == before.id and visit.title != before.title,
        again=found.sighting if front.is_late else None,
        is_marked=bool(verdict.marks),
    )


def _leaves(tab: SeenTab) -> bool:
    """Say whether the report is of a page that is in front no more, or never was: it begins no visit."""
    return tab.event == "closed" or (tab.focused is False and tab.event != "activated")


def _stayed(conn: Connection, hub: Hub, caller: Caller, visit: VisitRow | None, tab: SeenTab) -> VisitRow:
    """Return the tab's visit, longer, if it is to this page and was seen within ``pulseSeconds``; else one that begins."""
    if visit is None or not _is_recent(hub, visit, tab):
        need_room(conn, hub)
        return _begun(caller, tab)
    is_news = tab.observed_at_ms >= visit.last_seen_at_ms or not visit.title
    return _seen(visit, tab.observed_at_ms, title=tab.title if tab.title and is_news else visit.title)


def _left(hub: Hub, visit: VisitRow | None, tab: SeenTab) -> VisitRow | None:
    """Return the tab's visit, left or closed; its time grows only if it was seen within ``pulseSeconds``."""
    if visit is None:
        return None
    if tab.event == "closed":
        visit = replace(visit, closed_at_ms=tab.observed_at_ms)
    return _seen(visit, tab.observed_at_ms if _is_recent(hub, visit, tab) else visit.last_seen_at_ms, visit.title)


def _seen(visit: VisitRow, at_ms: int, title: str) -> VisitRow:
    return replace(
        visit,
        title=title,
        started_at_ms=min(visit.started_at_ms, at_ms),
        last_seen_at_ms=max(visit.last_seen_at_ms, at_ms),
    )


def _visit_then(conn: Connection, tab: SeenTab, found: Standing) -> VisitRow | None:
    """Return the visit that a report belongs to: reports may come late, and not in the order in which they were made."""
    visit = found.visit
    if visit is None or visit.url != tab.url:
        return None
    has_ended = visit.closed_at_ms is not None and visit.closed_at_ms < tab.observed_at_ms
    is_going = found.is_forgetting and forgettings.is_going(conn, "visit", visit.seq)
    return None if has_ended or is_going else visit


def _is_recent(hub: Hub, visit: VisitRow, tab: SeenTab) -> bool:
    pulse_ms = hub.settings.web_listener.pulse_seconds * 1000
    return visit.started_at_ms - pulse_ms <= tab.observed_at_ms <= visit.last_seen_at_ms + pulse_ms


def _begun(caller: Caller, tab: SeenTab) -> VisitRow:
    return VisitRow(
        id=new_id(),
        client=caller.client,
        tab=_tab_key(tab),
        browser=tab.browser,
        url=tab.url,
        site=tab.site,
        title=tab.title,
        started_at_ms=tab.observed_at_ms,
        last_seen_at_ms=tab.observed_at_ms,
        closed_at_ms=None,
    )


class Front(NamedTuple):
    """What becomes of the sightings: one is longer, or another begins, of another page than before or not.

    ``is_late``: heard of late; the one before was seen again since.
    """

    extends: int | None = None
    is_sighted: bool = False
    is_another: bool = False
    is_late: bool = False


def front_of(last: SightingRow | None, visit: int | None, at_ms: int, focused: bool | None) -> Front:
    """Judge what a browser has in front: ``visit`` is its row, 0 for one that begins, None for what is not recorded."""
    is_same = last is not None and last.visit == visit
    if last is not None and is_same and last.focused == focused:
        return Front(extends=last.seq)
    return Front(None, True, not is_same, last is not None and last.until_ms > at_ms)


def see_again(conn: Connection, last: SightingRow) -> None:
    """Note that what was in front before was seen again since."""
    visits.add_sighting(conn, last.client, last.browser, last.visit, last.until_ms, last.focused)


def _tab_key(tab: SeenTab) -> str:
    return f"{tab.browser or ''}/{tab.tab_id or ''}"
