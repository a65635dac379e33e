"""Context: what was on the screen at a moment, and what else was done around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from python_core.errors import BadInput, NotFound
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import WindowView
from python_core.runtime.indexing import index_new
from python_core.runtime.search import HitSource, chars_of, source_of
from python_core.runtime.shapes import View, instant_ms
from python_core.store import Connection, events, visits
from python_core.store.document_index import DocumentRow
from python_core.store.documents import get_document
from python_core.store.hub_window import get_window
from python_core.store.moments import find_item, list_near
from python_core.store.origins import get_origin
from python_core.utils.ids import is_id
from python_core.utils.timestamps import to_rfc3339

#: Sightings that are looked at for the page in front.
SIGHTINGS_AT_MOST = 20
OUTPUTS_AT_MOST = 10
SNIPPET_CHARS, TITLE_CHARS = 240, 300
#: What the reply takes beside its items.
ENVELOPE_CHARS = 400


class ContextItem(View, frozen=True, kw_only=True, omit_defaults=False):
    """An item and how far it is from the moment, in seconds: below 0 it was before. The text is somebody's."""

    kind: str
    id: str
    at: str
    off_seconds: float
    title: str
    snippet: str
    source: HitSource
    trust: Literal["untrusted"]


class Context(View, frozen=True, kw_only=True, omit_defaults=False):
    """A moment: the page that was in ``tab``, the clip that was the newest, the outputs made near it, and what else was near.

    ``item`` is what was asked for, where that was an item. ``hubWindow`` is null where it has changed since: how it was is not
    kept. ``partial``: more was near than was asked for, or fits.
    """

    at: str
    window_seconds: int
    item: ContextItem | None
    tab: ContextItem | None
    clip: ContextItem | None
    hub_window: WindowView | None
    outputs: list[ContextItem]
    around: list[ContextItem]
    partial: bool

    def ids(self) -> list[str]:
        """Return the ids of all items that it shows."""
        return [each.id for each in (self.item, self.tab, self.clip, *self.outputs, *self.around) if each is not None]


def get_context(hub: Hub, at: str | None, window_s: int, limit: int, max_chars: int | None = None) -> Context:
    """Return what was around a moment: an RFC 3339 time, an item's id, or None for now.

    :param max_chars: the most characters of the whole reply as JSON.
    :raises BadInput: ``at`` is neither.
    :raises NotFound: there is no item of that id.
    """
    index_new(hub)
    with hub.store.reading() as conn:
        item = _item_at(conn, at)
        at_ms = item.at_ms if item else _moment_ms(hub, at)
        near = list_near(conn, at_ms, window_s * 1000, limit + OUTPUTS_AT_MOST + 2)
        if item is not None:
            near = [row for row in near if row.seq != item.seq]
        tab = _tab_at(conn, at_ms, hub.settings.web_listener.pulse_seconds * 1000, near)
        clip = next((row for row in near if row.kind == "clip" and row.at_ms <= at_ms), None)
        outputs = [row for row in near if row.kind == "output"][:OUTPUTS_AT_MOST]
        told = {row.seq for row in (item, tab, clip, *outputs) if row is not None}
        rest = [row for row in near if row.seq not in told]
        is_same = events.is_unchanged_since(conn, "hub_window_changed", at_ms)
        window = get_window(conn) if is_same else None
        budget = _Budget(conn, at_ms, max_chars)
        return Context(
            at=to_rfc3339(at_ms),
            window_seconds=window_s,
            item=budget.first(item),
            tab=budget.first(tab),
            clip=budget.first(clip),
            hub_window=WindowView(visible=window.visible, pinned=window.pinned, revision=window.revision)
            if window
            else None,
            outputs=list(budget.fitting(outputs)),
            around=list(budget.fitting(rest[:limit])),
            partial=len(rest) > limit or budget.is_spent,
        )


class _Budget:
    """Shows items while there is room for them."""

    def __init__(self, conn: Connection, at_ms: int, max_chars: int | None) -> None:
        self._conn = conn
        self._at_ms = at_ms
        self._room = None if max_chars is None else max_chars - ENVELOPE_CHARS
        self.is_spent = False

    def first(self, row: DocumentRow | None) -> ContextItem | None:
        """Show one item, without its texts where they do not fit."""
        return None if row is None else next(self.fitting([row]), None)

    def fitting(self, rows: list[DocumentRow]) -> Iterator[ContextItem]:
        """Yield items until one does not fit."""
        for row in rows:
            shown = self._shown(row)
            size = chars_of(shown) + 1
            if self._room is not None and size > self._room:
                self.is_spent = True
                return
            if self._room is not None:
                self._room -= size
            yield shown

    def _shown(self, row: DocumentRow) -> ContextItem:
        return ContextItem(
            kind=row.kind,
            id=row.item,
            at=to_rfc3339(row.at_ms),
            off_seconds=(row.at_ms - self._at_ms) / 1000,
            title=row.title[:TITLE_CHARS],
            snippet=row.body[:SNIPPET_CHARS],
            source=source_of(row, get_origin(self._conn, row.kind, row.item)),
            trust="untrusted",
        )


def _item_at(conn: Connection, at: str | None) -> DocumentRow | None:
    if at is None or not is_id(at):
        return None
    item = find_item(conn, at)
    if item is None:
        raise NotFound("There is nothing of that id.")
    return item


def _moment_ms(hub: Hub, at: str | None) -> int:
    if at is None:
        return hub.now()
    try:
        at_ms = instant_ms(at, "?at")
    except BadInput:
        raise BadInput.at("?at", "is neither an item's id nor an RFC 3339 time, such as 2026-01-31T12:00:00Z") from None
    return at_ms if at_ms is not None else hub.now()


def _tab_at(conn: Connection, at_ms: int, pulse_ms: int, near: list[DocumentRow]) -> DocumentRow | None:
    """Return the page that was in front at a moment: of several browsers the one that had the focus, or came last.

    A page is seen only now and then (every 30 s by SmrtChrome): it counts as in front for ``pulse_ms`` more, unless its browser
    had something else in front since. This is kept for 30 days; before that it is the page that was opened last of those still
    seen later.
    """
    fronts = dict[tuple[str, str | None], visits.SeenPage]()
    for page in visits.list_sightings(conn, at_ms - pulse_ms, at_ms, SIGHTINGS_AT_MOST):
        fronts.setdefault((page.client, page.browser), page)
    seen = [page for page in fronts.values() if page.visit_id is not None and _is_in_front(page, at_ms)]
    if seen:
        visit = visits.get_visit(conn, max(seen, key=lambda page: (page.focused is True, page.at_ms)).visit_id or "")
        return get_document(conn, visit.document) if visit else None
    for row in near:
        if row.kind == "visit" and row.at_ms <= at_ms:
            visit = visits.get_visit(conn, row.item)
            if visit is not None and visit.last_seen_at_ms >= at_ms:
                return row
    return None


def _is_in_front(page: visits.SeenPage, at_ms: int) -> bool:
    """Say whether the last page that a browser had in front was so still: it had not been closed, nor lost the focus."""
    if page.closed_at_ms is not None and page.closed_at_ms < at_ms:
        return False
    return page.focused is not False or page.until_ms >= at_ms
