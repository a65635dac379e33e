"""The tree keeps the rules of the house; docs/architecture.md tells them with their reasons."""

from __future__ import annotations

from pathlib import Path

from tests.house import imports, shape, silence, texts
from tests.house.tree import ROOT, list_sources

CORE = list_sources(ROOT, "python_core")
TOOLS = list_sources(ROOT, "Tools", "benchmarks")
TESTS = list_sources(ROOT, "tests")
# Beyond the aims (40 lines a def, 250 a file), never beyond the limits (60, 400). Lower them when you can.
MAX_LONG_DEFS = 0
MAX_LONG_FILES = 2


def _told(found: list[str]) -> None:
    assert not found, "\n" + "\n".join(found)


def test_there_is_something_to_check() -> None:
    assert {"python_core", "python_core.errors", "python_core.net"} <= {source.module for source in CORE}


def test_imports_go_strictly_down_the_floors() -> None:
    _told(imports.check_direction(CORE))


def test_no_imports_go_around_in_a_circle() -> None:
    _told(imports.check_cycles(CORE))


def test_every_import_is_absolute() -> None:
    _told(imports.check_relative([*CORE, *TOOLS, *TESTS]))


def test_only_net_knows_flask_and_only_store_knows_sql() -> None:
    _told(imports.check_foreign(CORE))


def test_routes_never_see_store_or_config() -> None:
    _told(imports.check_routes(CORE))


def test_importing_any_module_makes_no_file_folder_socket_thread_or_child(tmp_path: Path) -> None:
    _told(silence.check_silence(ROOT, [source.module for source in CORE], tmp_path / "home"))


def test_no_module_bears_a_name_of_the_standard_library() -> None:
    _told(shape.check_stdlib_names([*CORE, *TOOLS]))


def test_no_def_or_file_is_beyond_the_limits() -> None:
    _told(shape.check_sizes([*CORE, *TOOLS, *TESTS]))


def test_defs_and_files_beyond_the_aims_stay_few() -> None:
    _told(shape.check_budget([*CORE, *TOOLS], MAX_LONG_DEFS, MAX_LONG_FILES))


def test_every_module_says_its_one_job() -> None:
    _told(shape.check_docstrings([*CORE, *TOOLS]))


def test_utils_is_a_closed_list() -> None:
    _told(shape.check_utils(CORE))


def test_no_name_says_nothing() -> None:
    _told(shape.check_words(CORE))


def test_no_text_names_one_machine_or_a_package_index() -> None:
    _told(texts.check_places(ROOT))
