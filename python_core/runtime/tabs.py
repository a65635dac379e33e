"""Tabs: record which page a browser has in front; an hour of reading one page is one visit."""

from __future__ import annotations

from typing import Annotated

import msgspec

from python_core.runtime.events import announce
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.judging import judge_tab
from python_core.runtime.shapes import Body, View
from python_core.runtime.tab_changes import Change, TabReceipt, change_of, front_of, see_again
from python_core.smrtdetect.websource import RefusedTab, SeenTab, TabInfo, TabRules, handle_tab_info
from python_core.store import Connection, documents, marks, visits
from python_core.store.tab_reports import add_report, get_standing
from python_core.utils.learned_types import learned

__all__ = ["TabBatch", "TabInfo", "TabReceipt", "TabReceipts", "record_tabs"]

TABS_AT_MOST = 100


class TabBatch(Body, frozen=True, kw_only=True):
    """Several tabs; each is judged by itself."""

    tabs: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=TABS_AT_MOST)]


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

    def record(conn: Connection) -> list[TabReceipt]:
        return [_record(conn, hub, caller, tab, verdict) for tab, verdict in judged]

    def record_at_once(conn: Connection) -> list[TabReceipt] | None:
        [(tab, verdict)] = judged
        found = change_of(conn, hub, caller, tab, verdict) if tab and isinstance(verdict, SeenTab) else None
        if isinstance(found, Change):
            return [_put(conn, hub, found)] if found.is_plain else None
        return None if found is None else [found]

    return TabReceipts(results=hub.store.write(record, record_at_once if len(judged) == 1 else None))


def _read(raw: msgspec.Raw) -> TabInfo | None:
    try:
        return msgspec.json.decode(raw, type=learned(TabInfo))
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
    if isinstance(verdict, RefusedTab):
        return _refuse(conn, hub, caller, tab, verdict)
    change = change_of(conn, hub, caller, tab, verdict)
    if isinstance(change, TabReceipt):
        return change
    visit = change.report.visit
    if change.is_retitled:
        documents.set_document_title(conn, visit.document, visit.title)
    receipt = _put(conn, hub, change)
    if change.again is not None:
        see_again(conn, change.again)
    marks.add_marks(conn, visit.id, verdict.marks)
    return receipt


def _put(conn: Connection, hub: Hub, change: Change) -> TabReceipt:
    add_report(conn, change.report, hub.now())
    return change.receipt


def _refuse(conn: Connection, hub: Hub, caller: Caller, tab: TabInfo, verdict: RefusedTab) -> TabReceipt:
    """Note that something which is not recorded came to the front: a copy made there must be joined to no page."""
    at_ms = verdict.observed_at_ms
    found = get_standing(conn, caller.client, None, verdict.browser, None, hub.now(), at_ms)
    if found.is_kept_out:
        return TabReceipt(id=tab.id, stored=False, reason="paused")
    if verdict.ends_front and found.sighting is not None:
        front = front_of(found.sighting, None, at_ms, tab.focused)
        if front.extends is not None:
            visits.set_sighting_until(conn, front.extends, at_ms)
        else:
            visits.add_sighting(conn, caller.client, verdict.browser, None, at_ms, tab.focused)
        if front.is_late:
            see_again(conn, found.sighting)
        if front.is_another:
            announce(conn, hub, caller, "tab_changed", id=None, event=tab.event)
    return TabReceipt(id=tab.id, stored=False, reason=verdict.reason, rule=verdict.rule)
