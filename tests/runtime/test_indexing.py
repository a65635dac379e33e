"""What is stored is indexed when nobody waits for it, and the index is kept of few pieces."""

from __future__ import annotations

import msgspec

from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import (
    ENOUGH_CHARS,
    INDEXED_AT_ONCE,
    WAITING_AT_MOST,
    index_new,
    index_when_quiet,
    join_pieces,
)
from python_core.runtime.search import SearchScope, search
from python_core.store import Store, document_index, documents
from tests.hubs import Clock, caller, make_hub


def put_text(hub: Hub, content: str) -> None:
    clip = {"fragments": [{"type": "text", "content": content}]}
    put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)


def found(hub: Hub, q: str) -> set[str]:
    return {hit.id for hit in search(hub, q, SearchScope(), 50, None).items}


def test_new_items_are_indexed_once_no_more_come_or_many_wait(store: Store) -> None:
    hub = make_hub(store, Clock())

    def indexed() -> int:
        with store.reading() as conn:
            return documents.get_newest_document(conn)

    put_text(hub, "one")
    newest = index_when_quiet(hub, 0)
    assert (newest, indexed()) == (1, 0)
    put_text(hub, "two")
    newest = index_when_quiet(hub, newest)
    assert (newest, indexed()) == (2, 0)
    assert (index_when_quiet(hub, newest), indexed()) == (2, 2)
    for n in range(WAITING_AT_MOST + 1):
        put_text(hub, f"more {n}")
    index_when_quiet(hub, newest)
    assert indexed() == 2 + WAITING_AT_MOST + 1


def test_the_pieces_of_the_index_are_joined_a_few_at_a_time_and_nothing_is_lost(store: Store) -> None:
    hub = make_hub(store, Clock())

    def pieces() -> int:
        with store.reading() as conn:
            return sum(
                len(conn.execute(f"SELECT DISTINCT segid FROM {index}_idx").fetchall())
                for index in document_index.INDEXES
            )

    for n in range(12):
        put_text(hub, f"needle number{n} interoperability")
        index_new(hub)
    told, many = [found(hub, q) for q in ("needle", "number7", "operabil")], pieces()
    while join_pieces(hub):
        pass
    assert pieces() <= many / 3
    assert [found(hub, q) for q in ("needle", "number7", "operabil")] == told
    assert [len(each) for each in told] == [12, 1, 12]


def test_long_texts_are_indexed_in_short_transactions_and_none_is_left_out(store: Store) -> None:
    hub = make_hub(store, Clock())
    for n in range(40):
        put_text(hub, f"needle number{n} {'word ' * (ENOUGH_CHARS // 8)}")
    assert store.write(lambda conn: document_index.index_documents(conn, INDEXED_AT_ONCE, ENOUGH_CHARS)) == 2
    assert len(found(hub, "needle")) == 40
    assert not index_new(hub)
