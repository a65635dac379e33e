"""Full log files go when they are too old or too many bytes; nothing else in the folder does."""

from __future__ import annotations

import os
import time
from pathlib import Path

from python_core.utils.log_files import prune_full_files


def test_old_and_then_oldest_full_files_are_removed_and_nothing_else(tmp_path: Path) -> None:
    def full(name: str, day: int, suffix: str = "json", size: int = 100) -> Path:
        path = tmp_path / f"{name}.2026-01-{day:02d}T03-04-05-678Z.{suffix}"
        path.write_bytes(b"x" * size)
        os.utime(path, (now - (30 - day) * 86_400,) * 2)
        return path

    now = time.time()
    current = [tmp_path / "x-log.json", tmp_path / "x-log.txt"]
    for each in current:
        each.write_bytes(b"x" * 100)
    foreign = [full("y-log", 1), full("x-log-z", 1), tmp_path / "x-log.mine.json", tmp_path / "x-log.json.lock"]
    for each in foreign[2:]:
        each.write_bytes(b"x")
        os.utime(each, (0, 0))
    full("x-log", 2)
    kept = [full("x-log", 20), full("x-log", 21, "txt"), full("x-log", 22)]
    prune_full_files(current, days=14, max_bytes=10_000)
    assert set(tmp_path.iterdir()) == {*current, *foreign, *kept}
    prune_full_files(current, days=14, max_bytes=350)
    assert set(tmp_path.iterdir()) == {*current, *foreign, kept[2]}
    prune_full_files([*current, tmp_path / "gone" / "x-log.json"], days=14, max_bytes=1)
    assert set(tmp_path.iterdir()) == {*current, *foreign}
