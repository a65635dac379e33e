"""Measure how long a year's history takes to be exported, verified and imported into an empty hub, and that nothing is lost.

Run: python benchmarks/export_import.py [--clips 50000] [--visits 100000] [--pictures 1000] [--folder F] [--json FILE]. Each step is
the command as a person types it, in a process of its own; the export of what was imported must equal the first one, file by
file. The limit beside the sum is what nobody can go below: reading and hashing the same bytes, and inserting the same texts into a
bare SQLite with a full-text index.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import apsw

from benchmarks.made_history import paths_in
from python_core.store import Store, clips, documents, open_store
from python_core.store.blobs import put_blob
from python_core.store.clips import ClipRow, FragmentRow, Source
from python_core.utils.ids import digest_of, new_id

ROOT = Path(__file__).resolve().parents[1]
GOAL_S = 60.0
COMMAND = "import sys; from python_core.cli import main; sys.exit(main(prog_name='smrthub'))"
PICTURE_BYTES = 20_000
ROWS_OF_ONE_COMMIT = 2_000


def main() -> None:
    """Make the history, measure, and print figure, limit and goal."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=50_000)
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=1_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = measure(Path(folder), asked.clips, asked.visits, asked.pictures)
    print("\n".join(lines_of(found)))
    if asked.json is not None:
        asked.json.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


def measure(folder: Path, clip_count: int, visit_count: int, picture_count: int) -> dict[str, Any]:
    """Return the seconds and the memory of each step, and what they are to be compared with."""
    first, second, out, again = folder / "first", folder / "second", folder / "out.zip", folder / "again.zip"
    # In a process of its own: a child's peak memory begins with its parent's.
    made = [sys.executable, "benchmarks/made_history.py", str(first), "--years", "1"]
    counts = ["--clips", str(clip_count), "--visits", str(visit_count)]
    subprocess.run([*made, *counts], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    store = open_store(paths_in(first).stored())
    for _ in range(picture_count):
        add_picture(store)
    store.close()
    steps = {
        "export": run(first, "export", str(out)),
        "verify": run(first, "export", "verify", str(out)),
        "import": run(second, "import", str(out)),
        "export again": run(second, "export", str(again)),
        "import again": run(second, "import", str(out)),
    }
    return {
        "items": clip_count + visit_count + picture_count,
        "export_mb": out.stat().st_size / 1e6,
        "steps": steps,
        "equal": digests_in(out) == digests_in(again),
        "limit_s": limit_s(folder, paths_in(first).stored() / "hub.db", out),
        "goal_s": GOAL_S,
    }


def run(home: Path, *arguments: str) -> dict[str, float]:
    """Run a command; return its seconds, those of a processor, and its most memory in MB (0 where the system does not tell)."""
    environ = {**os.environ, "APPDATA": str(home / "roaming"), "LOCALAPPDATA": str(home / "local")}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL
    )
    most = processor_s = 0.0
    if hasattr(os, "wait4"):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        processor_s = used.ru_utime + used.ru_stime
        most = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    if process.wait() != 0:
        sys.exit(f"smrthub {' '.join(arguments)} failed")
    return {"s": time.perf_counter() - began, "processor_s": processor_s, "mb": most}


def add_picture(store: Store) -> None:
    """Add a clip of a picture of its own."""
    content = b"\x89PNG\r\n\x1a\n" + os.urandom(PICTURE_BYTES)
    digest = digest_of(content)
    fragment = FragmentRow(0, "image", "image/png", digest, len(content), None, None, None, None, None, None)
    clip = ClipRow(new_id(), "made", 0, 0, 1, Source("Editor", None, None, None, None), fragments=[fragment])
    put_blob(store.folder, digest, content)

    def add(conn: Any) -> None:
        document = documents.add_document(conn, "clip", clip.id, 0, None, "Editor", "", "")
        clips.add_clip(conn, ClipRow(**{**vars(clip), "document": document}))

    store.write(add)


def limit_s(folder: Path, database: Path, out: Path) -> float:
    """Read and hash the export, and put its texts into a bare table with a full-text index, in large transactions."""
    source = apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)
    rows = source.execute("SELECT title, body FROM documents").fetchall()
    source.close()
    began = time.perf_counter()
    with out.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    bare = apsw.Connection(str(folder / "bare.db"))
    bare.pragma("journal_mode", "wal")
    bare.pragma("synchronous", "full")
    bare.execute("CREATE TABLE kept(id INTEGER PRIMARY KEY, title TEXT, body TEXT)")
    bare.execute("CREATE VIRTUAL TABLE found USING fts5(title, body, content='kept', content_rowid='id')")
    for begin in range(0, len(rows), ROWS_OF_ONE_COMMIT):
        with bare:
            for number, row in enumerate(rows[begin : begin + ROWS_OF_ONE_COMMIT], begin):
                bare.execute("INSERT INTO kept VALUES (?, ?, ?)", (number, *row))
                bare.execute("INSERT INTO found(rowid, title, body) VALUES (?, ?, ?)", (number, *row))
    bare.close()
    return time.perf_counter() - began


def digests_in(path: Path) -> dict[str, str]:
    """Return the digest of every file in an export but its manifest, which tells when it was made."""
    import zipfile

    with zipfile.ZipFile(path) as packed:
        return {
            name: hashlib.sha256(packed.read(name)).hexdigest() for name in packed.namelist() if name != "manifest.json"
        }


def lines_of(found: dict[str, Any]) -> list[str]:
    """Show the steps, then figure, limit and goal side by side."""
    lines = [f"{found['items']:,} items, {found['export_mb']:.0f} MB packed"]
    lines += [
        f"  {name:<14}{step['s']:>7.1f} s, of a processor {step['processor_s']:>5.1f} s{step['mb']:>8.0f} MB"
        for name, step in found["steps"].items()
    ]
    total = sum(found["steps"][name]["s"] for name in ("export", "verify", "import"))
    missed = "" if total < found["goal_s"] else "  missed"
    lines.append(
        f"export, verify, import: {total:.1f} s, limit {found['limit_s']:.1f} s, goal < {found['goal_s']:.0f} s{missed}"
    )
    lines.append(f"the second export is {'equal to the last byte' if found['equal'] else 'NOT EQUAL'}")
    return lines


if __name__ == "__main__":
    main()
