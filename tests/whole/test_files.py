"""What a hub leaves on the disk: private, complete, and without what was captured where that does not belong."""

from __future__ import annotations

import base64
import json
import stat
import sys
from pathlib import Path

import pytest

from tests.whole.hub_home import BRIDGE, Home, Served, at_once

#: The smallest picture, so that a blob is written too.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=")
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes, and gunicorn needs fork")
CANARY = "canary7f3a9"


def _use_everything(home: Home, url: str) -> None:
    """Have all kinds of files written, with a canary wherever a caller can put one, well-formed and not."""
    caller = home.caller(url)
    source = {"app": f"{CANARY} app", "windowTitle": f"{CANARY} window", "title": f"{CANARY}\n\x1b[31m title"}
    picture = {"type": "image", "content": base64.b64encode(PNG).decode()}
    files = {"type": "files", "paths": [f"/home/{CANARY}/file.txt"]}
    html = {"type": "html", "content": f"<b>{CANARY}</b>"}
    text = {"type": "text", "content": f"{CANARY} \ud83d\ude00 text"}
    encounter = {"encounterId": f"{CANARY}-id", "source": source}
    clip = caller.post("/clipboard", {"fragments": [text, html, picture, files], "encounter": encounter})
    caller.post("/trigger?wait=20", {"trigger": "smrtsearch", "args": {"query": CANARY}})
    caller.get(f"/search?q={CANARY}")
    note = {"schema": "note/1", "payload": {"text": CANARY}, "title": CANARY, "sources": [{"clip": clip["id"]}]}
    caller.call("POST", "/structured-output", note)
    caller.call("PATCH", "/hub-window", {"indicators": {"badge": {"level": "error", "text": CANARY}}})
    caller.call("POST", "/hub-window/commands", {"command": "notify", "args": {"text": CANARY}})
    for path in (f"/{CANARY}", f"/clipboard/{CANARY}", f"/clipboard?cursor={CANARY}", f"/search?{CANARY}=1"):
        assert caller.call("GET", path).status in (400, 404)
    assert caller.call("POST", "/clipboard", {CANARY: CANARY}).status == 400
    assert caller.call("POST", "/clipboard", {"fragments": [{"type": CANARY}]}).status == 400
    assert caller.call("GET", "/status", Origin=f"https://{CANARY}.example").status == 403
    assert caller.call("GET", "/status", Host=f"{CANARY}.example").status == 421
    assert home.caller(url, token=f"shb_{CANARY}").call("GET", "/clipboard").status == 401


def _tell_tabs(home: Home) -> None:
    tabs = home.caller(home.facts("web-listener")["url"])
    page = {"url": f"https://{CANARY}.example/{CANARY}?q={CANARY}", "title": f"{CANARY} page", "selection": CANARY}
    assert tabs.post("/tab-info", page)["results"][0]["stored"] is True
    assert tabs.call("POST", "/tab-info", {"url": f"javascript:{CANARY}"}).status == 200
    assert tabs.call("POST", "/tab-info", {"url": CANARY, CANARY: CANARY}).status == 400


@posix
def test_every_file_is_the_users_alone_whatever_the_umask(home: Home) -> None:
    hub = home.start("-m", "python_core", umask=0)
    _use_everything(home, hub.url())
    _tell_tabs(home)
    alone = home.start(*BRIDGE, umask=0)
    gunicorn = home.start_gunicorn(umask=0)
    _use_everything(home, alone.url())
    _use_everything(home, gunicorn.url("Listening at"))
    found = _private_or_not(home)
    assert {"hub.db-wal", "hub.lock", "bridge.json", "python-net-log.json", "bridge-settings.json"} <= set(found)
    assert [name for name, is_private in found.items() if not is_private] == []
    for served in (gunicorn, alone, hub):
        served.kill()
    assert [name for name, is_private in _private_or_not(home).items() if not is_private] == []


def _private_or_not(home: Home) -> dict[str, bool]:
    found = {}
    for root in (home.paths.roaming, home.paths.local):
        for path in (root, *root.rglob("*")):
            wanted = 0o700 if path.is_dir() else 0o600
            found[path.name] = found.get(path.name, True) and stat.S_IMODE(path.lstat().st_mode) == wanted
    return found


@posix
def test_all_processes_log_and_nothing_captured_is_in_any_byte_of_logs_output_or_runtime_files(home: Home) -> None:
    debug = {"SMRTHUB_BRIDGE_LOG_LEVEL": "Verbose"}
    hub = home.start_hub(**debug)
    alone = home.start(*BRIDGE, **debug)
    gunicorn = home.start_gunicorn(**debug)
    urls = [hub.url(), alone.url(), gunicorn.url("Listening at")]
    at_once([lambda url=url: _use_everything(home, url) for url in urls])
    _tell_tabs(home)
    traces = {url: f"{n:032x}" for n, url in enumerate(urls, start=1)}
    for url, trace in traces.items():
        home.caller(url).call("GET", "/none", traceparent=f"00-{trace}-{'1' * 16}-01")

    log = home.paths.logs() / "python-net-log.json"
    assert set(traces.values()) <= {json.loads(line).get("traceId") for line in _lines_after_end([alone, hub], log)}
    gunicorn.kill()
    _assert_nowhere(CANARY, [*home.paths.logs().parent.rglob("*"), *home.paths.runtime().rglob("*")])
    for served in (hub, alone, gunicorn):
        assert CANARY not in served.output


def _lines_after_end(ended: list[Served], log: Path) -> list[str]:
    """Read the log once these have ended and so have written all that they had to tell."""
    for served in ended:
        assert served.end() == 0
    return log.read_text("utf-8").splitlines()


def _assert_nowhere(text: str, paths: list[Path]) -> None:
    files = [path for path in paths if path.is_file()]
    assert len(files) >= 3
    for path in files:
        assert text.encode() not in path.read_bytes(), path


def test_the_owners_token_is_in_the_runtime_files_alone(home: Home) -> None:
    hub = home.start_hub(SMRTHUB_BRIDGE_LOG_LEVEL="Verbose")
    _use_everything(home, hub.url())
    token = home.facts()["token"]
    assert home.facts("web-listener")["token"] == token
    hub.kill()
    held = [path.name for path in home.root.rglob("*") if path.is_file() and token.encode() in path.read_bytes()]
    assert sorted(held) == ["bridge.json", "web-listener.json"]
