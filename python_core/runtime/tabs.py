"""Tabs: record which page a browser has in front; an hour of reading one page is one visit."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from python_core.runtime.capture import is_kept_out
from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import judge_tab
from python_core.runtime.room import need_room
from python_core.runtime.shapes import Body, View
from python_core.smrtdetect.websource import RefusedTab, SeenTab, TabInfo, TabRules, handle_tab_info
from python_core.smrtdetect.words import words_of_visit
from python_core.store import Connection, answered, documents, forgettings, marks, visits
from python_core.store.visits import VisitRow
from python_core.utils.ids import new_id

__all__ = ["TabBatch", "TabInfo", "TabReceipt", "TabReceipts", "record_tabs"]

TABS_AT_MOST = 100
#: Visits of a tab among which a report finds its own: one that comes after more others than that begins a visit.
LOOKED_AT = 8


class TabBatch(Body, frozen=True, kw_only=True):
    """Several tabs; each is judged by itself."""

    tabs: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=TABS_AT_MOST)]


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


class TabReceipts(View, frozen=True, kw_only=True):
    """One receipt a tab, in the order in which they came."""

    results: list[TabReceipt]


def record_tabs(hub: Hub, caller: Caller, sent: TabInfo | TabBatch) -> TabReceipts:
    """Record one tab or a batch, in one transaction; a tab that cannot be taken never loses the others.

    Announces ``tab_changed`` for each that brought another page to the front or closed one.
    """
    tabs = [sent] if isinstance(sent, TabInfo) else [_read(raw) for raw in sent.tabs]
    rules, received_at_ms = _rules(hub), hub.now()
    judged = [(tab, judge_tab(hub, tab, handle_tab_info(tab, rules, received_at_ms)) if tab else None) for tab in tabs]
    return TabReceipts(
        results=hub.store.write(lambda conn: [_record(conn, hub, caller, tab, verdict) for tab, verdict in judged])
    )


def _read(raw: msgspec.Raw) -> TabInfo | None:
    try:
        return msgspec.json.decode(raw, type=TabInfo)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _rules(hub: Hub) -> TabRules:
    settings = hub.settings.web_listener
    return TabRules(
        max_url_chars=settings.max_url_chars,
        max_title_chars=settings.max_title_chars,
        tracking_parameters=tuple(settings.tracking_parameters),
        excluded_sites=tuple(settings.excluded_sites),
    )


def _record(
    conn: Connection, hub: Hub, caller: Caller, tab: TabInfo | None, verdict: SeenTab | RefusedTab | None
) -> TabReceipt:
    if tab is None or verdict is None:
        return TabReceipt(id=None, stored=False, reason="bad_input")
    if is_kept_out(conn, hub, verdict.observed_at_ms):  # not even that something came to the front
        return TabReceipt(id=tab.id, stored=False, reason="paused")
    if isinstance(verdict, RefusedTab):
        if verdict.ends_front and _sight(conn, caller, verdict, None, tab.focused):
            announce(conn, hub, caller, "tab_changed", id=None, event=tab.event)
        return TabReceipt(id=tab.id, stored=False, reason=verdict.reason, rule=verdict.rule)
    key = tab.id or None
    known = answered.get_first_item(conn, caller.client, "tab", key)
    if known is not None:
        return TabReceipt(id=tab.id, stored=True, visit_id=known, duplicate=True)
    visit = _leave(conn, hub, caller, verdict) if _leaves(verdict) else _stay(conn, hub, caller, verdict)
    if visit is None:
        return TabReceipt(id=tab.id, stored=False, reason="not_in_front")
    answered.add_answer(conn, caller.client, "tab", key, visit.id, hub.now())
    marks.add_marks(conn, visit.id, verdict.marks)
    came_to_front = verdict.event != "closed" and _sight(conn, caller, verdict, visit.seq, verdict.focused)
    if came_to_front or verdict.event == "closed":
        announce(conn, hub, caller, "tab_changed", id=visit.id, event=verdict.event)
    return TabReceipt(id=tab.id or visit.id, stored=True, visit_id=visit.id)


def _leaves(tab: SeenTab) -> bool:
    """Say whether the report is of a page that is in front no more, or never was: it begins no visit."""
    return tab.event == "closed" or (tab.focused is False and tab.event != "activated")


def _stay(conn: Connection, hub: Hub, caller: Caller, tab: SeenTab) -> VisitRow:
    """Extend the tab's visit if it is to this page and was seen within ``pulseSeconds``; else begin one."""
    visit = _visit_then(conn, caller, tab)
    if visit is None or not _is_recent(hub, visit, tab):
        need_room(conn, hub)
        return _begin(conn, caller, tab)
    is_news = tab.observed_at_ms >= visit.last_seen_at_ms or not visit.title
    title = tab.title if tab.title and is_news else visit.title
    if title != visit.title:
        documents.set_document_title(conn, visit.document, title)
    return _seen(conn, replace(visit, title=title), tab.observed_at_ms)


def _leave(conn: Connection, hub: Hub, caller: Caller, tab: SeenTab) -> VisitRow | None:
    """Note that the tab's visit was left or closed; its time grows only if it was seen within ``pulseSeconds``."""
    visit = _visit_then(conn, caller, tab)
    if visit is None:
        return None
    if tab.event == "closed":
        visit = replace(visit, closed_at_ms=tab.observed_at_ms)
    return _seen(conn, visit, tab.observed_at_ms if _is_recent(hub, visit, tab) else visit.last_seen_at_ms)


def _seen(conn: Connection, visit: VisitRow, at_ms: int) -> VisitRow:
    seen = replace(
        visit,
        started_at_ms=min(visit.started_at_ms, at_ms),
        last_seen_at_ms=max(visit.last_seen_at_ms, at_ms),
    )
    visits.set_visit_seen(conn, seen)
    return seen


def _visit_then(conn: Connection, caller: Caller, tab: SeenTab) -> VisitRow | None:
    """Return the visit that a report belongs to: reports may come late, and not in the order in which they were made."""
    at_ms = tab.observed_at_ms
    recent = visits.list_visits_in_tab(conn, caller.client, _tab_key(tab), LOOKED_AT)
    begun = [visit for visit in recent if visit.started_at_ms <= at_ms]
    if begun:
        visit = max(begun, key=lambda visit: (visit.started_at_ms, visit.seq))
    elif recent:
        visit = min(recent, key=lambda visit: (visit.started_at_ms, visit.seq))
    else:
        return None
    has_ended = visit.closed_at_ms is not None and visit.closed_at_ms < at_ms
    if visit.url != tab.url or has_ended or forgettings.is_going(conn, "visit", visit.seq):
        return None
    return visit


def _is_recent(hub: Hub, visit: VisitRow, tab: SeenTab) -> bool:
    pulse_ms = hub.settings.web_listener.pulse_seconds * 1000
    return visit.started_at_ms - pulse_ms <= tab.observed_at_ms <= visit.last_seen_at_ms + pulse_ms


def _begin(conn: Connection, caller: Caller, tab: SeenTab) -> VisitRow:
    visit = VisitRow(
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
    words = words_of_visit(tab.url, tab.selection)
    document = documents.add_document(conn, "visit", visit.id, tab.observed_at_ms, tab.site, None, tab.title, words)
    return visits.add_visit(conn, replace(visit, document=document))


def _sight(
    conn: Connection, caller: Caller, tab: SeenTab | RefusedTab, visit: int | None, focused: bool | None
) -> bool:
    """Note what this browser has in front; say whether that is another page than before.

    ``visit`` None is something that is not recorded: a copy made there must be joined to no page.
    """
    last = visits.get_sighting_at(conn, caller.client, tab.browser, tab.observed_at_ms)
    same = last is not None and last.visit == visit
    if isinstance(tab, SeenTab) and _leaves(tab) and not same:
        return False  # A tab in the background: it was not in front of anybody.
    if last is None and visit is None:
        return False
    if last is not None and same and last.focused == focused:
        visits.set_sighting_until(conn, last.seq, tab.observed_at_ms)
    else:
        visits.add_sighting(conn, caller.client, tab.browser, visit, tab.observed_at_ms, focused)
        if (
            last is not None and last.until_ms > tab.observed_at_ms
        ):  # heard of late: the one before was seen again since
            visits.add_sighting(conn, caller.client, tab.browser, last.visit, last.until_ms, last.focused)
    return not same


def _tab_key(tab: SeenTab) -> str:
    return f"{tab.browser or ''}/{tab.tab_id or ''}"
