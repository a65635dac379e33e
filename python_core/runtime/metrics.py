"""Metrics: what the hub counts, as a page for Prometheus (text format 0.0.4); no content, and labels of a few values only.

What is about one process bears its ``pid``: where several serve, each scrape meets one of them, and series of different
processes must not be taken for one. All else is in the store, and the same whichever process is asked.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping

from python_core import __version__
from python_core.runtime.health import BEATING, LEVELS, judge_here, judge_stored, recall_stored
from python_core.runtime.hub import Hub
from python_core.runtime.meter import BOUNDS_S
from python_core.runtime.status import is_ready
from python_core.store.tallies import count_stored_bytes
from python_core.utils.logger import count_lost_records

MEDIA_TYPE = "text/plain; version=0.0.4"
#: A sample: what stands after the family's name (``_sum``), labels, value.
Sample = tuple[str, dict[str, str], float]


def get_metrics(hub: Hub) -> str:
    """Return the page."""
    lines: list[str] = []
    for name, kind, told, samples in (*_of_the_hub(hub), *_of_this_process(hub)):
        lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{suffix}{_labels(labels)} {_number(value)}" for suffix, labels, value in samples]
    return "\n".join(lines) + "\n"


Family = tuple[str, str, str, list[Sample]]


def _of_the_hub(hub: Hub) -> Iterator[Family]:
    """What is in the store, and the disk that all share."""
    stored, now_ms = recall_stored(hub), hub.now()
    modules = {**judge_stored(stored, now_ms), **judge_here(hub, stored)}
    ages_s = {BEATING.get(row.module, row.module): max(0, now_ms - row.at_ms) / 1000 for row in stored.beats.values()}
    yield _gauge(
        "smrthub_build_info",
        "Always 1; the labels tell what runs.",
        {"version": __version__, "python": platform.python_version()},
        1,
    )
    yield _gauge("smrthub_ready", "Whether the store can be read and written.", {}, int(is_ready(hub)))
    levels = {name: LEVELS.index(module.level) for name, module in modules.items()}
    yield _gauges("smrthub_health_level", "A part is 0 healthy, 1 warning, 2 degraded, 3 critical.", "module", levels)
    yield _gauges("smrthub_heartbeat_age_seconds", "How long ago a part gave its last sign of life.", "module", ages_s)
    yield _gauges("smrthub_stored_items", "Clips, visits and outputs that are stored.", "kind", stored.counts)
    size = hub.store.recall("stored_bytes", count_stored_bytes)
    yield _gauge("smrthub_stored_bytes", "Bytes of the database that are in use, and of pictures.", {}, size)
    free = hub.free_disk.bytes_in(hub.store.folder)
    yield _gauge("smrthub_disk_free_bytes", "Bytes that are free on the disk of the store.", {}, free)
    yield "smrthub_events_total", "counter", "Events that were ever announced.", [("", {}, stored.last_event_id)]
    yield _gauges("smrthub_runs", "Runs of triggers that have not ended.", "state", stored.unfinished)


def _of_this_process(hub: Hub) -> Iterator[Family]:
    own = {"pid": str(os.getpid())}
    started_s = hub.started_at_ms / 1000
    yield _gauge(
        "smrthub_process_start_time_seconds", "When this process began, in seconds since 1970.", own, started_s
    )
    yield from _requests(hub, own)
    commits = hub.store.commits
    yield (
        "smrthub_store_commit_duration_seconds",
        "summary",
        "How long transactions took to be on disk.",
        [("_sum", own, commits.seconds), ("_count", own, commits.total)],
    )
    yield _gauge("smrthub_store_waiting_writes", "Writes that wait for the next transaction.", own, hub.store.waiting)
    yield _gauge("smrthub_event_streams", "Callers that follow the events.", own, hub.followers.taken)
    lost, _ = count_lost_records()
    yield "smrthub_log_records_lost_total", "counter", "Log records that could not be written.", [("", own, lost)]


def _requests(hub: Hub, own: dict[str, str]) -> Iterator[Family]:
    meter = hub.meter
    yield (
        "smrthub_http_requests_total",
        "counter",
        "Requests that were answered.",
        [("", {**own, **_asked(asked), "status": f"{first}xx"}, n) for (asked, first), n in meter.answers().items()],
    )
    times: list[Sample] = []
    for asked, found in meter.times().items():
        labels = {**own, **_asked(asked)}
        bounds = [*(_number(bound) for bound in BOUNDS_S), "+Inf"]
        counts = [*found.upto, found.total]
        times += [("_bucket", {**labels, "le": le}, n) for le, n in zip(bounds, counts, strict=True)]
        times += [("_sum", labels, found.seconds), ("_count", labels, found.total)]
    yield "smrthub_http_request_duration_seconds", "histogram", "How long it took until an answer began.", times
    yield (
        "smrthub_http_refusals_total",
        "counter",
        "Requests that the gate turned away.",
        [("", {**own, "service": service, "code": code}, n) for (service, code), n in meter.refusals().items()],
    )


def _asked(asked: tuple[str, str, str]) -> dict[str, str]:
    service, method, route = asked
    return {"service": service, "method": method, "route": route}


def _gauge(name: str, told: str, labels: dict[str, str], value: float) -> Family:
    return name, "gauge", told, [("", labels, value)]


def _gauges(name: str, told: str, label: str, values: Mapping[str, float]) -> Family:
    return name, "gauge", told, [("", {label: key}, value) for key, value in values.items()]


def _labels(labels: dict[str, str]) -> str:
    """Every value is a name of ours; the escapes are the format's all the same."""
    if not labels:
        return ""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"


def _number(value: float) -> str:
    return repr(value) if value % 1 else str(int(value))
