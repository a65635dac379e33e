"""What the hub tidies of its own, and that nothing captured goes with it."""

import msgspec

from python_core.runtime import clipboard, tabs
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.upkeep import JOINS_KNOWN_MS, PRUNED_AT_ONCE, REPLAYS_KNOWN_MS, tidy
from python_core.store import Store
from python_core.store.events import add_event
from tests.hubs import Clock, make_hub, page_of_events

CALLER = Caller("owner", "bridge", "0" * 32)


def test_old_keys_and_sightings_go_and_what_was_captured_stays(hub: Hub) -> None:
    tab = msgspec.convert({"url": "https://a.example/", "title": "A", "event": "activated", "id": "t1"}, tabs.TabInfo)
    tabs.record_tabs(hub, CALLER, tab)
    clip = msgspec.convert({"fragments": [{"type": "text", "content": "kept"}]}, clipboard.NewClip)
    made = clipboard.put_clip(hub, CALLER, clip, "key-1")
    later = Hub(hub.settings, hub.store, now=lambda: hub.now() + JOINS_KNOWN_MS + REPLAYS_KNOWN_MS)
    tidy(later)
    with hub.store.reading() as conn:
        counts = {
            table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("answered", "sightings", "clips", "visits")
        }
    assert counts == {"answered": 0, "sightings": 0, "clips": 1, "visits": 1}
    assert clipboard.get_clip(hub, made.id).fragments[0].content == "kept"


def test_a_key_of_today_is_still_known_after_tidying(hub: Hub) -> None:
    clip = msgspec.convert({"fragments": [{"type": "text", "content": "again"}]}, clipboard.NewClip)
    first = clipboard.put_clip(hub, CALLER, clip, "key-1")
    tidy(hub)
    again = clipboard.put_clip(hub, CALLER, clip, "key-1")
    assert (again.id, again.duplicate) == (first.id, True)


def test_the_log_keeps_so_many_days_and_events_in_pieces_between_which_others_write(store: Store, clock: Clock) -> None:
    hub = make_hub(store, clock, bridge={"event_days": 2, "event_rows": 1000})
    old = PRUNED_AT_ONCE + 10
    store.write(lambda conn: [add_event(conn, "heartbeat", "bridge", clock(), "", {}) for _ in range(old)])
    clock.pass_s(3 * 86_400)
    tidy(hub)
    assert page_of_events(hub, 0, 1, None).oldest == old + 1
    store.write(lambda conn: [add_event(conn, "heartbeat", "bridge", clock(), "", {}) for _ in range(1500)])
    tidy(hub)
    page = page_of_events(hub, 0, 1, None)
    assert (page.oldest, page.newest) == (old + 501, old + 1500)
