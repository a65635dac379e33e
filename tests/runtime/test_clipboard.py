"""Clips: every form is checked before it is stored, repetitions are known, and what goes is gone."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from python_core.errors import BadInput, NotFound
from python_core.runtime.clip_views import ClipReceipt, ClipRefusal
from python_core.runtime.clipboard import (
    ClipSearch,
    NewClip,
    get_clip,
    get_fragment,
    list_clips,
    newest_clip,
    put_clip,
    remove_clip,
)
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.runtime.status import get_status
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import Store, open_store
from python_core.store.blobs import recover_blobs
from python_core.utils.ids import digest_of, is_id
from python_core.utils.timestamps import to_rfc3339
from tests.hubs import NOON_MS, Clock, caller, make_hub, page_of_events
from tests.stepwise import Stepwise, told_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PICTURES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 40,
    "image/gif": b"GIF89a" + b"\0" * 40,
    "image/webp": b"RIFF\x20\0\0\0WEBPVP8 " + b"\0" * 20,
}


def text(content: str = "some text") -> dict[str, Any]:
    return {"type": "text", "content": content}


def image(content: bytes = PNG, **more: Any) -> dict[str, Any]:
    return {"type": "image", "content": base64.b64encode(content).decode(), **more}


def clip_of(*fragments: dict[str, Any], **encounter: Any) -> NewClip:
    return msgspec.convert({"fragments": list(fragments), "encounter": encounter}, NewClip)


def put(
    hub: Hub, *fragments: dict[str, Any], key: str | None = None, client: str = "owner", **said: Any
) -> ClipReceipt:
    receipt = put_clip(hub, caller(client), clip_of(*(fragments or (text(),)), **said), key)
    assert isinstance(receipt, ClipReceipt)
    return receipt


def clips_stored(hub: Hub) -> int:
    return get_status(hub, "bridge").counts["clips"]


def files_of(hub: Hub) -> list[str]:
    return [path.name for path in (hub.store.folder / "blobs").rglob("*") if path.is_file()]


def test_a_clip_of_every_form_comes_back_as_it_was(hub: Hub) -> None:
    fragments = [
        text("https://example.com/page"),
        {"type": "html", "content": "<b>bold</b>"},
        image(textLikely=True),
        {"type": "files", "paths": ["/home/a.txt", r"C:\b.txt"]},
    ]
    receipt = put(hub, *fragments)
    assert is_id(receipt.id)
    assert not receipt.duplicate
    assert [(each.ordinal, each.type, each.bytes) for each in receipt.fragments] == [
        (0, "text", 24),
        (1, "html", 11),
        (2, "image", len(PNG)),
        (3, "files", 20),
    ]
    assert receipt.fragments[0].detection is not None
    assert receipt.fragments[0].detection.type_id == "url"
    view = get_clip(hub, receipt.id)
    assert [each.content for each in view.fragments] == ["https://example.com/page", "<b>bold</b>", None, None]
    assert view.fragments[2].text_likely is True
    assert view.fragments[3].paths == ["/home/a.txt", r"C:\b.txt"]
    assert get_fragment(hub, receipt.id, 2) == ("image/png", PNG)
    assert get_fragment(hub, receipt.id, 1) == ("text/html", b"<b>bold</b>")
    assert receipt.fragments[2].digest == digest_of(PNG)


@pytest.mark.parametrize(("mime", "content"), PICTURES.items())
def test_a_picture_is_known_by_its_bytes(hub: Hub, mime: str, content: bytes) -> None:
    receipt = put(hub, image(content, mime=mime))
    assert get_fragment(hub, receipt.id, 0) == (mime, content)


@pytest.mark.parametrize("content", ["a\0b", "\x1b[31mred", "\u202e evil", "𝒳 🎉 漢字", "\r\n", " ", "x" * 1_000_000])
def test_a_text_is_kept_raw(hub: Hub, content: str) -> None:
    receipt = put(hub, text(content))
    assert get_clip(hub, receipt.id).fragments[0].content == content
    assert receipt.fragments[0].digest == digest_of(content.encode())


@pytest.mark.parametrize(
    ("fragment", "encounter", "at"),
    [
        ({"type": "image", "content": "not base64!"}, {}, "/fragments/1/content"),
        ({"type": "image", "content": "AAAA\nAAAA"}, {}, "/fragments/1/content"),
        ({"type": "image", "content": "ünicode"}, {}, "/fragments/1/content"),
        (image(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), {}, "/fragments/1/content"),
        (image(b"RIFF\0\0\0\0AVI "), {}, "/fragments/1/content"),
        (image(mime="image/jpeg"), {}, "/fragments/1/mime"),
        (image(mime="image/svg+xml"), {}, "/fragments/1/mime"),
        ({"type": "files", "paths": ["/ok", "/not\nok"]}, {}, "/fragments/1/paths/1"),
        ({"type": "files", "paths": ["/not\0ok"]}, {}, "/fragments/1/paths/0"),
        (text(), {"digests": [digest_of(b"some text")]}, "/encounter/digests"),
        (text("b"), {"digests": [digest_of(b"some text"), digest_of(b"a")]}, "/encounter/digests/1"),
        (text(), {"capturedAt": "yesterday"}, "/encounter/capturedAt"),
        (text(), {"capturedAt": "2026-01-01"}, "/encounter/capturedAt"),
        (text(), {"source": {"url": "javascript:alert(1)"}}, "/encounter/source/url"),
        (text(), {"source": {"url": "data:text/html,x"}}, "/encounter/source/url"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_nothing_is_stored(
    hub: Hub, fragment: dict[str, Any], encounter: dict[str, Any], at: str
) -> None:
    with pytest.raises(BadInput) as found:
        put_clip(hub, caller(), clip_of(text(), fragment, **encounter), None)
    assert [detail.at for detail in found.value.details] == [at]
    assert clips_stored(hub) == 0
    assert files_of(hub) == []


@pytest.mark.parametrize(
    "said",
    [
        {"fragments": []},
        {"fragments": [text()] * 65},
        {"fragments": [text("")]},
        {"fragments": [{"type": "video", "content": "x"}]},
        {"fragments": [{"content": "x"}]},
        {"fragments": [{"type": "files", "paths": []}]},
        {"fragments": [{"type": "files", "paths": ["x"] * 1001}]},
        {"fragments": [text()], "encounter": {"encounterId": ""}},
        {"fragments": [text()], "encounter": {"encounterId": "x" * 201}},
        {"fragments": [text()], "encounter": {"digests": ["sha256:xyz"]}},
        {"fragments": [text()], "encounter": {"source": {"windowTitle": "a\0b"}}},
        {"fragments": [text()], "encounter": {"source": {"title": "x" * 1025}}},
        {"fragments": [text()], "unknown": 1},
    ],
)
def test_a_body_of_another_shape_is_no_clip(said: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(said, NewClip)


def test_right_digests_are_accepted(hub: Hub) -> None:
    receipt = put(hub, text("a"), image(), digests=[digest_of(b"a"), digest_of(PNG)])
    assert [each.digest for each in receipt.fragments] == [digest_of(b"a"), digest_of(PNG)]


def test_a_copy_from_the_future_was_made_when_it_came(hub: Hub) -> None:
    receipt = put(hub, capturedAt=to_rfc3339(NOON_MS + 3_600_000))
    assert get_clip(hub, receipt.id).captured_at == to_rfc3339(NOON_MS)
    receipt = put(hub, text("earlier"), capturedAt="2025-12-31T12:00:00+01:00")
    assert get_clip(hub, receipt.id).captured_at == "2025-12-31T11:00:00.000Z"


@pytest.mark.parametrize(
    ("encounter", "rule"),
    [
        ({"secret": True}, "secret"),
        ({"source": {"app": "KeePassXC"}}, "password_manager"),
        ({"source": {"app": "1Password.exe"}}, "password_manager"),
        ({"source": {"windowTitle": "Vault - Bitwarden"}}, "password_manager"),
        ({"source": {"app": "chrome", "windowTitle": "Bank (Incognito)"}}, "private_window"),
    ],
)
def test_what_a_rule_keeps_out_is_told_and_not_stored(hub: Hub, encounter: dict[str, Any], rule: str) -> None:
    told = put_clip(hub, caller(), clip_of(text(), image(), **encounter), "key")
    assert told == ClipRefusal(stored=False, reason="excluded", rule=rule)
    assert (clips_stored(hub), files_of(hub)) == (0, [])
    assert page_of_events(hub, 0, 10, None).items == []


def test_an_event_tells_ids_sizes_and_digests_but_nothing_captured(hub: Hub) -> None:
    receipt = put(
        hub, text("canary"), source={"app": "canary", "windowTitle": "canary", "url": "https://canary.example"}
    )
    [event] = page_of_events(hub, 0, 10, None).items
    assert (event.kind, event.source, event.data["id"]) == ("clipboard_processed", "bridge", receipt.id)
    assert event.data["fragments"] == [{"type": "text", "digest": digest_of(b"canary"), "bytes": 6}]
    assert "canary" not in msgspec.json.encode(event).decode()


def test_the_same_encounter_or_key_answers_with_the_first_clip(hub: Hub) -> None:
    first = put(hub, encounterId="e1")
    assert put(hub, text("other text"), encounterId="e1") == msgspec.structs.replace(first, duplicate=True)
    keyed = put(hub, text("third"), key="k1")
    assert put(hub, text("third"), key="k1").id == keyed.id
    assert put(hub, text("fourth"), encounterId="e2", key="k1").id not in (first.id, keyed.id)
    assert clips_stored(hub) == 3


def test_keys_of_different_clients_have_nothing_to_do_with_each_other(hub: Hub) -> None:
    assert put(hub, text("a"), key="k", client="one").id != put(hub, text("b"), key="k", client="two").id


def test_the_same_contents_within_the_window_are_one_clip(hub: Hub, clock: Clock) -> None:
    first = put(hub, text("a"), image())
    clock.pass_s(5)
    assert put(hub, text("a"), image()).duplicate
    assert not put(hub, image(), text("a")).duplicate  # other forms first: another copy
    clock.pass_s(0.001)
    later = put(hub, text("a"), image())
    assert not later.duplicate
    assert put(hub, text("a"), image(), capturedAt=to_rfc3339(NOON_MS)).id == first.id


def test_a_key_that_met_a_twin_stands_for_it_from_then_on(hub: Hub, clock: Clock) -> None:
    first = put(hub)
    assert put(hub, key="k").id == first.id
    clock.pass_s(60)
    assert put(hub, key="k") == msgspec.structs.replace(first, duplicate=True)


def test_a_repeated_clip_that_was_removed_meanwhile_is_not_stored_again(hub: Hub) -> None:
    first = put(hub, image(), encounterId="e1")
    remove_clip(hub, caller(), first.id)
    again = put(hub, image(), encounterId="e1")
    assert (again.id, again.duplicate) == (first.id, True)
    assert (clips_stored(hub), files_of(hub)) == (0, [])


def test_a_picture_that_came_with_a_repetition_leaves_no_file(hub: Hub) -> None:
    put(hub, encounterId="e1")
    put(hub, image(), encounterId="e1")
    assert files_of(hub) == []
    put(hub, image())
    put(hub, image())
    assert len(files_of(hub)) == 1


def test_clips_are_listed_newest_first_with_previews_and_stay_in_place_while_others_come(hub: Hub) -> None:
    ids = [put(hub, text(f"{n} " + "x" * 3000)).id for n in range(5)]
    page = list_clips(hub, ClipSearch(), 2, None)
    put(hub, text("later"))
    second = list_clips(hub, ClipSearch(), 2, page.next_cursor)
    third = list_clips(hub, ClipSearch(), 2, second.next_cursor)
    assert [clip.id for clip in page.items + second.items + third.items] == ids[::-1]
    assert third.next_cursor is None
    assert len(page.items[0].fragments[0].preview or "") == 200
    assert page.items[0].fragments[0].content is None


def test_a_preview_is_never_half_a_character(hub: Hub) -> None:
    put(hub, text("x" + "🎉" * 400))
    newest = newest_clip(hub)
    assert newest is not None
    assert newest.fragments[0].preview == "x" + "🎉" * 199


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "abc"),
        ({"type": "image"}, "c"),
        ({"app": "Word"}, "a"),
        ({"site": "example.com"}, "b"),
        ({"site": "www.example.com"}, ""),
        ({"from_time": "2026-01-01T12:00:00Z"}, "bc"),
        ({"to_time": "2026-01-01T12:00:00Z"}, "ab"),
        ({"type": "text", "site": "example.com", "app": "Word"}, ""),
    ],
)
def test_each_parameter_narrows_the_list(hub: Hub, clock: Clock, wanted: dict[str, str], found: str) -> None:
    names = {
        put(hub, source={"app": "Word"}, capturedAt=to_rfc3339(NOON_MS - 1000)).id: "a",
        put(hub, text("b"), source={"url": "https://www.example.com/page"}).id: "b",
    }
    clock.pass_s(1)
    names[put(hub, text("c"), image()).id] = "c"
    assert "".join(sorted(names[clip.id] for clip in list_clips(hub, ClipSearch(**wanted), 50, None).items)) == found


@pytest.mark.parametrize("cursor", ["x", "", "WzFd!", "WzEsMl0", "Wy0xXQ", "eyJhIjoxfQ", "bnVsbA", "W10", "é"])
def test_a_cursor_that_is_none_of_ours_is_told(hub: Hub, cursor: str) -> None:
    with pytest.raises(BadInput) as found:
        list_clips(hub, ClipSearch(), 10, cursor)
    assert [detail.at for detail in found.value.details] == ["?cursor"]


def test_a_removed_clip_is_found_nowhere(hub: Hub) -> None:
    receipt = put(hub, text("canary"), image())
    remove_clip(hub, caller(), receipt.id)
    assert search(hub, "canary", SearchScope(), 10, None).items == []
    assert list_clips(hub, ClipSearch(), 10, None).items == []
    assert newest_clip(hub) is None
    assert (clips_stored(hub), files_of(hub)) == (0, [])
    assert page_of_events(hub, 1, 10, None).items[0].kind == "clipboard_forgotten"
    for ask in (get_clip, lambda hub, clip_id: get_fragment(hub, clip_id, 0)):
        with pytest.raises(NotFound):
            ask(hub, receipt.id)
    with pytest.raises(NotFound):
        remove_clip(hub, caller(), receipt.id)


def test_a_picture_that_another_clip_shows_too_stays(hub: Hub) -> None:
    first, second = put(hub, image()), put(hub, image(), text("other"))
    remove_clip(hub, caller(), first.id)
    assert get_fragment(hub, second.id, 0) == ("image/png", PNG)
    assert recover_blobs(hub.store) == 0


def test_a_duplicate_window_of_zero_still_knows_what_came_in_the_same_moment(store: Store) -> None:
    clock = Clock()
    hub = make_hub(store, clock, bridge={"duplicate_window_seconds": 0})
    assert put(hub).id == put(hub).id
    clock.pass_s(0.001)
    assert not put(hub).duplicate


@pytest.mark.parametrize(
    ("fragments", "said", "key"),
    [
        ([text("a\0b \U0001f600")], {}, None),
        ([text(), {"type": "html", "content": "<b>some text</b>"}], {"encounterId": "first"}, "other"),
        ([{"type": "files", "paths": ["/a", "/b"]}], {"source": {"app": "Files", "windowTitle": "Home"}}, "a key"),
        ([text()], {"source": {"app": "chrome"}, "capturedAt": to_rfc3339(NOON_MS - 1)}, None),
        ([text()], {"source": {"url": "https://www.example.com/", "title": "Page"}}, None),
    ],
)
def test_one_statement_stores_what_the_steps_store(
    tmp_path: Path, clock: Clock, fragments: list[dict[str, Any]], said: dict[str, Any], key: str | None
) -> None:
    found = []
    for kind in (Store, Stepwise):
        open_store(tmp_path / kind.__name__).close()
        hub = make_hub(kind(tmp_path / kind.__name__), clock)
        record_tabs(hub, caller(), TabInfo(url="https://example.org/", browser="chrome", focused=True))
        put(hub, text("the one before"))
        receipts = [put(hub, *fragments, key=key, **said) for _ in range(2)]
        assert [each.duplicate for each in receipts] == [False, True]
        found.append(told_of(hub.store, receipts))
        hub.store.close()
    assert found[0] == found[1]
    assert "clipboard_processed" in found[0]
