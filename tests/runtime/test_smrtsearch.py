"""SmrtSearch: what is searched for, where the browser would go, and when it does not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput
from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.smrtsearch import SmrtSearchArgs, has_display, run_smrtsearch
from python_core.store import Store
from tests.hubs import Clock, caller, make_hub


def copy(hub: Hub, *fragments: dict[str, Any]) -> str:
    receipt = put_clip(hub, caller(), msgspec.convert({"fragments": fragments}, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def told(hub: Hub, query: str | None = None) -> dict[str, Any]:
    return run_smrtsearch(hub, SmrtSearchArgs(query=query, open=False), dry=False)


@pytest.mark.parametrize(
    ("text", "is_url", "url"),
    [
        ("https://example.com/a?b=c#d", True, "https://example.com/a?b=c#d"),
        ("  HTTP://example.com  ", True, "HTTP://example.com"),
        ("two words", False, "https://duckduckgo.com/?q=two+words"),
        ("a&b=c#d?e/f%20", False, "https://duckduckgo.com/?q=a%26b%3Dc%23d%3Fe%2Ff%2520"),
        ("line\n\tbreaks  and   spaces", False, "https://duckduckgo.com/?q=line+breaks+and+spaces"),
        ("see https://example.com/ there", False, "https://duckduckgo.com/?q=see+https%3A%2F%2Fexample.com%2F+there"),
        ("javascript:alert(1)", False, "https://duckduckgo.com/?q=javascript%3Aalert%281%29"),
        ("file:///etc/passwd", False, "https://duckduckgo.com/?q=file%3A%2F%2F%2Fetc%2Fpasswd"),
        ("https://example.com/<script>", False, "https://duckduckgo.com/?q=https%3A%2F%2Fexample.com%2F%3Cscript%3E"),
        ("漢字 é", False, "https://duckduckgo.com/?q=%E6%BC%A2%E5%AD%97+%C3%A9"),
    ],
)
def test_an_address_is_opened_and_anything_else_is_searched_for(hub: Hub, text: str, is_url: bool, url: str) -> None:
    copy(hub, {"type": "text", "content": text})
    found = told(hub)
    assert (found["isUrl"], found["url"]) == (is_url, url)
    assert told(hub, text)["url"] == url


def test_a_long_text_is_searched_for_by_its_beginning(hub: Hub) -> None:
    copy(hub, {"type": "text", "content": "word " * 100_000})
    assert len(told(hub)["query"]) <= 200


def test_the_newest_clip_is_what_is_searched_for_and_found(hub: Hub) -> None:
    older = copy(hub, {"type": "text", "content": "gnomon of brass"})
    newest = copy(hub, {"type": "html", "content": "<b>x</b>"}, {"type": "text", "content": "gnomon"})
    found = told(hub)
    assert found["query"] == "gnomon"
    assert {hit["id"] for hit in found["hits"]} == {older, newest}


def test_a_query_comes_before_the_newest_clip(hub: Hub) -> None:
    copy(hub, {"type": "text", "content": "clip"})
    assert told(hub, "asked")["query"] == "asked"


def test_a_picture_alone_gives_nothing_to_search_for(hub: Hub) -> None:
    for query in (None, "   "):
        with pytest.raises(BadInput, match="nothing to search for"):
            told(hub, query)
    copy(hub, {"type": "html", "content": "<b>x</b>"})
    with pytest.raises(BadInput, match="nothing to search for"):
        told(hub)


def test_it_says_why_nothing_was_opened(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(hub, "x")["notOpenedBecause"] == "args.open is false"
    dry = run_smrtsearch(hub, SmrtSearchArgs(query="x"), dry=True)
    assert (dry["opened"], dry["notOpenedBecause"]) == (False, "dry run")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if not has_display({}, __import__("sys").platform):
        found = run_smrtsearch(hub, SmrtSearchArgs(query="x"), dry=False)
        assert (found["opened"], found["notOpenedBecause"]) == (False, "no display")


@pytest.mark.parametrize(
    ("environ", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({}, "freebsd14", False),
    ],
)
def test_a_session_without_a_display_opens_no_window(environ: dict[str, str], platform: str, shown: bool) -> None:
    assert has_display(environ, platform) is shown


def test_the_users_own_web_search_is_used(store: Store) -> None:
    hub = make_hub(store, Clock(), bridge={"search_url": "https://search.example/?words={query}&x=1"})
    assert told(hub, "a b")["url"] == "https://search.example/?words=a+b&x=1"
