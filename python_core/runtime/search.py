"""Search: turn what a person types into an index query that cannot fail, and hits into what a person reads."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from python_core.errors import BadInput, HubError
from python_core.runtime.hub import Hub
from python_core.runtime.shapes import View, cursor_of, instant_ms, place_of
from python_core.runtime.snippets import WORD, Term, snippet_of, term_of
from python_core.store import documents
from python_core.store.documents import DocumentFilter, DocumentHit
from python_core.utils.logger import get_logger_for
from python_core.utils.timestamps import to_rfc3339

#: Words and phrases of one query that are looked at: more do not help a person and cost time.
TERMS_AT_MOST = 32
#: Hits that pages reach into: ranking looks at the newest thousand matches.
OFFSET_AT_MOST = documents.RANKED_AT_MOST
#: Documents of one transaction of the index: some 3 ms, in which nobody else can write.
INDEXED_AT_ONCE = 64

log = get_logger_for("python-runtime")
_TERM = re.compile(r'(-?)(?:"([^"]{0,1000})"?|([^\s"]{1,1000}))')


class SearchHit(View, frozen=True, kw_only=True, omit_defaults=False):
    """A match: ``marks`` are [start, end) places in ``snippet``; a higher ``score`` is better; the text is somebody's."""

    kind: str
    id: str
    title: str
    snippet: str
    marks: list[tuple[int, int]]
    score: float
    at: str
    trust: Literal["untrusted"]


class SearchPage(View, frozen=True, kw_only=True, omit_defaults=False):
    """Hits, best first."""

    items: list[SearchHit]
    next_cursor: str | None


class SearchScope(msgspec.Struct, frozen=True, kw_only=True):
    """What narrows a search: ``kind`` a list with commas; times are RFC 3339."""

    kind: str | None = None
    site: str | None = None
    app: str | None = None
    from_time: str | None = None
    to_time: str | None = None


def search(hub: Hub, q: str, wanted: SearchScope, limit: int, cursor: str | None) -> SearchPage:
    """Find clips, visits and outputs by words, ``"phrases"``, ``prefix*`` and ``-not``; no ``q`` is a syntax error.

    A cursor keeps to what was stored when the first page was asked for. How rare a word is changes with what is added
    meanwhile, so that a hit can still move across the edge of a page: whoever gathers pages looks at the ids.
    """
    place = place_of(cursor, 2)
    match, terms = match_of(q)
    if match is None:
        return SearchPage(items=[], next_cursor=None)
    chosen = DocumentFilter(
        kinds=tuple(sorted(set(wanted.kind.split(",")))) if wanted.kind else None,
        site=wanted.site,
        app=wanted.app,
        from_ms=instant_ms(wanted.from_time, "?from"),
        to_ms=instant_ms(wanted.to_time, "?to"),
    )
    index_new(hub)
    with hub.store.reading() as conn:
        upto, offset = place or (documents.get_newest_document(conn), 0)
        if offset > OFFSET_AT_MOST:
            raise BadInput.at("?cursor", "is not a cursor of this list: send nextCursor of the page before as it came")
        hits = documents.find_documents(conn, match, chosen, upto, limit + 1, offset)
    return SearchPage(
        items=[_view(hit, terms) for hit in hits[:limit]],
        next_cursor=cursor_of(upto, offset + limit) if len(hits) > limit else None,
    )


def index_new(hub: Hub, batches: int = 16) -> None:
    """Make what was stored since the last time findable, in transactions of a few milliseconds, at most ``batches``.

    A search does so first, the save worker when it is idle, and nobody who stores something waits for it. Where the store
    cannot be written to, a search finds what it found before.
    """
    with hub.store.reading() as conn:
        pending = documents.has_unindexed(conn)
    try:
        while pending and batches:
            batches -= 1
            pending = hub.store.write(lambda conn: documents.index_documents(conn, INDEXED_AT_ONCE)) == INDEXED_AT_ONCE
    except HubError as fault:
        log.warning("New items could not be indexed: {code}", code=fault.code)


def match_of(q: str) -> tuple[str | None, list[Term]]:
    """Return the FTS5 expression for a person's query, or None when there is nothing in it to look for, and its terms.

    Every term becomes a quoted FTS5 string, in which only ``"`` has a meaning, and the pattern leaves none in: nothing
    that is typed reaches FTS5 as syntax.
    """
    wanted, unwanted = dict[str, Term](), dict[str, Term]()
    for sign, phrase, word in _TERM.findall(q.replace("\0", " "))[:TERMS_AT_MOST]:
        text = phrase or word
        if WORD.search(text):  # a term without a word would match nothing
            is_prefix = word.endswith("*")
            fts5 = f'"{text.rstrip("*")}"{"*" if is_prefix else ""}'
            (unwanted if sign else wanted)[fts5] = term_of(text, is_prefix=is_prefix)
    if not wanted:
        return None, []
    match = " AND ".join(wanted)
    return f"({match}) NOT ({' OR '.join(unwanted)})" if unwanted else match, list(wanted.values())


def _view(hit: DocumentHit, terms: list[Term]) -> SearchHit:
    snippet, marks = snippet_of(hit.body, terms)
    return SearchHit(
        kind=hit.kind,
        id=hit.item,
        title=hit.title,
        snippet=snippet,
        marks=marks,
        score=round(-hit.rank, 4),
        at=to_rfc3339(hit.at_ms),
        trust="untrusted",
    )
