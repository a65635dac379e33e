"""What older versions have written is read: exports of every form, and the databases of every schema as backups.

A new form of an export needs its own ``data/export-N.zip``: what ``kept.filled`` holds, exported when the form is made. It is
never made anew.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from python_core.runtime.search import SearchScope, search
from python_core.runtime.status import get_status
from python_core.runtime.upkeep import tidy
from python_core.store import open_store
from python_core.store.steps import STEPS
from python_core.store.walking import Wanted
from python_core.support.export_format import FORMAT_VERSION
from python_core.support.exporting import export_items
from python_core.support.importing import import_items
from python_core.support.restoring import restore
from python_core.support.verifying import verify_export
from python_core.utils.config_path_resolver import Paths, make_private
from tests.hubs import ROOT, Clock, make_hub
from tests.support.kept import filled

EXPORTS = Path(__file__).parent / "data"
STORES = ROOT / "tests" / "store" / "data"
FORMS, STEP_NUMBERS = range(1, FORMAT_VERSION + 1), range(1, len(STEPS) + 1)


def put_store(number: int, folder: Path) -> Path:
    path = make_private(folder) / "hub.db"
    shutil.copyfile(STORES / f"step-{number}.db", path)
    return path


def test_an_export_of_each_form_is_kept() -> None:
    kept = {path.name for path in EXPORTS.glob("*.zip")}
    assert kept == {f"export-{number}.zip" for number in FORMS}, "see the first lines of this file"


@pytest.mark.parametrize("number", FORMS)
def test_an_export_of_each_form_is_verified_and_taken_in_whole(tmp_path: Path, number: int) -> None:
    path = EXPORTS / f"export-{number}.zip"
    manifest = verify_export(path)
    assert manifest.format_version == number
    found = import_items(tmp_path / "stored", path)
    assert found.faults == []
    assert {name: dict(states) for name, states in found.counts.items()} == {
        "schemas": {"added": 1},
        "visits": {"added": 2},
        "clips": {"added": 4},
        "outputs": {"added": 2},
    }
    hub = make_hub(open_store(tmp_path / "stored"), Clock())
    assert get_status(hub, "bridge").counts == {"clips": 4, "visits": 2, "outputs": 2}
    hub.store.close()


@pytest.mark.parametrize("number", STEP_NUMBERS)
@pytest.mark.parametrize("before", ["nothing", "a store of today", "a store of the first schema"])
def test_a_database_of_each_schema_is_restored_over_any_other(tmp_path: Path, number: int, before: str) -> None:
    """As ``docs/keeping.md`` says of ``backups/hub-before-step-N.db``."""
    paths = Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")
    if before == "a store of today":
        filled(paths.stored()).store.close()
    elif before != "nothing":
        put_store(1, paths.stored())
    restored = restore(paths, put_store(number, tmp_path / "backup"))
    assert (restored.aside is None) == (before == "nothing")
    hub = make_hub(open_store(paths.stored()), Clock())
    tidy(hub)
    assert [hit.kind for hit in search(hub, "albatross", SearchScope(), 10, None).items] == ["clip"]
    hub.store.close()


@pytest.mark.parametrize("number", STEP_NUMBERS)
def test_a_store_of_each_schema_is_exported_without_a_start_of_the_hub(tmp_path: Path, number: int) -> None:
    store = put_store(number, tmp_path / "stored")
    counts = export_items(store.parent, tmp_path / "out", Wanted()).counts
    # The picture's file is not there: that is told as unreadable, and all else is exported.
    assert {name: counts[name] for name in ("clips", "visits", "outputs", "unreadable")} == {
        "clips": 1,
        "visits": 1,
        "outputs": 1,
        "unreadable": 1,
    }
    verify_export(tmp_path / "out")
