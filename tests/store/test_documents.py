"""The search index follows its documents in whatever order they are added, indexed, renamed and removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.store import Connection, document_index, documents, open_store
from python_core.store.document_terms import site_term

WORDS = ("alpha", "beta", "gamma")
#: What is done, and to which of the documents that are there.
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "index", "index one", "rename", "move", "remove"]), st.integers(0, 99)),
    max_size=40,
)


def add(conn: Connection, n: int) -> int:
    return documents.add_document(conn, "clip", str(n), n, "docs.example.com", None, f"title {n}", WORDS[n % 3])


def take_step(conn: Connection, step: str, n: int, kept: dict[int, tuple[str, str]]) -> None:
    chosen = sorted(kept)[n % len(kept)] if kept else None
    if step == "add":
        kept[add(conn, n)] = (f"title {n}", WORDS[n % 3])
    elif step.startswith("index"):
        document_index.index_documents(conn, 1 if step == "index one" else 50)
    elif chosen is not None and step == "rename":
        documents.set_document_title(conn, chosen, f"renamed {n}")
        kept[chosen] = (f"renamed {n}", kept[chosen][1])
    elif chosen is not None and step == "move":
        documents.remove_document_site(conn, chosen)
    elif chosen is not None:
        documents.remove_document(conn, chosen)
        del kept[chosen]


def seqs_with(conn: Connection, word: str) -> list[int]:
    sql = "SELECT rowid FROM documents_index WHERE documents_index MATCH ? ORDER BY rowid"
    return [row[0] for row in conn.execute(sql, (f'"{word}"',))]


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_once_all_is_indexed_each_word_finds_the_documents_that_have_it(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    store = open_store(tmp_path_factory.mktemp("index"))
    kept: dict[int, tuple[str, str]] = {}

    def act(conn: Connection) -> None:
        for step, n in steps:
            take_step(conn, step, n, kept)
        while document_index.has_unindexed(conn):
            document_index.index_documents(conn, 2)
        for index in ("documents_index", "documents_pieces"):
            conn.execute(f"INSERT INTO {index}({index}, rank) VALUES ('integrity-check', 1)")
        for word in (*WORDS, "title", "renamed"):
            wanted = [seq for seq, texts in sorted(kept.items()) if word in " ".join(texts).split()]
            assert seqs_with(conn, word) == wanted, word
        for table in ("document_terms", "document_places"):
            assert [row[0] for row in conn.execute(f"SELECT seq FROM {table} ORDER BY seq")] == sorted(kept)

    store.write(act)
    store.close()


def test_a_document_is_in_the_index_after_the_batch_that_takes_it_in(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    first, second = store.write(lambda conn: (add(conn, 0), add(conn, 3)))
    assert store.write(lambda conn: (seqs_with(conn, "alpha"), document_index.index_documents(conn, 1))) == ([], 1)
    assert store.write(lambda conn: (seqs_with(conn, "alpha"), document_index.has_unindexed(conn))) == ([first], True)
    assert store.write(lambda conn: document_index.index_documents(conn, 10)) == 1
    assert store.write(lambda conn: (seqs_with(conn, "alpha"), document_index.has_unindexed(conn))) == (
        [first, second],
        False,
    )
    store.close()


def test_a_document_that_is_of_no_site_any_more_is_not_found_by_it(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    seq = store.write(lambda conn: (add(conn, 0), document_index.index_documents(conn, 1)))[0]
    term = site_term("example.com")
    assert store.write(lambda conn: seqs_with(conn, term)) == [seq]
    store.write(lambda conn: documents.remove_document_site(conn, seq))
    assert store.write(lambda conn: seqs_with(conn, term)) == []
    store.close()


@pytest.mark.parametrize(
    ("from_day", "to_day", "span"), [(None, None, (1, 6)), (2, 3, (3, 5)), (3, None, (4, 6)), (9, 9, (1, 0))]
)
def test_a_span_of_time_is_a_span_of_rows(
    tmp_path: Path, from_day: int | None, to_day: int | None, span: tuple[int, int]
) -> None:
    store = open_store(tmp_path)
    day_ms = 86_400_000

    def act(conn: Connection) -> tuple[int, int]:
        for day in (0, 1, 2, 3, 2, 4):  # one came late
            documents.add_document(conn, "clip", str(day), day * day_ms + 5, None, None, "", "word")
        document_index.index_documents(conn, 10)
        return documents.span_of(
            conn, None if from_day is None else from_day * day_ms, None if to_day is None else to_day * day_ms, 6
        )

    assert store.write(act) == span
    store.close()
