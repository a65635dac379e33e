"""What the extension asks of the browser, and what its pages may hold: as little as will do."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
from pathlib import Path

import pytest

EXTENSION = Path(__file__).resolve().parents[2] / "extension"
MANIFEST = json.loads((EXTENSION / "manifest.json").read_text("utf-8"))
SOURCES = sorted(path for path in EXTENSION.rglob("*") if path.suffix in {".js", ".html", ".css", ".svg"})


def test_the_permissions_are_these_and_no_more():
    assert MANIFEST["permissions"] == ["tabs", "alarms", "storage", "idle"]
    # A match pattern cannot name a port, so this is every port of this computer and nothing beyond it.
    assert MANIFEST["host_permissions"] == ["http://127.0.0.1/*"]
    for asked in (
        "content_scripts",
        "optional_permissions",
        "optional_host_permissions",
        "externally_connectable",
    ):
        assert asked not in MANIFEST
    assert "web_accessible_resources" not in MANIFEST


def test_incognito_windows_are_out_of_reach():
    assert MANIFEST["incognito"] == "not_allowed"


def test_the_policy_lets_in_nothing_from_outside():
    policy = dict(
        part.strip().split(" ", 1) for part in MANIFEST["content_security_policy"]["extension_pages"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "http://127.0.0.1:*"
    assert {policy[kind] for kind in ("script-src", "style-src", "img-src")} == {"'self'"}
    assert "unsafe" not in str(policy)


def test_the_id_that_the_readme_names_is_the_one_of_the_key():
    digest = hashlib.sha256(base64.b64decode(MANIFEST["key"])).hexdigest()[:32]
    extension_id = "".join(chr(ord("a") + int(digit, 16)) for digit in digest)
    assert extension_id in (EXTENSION / "README.md").read_text("utf-8")
    assert not list(EXTENSION.rglob("*.pem"))


def test_every_file_that_the_manifest_names_is_there():
    named = [MANIFEST["background"]["service_worker"], MANIFEST["options_ui"]["page"]]
    named += [*MANIFEST["icons"].values(), *MANIFEST["action"]["default_icon"].values()]
    for path in named:
        assert (EXTENSION / path).is_file(), path


def test_icons_have_the_size_that_their_names_say():
    for size, path in MANIFEST["icons"].items():
        header = (EXTENSION / path).read_bytes()[:24]
        assert struct.unpack(">II", header[16:]) == (int(size), int(size))


def test_nothing_is_loaded_from_elsewhere():
    for path in SOURCES:
        text = path.read_text("utf-8")
        addresses = set(re.findall(r"https?://[^\s\"'`)]*", text)) - {
            "http://www.w3.org/2000/svg",
            "https://www.",
        }
        assert all(address.startswith("http://127.0.0.1:${port}/") for address in addresses), path


def test_pages_have_no_script_or_style_of_their_own():
    for path in EXTENSION.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*src=)|javascript:", text), path
    for path in EXTENSION.rglob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|eval\(|new Function", path.read_text("utf-8")), path


def test_one_module_alone_uses_the_network():
    users = {
        path.name
        for path in EXTENSION.rglob("*.js")
        if re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|EventSource", path.read_text("utf-8"))
    }
    assert users == {"hub.js"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_file_is_small_and_evenly_set(path):
    lines = path.read_text("utf-8").split("\n")
    assert lines[-1] == ""
    assert len(lines) <= 400
    for number, line in enumerate(lines, start=1):
        assert len(line) <= (120 if path.suffix == ".html" else 110), number
        assert line == line.rstrip(), number
        assert "\t" not in line, number
