"""``GET /metrics`` of a running hub and of a host's workers, as Prometheus would ask for it."""

from __future__ import annotations

import sys

import pytest

from tests.prometheus import parse
from tests.whole.hub_home import Home

CANARY = "cAnArY7f3a"


def test_a_running_hub_tells_both_its_servers_and_nothing_of_what_it_is_sent(home: Home) -> None:
    hub = home.start_hub()
    caller, stranger = home.caller(), home.anyone(home.facts("web-listener")["url"])
    clip = caller.copy(CANARY)
    caller.get(f"/clipboard/{clip['id']}")
    assert caller.call("GET", f"/{CANARY}").status == 404
    assert stranger.call("GET", "/ping").status == 200
    assert stranger.call("BREW", "/ping").status == 405
    assert home.anyone(hub.url()).call("GET", "/metrics").status == 401

    answer = caller.call("GET", "/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert CANARY not in text
    assert clip["id"] not in text
    page = parse(text)
    requests = page["smrthub_http_requests_total"]
    assert requests.value(method="POST", route="/clipboard", status="2xx", pid=str(hub.pid)) == 1
    assert requests.value(route="/clipboard/<clip_id>") == 1
    assert requests.value(service="web-listener", route="/ping", status="2xx") == 1
    assert requests.value(service="web-listener", method="other", route="none", status="4xx") == 1
    assert page["smrthub_http_refusals_total"].value(service="bridge", code="not_found") == 1
    assert {dict(labels)["module"] for _, labels in page["smrthub_heartbeat_age_seconds"].samples} == {
        "bridge",
        "webListener",
        "saveWorker",
        "dailyCopy",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn is not for Windows")
def test_workers_tell_the_store_alike_and_themselves_apart(home: Home) -> None:
    url = home.start_gunicorn().url("Listening at")
    home.anyone(url).call("GET", "/ping")
    home.caller(url).copy("counted")
    pids = set()
    for _ in range(30):
        page = parse(home.caller(url).call("GET", "/metrics").body.decode())
        assert page["smrthub_stored_items"].value(kind="clips") == 1
        pids |= {dict(labels)["pid"] for _, labels in page["smrthub_process_start_time_seconds"].samples}
    assert 1 <= len(pids) <= 3
