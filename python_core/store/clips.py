"""Rows of clips and their fragments."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from python_core.store.connection import Connection
from python_core.store.forgettings import next_row
from python_core.store.tallies import add_to_tally


class FragmentRow(NamedTuple):
    """One form of a clip, of ``size`` bytes; ``content`` is None when it lies in a blob file; texts are UTF-8."""

    ordinal: int
    type: str
    mime: str
    digest: str
    size: int
    content: bytes | None
    text_likely: bool | None
    type_id: str | None
    type_group: str | None
    type_confidence: float | None
    type_extension: str | None


class Source(NamedTuple):
    """Where a copy was made: said by the sender, or found by the hub (then with visit, confidence and evidence)."""

    app: str | None
    window_title: str | None
    url: str | None
    site: str | None
    title: str | None
    visit: str | None = None
    confidence: float | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClipRow:
    """One copy as it was captured; ``fingerprint`` stands for the contents of all its fragments."""

    id: str
    client: str
    captured_at_ms: int
    received_at_ms: int
    fingerprint: int
    source: Source
    document: int = 0
    seq: int = 0
    fragments: list[FragmentRow] = field(default_factory=list)


@dataclass(frozen=True)
class ClipFilter:
    """Which clips a list holds: None means any; ``before`` is the cursor (a row number)."""

    type: str | None = None
    app: str | None = None
    site: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: int | None = None


CLIP_COLUMNS = (
    "id, client, captured_at, received_at, fingerprint, document, "
    "app, window_title, url, site, title, visit, confidence, evidence"
)
FRAGMENT_COLUMNS = (
    "ordinal, type, mime, digest, bytes, content, text_likely, type_id, type_group, type_confidence, type_extension"
)
#: Bytes of each content that a list carries, enough for a preview: a page of whole 16 MB texts would be 3 GB.
HEAD_BYTES = 1024
_HEAD_COLUMNS = FRAGMENT_COLUMNS.replace("content", f"substr(content, 1, {HEAD_BYTES})")


def add_clip(conn: Connection, clip: ClipRow) -> None:
    """Add a clip with its fragments."""
    conn.execute(
        f"INSERT INTO clips(seq, {CLIP_COLUMNS}) VALUES ({next_row('clip')}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(clip.id, clip.client, clip.captured_at_ms, clip.received_at_ms, clip.fingerprint, clip.document),
            *(*clip.source[:7], msgspec.json.encode(clip.source.evidence).decode()),
        ),
    )
    seq = conn.last_insert_rowid()
    for fragment in clip.fragments:
        conn.execute(
            f"INSERT INTO fragments(clip, {FRAGMENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (seq, *fragment),
        )
    add_to_tally(conn, "clips", 1)


def fingerprint_of(digests: Iterable[str]) -> int:
    """Return 63 bits that stand for the contents of a whole clip: an index over them is a third of one over the digests."""
    return int.from_bytes(hashlib.sha256("\n".join(digests).encode()).digest()[:8], "big") >> 1


def get_twin(conn: Connection, fingerprint: int, from_ms: int, to_ms: int) -> ClipRow | None:
    """Return a clip of the same contents that was captured within a span of time."""
    row = conn.execute(
        f"SELECT {CLIP_COLUMNS}, seq FROM clips WHERE fingerprint = ? AND captured_at BETWEEN ? AND ? ORDER BY seq DESC LIMIT 1",
        (fingerprint, from_ms, to_ms),
    ).fetchone()
    return _clip_of(conn, row) if row else None


def get_clip(conn: Connection, clip_id: str) -> ClipRow | None:
    """Return a clip with its fragments, contents included."""
    row = conn.execute(f"SELECT {CLIP_COLUMNS}, seq FROM clips WHERE id = ?", (clip_id,)).fetchone()
    return _clip_of(conn, row) if row else None


def get_clip_in_row(conn: Connection, seq: int) -> ClipRow:
    """Return the clip of a row that is there, contents included."""
    row: Any = conn.execute(f"SELECT {CLIP_COLUMNS}, seq FROM clips WHERE seq = ?", (seq,)).fetchone()
    return _clip_of(conn, row)


def get_newest_clip(conn: Connection) -> ClipRow | None:
    """Return the clip that came last, contents included."""
    row = conn.execute(f"SELECT {CLIP_COLUMNS}, seq FROM clips ORDER BY seq DESC LIMIT 1").fetchone()
    return _clip_of(conn, row) if row else None


def get_fragment(conn: Connection, clip_id: str, ordinal: int) -> FragmentRow | None:
    """Return one fragment of a clip."""
    row = conn.execute(
        f"SELECT {FRAGMENT_COLUMNS} FROM fragments WHERE clip = (SELECT seq FROM clips WHERE id = ?) AND ordinal = ?",
        (clip_id, ordinal),
    ).fetchone()
    return _fragment_of(row) if row else None


def list_clips(conn: Connection, wanted: ClipFilter, limit: int) -> list[ClipRow]:
    """Return clips, newest first; of each content only the first ``HEAD_BYTES``."""
    parts, values = ["1"], list[Any]()
    for condition, value in (
        ("seq < ?", wanted.before),
        ("app = ?", wanted.app),
        ("site = ?", wanted.site),
        ("captured_at >= ?", wanted.from_ms),
        ("captured_at <= ?", wanted.to_ms),
        ("EXISTS (SELECT 1 FROM fragments f WHERE f.clip = seq AND f.type = ?)", wanted.type),
    ):
        if value is not None:
            parts.append(condition)
            values.append(value)
    rows = conn.execute(
        f"SELECT {CLIP_COLUMNS}, seq FROM clips WHERE {' AND '.join(parts)} ORDER BY seq DESC LIMIT ?",
        (*values, limit),
    ).fetchall()
    return [_clip_of(conn, row, _HEAD_COLUMNS) for row in rows]


def remove_clip(conn: Connection, clip: ClipRow) -> None:
    """Remove a clip and its fragments; its document and blobs are the caller's to remove."""
    conn.execute("DELETE FROM clips WHERE seq = ?", (clip.seq,))
    add_to_tally(conn, "clips", -1)


def _fragment_of(row: tuple[Any, ...]) -> FragmentRow:
    return FragmentRow._make((*row[:6], None if row[6] is None else bool(row[6]), *row[7:]))


def _clip_of(conn: Connection, row: tuple[Any, ...], columns: str = FRAGMENT_COLUMNS) -> ClipRow:
    fragments = [
        _fragment_of(fragment)
        for fragment in conn.execute(f"SELECT {columns} FROM fragments WHERE clip = ? ORDER BY ordinal", (row[14],))
    ]
    evidence = tuple(msgspec.json.decode(row[13]))
    clip_id, client, captured_at_ms, received_at_ms, fingerprint, document = row[:6]
    source = Source._make((*row[6:13], evidence))
    return ClipRow(clip_id, client, captured_at_ms, received_at_ms, fingerprint, source, document, row[14], fragments)
