"""A harmless tab and clip that the doctor sends through the whole hub and takes out again: listener, store, event, search, forget.

Their words are ours and random: they say nothing, are joined to nothing, and no item of the user is touched. What stays are ids:
in the event log, in the receipt of the forgetting and in the ledger.
"""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from python_core.errors import HubError, NotFound
from python_core.support.hops import Check
from python_core.support.hub_checks import Running
from python_core.support.store_files import Finding

#: How long the index may take.
SEARCH_WITHIN_S = 10.0
PAUSE_S = 0.1
_AGAIN = "Run the doctor again; then smrthub logs --level warning"


@dataclass
class Canary:
    """One walk: each step needs the one before, and what was stored is forgotten whatever happened."""

    running: Running
    word: str = field(default_factory=lambda: f"smrthubcanary{secrets.token_hex(6)}")
    after: int = 0
    visit: str = ""
    clip: str = ""
    kept_out: str = ""
    ids: list[str] = field(default_factory=list)

    def checks(self) -> list[Check]:
        """List the steps in their order."""
        return [
            ("canary: listener", self.send_tab),
            ("canary: store", self.send_clip),
            ("canary: event", self.find_events),
            ("canary: search", self.find_by_search),
            ("canary: forget", self.forget),
        ]

    def send_tab(self) -> Finding:
        """The web listener takes a tab."""
        status = self.running.bridge.call("GET", "/status")
        self.after = int(status.get("lastEventId", 0))
        if not str(status.get("capture", "")).startswith("running"):
            self.kept_out = "capture_paused"
            return self._skipped("listener")
        if self.running.listener is None:
            advice = "smrthub serve starts both servers; a WSGI host of the bridge serves no tabs."
            return Finding("canary: listener", "warning", "it does not run: no tabs", "listener_not_running", advice)
        tab = {"url": f"https://{self.word}.invalid/", "title": "smrthub doctor"}
        [result] = self.running.listener.call("POST", "/tab-info", tab)["results"]
        self.visit = str(result.get("visitId") or "")
        if not self.visit:
            return self._not_stored("listener")
        self.ids.append(self.visit)
        return Finding("canary: listener", "ok", "a tab was taken")

    def send_clip(self) -> Finding:
        """The bridge takes a clip, and gives it back."""
        if self.kept_out == "capture_paused":
            return self._skipped("store")
        clip = {"fragments": [{"type": "text", "content": self.word}]}
        self.clip = str(self.running.bridge.call("POST", "/clipboard", clip).get("id") or "")
        if not self.clip:
            return self._not_stored("store")
        self.ids.append(self.clip)
        self.running.bridge.call("GET", f"/clipboard/{self.clip}")
        return Finding("canary: store", "ok", "a clip was stored and read")

    def find_events(self) -> Finding:
        """The event log tells of both."""
        if not self.ids:
            return self._skipped("event")
        items = self.running.bridge.call("GET", "/events", query={"after": self.after, "limit": 200})["items"]
        missing = [each for each in self.ids if not any(each in map(str, _values(item)) for item in items)]
        if missing:
            return Finding("canary: event", "failed", "what was stored was not told", "event_missing", _AGAIN)
        return Finding("canary: event", "ok", "told")

    def find_by_search(self) -> Finding:
        """Search finds the clip by its word."""
        if not self.clip:
            return self._skipped("search")
        end_s = time.monotonic() + SEARCH_WITHIN_S
        while not self._is_found():
            if time.monotonic() > end_s:
                advice = "smrthub doctor --store says whether the index is whole; smrthub status whether it is behind."
                detail = f"not found within {SEARCH_WITHIN_S:g} s"
                return Finding("canary: search", "failed", detail, "search_missing", advice)
            time.sleep(PAUSE_S)
        return Finding("canary: search", "ok", "found")

    def forget(self) -> Finding:
        """Nothing of it is left to be found or read."""
        if not self.ids:
            return self._skipped("forget")
        receipt = self.running.bridge.call("POST", "/forget", {"ids": self.ids})["receipt"]
        if self._is_found() or self._is_there():
            detail = "it is still there"
            return Finding("canary: forget", "failed", detail, "not_forgotten", f"smrthub forget {' '.join(self.ids)}")
        self.ids = []
        if receipt["pending"]:
            detail = "gone; its bytes are still being overwritten"
            return Finding("canary: forget", "warning", detail, "forgetting_pending", "It goes on by itself.")
        return Finding("canary: forget", "ok", "nothing is left")

    def clean_up(self) -> None:
        """Forget what a walk that was broken off has left."""
        if self.ids:
            with suppress(HubError):
                self.running.bridge.call("POST", "/forget", {"ids": self.ids})

    def _is_found(self) -> bool:
        return bool(self.running.bridge.call("GET", "/search", query={"q": self.word})["items"])

    def _is_there(self) -> bool:
        try:
            self.running.bridge.call("GET", f"/clipboard/{self.clip or self.ids[0]}")
        except NotFound:
            return False
        except HubError as fault:
            return fault.code != "gone"
        return True

    def _not_stored(self, step: str) -> Finding:
        self.kept_out = "canary_kept_out"
        advice = "A rule keeps it out: smrthub rules list. If it is meant to, all is well."
        return Finding(f"canary: {step}", "warning", "it was not stored", self.kept_out, advice)

    def _skipped(self, step: str) -> Finding:
        if self.kept_out == "capture_paused":
            return Finding(f"canary: {step}", "skipped", "the capture is paused", self.kept_out, "smrthub resume")
        return Finding(f"canary: {step}", "skipped", "nothing was stored", self.kept_out or "not_stored", "See above.")


def _values(item: Any) -> list[Any]:
    """Return what an event's data holds."""
    return list(item["data"].values()) if isinstance(item.get("data"), dict) else list(item.values())
