"""Stores with something of every kind in them, and what is in them at one look."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import msgspec

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import NewClip, put_clip
from python_core.runtime.hub import Hub
from python_core.runtime.output_schemas import put_schema
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.store import open_store
from tests.hubs import Clock, caller, make_hub

PICTURE = b"\x89PNG\r\n\x1a\n" + b"picture" * 100
OWN_SCHEMA = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}


def put(hub: Hub, *fragments: dict[str, Any], **source: str) -> str:
    """Put a clip in and return its id."""
    clip = {"fragments": list(fragments), "encounter": {"source": source}}
    receipt = put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}


def image(content: bytes = PICTURE) -> dict[str, str]:
    return {"type": "image", "content": base64.b64encode(content).decode()}


def visit(hub: Hub, url: str, title: str, selection: str | None = None) -> None:
    """Open a page in front."""
    tab = {"url": url, "title": title, "event": "activated", "focused": True, "selection": selection, "tabId": 1}
    told = {name: value for name, value in tab.items() if value is not None}
    record_tabs(hub, caller("extension", "web-listener"), msgspec.convert(told, TabInfo))


def fill(hub: Hub) -> None:
    """Put in what is hard to carry: every type of fragment, odd characters, sources, schemas and citations."""
    clock = hub.now
    assert isinstance(clock, Clock)
    visit(hub, "https://example.org/sea", "The sea", "a passage\nof two lines")
    clock.pass_s(10)
    first = put(hub, text("The sea, the sea! \0 \u2028 𝄞"))
    clock.pass_s(60)
    visit(hub, "https://example.com/land", "Land é")
    put(hub, text("plain"), {"type": "html", "content": "<b>plain</b>"}, image(), url="https://example.com/land")
    clock.pass_s(60)
    put(hub, image(PICTURE + os.urandom(50)))
    put(hub, {"type": "files", "paths": ["/tmp/a", "C:\\b c"]})
    put_schema(hub, "own", 1, OWN_SCHEMA)
    for wanted in (
        {"schema": "note/1", "payload": {"text": "a note"}, "title": "A", "sources": [{"clip": first}]},
        {"schema": "own/1", "payload": {"n": [1, 2.5, -0.0, 1e300, {"ü": None}]}, "producer": "me"},
    ):
        put_output(hub, caller(), msgspec.convert(wanted, NewOutput), None)


def filled(folder: Path) -> Hub:
    """Make a hub with that in it, however little room the disk has."""
    hub = make_hub(open_store(folder), Clock(), {"min_free_disk_mib": 0})
    fill(hub)
    return hub


def lines_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """Read a file of an export that is a folder."""
    return [msgspec.json.decode(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines()]
