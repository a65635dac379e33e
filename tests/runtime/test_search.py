"""Search: whatever is typed is safe, marks stand where they should, pages hold while rows are added."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.errors import BadInput
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchHit, SearchScope, match_of, search
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store, open_store
from tests.hubs import Clock, caller, make_hub

ANYWHERE = SearchScope()
SYNTAX = st.sampled_from(
    ['"', "'", "*", "^", "(", ")", "{", "}", ":", "+", "-", "AND", "OR", "NOT", "NEAR(a b, 2)", "title:", "body:", "\0",
     "\\", ";", "--", "/*", "漢字", "🎉", "é", "e\u0301", "\u200b", "\u202e", "_", "²", "а", "\n", "\t", " ", "needle", ""]
)  # fmt: skip
TYPED = st.one_of(st.text(), st.lists(st.one_of(SYNTAX, st.text(max_size=3)), max_size=60).map("".join))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Hub:
    """A hub with a few texts, for searches that change nothing."""
    hub = make_hub(open_store(tmp_path_factory.mktemp("library")), Clock())
    for content in ("the needle in the haystack", "漢字 🎉 needle", 'a "quoted" needle* AND NOT more', "nothing here"):
        put_text(hub, content)
    return hub


def put_text(hub: Hub, content: str, title: str = "", url: str | None = None) -> str:
    source = {"title": title} if url is None else {"title": title, "url": url}
    clip = msgspec.convert(
        {"fragments": [{"type": "text", "content": content}], "encounter": {"source": source}}, NewClip
    )
    return put_clip(hub, caller(), clip, None).id  # type: ignore[union-attr]


def found(hub: Hub, q: str, **scope: str) -> list[SearchHit]:
    return search(hub, q, SearchScope(**scope), 50, None).items


def marked(hit: SearchHit) -> list[str]:
    return [hit.snippet[start:end] for start, end in hit.marks]


@given(q=TYPED)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_typed_is_an_error(library: Hub, q: str) -> None:
    for hit in search(library, q, ANYWHERE, 10, None).items:
        assert all(0 <= start < end <= len(hit.snippet) for start, end in hit.marks)


@given(content=st.text(min_size=1), word=st.sampled_from(["needle", "漢字", "x1"]))
@settings(max_examples=150, deadline=None)
def test_a_snippet_is_of_the_text_and_its_marks_are_the_words(
    tmp_path_factory: pytest.TempPathFactory, content: str, word: str
) -> None:
    store = open_store(tmp_path_factory.mktemp("one"))
    hub = make_hub(store, Clock())
    whole = f"{content} {word} \x02{content}"
    put_text(hub, whole)
    [hit] = found(hub, word)
    assert hit.snippet.removeprefix("…").removesuffix("…") in whole
    assert set(marked(hit)) == {word}
    store.close()


@pytest.mark.parametrize(
    ("q", "contents"),
    [
        ("needle", "abc"),
        ("NEEDLE", "abc"),
        ("needle haystack", "a"),
        ('"the needle"', "a"),
        ('"needle the"', ""),
        ("nee*", "abc"),
        ("need*  hay*", "a"),
        ("needle -haystack", "bc"),
        ('needle -"the haystack"', "bc"),
        ("needle -漢字 -haystack", "c"),
        ("-needle", ""),
        ("needle _", "abc"),
        ("needle 🎉", "abc"),
        ('needle"', "abc"),
        ('"needle', "abc"),
        ("title:needle", ""),
        ("needle OR nothing", ""),
        ("nothing", "d"),
        ("", ""),
        ("   ", ""),
        ("* - \" ' ( )", ""),
    ],
)
def test_words_phrases_prefixes_and_exclusions_find_what_a_person_expects(library: Hub, q: str, contents: str) -> None:
    order = ["haystack", "漢字", "quoted", "nothing here"]
    hits = {n for hit in found(library, q) for n, word in enumerate(order) if word in hit.snippet}
    assert "".join("abcd"[n] for n in sorted(hits)) == contents


def test_accents_do_not_matter(hub: Hub) -> None:
    put_text(hub, "Un café crème")
    assert marked(found(hub, "cafe creme")[0]) == ["café", "crème"]


def test_html_is_found_by_its_text_and_a_picture_by_nothing(hub: Hub) -> None:
    html = {"fragments": [{"type": "html", "content": "<p class='hidden'>shown <b>words</b></p>"}]}
    put_clip(hub, caller(), msgspec.convert(html, NewClip), None)
    assert len(found(hub, "shown words")) == 1
    assert found(hub, "hidden") == []


def test_a_visit_is_found_by_title_address_and_selection_and_an_output_by_its_texts(hub: Hub) -> None:
    record_tabs(hub, caller(), TabInfo(url="https://example.com/manual", title="Sundial", selection="noon mark"))
    note = {"schema": "note/1", "payload": {"text": "gnomon", "tags": ["brass"]}, "title": "Shadows"}
    put_output(hub, caller(), msgspec.convert(note, NewOutput), None)
    for q, kind in {"sundial": "visit", "manual": "visit", "noon": "visit"}.items():
        assert [hit.kind for hit in found(hub, q)] == [kind]
    for q in ("gnomon", "brass", "shadows"):
        assert [hit.kind for hit in found(hub, q)] == ["output"]


@pytest.mark.parametrize(
    ("scope", "kinds"),
    [
        ({}, ["clip", "output", "visit"]),
        ({"kind": "clip"}, ["clip"]),
        ({"kind": "visit,output"}, ["output", "visit"]),
        ({"site": "example.com"}, ["clip", "visit"]),
        ({"site": "example.org"}, []),
        ({"from_time": "2026-01-01T12:00:00Z"}, ["clip", "output", "visit"]),
        ({"to_time": "2026-01-01T11:59:59Z"}, []),
        ({"app": "Word"}, []),
    ],
)
def test_each_parameter_narrows_the_hits(hub: Hub, scope: dict[str, str], kinds: list[str]) -> None:
    put_text(hub, "word", url="https://www.example.com/")
    record_tabs(hub, caller(), TabInfo(url="https://example.com/", title="word"))
    put_output(hub, caller(), msgspec.convert({"schema": "note/1", "payload": {"text": "word"}}, NewOutput), None)
    assert sorted(hit.kind for hit in found(hub, "word", **scope)) == kinds


def test_better_matches_come_first_and_newer_ones_among_equals(hub: Hub) -> None:
    first, second = put_text(hub, "needle and hay"), put_text(hub, "needle and straw")
    best = put_text(hub, "needle needle needle")
    assert [hit.id for hit in found(hub, "needle")] == [best, second, first]


def test_pages_keep_to_what_was_stored_when_the_first_was_asked_for(hub: Hub) -> None:
    ids = [put_text(hub, f"needle number{n}") for n in range(7)]
    page = search(hub, "needle", ANYWHERE, 3, None)
    told = [hit.id for hit in page.items]
    while page.next_cursor:
        put_text(hub, "needle number later")
        page = search(hub, "needle", ANYWHERE, 3, page.next_cursor)
        told += [hit.id for hit in page.items]
    assert told == ids[::-1]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WzEsMTAwMV0", "W251bGwsMV0"])
def test_a_cursor_of_another_list_is_told(library: Hub, cursor: str) -> None:
    with pytest.raises(BadInput):
        search(library, "needle", ANYWHERE, 10, cursor)


def test_a_long_query_is_looked_at_with_a_bound() -> None:
    match, terms = match_of(" ".join(f"word{n}" for n in range(10_000)))
    assert match is not None
    assert match.count('"word') == len(terms) == 32


def test_marks_cannot_be_forged_by_what_was_captured(store: Store) -> None:
    hub = make_hub(store, Clock())
    put_text(hub, "\x02deadbeef needle \x02 feebdaed\x02 <mark>needle</mark>")
    [hit] = found(hub, "needle")
    assert marked(hit) == ["needle", "needle"]
