"""What a start does with the ports, settings, files and token that it finds, and what it says about them."""

from __future__ import annotations

import json
import os
import socket
import sys
import venv
from pathlib import Path

import apsw
import pytest

from tests.whole.hub_home import BRIDGE, HUB, ROOT, Home

TOKEN = "a supervisor's own token, of 40 characters"
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither links for everyone nor modes")


def test_a_taken_port_is_told_with_its_holder_and_the_next_free_one_is_used(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        hub = home.start_hub(SMRTHUB_BRIDGE_PORT=str(port), SMRTHUB_WEB_LISTENER_PORT=str(port))
        urls = {"bridge": hub.url(), "web-listener": hub.url("Web listener")}
        for service, fallback in (("bridge", range(5011, 5020)), ("web-listener", range(5020, 5029))):
            assert home.facts(service)["url"] == urls[service]
            assert home.facts(service)["port"] in fallback
            assert home.caller(urls[service]).call("GET", "/ping").status == 200
        assert hub.output.count(f"Port {port} is taken by ") == 2
        assert f"(pid {os.getpid()})" in hub.output
        assert hub.is_up()


def test_without_fallback_a_taken_port_ends_the_start_and_names_the_holder(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        port = foreign.getsockname()[1]
        hub = home.start(*HUB, SMRTHUB_BRIDGE_PORT=str(port), SMRTHUB_BRIDGE_PORT_FALLBACK="false")
        assert hub.wait() == 1
        assert f"Port {port} is taken by" in hub.output
        assert f"(pid {os.getpid()})" in hub.output
        assert "Traceback" not in hub.output
    assert (
        home.start_hub(SMRTHUB_BRIDGE_PORT=str(port), SMRTHUB_BRIDGE_PORT_FALLBACK="false").url().endswith(f":{port}")
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"schemaVersion": 1,\n "port": 5001,,}', "line 2, column"),
        ('{"schemaVersion": 1, "host": "0.0.0.0"}', "/host"),
        ('{"schemaVersion": 1, "host": "192.168.1.7"}', "/host"),
        ('{"schemaVersion": 1, "port": "many"}', "/port"),
        ("[]", "JSON object"),
    ],
)
@pytest.mark.parametrize("program", [HUB, BRIDGE], ids=["the hub", "the bridge alone"])
def test_settings_that_cannot_be_used_end_the_start_with_78_and_stay_untouched(
    home: Home, program: tuple[str, ...], text: str, place: str
) -> None:
    path = home.paths.config() / "bridge-settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    hub = home.start(*program)
    assert hub.wait() == 78
    assert str(path) in hub.output
    assert place in hub.output
    assert "move it away" in hub.output
    assert "Traceback" not in hub.output
    assert path.read_text("utf-8") == text
    assert not (home.paths.stored() / "hub.db").exists()


def test_a_host_of_the_network_in_the_environment_is_refused(home: Home) -> None:
    hub = home.start(*HUB, SMRTHUB_WEB_LISTENER_HOST="0.0.0.0")
    assert hub.wait() == 78
    assert "SMRTHUB_WEB_LISTENER_HOST must be a loopback address" in hub.output


def test_a_database_of_a_newer_version_is_left_alone_with_advice(home: Home) -> None:
    home.start_hub().kill()
    path = home.paths.stored() / "hub.db"
    conn = apsw.Connection(str(path))
    conn.pragma("user_version", 999)
    conn.close()
    hub = home.start(*HUB)
    assert hub.wait() == 1
    assert str(path) in hub.output
    assert "Update SmrtHub" in hub.output
    assert "Traceback" not in hub.output


def test_a_file_that_is_no_database_is_left_alone_with_advice(home: Home) -> None:
    path = home.paths.stored() / "hub.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a database at all " * 100)
    hub = home.start(*HUB)
    assert hub.wait() == 1
    assert str(path) in hub.output
    assert "Traceback" not in hub.output
    assert path.read_bytes() == b"not a database at all " * 100


def test_a_supervisors_token_is_the_owners_and_is_written_nowhere(home: Home) -> None:
    hub = home.start_hub(SMRTHUB_SESSION_TOKEN=TOKEN)
    facts = home.facts()
    assert "token" not in facts
    assert home.caller(facts["url"], token=TOKEN).get("/status")["level"] == "healthy"
    assert home.caller(facts["url"], token="another").call("GET", "/clipboard").status == 401
    alone = home.start(*BRIDGE, SMRTHUB_SESSION_TOKEN=TOKEN)
    assert home.caller(alone.url(), token=TOKEN).get("/status")["level"] == "healthy"
    for served in (alone, hub):
        served.kill()
        assert TOKEN not in served.output
    for path in home.root.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_short_token_of_a_supervisor_ends_the_start(home: Home) -> None:
    hub = home.start(*HUB, SMRTHUB_SESSION_TOKEN="guessme")
    assert hub.wait() == 78
    assert "SMRTHUB_SESSION_TOKEN must have 32" in hub.output
    assert "guessme" not in hub.output


@posix
@pytest.mark.parametrize("service", ["bridge", "web-listener"])
def test_a_runtime_file_that_is_a_link_ends_the_start(home: Home, service: str) -> None:
    target = home.root / "target"
    target.write_text("kept", "utf-8")
    home.runtime_file(service).parent.mkdir(parents=True)
    home.runtime_file(service).symlink_to(target)
    hub = home.start(*HUB)
    assert hub.wait() == 1
    assert f"{home.runtime_file(service)} is a link" in hub.output
    assert "Traceback" not in hub.output
    assert target.read_text("utf-8") == "kept"


@posix
def test_a_runtime_file_that_others_can_read_ends_the_start(home: Home) -> None:
    home.runtime_file().parent.mkdir(parents=True)
    home.runtime_file().write_text("{}", "utf-8")
    home.runtime_file().chmod(0o644)
    hub = home.start(*HUB)
    assert hub.wait() == 1
    assert f"chmod 600 {home.runtime_file()}" in hub.output


@pytest.mark.parametrize("at_root", [True, False], ids=["from the project's root", "from elsewhere"])
def test_the_bridge_starts_by_its_path_without_being_installed(home: Home, tmp_path: Path, at_root: bool) -> None:
    packages = [path for path in sys.path if path.endswith("-packages")]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # What a script's own folder would shadow, were it left on sys.path.
    (elsewhere / "python_core.py").write_text("raise SystemExit('the wrong package')\n", "utf-8")
    bare = tmp_path / "bare"
    venv.create(bare, symlinks=os.name != "nt")
    [site] = [path for path in bare.rglob("site-packages") if path.is_dir()]
    (site / "dependencies.pth").write_text("\n".join(packages), "utf-8")
    python = bare / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    script = Path("python_core/net/wsgi.py") if at_root else Path(*BRIDGE)
    bridge = home.start(str(script), cwd=ROOT if at_root else elsewhere, python=python)
    assert home.caller(bridge.url()).get("/status")["level"] == "healthy"


def test_settings_of_the_file_are_in_force_and_unknown_ones_are_told(home: Home) -> None:
    path = home.paths.config() / "bridge-settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"schemaVersion": 1, "maxClipBytes": 2048, "prot": 5}), "utf-8")
    hub = home.start_hub()
    assert "no such setting: 'prot' (is port meant?)" in hub.output
    too_long = {"fragments": [{"type": "text", "content": "x" * 3000}]}
    assert home.caller().call("POST", "/clipboard", too_long).status == 413
