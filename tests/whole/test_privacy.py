"""Pause and privacy rules in several real processes on one store, and over a restart; nothing of what they keep out in any file."""

from __future__ import annotations

import json
import sys

import pytest

from tests.whole.hub_home import BRIDGE, Home, wait_for

CANARY = "zqxcanary"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")


def with_canary(home: Home) -> list[str]:
    files = [path for path in home.root.rglob("*") if path.is_file() and path.name != "privacy-rules.json"]
    return [str(path) for path in files if CANARY.encode() in path.read_bytes()]


def test_a_pause_holds_in_every_process_at_once_and_over_a_restart(home: Home) -> None:
    hub, alone, gunicorn = home.start_hub(), home.start(*BRIDGE), home.start_gunicorn()
    urls = [hub.url(), alone.url(), *[gunicorn.url("Listening at")] * 3]
    listener = home.facts("web-listener")["url"]
    assert home.caller(urls[1]).post("/capture/pause", {})["state"] == "paused"
    for url in urls:
        told = home.caller(url).copy(CANARY, source={"url": f"https://a.example/{CANARY}"})
        assert (told["stored"], told["reason"]) == (False, "paused")
        assert home.caller(url).get("/status")["capture"] == "paused"
        assert home.caller(url).get("/hub-window")["sharedState"]["capture"]["state"] == "paused"
    tab = {"url": f"https://a.example/{CANARY}", "title": CANARY, "focused": True}
    assert home.caller(listener).post("/tab-info", tab)["results"][0]["reason"] == "paused"

    assert [each.end() for each in (gunicorn, alone, hub)] == [0, 0, 0]
    hub = home.start_hub()
    assert home.caller(hub.url()).copy(CANARY)["reason"] == "paused"
    assert with_canary(home) == []
    assert home.caller(hub.url()).call("POST", "/capture/resume").status == 200
    assert home.caller(hub.url()).copy("after it")["duplicate"] is False
    assert hub.end() == 0


def test_a_rule_that_is_saved_is_in_force_in_every_process_and_a_broken_one_changes_nothing(home: Home) -> None:
    hub, alone = home.start_hub(), home.start(*BRIDGE)
    callers = [home.caller(hub.url()), home.caller(alone.url())]
    path = home.paths.config() / "privacy-rules.json"
    rule = {"name": "mine", "action": "drop", "on": {"contents": [CANARY]}}

    def save(text: str) -> None:
        draft = path.with_suffix(".draft")
        draft.write_text(text, "utf-8")
        draft.replace(path)

    save(json.dumps({"rules": [rule]}))
    for caller in callers:
        wait_for(lambda caller=caller: modules(caller)["detail"] == "1 in force")
        assert caller.copy(f"a {CANARY}") == {"status": "ok", "stored": False, "reason": "excluded", "rule": "mine"}
    save('{"rules": [')
    for caller in callers:
        wait_for(lambda caller=caller: modules(caller)["level"] == "warning")
        assert caller.copy(f"b {CANARY}")["rule"] == "mine"
    assert [alone.end(), hub.end()] == [0, 0]
    assert with_canary(home) == []
    assert home.start("-m", "python_core").wait() == 78


def modules(caller: object) -> dict[str, str]:
    return caller.get("/status")["modules"]["privacyRules"]  # type: ignore[attr-defined, no-any-return]
