"""Room: what a limit or the disk has no room for is refused whole, what is there stays, and what makes room works."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from python_core.config import BridgeSettings, Settings
from python_core.errors import StorageFull
from python_core.runtime.clipboard import ClipSearch, NewClip, put_clip, remove_clip
from python_core.runtime.clipboard import list_clips as clips_of
from python_core.runtime.free_disk import LOOK_EVERY_S, FreeDisk
from python_core.runtime.hub import Hub
from python_core.runtime.status import get_status
from python_core.store import Store, open_store
from python_core.store.schema import bring_up_to_date
from python_core.store.steps import STEPS
from python_core.store.tallies import count_stored_bytes
from tests.gate.doors import house_of
from tests.hubs import Clock, caller, page_of_events

MIB = 1024 * 1024


def limited(hub: Hub, *, free_bytes: int = 10**12, **limits: int) -> Hub:
    """The same hub with other limits."""
    settings = Settings(bridge=BridgeSettings(**limits), web_listener=hub.settings.web_listener)  # type: ignore[arg-type]
    return replace(hub, settings=settings, free_disk=FreeDisk(look=lambda _: free_bytes))


def text(content: str) -> NewClip:
    return msgspec.convert({"fragments": [{"type": "text", "content": content}]}, NewClip)


def picture(size: int, mark: int = 0) -> NewClip:
    content = b"\x89PNG\r\n\x1a\n" + bytes([mark]) * (size - 8)
    return msgspec.convert({"fragments": [{"type": "image", "content": base64.b64encode(content).decode()}]}, NewClip)


def put(hub: Hub, clip: NewClip, key: str | None = None) -> Any:
    return put_clip(hub, caller(), clip, key)


def stored_bytes(hub: Hub) -> int:
    with hub.store.reading() as conn:
        return count_stored_bytes(conn)


def files(hub: Hub) -> list[Path]:
    return [path for path in (hub.store.folder / "blobs").glob("*/*") if path.is_file()]


def test_so_many_items_are_kept_and_no_more_until_one_goes(hub: Hub) -> None:
    few = limited(hub, max_stored_items=2)
    first = put(few, text("one"), "key of one")
    put(few, text("two"))
    with pytest.raises(StorageFull, match="2 items are stored, and maxStoredItems is 2: remove some"):
        put(few, text("three"))
    assert put(few, text("one"), "key of one").duplicate
    assert len(clips_of(few, ClipSearch(), 10, None).items) == 2
    remove_clip(few, caller(), first.id)
    assert not put(few, text("three")).duplicate
    assert len(page_of_events(few, 0, 50, "clipboard_processed").items) == 3


def test_pictures_count_by_their_bytes_each_file_once(hub: Hub) -> None:
    before = stored_bytes(hub)
    one = put(hub, picture(3 * MIB))
    clock = hub.now
    assert isinstance(clock, Clock)
    clock.pass_s(60)
    again = put(hub, picture(3 * MIB))
    assert not again.duplicate
    grown = stored_bytes(hub) - before
    assert 3 * MIB <= grown < 4 * MIB
    remove_clip(hub, caller(), one.id)
    assert stored_bytes(hub) - before >= 3 * MIB
    remove_clip(hub, caller(), again.id)
    assert stored_bytes(hub) - before < MIB


def test_bytes_are_counted_however_their_clips_go(hub: Hub) -> None:
    before = stored_bytes(hub)
    put(hub, picture(2 * MIB, 1))
    put(hub, picture(2 * MIB, 2))
    hub.store.write(lambda conn: conn.execute("DELETE FROM clips"))
    assert stored_bytes(hub) - before < MIB


def test_so_many_mebibytes_are_kept_and_what_is_removed_makes_room(hub: Hub) -> None:
    small = limited(hub, max_stored_mib=3)
    first = put(small, picture(3 * MIB, 1))
    for wanted in (picture(1000, 2), text("a word")):
        with pytest.raises(StorageFull, match=r"^Nothing was stored: 3 MiB are stored, and maxStoredMib is 3: remove"):
            put(small, wanted)
    assert len(files(hub)) == 1
    remove_clip(small, caller(), first.id)
    put(small, picture(1000, 2))


def test_texts_that_were_removed_make_room_too(hub: Hub) -> None:
    small = limited(hub, max_stored_mib=4)
    kept = list[str]()
    while "maxStoredMib" not in get_status(small, "bridge").modules["store"].detail:
        kept.append(put(small, text(f"{len(kept)} " + "word " * 40_000)).id)
    with pytest.raises(StorageFull, match="maxStoredMib"):
        put(small, text("no room"))
    for clip in kept:
        remove_clip(small, caller(), clip)
    put(small, text("room again"))


def test_the_hub_does_not_fill_the_disk(hub: Hub) -> None:
    full = limited(hub, free_bytes=255 * MIB)
    with pytest.raises(
        StorageFull, match="255 MiB of the disk are free, and minFreeDiskMib keeps 256: free some space"
    ):
        put(full, picture(1000))
    assert files(hub) == []
    put(limited(hub, free_bytes=256 * MIB), text("a word"))
    put(limited(hub, free_bytes=0, min_free_disk_mib=0), text("another"))


def test_nothing_is_limited_but_the_disk_unless_it_is_asked_for(hub: Hub) -> None:
    assert (hub.settings.bridge.max_stored_items, hub.settings.bridge.max_stored_mib) == (0, 0)
    assert hub.settings.bridge.min_free_disk_mib == 256


def test_the_disk_is_looked_at_every_few_seconds_at_most(tmp_path: Path) -> None:
    looks, now = list[Path](), [0.0]

    def look(folder: Path) -> int:
        looks.append(folder)
        return len(looks)

    disk = FreeDisk(look, lambda: now[0])
    assert [disk.bytes_in(tmp_path) for _ in range(1000)] == [1] * 1000
    now[0] = LOOK_EVERY_S
    assert disk.bytes_in(tmp_path) == 2
    assert looks == [tmp_path] * 2


def test_a_disk_that_does_not_say_refuses_nothing(tmp_path: Path) -> None:
    assert FreeDisk().bytes_in(tmp_path) > 0
    assert FreeDisk().bytes_in(tmp_path / "gone") > 2**60


def test_a_full_hub_is_degraded_and_says_why(hub: Hub) -> None:
    few = limited(hub, max_stored_items=1)
    assert get_status(few, "bridge").level == "healthy"
    put(few, text("one"))
    status = get_status(few, "bridge")
    assert (status.level, status.ready, status.modules["store"].level) == ("degraded", True, "degraded")
    assert "maxStoredItems is 1" in status.modules["store"].detail
    assert status.counts == {"clips": 1, "visits": 0, "outputs": 0}


def test_an_older_database_learns_what_its_pictures_take(tmp_path: Path) -> None:
    bring_up_to_date(tmp_path / "stored", STEPS[:1])
    store = Store(tmp_path / "stored")

    def fill(conn: Any) -> None:
        for seq, digest, size in ((1, "sha256:a", 1000), (2, "sha256:a", 1000), (3, "sha256:b", 500)):
            conn.execute(
                "INSERT INTO clips(seq, id, client, captured_at, received_at, fingerprint, evidence, document) "
                "VALUES (?1, ?1, 'owner', 0, 0, 0, '[]', 0)",
                (seq,),
            )
            conn.execute(
                "INSERT INTO fragments(clip, ordinal, type, mime, digest, bytes) VALUES (?, 0, 'image', 'x', ?, ?)",
                (seq, digest, size),
            )

    store.write(fill)
    store.close()
    opened = open_store(tmp_path / "stored")
    with opened.reading() as conn:
        assert conn.execute("SELECT n FROM tallies WHERE kind = 'blob_bytes'").fetchone() == (1500,)
    opened.close()


TAB = {"url": "https://example.com/full", "event": "activated", "focused": True}
#: What stores something, and what does not and goes on.
STORING: dict[str, tuple[str, str, str, Any]] = {
    "a clip": ("bridge", "POST", "/clipboard", {"fragments": [{"type": "text", "content": "no room"}]}),
    "a page": ("web-listener", "POST", "/tab-info", TAB),
    "an output": ("bridge", "POST", "/structured-output", {"schema": "note/1", "payload": {"text": "x"}}),
    "a schema": ("bridge", "PUT", "/structured-output/schemas/full/1", {"type": "object"}),
    "a run": ("bridge", "POST", "/trigger", {"trigger": "smrtsearch", "args": {"query": "x", "open": False}}),
    "a command": ("bridge", "POST", "/hub-window/commands", {"command": "show"}),
}
GOING_ON: dict[str, tuple[str, str, Any]] = {
    "a removed clip": ("DELETE", "/clipboard/{clip}", None),
    "a removed output": ("DELETE", "/structured-output/{output}", None),
    "the hub window": ("PATCH", "/hub-window", {"window": {"visible": True}}),
    "a client": ("POST", "/clients", {"name": "x", "kind": "script", "scopes": ["status:read"]}),
    "a revoked client": ("DELETE", "/clients/{client}", None),
    "the pairing window": ("POST", "/pairing/window", {"seconds": 60}),
    "a search": ("GET", "/search?q=kept", None),
    "a list": ("GET", "/clipboard", None),
    "the status": ("GET", "/status", None),
    "the ledger": ("GET", "/audit", None),
    "the event log": ("GET", "/events?after=0", None),
}


def test_a_full_hub_refuses_what_stores_and_goes_on_with_the_rest(hub: Hub) -> None:
    free = [10**12]
    disk = FreeDisk(look=lambda _: free[0], monotonic=iter(range(0, 10**9, 10)).__next__)
    with house_of(replace(hub, free_disk=disk), telling=False) as house:
        made = {
            "clip": house.own("POST", "/clipboard", {"fragments": [{"type": "text", "content": "kept"}]})["id"],
            "output": house.own("POST", "/structured-output", STORING["an output"][3])["id"],
            "client": house.own("POST", "/clients", GOING_ON["a client"][2])["client"]["id"],
        }
        free[0] = 0
        for what, (service, method, path, body) in STORING.items():
            answer = house.ask(service, method, path, body, token=house.owner)
            assert (answer.status, answer.code) == (507, "storage_full"), (what, answer)
            assert "minFreeDiskMib" in answer.json["error"]["message"]
        for what, (method, path, body) in GOING_ON.items():
            answer = house.ask("bridge", method, path.format(**made), body, token=house.owner)
            assert answer.status < 300, (what, answer)
        assert house.own("GET", "/status")["modules"]["store"]["level"] == "degraded"
        free[0] = 10**12
        for service, method, path, body in STORING.values():
            assert house.ask(service, method, path, body, token=house.owner).status < 300
