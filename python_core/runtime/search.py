"""Search: find what was captured by what a person types, fold what says the same, and show it within a budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

import msgspec

from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_new
from python_core.runtime.queries import read_query
from python_core.runtime.shapes import View, cursor_of, instant_ms, place_of
from python_core.runtime.snippets import Marker
from python_core.store import Connection, documents
from python_core.store.document_index import DocumentRow
from python_core.store.expressions import DocumentFilter
from python_core.store.finding import Candidate, Found, find_documents
from python_core.store.origins import Origin, get_origins
from python_core.store.words import Typed
from python_core.utils.timestamps import to_rfc3339

#: How long a search may look before it says what it has: leaves room for the answer within 50 ms.
LOOKS_FOR_S = 0.03
#: Ids of folded hits that a hit tells.
FOLDED_AT_MOST = 10
#: A hit younger than this is told to be recent.
RECENT_MS = 7 * 86_400_000
#: Characters of a title in a reply with a budget, and what the reply itself takes.
SHORT_TITLE_CHARS, ENVELOPE_CHARS = 120, 160

Why = Literal["title", "text", "phrase", "prefix", "substring", "recent"]


class HitSource(View, frozen=True, kw_only=True):
    """Where an item is from."""

    app: str | None = None
    site: str | None = None
    url: str | None = None


class SearchHit(View, frozen=True, kw_only=True, omit_defaults=False):
    """A match: ``marks`` are [start, end) places in ``snippet``; a higher ``score`` is better; the text is somebody's.

    ``why`` it is one: ``title`` and ``text`` say where it was found; ``phrase``: all the words one after the other;
    ``prefix``: a word that begins so; ``substring``: inside a word; ``recent``: of the last seven days. ``folded`` others say the
    same; ``foldedIds`` are those of the best ten.
    """

    kind: str
    id: str
    title: str
    snippet: str
    marks: list[tuple[int, int]]
    score: float
    at: str
    why: list[Why]
    source: HitSource
    folded: int
    folded_ids: list[str]
    trust: Literal["untrusted"]


class SearchPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Hits, best first; ``partial``: there can be more than was looked at in the time that a search has."""

    items: list[SearchHit]
    next_cursor: str | None
    partial: bool


class SearchScope(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a search: ``kind`` a list with commas; times are RFC 3339; a site stands for those under it too."""

    kind: str | None = None
    site: str | None = None
    app: str | None = None
    from_time: str | None = None
    to_time: str | None = None


def search(
    hub: Hub, q: str, wanted: SearchScope, limit: int, cursor: str | None, max_chars: int | None = None
) -> SearchPage:
    """Find clips, visits and outputs by words, ``"phrases"``, ``prefix*`` and ``-not``; no ``q`` is a syntax error.

    A cursor keeps to what was stored when the first page was asked for, and to that moment: scores are the same whatever is
    added meanwhile, so that no hit stands on two pages.

    :param max_chars: the most characters of the whole reply as JSON.
    """
    place = place_of(cursor, 4)
    typed, chosen = read_query(q), _filter_of(wanted)
    if not typed.wanted and not typed.unwanted:
        return SearchPage(items=[], next_cursor=None, partial=False)
    is_behind = index_new(hub)
    with hub.store.reading() as conn:
        upto, now_ms, *after = place or (documents.get_newest_document(conn), hub.now())
        found = find_documents(conn, typed, chosen, upto, now_ms, LOOKS_FOR_S)
        groups = [group for group in _folded(found) if not after or _place_of(group) > (-after[0], -after[1])]
        hits = _hits_of(conn, groups, typed, hub.now(), limit)
        shown = list(islice(hits if max_chars is None else _fitting(hits, max_chars - ENVELOPE_CHARS), limit))
    last = shown[-1][0] if shown and shown[-1][0] is not groups[-1][0] else None
    return SearchPage(
        items=[hit for _, hit in shown],
        next_cursor=cursor_of(upto, now_ms, last.score, last.seq) if last else None,
        partial=found.is_partial or is_behind,
    )


def _filter_of(wanted: SearchScope) -> DocumentFilter:
    site = wanted.site.strip().lower().removeprefix("*.").rstrip(".") if wanted.site else None
    return DocumentFilter(
        kinds=tuple(sorted(set(wanted.kind.split(",")))) if wanted.kind else None,
        site=site,
        app=wanted.app,
        from_ms=instant_ms(wanted.from_time, "?from"),
        to_ms=instant_ms(wanted.to_time, "?to"),
    )


def _folded(found: Found) -> list[list[Candidate]]:
    """Put those that say the same together, best first."""
    groups = dict[int, list[Candidate]]()
    for candidate in found.candidates:
        groups.setdefault(candidate.fold, []).append(candidate)
    return list(groups.values())


def _place_of(group: list[Candidate]) -> tuple[int, int]:
    return -group[0].score, -group[0].seq


def _hits_of(
    conn: Connection, groups: list[list[Candidate]], typed: Typed, now_ms: int, at_once: int
) -> Iterator[tuple[Candidate, SearchHit]]:
    """Show the best of each group, but what is being forgotten at this moment, and hidden till it is gone."""
    marker = Marker(typed.wanted)
    for n in range(0, len(groups), at_once):
        chosen = groups[n : n + at_once]
        rows = documents.get_documents(conn, [group[0].seq for group in chosen])
        origins = get_origins(conn, [(row.kind, row.item) for row in rows.values()])
        others = documents.get_items(conn, [other.seq for group in chosen for other in group[1 : 1 + FOLDED_AT_MOST]])
        for best, *same in chosen:
            row = rows.get(best.seq)
            if row is not None:
                ids = [others[other.seq] for other in same[:FOLDED_AT_MOST] if other.seq in others]
                yield (
                    best,
                    _hit_of(best, row, source_of(row, origins.get(row.item)), typed, marker, now_ms, len(same), ids),
                )


def _hit_of(
    best: Candidate,
    row: DocumentRow,
    source: HitSource,
    typed: Typed,
    marker: Marker,
    now_ms: int,
    folded: int,
    folded_ids: list[str],
) -> SearchHit:
    snippet, marks = marker.snippet_of(row.body)
    return SearchHit(
        kind=row.kind,
        id=row.item,
        title=row.title,
        snippet=snippet,
        marks=marks,
        score=best.score / 10_000,
        at=to_rfc3339(row.at_ms),
        why=_why(best, typed, marker.stands_in(row.title), bool(marks), now_ms - row.at_ms),
        source=source,
        folded=folded,
        folded_ids=folded_ids,
        trust="untrusted",
    )


def _why(best: Candidate, typed: Typed, in_title: bool, in_text: bool, age_ms: int) -> list[Why]:
    terms = typed.wanted
    reasons: dict[Why, bool] = {
        "title": in_title,
        "text": in_text,
        "phrase": best.is_together or any(term.is_phrase for term in terms),
        "prefix": any(term.is_prefix for term in terms),
        "substring": best.is_piece or any(term.is_dense for term in terms),
        "recent": age_ms < RECENT_MS,
    }
    return [reason for reason, holds in reasons.items() if holds]


def source_of(row: DocumentRow, origin: Origin | None) -> HitSource:
    """Return where a document's item is from."""
    return HitSource(app=origin.app, site=row.site, url=origin.url) if origin else HitSource(site=row.site)


def _fitting(hits: Iterable[tuple[Candidate, SearchHit]], room: int) -> Iterator[tuple[Candidate, SearchHit]]:
    """Yield hits while they fit into so many characters; the first is cut rather than left out."""
    for n, (best, hit) in enumerate(hits):
        fit = hit if n else _cut(hit, room)
        room -= chars_of(fit) + 1
        if room < 0 and n:
            return
        yield best, fit


def _cut(hit: SearchHit, room: int) -> SearchHit:
    if chars_of(hit) <= room:
        return hit
    cut = msgspec.structs.replace(hit, title=hit.title[:SHORT_TITLE_CHARS], source=HitSource(), folded_ids=[])
    return cut if chars_of(cut) <= room else msgspec.structs.replace(cut, title="", snippet="", marks=[])


def chars_of(view: View) -> int:
    """Return the characters of a view as JSON."""
    return len(msgspec.json.encode(view).decode())
