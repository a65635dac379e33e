"""What is stored while something is forgotten stays, though it be of the same site, the same text, or take a freed row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import apsw
import msgspec

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import ClipSearch, NewClip, list_clips, put_clip
from python_core.runtime.forgetting import (
    ForgetRequest,
    carry_out,
    forget,
    go_on_forgetting,
    list_receipts,
    remove_one,
    selection_of,
)
from python_core.runtime.hub import Hub
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store.copying import copy_database
from python_core.store.visits import get_visit
from tests.hubs import Clock, caller
from tests.runtime.test_forgetting import Watched

SITE = ForgetRequest(site="example.com")


def put(hub: Hub, content: str) -> str:
    source = {"url": "https://example.com/"}
    wanted = {"fragments": [{"type": "text", "content": content}], "encounter": {"source": source}}
    receipt = put_clip(hub, caller(), msgspec.convert(wanted, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def see(hub: Hub, page: str) -> str:
    tab = TabInfo(url=f"https://example.com/{page}", title="A page", tab_id="1", browser="chrome", focused=True)
    [receipt] = record_tabs(hub, caller(), tab).results
    assert receipt.visit_id is not None
    return receipt.visit_id


def clips_in(hub: Hub) -> list[str]:
    return [clip.id for clip in list_clips(hub, ClipSearch(), 200, None).items]


def visits_in(hub: Hub, *ids: str) -> list[str]:
    with hub.store.reading() as conn:
        return [visit for visit in ids if get_visit(conn, visit) is not None]


def is_empty(hub: Hub, table: str) -> bool:
    return hub.store.write(lambda conn: conn.execute(f"SELECT 1 FROM {table}").fetchone()) is None


def test_what_takes_the_row_of_what_went_is_shown_and_stays(hub: Hub) -> None:
    for n in range(30):
        put(hub, f"clip {n}")
        see(hub, str(n))
    posted, seen = list[str](), list[str]()

    def post_after(write: Callable[[], Any]) -> Any:
        done = write()
        if posted or is_empty(hub, "clips"):
            posted.insert(0, put(hub, f"between {len(posted)}"))
        if seen or is_empty(hub, "visits"):
            seen.append(see(hub, f"between-{len(posted)}"))
        assert clips_in(hub)[: len(posted)] == posted
        assert visits_in(hub, *seen) == seen
        return done

    watched = replace(hub, store=Watched(hub.store, post_after))  # type: ignore[arg-type]
    forget(watched, caller(), SITE)
    assert clips_in(hub) == posted != []
    assert visits_in(hub, *seen) == seen != []


def test_what_is_copied_or_seen_again_is_stored_again(hub: Hub, clock: Clock) -> None:
    """Within the time in which the same text and the same page are one item."""
    gone, left = put(hub, "the same"), see(hub, "same")
    hub.forgetting.acquire()
    carry_out(hub, caller(), selection_of(hub, SITE), "asked", answer_within_s=0)
    clock.pass_s(1)
    again, seen = put(hub, "the same"), see(hub, "same")
    hub.forgetting.release()
    assert go_on_forgetting(hub) == "done"
    assert clips_in(hub) == [again] != [gone]
    assert visits_in(hub, left, seen) == [seen]


def test_two_at_the_same_forgetting_never_take_it_back_to_a_step_that_is_done(hub: Hub) -> None:
    """What was wanted is not known any more then: a copy of the database would lose everything."""
    clips = [put(hub, f"clip {n}") for n in range(3)]

    def finish_first(write: Callable[[], Any]) -> Any:
        if begun:
            go_on_forgetting(hub)
        begun.append(True)
        return write()

    begun = list[bool]()
    watched = replace(hub, store=Watched(hub.store, finish_first))  # type: ignore[arg-type]
    remove_one(watched, caller(), "clip", clips[0])
    (hub.store.folder / "backups").mkdir()
    copy = hub.store.folder / "backups" / "hub-2026-01-01.db"
    copy_database(hub.store.path, copy, lambda _done, _total: None)
    hub.forgetting.acquire()
    carry_out(hub, caller(), selection_of(hub, ForgetRequest(ids=clips[1:2])), "asked", answer_within_s=0)
    hub.forgetting.release()
    assert go_on_forgetting(hub) == "done"
    conn = apsw.Connection(str(copy))
    assert conn.execute("SELECT id FROM clips").fetchall() == [(clips[2],)]
    conn.close()
    assert {receipt.state for receipt in list_receipts(hub, 10, None).items} == {"done"}


def test_one_that_comes_late_to_a_forgetting_takes_nothing_that_has_come_since(hub: Hub) -> None:
    gone, writes, since = put(hub, "goes"), list[int](), list[str]()

    def finish_first(write: Callable[[], Any]) -> Any:
        writes.append(len(writes))
        if len(writes) == 3:  # the rows that go were looked up; this takes them away
            assert go_on_forgetting(hub) == "done"
            since.append(put(hub, "comes"))
        return write()

    watched = replace(hub, store=Watched(hub.store, finish_first))  # type: ignore[arg-type]
    remove_one(watched, caller(), "clip", gone)
    assert clips_in(hub) == since != []
