"""Make step-1.db: a store as the first schema left it, with rows in every table. Its SQL is read from the history, on stdin.

git show 6dad6ca:python_core/store/steps.py | python tests/store/data/make_step_1.py tests/store/data/step-1.db

The file is never made anew when the schema changes: it is what users have.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import apsw

NOON = 1_767_268_800_000
IDS = {
    name: f"019b7a00-0000-7000-8000-{n:012d}" for n, name in enumerate(("clip", "visit", "output", "run", "client"), 1)
}
DIGEST = "sha256:" + hashlib.sha256(b"An albatross sleeps while it flies.").hexdigest()
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIP_TEXT = "An albatross sleeps while it flies."
ROWS: dict[str, list[tuple[object, ...]]] = {
    "meta": [
        ("instance", "019b7a00-0000-7000-8000-0000000000aa"),
        ("device", "019b7a00-0000-7000-8000-0000000000bb"),
        ("secret", "5" * 64),
    ],
    "clients": [
        (IDS["client"], "script", "Notes", b"h" * 32, "clipboard:read search:read", None, NOON, None, None, 0),
        (
            "019b7a00-0000-7000-8000-0000000000cc",
            "extension",
            "Old",
            b"g" * 32,
            "tabs:write",
            "chrome-extension://" + "a" * 32,
            NOON,
            None,
            NOON + 5,
            1,
        ),
    ],
    "pairings": [("BCDF-GHJK", b"d" * 32, "Paired", "agent", "status:read", None, "denied", NOON, NOON + 1, NOON)],
    "reads": [(IDS["clip"], IDS["client"], NOON, NOON + 1, 2)],
    "outcomes": [("2026-01-01", "bridge", "unauthorized", 3)],
    "confirmations": [
        (
            "019b7a00-0000-7000-8000-0000000000dd",
            IDS["client"],
            "sha256:0",
            "post_trigger",
            "{}",
            "denied",
            NOON,
            NOON + 1,
        )
    ],
    "events": [
        (1, "clipboard_processed", "bridge", NOON, TRACE, '{{"id":"{}","fragments":[]}}'.format(IDS["clip"])),
        (2, "output_added", "bridge", NOON + 1, TRACE, '{{"id":"{}","schema":"note/1"}}'.format(IDS["output"])),
    ],
    "answered": [(IDS["client"], "clip", "key", IDS["clip"], NOON)],
    "visits": [
        (
            1,
            IDS["visit"],
            "owner",
            "1:7",
            "chrome",
            "https://example.org/sea",
            "example.org",
            "Birds of the sea",
            NOON - 5000,
            NOON,
            None,
            1,
        )
    ],
    "sightings": [(1, "owner", "chrome", 1, NOON - 5000, NOON, 1)],
    "clips": [
        (
            1,
            IDS["clip"],
            "owner",
            NOON,
            NOON,
            77,
            "Google Chrome",
            "Birds",
            "https://example.org/sea",
            "example.org",
            "Birds of the sea",
            IDS["visit"],
            0.9,
            '["one tab was in front"]',
            2,
        )
    ],
    "fragments": [
        (1, 0, "text", "text/plain", DIGEST, len(CLIP_TEXT), CLIP_TEXT.encode(), None, "text", "text", 0.9, ".txt"),
        (1, 1, "image", "image/png", "sha256:" + "ab" * 32, 700, None, 0, None, None, None, None),
    ],
    "doomed_blobs": [("sha256:" + "cd" * 32,)],
    "documents": [
        (1, "visit", IDS["visit"], NOON - 5000, "example.org", None, "Birds of the sea", ""),
        (2, "clip", IDS["clip"], NOON, "example.org", "Google Chrome", "Birds of the sea", CLIP_TEXT),
        (3, "output", IDS["output"], NOON + 1, None, "me", "A note", "Petrels too"),
    ],
    "runs": [
        (
            1,
            IDS["run"],
            "smrtsearch",
            '{"query":"petrel"}',
            "owner",
            TRACE,
            "succeeded",
            NOON,
            NOON,
            NOON + 1,
            None,
            1,
            '{"kind":"query"}',
            None,
        )
    ],
    "indicators": [("save", "healthy", "Saved", 100)],
    "hub_commands": [("019b7a00-0000-7000-8000-0000000000ee", "show", "{}", NOON, None)],
    "output_schemas": [("own", 1, '{"type":"object"}', NOON)],
    "outputs": [(1, IDS["output"], "note/1", "A note", "me", "owner", '{"text":"Petrels too"}', NOON + 1, 3)],
    "output_sources": [(1, 0, "clip", IDS["clip"], DIGEST)],
    "beats": [("bridge", 1, 15, "healthy", "", NOON)],
}


def main() -> None:
    """Write the file that the argument names."""
    path = Path(sys.argv[1])
    path.unlink(missing_ok=True)
    steps: dict[str, tuple[str, ...]] = {}
    exec(sys.stdin.read(), steps)
    conn = apsw.Connection(str(path))
    conn.pragma("page_size", 1024)
    with conn:
        conn.execute(steps["STEPS"][0])
        for table, rows in ROWS.items():
            for row in rows:
                conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        for seq, _, _, _, _, _, title, body in ROWS["documents"]:
            conn.execute("INSERT INTO documents_index(rowid, title, body) VALUES (?, ?, ?)", (seq, title, body))
        conn.execute("UPDATE tallies SET n = 1")
        conn.pragma("user_version", 1)
    conn.execute("VACUUM")
    conn.close()


if __name__ == "__main__":
    main()
