"""Metrics: a page that a strict reader takes, with what was counted, of few labels and without content."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from python_core import __version__
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.fragments import TextFragment
from python_core.runtime.health import BEATING
from python_core.runtime.hub import Hub
from python_core.runtime.meter import BOUNDS_S, Asked, Meter
from python_core.runtime.metrics import get_metrics
from python_core.runtime.status import get_status, record_beat
from tests.hubs import Clock, caller
from tests.prometheus import parse

ROOT = Path(__file__).resolve().parents[2]
NAMED = ("heartbeat_age_seconds", "health_level")
CANARY = "cAnArY7f3a"


def test_a_part_has_one_name_in_all_that_is_told_of_it(hub: Hub) -> None:
    """Series are joined by it."""
    for tag in BEATING:
        record_beat(hub, tag, 15, "healthy", "")
    page = parse(get_metrics(hub))
    named = {name: {dict(labels)["module"] for _, labels in page[f"smrthub_{name}"].samples} for name in NAMED}
    assert named["heartbeat_age_seconds"] == set(BEATING.values())
    assert named["heartbeat_age_seconds"] < named["health_level"] == set(get_status(hub, "bridge").modules)


def test_what_is_stored_is_told(hub: Hub, clock: Clock) -> None:
    put_clip(hub, caller(), NewClip(fragments=[TextFragment(content="x")]), None)
    record_beat(hub, "bridge", 15, "healthy", "")
    clock.pass_s(40)
    page = parse(get_metrics(hub))
    assert page["smrthub_stored_items"].value(kind="clips") == 1
    assert page["smrthub_events_total"].value() == 2
    assert page["smrthub_heartbeat_age_seconds"].value(module="bridge") == 40
    assert page["smrthub_health_level"].value(module="bridge") == 1
    assert page["smrthub_health_level"].value(module="store") == 0
    assert page["smrthub_ready"].value() == 1
    assert page["smrthub_build_info"].value(version=__version__) == 1
    assert page["smrthub_stored_bytes"].value() > 4096
    assert page["smrthub_store_commit_duration_seconds"].value("_count", pid=str(os.getpid())) >= 2


def test_requests_are_counted_by_route_and_class_and_their_times_add_up(hub: Hub) -> None:
    for status, took_s in ((200, 0.0004), (204, 0.0005), (404, 0.3), (500, 60.0)):
        hub.meter.note("bridge", "GET", "/clipboard/<clip_id>", status, took_s)
    hub.meter.note("web-listener", "POST", "/tab-info", 200, 0.002)
    hub.meter.note_refusal("bridge", "unauthorized")
    page = parse(get_metrics(hub))
    requests = page["smrthub_http_requests_total"]
    assert [requests.value(service="bridge", status=f"{n}xx") for n in (2, 4, 5)] == [2, 1, 1]
    times = page["smrthub_http_request_duration_seconds"]
    route = {"route": "/clipboard/<clip_id>"}
    assert [times.value("_bucket", le=le, **route) for le in ("0.0005", "0.25", "0.5", "10", "+Inf")] == [2, 2, 3, 3, 4]
    assert times.value("_sum", **route) == pytest.approx(60.3009)
    assert times.value("_count", service="web-listener") == 1
    assert page["smrthub_http_refusals_total"].value(code="unauthorized") == 1


def test_nothing_that_was_captured_is_on_the_page(hub: Hub) -> None:
    put_clip(hub, caller(), NewClip(fragments=[TextFragment(content=CANARY)]), None)
    assert CANARY not in get_metrics(hub)


def test_threads_lose_no_count() -> None:
    meter = Meter()
    threads = [
        threading.Thread(target=lambda: [meter.note("bridge", "GET", "/ping", 200, 0.1) for _ in range(5_000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = Asked("bridge", "GET", "/ping")
    assert meter.answers() == {(asked, 2): 20_000}
    assert meter.times()[asked].total == 20_000
    assert list(BOUNDS_S) == sorted(BOUNDS_S)


def test_every_metric_stands_in_the_documentation(hub: Hub) -> None:
    page = (ROOT / "docs" / "health.md").read_text("utf-8")
    told = set(re.findall(r"`(smrthub_\w+)`", page))
    assert told == set(parse(get_metrics(hub)))
