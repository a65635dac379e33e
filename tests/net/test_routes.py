"""What the routes do beyond their verbs: statuses, headers, marks, keys and traces."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_core.store import open_store
from tests.hubs import Clock, make_hub
from tests.net.documented import Servers

TEXT = {"fragments": [{"type": "text", "content": "a text of somebody's <script>alert(1)</script>"}]}
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    store = open_store(tmp_path)
    yield Servers(make_hub(store, Clock()))
    store.close()


def test_a_clip_is_201_once_and_200_again(servers: Servers) -> None:
    first, again = (servers.ask("POST", "/clipboard", TEXT) for _ in range(2))
    assert (first.status_code, first.get_json()["duplicate"]) == (201, False)
    assert (again.status_code, again.get_json()["duplicate"]) == (200, True)
    assert first.get_json()["id"] == again.get_json()["id"]


def test_a_key_makes_a_repeated_write_answer_as_the_first(servers: Servers) -> None:
    body = {"command": "show"}
    first, again, other = (
        servers.ask("POST", "/hub-window/commands", body, headers={"Idempotency-Key": key})
        for key in ("k1", "k1", "k2")
    )
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert first.get_json()["command"]["id"] == again.get_json()["command"]["id"] != other.get_json()["command"]["id"]


@pytest.mark.parametrize(
    ("fragment", "mime", "content"),
    [
        ({"type": "text", "content": "<b>x</b>"}, "application/octet-stream", b"<b>x</b>"),
        ({"type": "html", "content": "<script>x</script>"}, "application/octet-stream", b"<script>x</script>"),
        ({"type": "image", "content": base64.b64encode(PNG).decode()}, "image/png", PNG),
        ({"type": "files", "paths": ["/a b", "/c"]}, "application/octet-stream", b"/a b\n/c"),
    ],
)
def test_raw_content_is_a_download_that_no_browser_renders(
    servers: Servers, fragment: dict[str, object], mime: str, content: bytes
) -> None:
    clip_id = servers.ask("POST", "/clipboard", {"fragments": [fragment]}).get_json()["id"]
    reply = servers.ask("GET", f"/clipboard/{clip_id}/fragments/0")
    assert (reply.status_code, reply.mimetype, reply.get_data()) == (200, mime, content)
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in reply.headers["Content-Security-Policy"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert servers.ask("GET", f"/clipboard/{clip_id}/fragments/1").status_code == 404


def test_a_removed_clip_is_gone_from_list_search_and_by_id(servers: Servers) -> None:
    clip_id = servers.ask("POST", "/clipboard", TEXT).get_json()["id"]
    assert servers.ask("GET", "/search?q=somebody").get_json()["items"][0]["id"] == clip_id
    assert servers.ask("DELETE", f"/clipboard/{clip_id}").status_code == 200
    assert servers.ask("GET", f"/clipboard/{clip_id}").status_code == 404
    assert servers.ask("DELETE", f"/clipboard/{clip_id}").status_code == 404
    assert servers.ask("GET", "/clipboard").get_json()["items"] == []
    assert servers.ask("GET", "/search?q=somebody").get_json()["items"] == []


def test_the_hub_window_answers_304_until_something_changes(servers: Servers) -> None:
    etag = servers.ask("GET", "/hub-window").headers["ETag"]
    same = servers.ask("GET", "/hub-window", headers={"If-None-Match": etag})
    assert (same.status_code, same.get_data(), same.headers["ETag"]) == (304, b"", etag)
    servers.ask("POST", "/clipboard", TEXT)
    changed = servers.ask("GET", "/hub-window", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.get_json()["sharedState"]["counts"]["clips"] == 1


def test_a_change_of_the_hub_window_is_made_at_the_revision_that_was_seen_or_not_at_all(servers: Servers) -> None:
    etag = servers.ask("GET", "/hub-window").headers["ETag"]
    servers.ask("POST", "/clipboard", TEXT)  # another event, the same revision of the window
    change = {"window": {"visible": True}, "indicators": {"sync": {"level": "ok", "text": "synced", "confidence": 90}}}
    made = servers.ask("PATCH", "/hub-window", change, headers={"If-Match": etag})
    assert (made.status_code, made.get_json()["window"]) == (200, {"visible": True, "pinned": False, "revision": 1})
    late = servers.ask("PATCH", "/hub-window", {"window": {"visible": False}}, headers={"If-Match": etag})
    assert (late.status_code, late.get_json()["error"]["code"]) == (412, "precondition_failed")
    assert servers.ask("GET", "/hub-window").get_json()["window"]["visible"] is True


def test_a_trace_that_is_sent_goes_through_reply_and_event(servers: Servers) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    assert servers.ask("POST", "/clipboard", TEXT, headers=sent).headers["X-Trace-Id"] == trace_id
    [event] = servers.ask("GET", "/events?after=0&kinds=clipboard_processed").get_json()["items"]
    assert event["traceId"] == trace_id


@pytest.mark.parametrize(
    "sent", ["", "00-0-0-0", f"00-{'0' * 32}-{'1' * 16}-01", "ff-" + "a" * 32 + "-" + "b" * 16 + "-01"]
)
def test_a_trace_that_is_none_is_made(servers: Servers, sent: str) -> None:
    made = servers.ask("GET", "/ping", headers={"traceparent": sent}).headers["X-Trace-Id"]
    assert len(made) == 32
    assert made not in sent


def test_status_tells_more_to_a_token_than_to_anyone(servers: Servers) -> None:
    anyone = servers.ask("GET", "/status", token="").get_json()
    assert set(anyone) == {"status", "service", "apiVersion", "ready"}
    told = servers.ask("GET", "/status").get_json()
    assert {"version", "instance", "modules", "queues", "lastEventId", "counts", "level", "capture"} <= set(told)


def test_a_trigger_is_queued_with_202_and_a_dry_run_queues_nothing(servers: Servers) -> None:
    wanted = {"hotkey": "HOTKEY_SMRTSEARCH", "args": {"query": "x", "open": False}}
    dry = servers.ask("POST", "/trigger", wanted | {"dryRun": True})
    assert (dry.status_code, dry.get_json()["would"]["query"]) == (200, "x")
    assert servers.ask("GET", "/trigger/runs").get_json()["items"] == []
    queued = servers.ask("POST", "/trigger", wanted)
    assert (queued.status_code, queued.get_json()["run"]["state"]) == (202, "queued")
    unknown = servers.ask("POST", "/trigger", {"hotkey": "HOTKEY_NONE"})
    assert unknown.status_code == 400
    assert "HOTKEY_SMRTSEARCH" in unknown.get_json()["error"]["message"]


def test_every_success_begins_with_its_status(servers: Servers) -> None:
    for path in ("/ping", "/status", "/clipboard", "/hub-window", "/trigger", "/events", "/clients", "/search?q=a"):
        assert servers.ask("GET", path).get_data().startswith(b'{"status":"ok"'), path
