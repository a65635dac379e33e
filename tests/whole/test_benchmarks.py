"""The benchmarks run, with the client that needs nothing installed, and say what they compare."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import made_history
from python_core.runtime.search import SearchScope, search
from python_core.store import clips, open_store
from python_core.store.clips import ClipFilter
from tests.hubs import Clock, make_hub
from tests.whole.hub_home import PATIENCE_S, ROOT


def shown(script: str, *arguments: str, temporary: Path | None = None) -> str:
    """Run a benchmark to its end and return what it prints."""
    done = subprocess.run(
        [sys.executable, f"benchmarks/{script}.py", *arguments],
        cwd=ROOT,
        env=os.environ | ({} if temporary is None else {"TMPDIR": str(temporary)}),
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("only", [["ping", "window", "clip", "tab"], ["commit", "gate"]], ids="-".join)
def test_a_short_run_tells_ratios_with_limit_and_goal(tmp_path: Path, only: list[str]) -> None:
    command = ["--seconds", "0.2", "--rounds", "1", "--client", "own", "--folder", str(tmp_path), "--only", *only]
    told = shown("run", *command, "--json", str(tmp_path / "figures.json"))
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    assert figures["load"] == "own client"
    assert [row["name"] for row in figures["requests"]] == [name for name in only if name not in ("commit", "gate")]
    for row in figures["requests"]:
        assert row["ratios"][0] > 0
        assert row["title"] in told
    if "commit" in only:
        assert "goal ≤ 3" in told
        assert "gate and token of GET /status, full" in told


def test_a_short_run_tells_each_installed_host_beside_our_own(tmp_path: Path) -> None:
    short = ["--rounds", "1", "--seconds", "0.2", "--client", "own", "--json", str(tmp_path / "figures.json")]
    told = shown("hosts", *short, temporary=tmp_path)
    figures = json.loads((tmp_path / "figures.json").read_text("utf-8"))
    hosts = [
        name for name in ("python", "gunicorn", "granian", "cheroot", "flask") if find_spec(name) or name == "python"
    ]
    assert list(figures) == ["GET /ping", "GET /status, full", "POST /clipboard, durable"]
    for what, by_host in figures.items():
        assert list(by_host) == hosts
        assert all(figure > 0 for each in by_host.values() for figure in each.values())
        assert f"| {what} | " in told
    assert "Waitress, ours" in told
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"], "a home was left behind"


def test_a_short_run_tells_how_soon_events_come(tmp_path: Path) -> None:
    told = shown("events", "--rounds", "1", "--posts", "3", "--idle-seconds", "0.2", temporary=tmp_path)
    for row in ("same process, 1 of them", "same process, 4 of them", "other process, 4 of them", "processor idle"):
        assert row in told


def test_a_made_history_is_the_same_for_the_same_seed_and_is_found(tmp_path: Path) -> None:
    made = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        store = open_store(tmp_path / name)
        made_history.fill(store, clips=30, visits=20, seed=seed)
        with store.reading() as conn:
            made.append(clips.list_clips(conn, ClipFilter(), 30))
        assert search(make_hub(store, Clock()), "the", SearchScope(), 50, None).items
        store.close()
    assert len(made[0]) == 30
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_a_short_history_is_exported_verified_and_imported_and_equal(tmp_path: Path) -> None:
    sizes = ["--clips", "300", "--visits", "600", "--pictures", "10", "--folder", str(tmp_path)]
    told = shown("export_import", *sizes, "--json", str(tmp_path / "figures.json"))
    assert json.loads((tmp_path / "figures.json").read_text("utf-8"))["equal"] is True
    assert "equal to the last byte" in told
    assert "goal < 60 s" in told


def test_a_short_run_tells_what_made_texts_and_real_documents_cost(tmp_path: Path) -> None:
    told = shown("scale", str(tmp_path), "--sizes", "60", "90", "--calls", "2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["60", "90", "real-60", "real-90"]
    for kind in ("made", "real"):
        assert f"clips, {kind} texts" in told
    assert told.count("POST /clipboard") == 2
