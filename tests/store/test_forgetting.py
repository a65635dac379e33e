"""What was removed is in no file any more, once the write-ahead log has been folded into the database."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import msgspec
import pytest

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import NewClip, put_clip, remove_clip
from python_core.runtime.hub import Hub
from python_core.runtime.indexing import index_new
from python_core.runtime.structured_output import NewOutput, put_output, remove_output
from python_core.store.connection import connect
from tests.hubs import caller

CANARY = "canaryqxzj"


def files_with(folder: Path, content: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


def fold(hub: Hub) -> None:
    conn = connect(hub.store.path)
    left, _ = conn.wal_checkpoint(mode=3)  # SQLITE_CHECKPOINT_TRUNCATE
    conn.close()
    assert left == 0


def put_text(hub: Hub, content: str) -> str:
    clip = {"fragments": [{"type": "text", "content": content}, {"type": "html", "content": f"<i>{content}</i>"}]}
    word = content.split(maxsplit=1)[0]
    source = {"title": f"title {word}", "windowTitle": word, "url": f"https://example.com/{word}"}
    receipt = put_clip(hub, caller(), msgspec.convert({**clip, "encounter": {"source": source}}, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


@pytest.mark.parametrize("size", [1, 50, 5_000], ids=["short", "a page", "overflow pages"])
def test_no_byte_of_a_removed_text_is_in_any_file(hub: Hub, size: int) -> None:
    for n in range(50):
        put_text(hub, f"neighbour {n} " * 20)
    clip_id = put_text(hub, f"{CANARY} " * size)
    for n in range(50):
        put_text(hub, f"later neighbour {n} " * 20)
    index_new(hub)
    fold(hub)
    assert files_with(hub.store.folder, CANARY.encode()) == ["hub.db"]
    remove_clip(hub, caller(), clip_id)
    fold(hub)
    assert files_with(hub.store.folder, CANARY.encode()) == []
    assert files_with(hub.store.folder, CANARY[:-1].encode()) == []  # nor a part of the word in the index


def test_no_byte_of_a_removed_picture_is_in_any_file(hub: Hub) -> None:
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(100_000)
    clip = {"fragments": [{"type": "image", "content": base64.b64encode(content).decode()}]}
    receipt = put_clip(hub, caller(), msgspec.convert(clip, NewClip), None)
    assert isinstance(receipt, ClipReceipt)
    assert len(files_with(hub.store.folder, content[:64])) == 1
    remove_clip(hub, caller(), receipt.id)
    fold(hub)
    assert files_with(hub.store.folder, content[:64]) == []


def test_no_byte_of_a_removed_output_is_in_any_file(hub: Hub) -> None:
    wanted = {"schema": "note/1", "payload": {"text": CANARY}, "title": CANARY}
    receipt = put_output(hub, caller(), msgspec.convert(wanted, NewOutput), None)
    remove_output(hub, caller(), receipt.id)
    fold(hub)
    assert files_with(hub.store.folder, CANARY.encode()) == []
