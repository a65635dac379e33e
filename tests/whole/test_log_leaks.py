"""Thirty canaries, planted wherever somebody's text comes in or breaks something, are in no byte of log or output."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from python_core.utils.config_path_resolver import Paths
from tests.whole.hub_home import ROOT, Caller, Home

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")


class Canaries:
    """Makes texts that are found again wherever they get to."""

    def __init__(self) -> None:
        self.planted: list[str] = []

    def __call__(self, form: str = "{}") -> str:
        self.planted.append(f"canary{len(self.planted):02d}q7z")
        return form.format(self.planted[-1])

    def found_in(self, *roots: Path) -> list[tuple[str, str]]:
        """Name each file below these folders, or itself, that holds one, and which."""
        files = [path for root in roots for path in (root, *root.rglob("*")) if path.is_file()]
        assert any(path.stat().st_size for path in files)
        contents = [(path.name, path.read_bytes()) for path in files]
        return [(name, each) for name, content in contents for each in self.planted if each.encode() in content]


def plant_in_clips(canary: Canaries, bridge: Caller) -> None:
    source = {
        "app": canary(),
        "windowTitle": canary(),
        "title": canary("{}\n\x1b[31m"),
        "url": canary("https://{}.example/"),
    }
    fragments = [
        {"type": "text", "content": canary("{} text")},
        {"type": "html", "content": canary("<b>{}</b>")},
        {"type": "image", "content": base64.b64encode(PNG + canary().encode()).decode()},
        {"type": "files", "paths": [canary("/home/{}/letter.txt")]},
    ]
    for each in fragments:
        bridge.call(
            "POST", "/clipboard", {"fragments": [each], "encounter": {"encounterId": canary(), "source": source}}
        )
    bridge.call("POST", "/clipboard", {"fragments": [{"type": canary(), "content": canary()}]})
    bridge.call("POST", "/clipboard", {canary(): canary()})
    bridge.call("POST", "/clipboard", None, **{"Idempotency-Key": canary()})


def plant_in_addresses(canary: Canaries, bridge: Caller) -> None:
    for path in (
        "/{}",
        "/clipboard/{}",
        "/clipboard?cursor={}",
        "/search?{}=1",
        "/search?q={}%22*(",
        "/trigger/runs/{}",
    ):
        bridge.call("GET", canary(path))
    bridge.call("GET", "/status", Origin=canary("https://{}.example"))
    bridge.call("GET", "/status", Host=canary("{}.example"))
    bridge.call("GET", "/status", Cookie=canary("sid={}"), traceparent=canary("00-{}-01"))
    bridge.call("GET", "/clipboard", Authorization=canary("Bearer shb_{}_x"))
    bridge.call("POST", "/trigger?wait=10", {"trigger": "smrtsearch", "args": {"query": canary(), "open": False}})
    bridge.call("POST", "/trigger", {"trigger": canary(), "args": {canary(): canary()}})
    bridge.call(
        "POST", "/structured-output", {"schema": canary("{}/1"), "payload": {"text": canary()}, "title": canary()}
    )
    bridge.call("POST", "/hub-window/commands", {"command": "notify", "args": {"text": canary()}})


def plant_in_names(canary: Canaries, bridge: Caller) -> None:
    """Names that a person or a program chose: of a client, a producer, a schema's title, a badge, and a key."""
    bridge.post("/clients", {"name": canary("Agent {}"), "kind": "agent", "scopes": ["events:read"]})
    bridge.call("PATCH", "/hub-window", {"indicators": {"sync": {"level": "ok", "text": canary()}}})
    output = {"schema": "note/1", "payload": {"text": canary()}, "title": canary(), "producer": canary()}
    bridge.call("POST", "/structured-output", output, **{"Idempotency-Key": canary()})
    bridge.call("POST", "/forget", {"site": canary("{}.example"), "dryRun": True})
    bridge.call("POST", "/support-bundle", {"since": canary(), "components": [canary()]})


def plant_in_tabs(canary: Canaries, listener: Caller) -> None:
    page = {"url": canary("https://{}.example/"), "title": canary(), "selection": canary(), "browser": canary()}
    listener.call("POST", "/tab-info", page)
    listener.call("POST", "/tab-info", {"url": canary("javascript:{}"), "title": canary("\ud800{}")})


def plant_in_protocol(canary: Canaries, url: str) -> None:
    """Send what Waitress itself refuses, and what it is told in the middle of."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    for form in (
        "GET /{} HTTP/9.9\r\n\r\n",
        "{}\r\n\r\n",
        "GET / HTTP/1.1\r\n{}\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: {}\r\n\r\n",
        "POST /clipboard HTTP/1.1\r\nTransfer-Encoding: {}\r\n\r\n",
        "POST /clipboard HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz{}\r\n",
        "GET / HTTP/1.1\r\nX: " + "y" * 300_000 + "{}",
        "POST /clipboard HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{}",
    ):
        with socket.create_connection((host, int(port)), timeout=20) as wire:
            wire.settimeout(1)
            try:
                wire.sendall(canary(form).encode("latin-1"))
                wire.recv(65536)
            except OSError:
                continue


def test_a_hub_that_tells_all_it_can_tells_no_canary(home: Home) -> None:
    canary = Canaries()
    hub = home.start_hub(SMRTHUB_BRIDGE_LOG_LEVEL="Verbose")
    bridge, listener = home.caller(), home.caller(home.facts("web-listener")["url"])
    token = home.facts()["token"]
    plant_in_clips(canary, bridge)
    plant_in_addresses(canary, bridge)
    plant_in_names(canary, bridge)
    plant_in_tabs(canary, listener)
    for url in (home.facts()["url"], home.facts("web-listener")["url"]):
        plant_in_protocol(canary, url)
    assert bridge.get("/status")["ready"]
    assert hub.end() == 0
    canary.planted.append(token)
    assert len(canary.planted) > 30
    logs = home.paths.local / "Logs"
    text = (logs / "python-net" / "python-net-log.txt").read_text(encoding="utf-8")
    assert "refused" in text
    assert " answered 201" in text
    assert canary.found_in(logs, *home.root.glob("output-*.txt")) == []


CRASHES = {
    "of the process": "raise ValueError(canary)",
    "of a thread": "thread = threading.Thread(target=lambda: int(canary)); thread.start(); thread.join()",
    "of a cleaning up": "class C:\n    def __del__(self): raise KeyError(canary)\nC()",
    "a warning": "warnings.simplefilter('always'); warnings.warn(canary)",
    "of msgspec": "import msgspec; msgspec.json.decode(canary.encode(), type=int)",
    "of SQLite": "import apsw; apsw.Connection(':memory:').execute('SELECT ' + canary)",
    "of JSON": "import json; json.loads(canary)",
    "of a file name": "open('/' + canary)",
    "of a cause": "try:\n    int(canary)\nexcept ValueError as error:\n    raise RuntimeError(canary) from error",
    "of many": "raise ExceptionGroup(canary, [ValueError(canary), OSError(2, canary, canary)])",
    "of a name": "getattr(object(), canary)",
    "with notes": "error = ValueError(canary); error.add_note(canary); raise error",
    "of a library": "import logging; logging.getLogger('waitress').error('%s', canary, exc_info=ValueError(canary))",
    "of a bad log call": "import logging; logging.getLogger('flask_cors').error('%d', canary)",
    "of unicode": "canary.encode('utf-16').decode('ascii')",
}


@pytest.mark.parametrize("crash", CRASHES, ids=str)
def test_what_nobody_catches_is_told_without_its_words(tmp_path: Path, crash: str) -> None:
    canary = Canaries()
    script = (
        "import sys, threading, warnings\n"
        "from python_core.net.crashes import capture_crashes\n"
        "from python_core.utils.logger import capture_stdlib, configure_logs\n"
        "configure_logs(level='Verbose'); capture_stdlib(); capture_crashes()\n"
        "canary = sys.stdin.read()\n" + CRASHES[crash]
    )
    home = Home(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=canary().encode(),
        cwd=ROOT,
        env=home.environ,
        capture_output=True,
        check=False,
    )
    output = tmp_path / "output-0.txt"
    output.write_bytes(done.stdout + done.stderr + b"\n")
    assert canary.found_in(tmp_path) == []
    assert records_of(home.paths), done.stderr
    assert b"Traceback" not in done.stderr


def records_of(paths: Paths) -> list[dict[str, object]]:
    lines = (paths.logs() / "python-net-log.json").read_bytes().splitlines()
    return [json.loads(line) for line in lines]
