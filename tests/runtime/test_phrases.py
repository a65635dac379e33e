"""Phrases are found by their pairs of words just as by the words themselves, also in a store that had no pairs before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.runtime.hub import Hub
from python_core.runtime.indexing import PAIRED_AT_ONCE, index_new, pair_when_quiet
from python_core.runtime.queries import read_query
from python_core.runtime.save_worker import save_and_route_worker
from python_core.store import Connection, Store, document_index, documents, finding, open_store, word_pairs
from python_core.store.expressions import DocumentFilter
from python_core.utils.heartbeat import Heartbeat
from tests.hubs import Clock, make_hub

WORDS = ("of", "the", "one", "Straße", "café", "parseHttpReply", "x_y", "ёж", "2.5")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
PHRASES = ("of the", "the one", "one of the", "http reply", "x y", "CAFE straße", "ЁЖ one", "of of", "2 5 of", "one")
REST = ("", ' "one of"', " the", " -one", ' -"the of"', " x.y", " the.on*", " caf*")
QUERIES = st.tuples(st.sampled_from(PHRASES), st.sampled_from(REST)).map(lambda parts: f'"{parts[0]}"{parts[1]}')
EVERYWHERE = DocumentFilter()


def fill(store: Store, texts: list[tuple[str, str]]) -> None:
    def act(conn: Connection) -> None:
        for n, (title, body) in enumerate(texts):
            documents.add_document(conn, "clip", str(n), n, "example.com" if n % 2 else None, None, title, body)

    store.write(act)


def rows_with(hub: Hub, q: str, wanted: DocumentFilter = EVERYWHERE) -> list[int]:
    """Return the rows that a search finds, without those that have pieces of words only."""
    index_new(hub)
    with hub.store.reading() as conn:
        upto = documents.get_newest_document(conn)
        found = finding.find_documents(conn, read_query(q), wanted, upto, 0, 60)
    assert not found.is_partial
    return sorted(candidate.seq for candidate in found.candidates if not candidate.is_piece)


def without_pairs(act: Callable[[], list[int]]) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "pairs_in", lambda typed: None)
        return act()


@given(
    texts=st.lists(st.tuples(TEXTS, TEXTS), max_size=8), q=QUERIES, numbers=st.sampled_from([1, 5, word_pairs.NUMBERS])
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_by_pairs_the_same_is_found_as_by_words_however_many_pairs_share_a_number(
    tmp_path_factory: pytest.TempPathFactory, texts: list[tuple[str, str]], q: str, numbers: int
) -> None:
    store = open_store(tmp_path_factory.mktemp("phrases"))
    hub = make_hub(store, Clock())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(word_pairs, "NUMBERS", numbers)
        fill(store, texts)
        for wanted in (EVERYWHERE, DocumentFilter(site="example.com"), DocumentFilter(from_ms=2, to_ms=4)):
            by_pairs = rows_with(hub, q, wanted)
            assert by_pairs == without_pairs(lambda wanted=wanted: rows_with(hub, q, wanted))  # type: ignore[misc]
    store.close()


def test_no_list_of_words_is_read_for_a_phrase(store: Store) -> None:
    hub = make_hub(store, Clock())
    fill(store, [("", "one of the few"), ("", "of the one"), ("", "the one of")])
    assert rows_with(hub, '"one of the"') == [1]
    with hub.store.reading() as conn:
        asked = list[str]()
        conn.trace_v2(1, lambda event: asked.append(event["sql"]))
        finding.find_documents(conn, read_query('"one of the few"'), EVERYWHERE, 3, 0, 60)
        conn.trace_v2(0)
    assert asked
    assert not [sql for sql in asked if "documents_index MATCH" in sql]


def test_a_phrase_ends_with_its_text(store: Store) -> None:
    hub = make_hub(store, Clock())
    fill(store, [("one of", "the few"), ("the few", "one of"), ("one of the few", "")])
    assert rows_with(hub, '"one of the few"') == [3]


SENTENCE = "one of the few words that are of the one the few of the one that is the last"


@pytest.mark.parametrize(
    "q", [f'"{SENTENCE}"', f"{SENTENCE.replace(' ', '.')[:-2]}*", f"{SENTENCE.replace(' ', '.')[:-4]}l*"]
)
def test_a_long_phrase_is_found_to_its_last_word_however_it_repeats_itself(store: Store, q: str) -> None:
    hub = make_hub(store, Clock())
    fill(
        store,
        [("", f"one of {SENTENCE} of"), ("", SENTENCE.replace("last", "first")), ("", SENTENCE.replace("few", "many"))],
    )
    assert rows_with(hub, q) == [1]
    assert without_pairs(lambda: rows_with(hub, q)) == [1]


def older_store(store: Store, count: int) -> Hub:
    """Fill a store as one that comes from before there were pairs."""
    hub = make_hub(store, Clock())
    fill(store, [("", f"one of the number{n}") for n in range(count)])
    rows_with(hub, "one")

    def forget_pairs(conn: Connection) -> None:
        conn.execute("INSERT INTO documents_pairs(documents_pairs) VALUES ('delete-all')")
        conn.execute("UPDATE indexed SET pairs_from = upto + 1")

    store.write(forget_pairs)
    return hub


def pairs_from(hub: Hub) -> int:
    with hub.store.reading() as conn:
        return document_index.has_pairs_from(conn)


def test_an_older_store_finds_phrases_before_and_after_it_has_their_pairs(store: Store) -> None:
    count = 2 * PAIRED_AT_ONCE + 5
    hub = older_store(store, count)
    fill(store, [("", "one of the new")])
    for number in (0, count - 1):
        assert rows_with(hub, f'"of the number{number}"') == [number + 1]
    assert pairs_from(hub) == count + 1
    removed = [3, count - 2, count + 1]
    store.write(lambda conn: [documents.remove_document(conn, seq) for seq in removed[:2]])
    assert pair_when_quiet(hub)
    store.write(lambda conn: documents.remove_document(conn, removed[2]))
    store.write(lambda conn: documents.rewrite_document(conn, 1, "", "one of the changed"))
    while pair_when_quiet(hub):
        pass
    assert pairs_from(hub) == 1
    assert rows_with(hub, '"one of the changed"') == [1]
    assert rows_with(hub, f'"of the number{count - 1}"') == [count]
    for seq in removed:
        assert rows_with(hub, f'"of the number{seq - 1}"') == []
    store.write(lambda conn: conn.execute("INSERT INTO documents_pairs(documents_pairs) VALUES ('integrity-check')"))
    with hub.store.reading() as conn:
        left = [
            seq for (seq,) in conn.execute("SELECT rowid FROM documents_pairs WHERE documents_pairs MATCH ?", (OF_THE,))
        ]
    assert left == [seq for seq in range(1, count + 1) if seq not in removed]


OF_THE = word_pairs.pairs_in(read_query('"of the"')) or ""


def test_an_idle_hub_gives_an_older_store_its_pairs(store: Store) -> None:
    hub = older_store(store, PAIRED_AT_ONCE + 1)
    stop, beat = threading.Event(), Heartbeat(30, "save_worker", lambda *_: None)
    worker = threading.Thread(target=save_and_route_worker, args=(hub, stop, beat))
    worker.start()
    try:
        end = time.monotonic() + 30
        while pairs_from(hub) > 1 and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        stop.set()
        hub.work_queued.set()
        worker.join()
    assert pairs_from(hub) == 1
