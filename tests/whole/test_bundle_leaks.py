"""Thirty canaries, planted wherever somebody's text comes in, are in no byte of what leaves the hub for others to read.

That is the bundle, by the command and by the hub itself with what the hub tells of it; logs, metrics, events, the doctor's words.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from python_core.client import HubClient
from python_core.support.bundling import write_bundle
from python_core.support.machine import Machine
from tests.cli.terminals import Terminal
from tests.whole.hub_home import Home
from tests.whole.test_log_leaks import Canaries, plant_in_addresses, plant_in_clips, plant_in_names, plant_in_tabs
from tests.whole.test_support_bundle import bundle_of

#: What the hub tells others of itself while it runs, without what was captured.
TOLD = {
    "told.json": "/support-bundle",
    "metrics.txt": "/metrics",
    "events.json": "/events?after=0&limit=200",
    "status.json": "/status",
}


def plant_in_settings(canary: Canaries, home: Home) -> None:
    path = home.paths.config() / "web-listener-settings.json"
    text = path.read_text("utf-8").replace('"excludedSites": []', canary('"excludedSites": ["{}.example"]'))
    path.write_text(text, "utf-8")
    path = home.paths.config() / "bridge-settings.json"
    path.write_text(path.read_text("utf-8").replace("duckduckgo.com/", canary("{}.example/")), "utf-8")


def plant_in_files(canary: Canaries, home: Home) -> None:
    (home.paths.logs() / canary("{}.txt")).write_text(canary(), "utf-8")
    (home.paths.stored() / canary("{}.db")).write_text(canary(), "utf-8")
    for name in ("python-net", "python-runtime"):
        with (home.paths.logs(name) / f"{name}-log.txt").open("a", encoding="utf-8") as log:
            log.write(canary("a line that no hub wrote: {}\n"))


def plant_in_log(home: Home, words: list[str]) -> None:
    """Write what no hub writes: a record that quotes what was captured, and the user's own folders and secrets."""
    said = f"could not read {words[0]} of {home.paths.local.parent} with token=hunter2hunter2 for somebody@example.org"
    line = (
        '{"ts":"2999-01-01T00:00:00.000Z","level":"Error","component":"gate","pid":1,"message":"","renderedMessage":"%s",'
        '"props":{"kind":"%s","title":"%s"},"exception":{"type":"%s.Error","message":"%s"}}\n'
    )
    with (home.paths.logs() / "python-net-log.json").open("a", encoding="utf-8") as log:
        log.write(line % (said, words[1], words[2], words[3], words[4]))


def test_no_canary_is_in_any_byte(home: Home, tmp_path: Path) -> None:
    canary = Canaries()
    hub = home.start_hub(SMRTHUB_BRIDGE_LOG_LEVEL="Verbose")
    bridge, listener = home.caller(), home.caller(home.facts("web-listener")["url"])
    plant_in_clips(canary, bridge)
    captured = list(canary.planted[:5])
    plant_in_addresses(canary, bridge)
    plant_in_tabs(canary, listener)
    plant_in_names(canary, bridge)
    plant_in_settings(canary, home)
    plant_in_files(canary, home)
    plant_in_log(home, captured)
    canary.planted += [home.facts()["token"], "hunter2hunter2", "somebody@example.org"]
    assert len(canary.planted) > 30
    machine, target = Machine(home.paths, home.environ), tmp_path / "bundle.zip"
    terminal = Terminal(home)
    seen = terminal("doctor")
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "doctor.txt").write_text(seen.out + terminal("doctor", "--json").out, "utf-8")
    own = bundle_of(bridge)
    assert own["state"] == "made", own
    (tmp_path / "own.zip").write_bytes(bridge.call("GET", "/support-bundle/file").body)
    for name, path in TOLD.items():
        (tmp_path / "seen" / name).write_bytes(bridge.call("GET", path).body)
    manifest = write_bundle(machine, lambda service: HubClient(service, environ=home.environ), target, 0)
    assert [part.name for part in manifest.parts if part.state == "failed"] == []
    hub.end()
    canary.planted.append(str(home.paths.local.parent))  # the doctor tells the user where; a bundle tells nobody
    for made in (target, tmp_path / "own.zip"):
        with zipfile.ZipFile(made) as archive:
            archive.extractall(tmp_path / "seen" / made.stem)
    assert {name for name, _ in canary.found_in(tmp_path / "seen")} <= {"doctor.txt"}
    canary.planted.pop()
    assert canary.found_in(tmp_path / "seen", *home.root.glob("output-*.txt")) == []
    for each in ("bundle", "own"):
        text = (tmp_path / "seen" / each / "logs" / "python-net-log.txt").read_text("utf-8")
        assert "could not read [captured] of ~ with token=[secret] for [email]" in text
    assert {"captured words", "secrets", "mail addresses", "paths", "settings"} <= set(manifest.redactions)
