"""Search: whatever is typed is safe, marks stand where they should, pages hold while rows are added."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.errors import BadInput
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.queries import read_query
from python_core.runtime.search import SearchHit, SearchScope, search
from python_core.runtime.snippets import LOOKED_THROUGH, Marker
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store, open_store
from python_core.store.words import folded, lowered, pattern_of
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
        ("-needle", "d"),
        ("-nothing -haystack", "bc"),
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
    assert len(read_query(" ".join(f"w{n}" for n in range(100_000))).wanted) == 32


def test_marks_cannot_be_forged_by_what_was_captured(store: Store) -> None:
    hub = make_hub(store, Clock())
    put_text(hub, "\x02deadbeef needle \x02 feebdaed\x02 <mark>needle</mark>")
    [hit] = found(hub, "needle")
    assert marked(hit) == ["needle", "needle"]


def ids(hub: Hub, q: str, **scope: str) -> set[str]:
    return {hit.id for hit in found(hub, q, **scope)}


@pytest.mark.parametrize(
    ("text", "queries"),
    [
        ("Das Straßenverzeichnis von Zürich", ["zurich", "ZÜRICH", "straß*", "verzeichnis", "Zu\u0308rich"]),
        ("call getUserName(parse_httpReply)", ["user", "name", "getUserName", "user name", "http reply", "httpreply", "serna"]),
        ("see https://docs.example.com/guide/deep-linking?id=42", ["guide", "linking", "deep-linking", "docs.example", "ample.co"]),
        ("東京都の天気予報です", ["天気", "天気予報", "東京", "京都", "予", "報です"]),
        ("使用Python编程很有趣", ["Python", "编程", "使用python", "python编程"]),
        ("ｶﾀｶﾅとひらがな", ["カタカナ", "ひら"]),
        ("서울에서 만나요", ["서울", "만나"]),
        ("สวัสดีชาวโลก", ["สวัสดี", "ชาวโลก"]),
        ("Привет, ёлка", ["елка", "ПРИВЕТ", "прив*"]),
    ],
)  # fmt: skip
def test_any_language_and_the_parts_of_names_are_found(hub: Hub, text: str, queries: list[str]) -> None:
    clip_id = put_text(hub, text)
    put_text(hub, "something else entirely")
    for q in queries:
        assert ids(hub, q) == {clip_id}, q


@pytest.mark.parametrize("q", ["天予", "京東", "\ue000clip", "clip", "xample.com/guidance"])
def test_what_stands_nowhere_is_not_found(hub: Hub, q: str) -> None:
    put_text(hub, "東京都の天気予報です getUserName https://docs.example.com/guide", title="A title")
    assert found(hub, q) == []


def test_one_character_of_a_script_without_spaces_is_found_wherever_it_stands(hub: Hub) -> None:
    stored = {put_text(hub, f"明日の天気 {n}") for n in range(3)} | {put_text(hub, "空")}
    for n in range(300):
        put_text(hub, f"something else {n}")
    assert ids(hub, "気") | ids(hub, "空") == stored


def test_a_word_that_is_only_inside_others_is_marked_as_such(hub: Hub) -> None:
    put_text(hub, "the interoperability of things")
    [hit] = found(hub, "operabil")
    assert marked(hit) == ["operabil"]
    assert hit.why == ["text", "substring", "recent"]


@pytest.mark.parametrize(
    ("q", "why"),
    [
        ("alpha", ["title", "text", "recent"]),
        ("gamma", ["text", "recent"]),
        ("beta gamma", ["text", "phrase", "recent"]),
        ('"alpha beta"', ["text", "phrase", "recent"]),
        ("gam*", ["text", "prefix", "recent"]),
        ("gamma alpha", ["title", "text", "recent"]),
        ("amm", ["text", "substring", "recent"]),
    ],
)
def test_a_hit_says_why_it_is_one(hub: Hub, q: str, why: list[str]) -> None:
    put_text(hub, "alpha beta gamma", title="On Alpha")
    assert found(hub, q)[0].why == why


def test_an_old_hit_is_not_told_to_be_recent_and_stands_below_a_new_one_like_it(store: Store) -> None:
    clock = Clock()
    hub = make_hub(store, clock)
    old = put_text(hub, "needle in old hay")
    clock.pass_s(90 * 86_400)
    new = put_text(hub, "needle in new hay")
    hits = found(hub, "needle")
    assert [hit.id for hit in hits] == [new, old]
    assert ["recent" in hit.why for hit in hits] == [True, False]


def test_a_title_counts_more_than_a_text(hub: Hub) -> None:
    best = put_text(hub, "of something", title="The needle")
    put_text(hub, "a needle somewhere in a text", title="Of hay")
    assert found(hub, "needle")[0].id == best


def test_what_says_the_same_is_one_hit(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    told = []
    for text in ("The same  needle", "the SAME needle\n", "the same needle"):
        told.append(put_text(hub, text))
        clock.pass_s(60)
    other = put_text(hub, "another needle")
    hits = {hit.id: hit for hit in found(hub, "needle")}
    assert set(hits) == {told[-1], other}
    assert hits[told[-1]].folded == 2
    assert set(hits[told[-1]].folded_ids) == set(told[:-1])
    assert (hits[other].folded, hits[other].folded_ids) == (0, [])


def test_a_page_that_was_visited_often_is_one_hit(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    for n in range(15):
        record_tabs(hub, caller(), TabInfo(url="https://example.com/a", title=f"Needle {n}", tab_id=str(n)))
        clock.pass_s(3600)
    [hit] = found(hub, "needle")
    assert (hit.folded, len(hit.folded_ids)) == (14, 10)
    assert hit.source.url == "https://example.com/a"


@pytest.mark.parametrize(("site", "count"), [("example.com", 2), ("docs.example.com", 1), ("ample.com", 0), ("com", 2)])
def test_a_site_stands_for_those_under_it(hub: Hub, site: str, count: int) -> None:
    put_text(hub, "word one", url="https://docs.example.com/1")
    put_text(hub, "word two", url="https://example.com/2")
    put_text(hub, "word three", url="https://example.org/3")
    for q in ("word", "ord"):
        assert len(ids(hub, q, site=site)) == count


@given(q=TYPED, limit=st.integers(1, 5), max_chars=st.integers(1_000, 3_000))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_never_repeat_a_hit_and_keep_to_the_budget(library: Hub, q: str, limit: int, max_chars: int) -> None:
    told, cursor = list[str](), None
    for _ in range(20):
        page = search(library, q, ANYWHERE, limit, cursor, max_chars)
        assert len(msgspec.json.encode({"status": "ok", **msgspec.to_builtins(page)}).decode()) <= max_chars
        told += [hit.id for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert cursor is None
    assert len(told) == len(set(told))


def test_a_budget_holds_whatever_the_texts_are_and_the_first_hit_is_always_there(hub: Hub) -> None:
    for n in range(20):
        put_text(hub, f"needle {n} " + "\x01" * 500, title="\x02" * 1000 + "needle")
    for max_chars in (1_000, 1_500, 10_000, 100_000):
        page = search(hub, "needle", ANYWHERE, 50, None, max_chars)
        assert page.items
        assert len(msgspec.json.encode({"status": "ok", **msgspec.to_builtins(page)}).decode()) <= max_chars


def test_no_hit_stands_on_two_pages_while_rows_are_added_and_removed(hub: Hub) -> None:
    clock: Clock = hub.now  # type: ignore[assignment]
    stored = {put_text(hub, f"needle {'needle ' * (n % 5)}hay {n} {'straw ' * (n % 7)}") for n in range(40)}
    told, cursor = list[str](), None
    while True:
        page = search(hub, "needle hay", ANYWHERE, 7, cursor)
        told += [hit.id for hit in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
        clock.pass_s(86_400)
        for n in range(30):
            put_text(hub, f"needle hay {'needle ' * n} more {len(told)}")
    assert len(told) == len(set(told))
    assert set(told) == stored


def test_100_kb_of_anything_is_no_error(library: Hub) -> None:
    for q in (
        "needle " * 15_000,
        '"' * 100_000,
        "-" * 100_000,
        "漢" * 100_000,
        "a*" * 50_000,
        "\0" * 100_000,
        "x" * 100_000,
    ):
        search(library, q, ANYWHERE, 10, None)


def test_only_exclusions_find_the_newest_without_them(hub: Hub) -> None:
    ids = [put_text(hub, text) for text in ("needle one", "straw", "hay")]
    assert [hit.id for hit in found(hub, "-needle")] == [ids[2], ids[1]]
    assert found(hub, "-needle", site="example.com") == []


def test_a_renamed_page_is_found_by_its_new_title_and_pieces_of_it_only(hub: Hub) -> None:
    record_tabs(hub, caller(), TabInfo(url="https://example.com/a", title="Loading", tab_id="1"))
    assert len(found(hub, "oadin")) == 1
    record_tabs(hub, caller(), TabInfo(url="https://example.com/a", title="Interoperable", tab_id="1"))
    assert [len(found(hub, q)) for q in ("loading", "oadin", "interoperable", "operab")] == [0, 0, 1, 1]


@given(
    text=st.text(st.sampled_from("aAbBeÉe\u0301İßſ_- .漢\0"), max_size=30),
    word=st.sampled_from(["a", "ab", "e", "a-b", "é", "ss"]),
)
@settings(max_examples=300, deadline=None)
def test_a_term_is_found_where_it_stands_as_words_and_nowhere_else(text: str, word: str) -> None:
    [term] = read_query(word).wanted
    plain = folded(text)
    apart = " ".join(re.findall(r"[^\W_]+", plain))
    assert bool(pattern_of(term).search(lowered(plain))) == (f" {' '.join(term.words)} " in f" {apart} ")


def test_a_match_far_down_and_one_after_an_underscore_are_shown(hub: Hub) -> None:
    put_text(hub, "straw_" * 1_000 + "NEEDLE_x İ needles")
    [hit] = found(hub, "needle")
    assert marked(hit) == ["NEEDLE"]


def test_no_more_is_looked_through_than_a_bound_however_many_long_texts_match() -> None:
    marker, text = Marker(read_query("needle").wanted), "x " * 500_000 + "needle"
    shown = [marker.snippet_of(text)[1] for _ in range(LOOKED_THROUGH // len(text) + 2)]
    assert shown[0]
    assert not shown[-1]
    assert marker.snippet_of(f"a needle {text}")[1] == [(2, 8)]
