"""Each rule of the house finds its made-up bad example and lets a good one pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house import imports, shape, silence, texts
from tests.house.tree import Source, list_sources


def _write(root: Path, files: dict[str, str]) -> list[Source]:
    for name, text in {"python_core/__init__.py": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [source for source in list_sources(root, "python_core") if source.path.name != "__init__.py"]


def _source(root: Path, name: str, text: str) -> list[Source]:
    return _write(root, {f"python_core/{name}": text})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("store/clips.py", "from python_core.runtime import clipboard\n", id="at the top"),
        pytest.param("store/clips.py", "def f():\n    import python_core.net.gate\n", id="inside a function"),
        pytest.param(
            "store/clips.py",
            "import typing\nif typing.TYPE_CHECKING:\n    from python_core.runtime.hub import Hub\n",
            id="under TYPE_CHECKING",
        ),
        pytest.param("config/loader.py", "from python_core.store import connection\n", id="sideways"),
        pytest.param("errors.py", "from python_core.utils import ids\n", id="from the bottom"),
        pytest.param("net/gate.py", "from python_core.store.connection import Store\n", id="past the runtime"),
        pytest.param("net/wsgi.py", "from python_core.store import open_store\n", id="the store outside a factory"),
        pytest.param("cli/main.py", "import python_core.runtime.hub\n", id="the CLI into the runtime"),
        pytest.param("runtime/hub.py", "from python_core import start_flask_bridge\n", id="the package's face"),
        pytest.param("runtime/hub.py", "import importlib\nimportlib.import_module('python_core.net')\n", id="by name"),
        pytest.param("sync/peers.py", "", id="a room without a floor"),
    ],
)
def test_an_import_that_does_not_go_down_is_found(tmp_path: Path, name: str, text: str) -> None:
    [sentence] = imports.check_direction(_source(tmp_path, name, text))
    assert sentence.startswith(f"python_core/{name}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("net/bridge_server.py", "from python_core.store import open_store\n"),
        ("net/routes/tab_info_routes.py", "from python_core.runtime.tabs import record_tabs\n"),
        ("net/pages.py", "from python_core import __version__\n"),
        ("store/clips.py", "import json\nfrom python_core.store.connection import Store\n"),
        ("__main__.py", "from python_core.net import bridge_server\n"),
    ],
)
def test_an_import_that_goes_down_passes(tmp_path: Path, name: str, text: str) -> None:
    sources = _source(tmp_path, name, text)
    assert [
        *imports.check_direction(sources),
        *imports.check_foreign(sources),
        *imports.check_routes(sources),
    ] == []


def test_a_circle_is_found_and_told_in_order(tmp_path: Path) -> None:
    sources = _write(
        tmp_path,
        {
            "python_core/store/a.py": "from python_core.store import b\n",
            "python_core/store/b.py": "def f():\n    from python_core.store.c import g\n",
            "python_core/store/c.py": "import python_core.store.a\n",
            "python_core/store/d.py": "import python_core.store.a\n",
        },
    )
    [sentence] = imports.check_cycles(sources)
    assert all(f"python_core.store.{letter}" in sentence for letter in "abc")
    assert imports.check_cycles([sources[3]]) == []


def test_a_relative_import_is_found(tmp_path: Path) -> None:
    [sentence] = imports.check_relative(_source(tmp_path, "store/a.py", "from . import b\n"))
    assert sentence.startswith("python_core/store/a.py:1")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("runtime/hub.py", "import flask\n"),
        ("store/clips.py", "from werkzeug.wrappers import Request\n"),
        ("runtime/clipboard.py", "def f():\n    import apsw\n"),
        ("store/connection.py", "import sqlite3\n"),
        ("__main__.py", "import waitress\n"),
    ],
)
def test_a_foreign_package_outside_its_room_is_found(tmp_path: Path, name: str, text: str) -> None:
    assert len(imports.check_foreign(_source(tmp_path, name, text))) == 1


@pytest.mark.parametrize("room", ["store", "config"])
def test_a_route_that_sees_store_or_config_is_found(tmp_path: Path, room: str) -> None:
    text = f"from python_core.{room} import anything\n"
    assert len(imports.check_routes(_source(tmp_path, "net/routes/x_routes.py", text))) == 1


@pytest.mark.parametrize(
    ("body", "act"),
    [
        ("open('made.txt', 'w').close()", "opens a file for writing"),
        ("import os; os.mkdir('made')", "makes a folder"),
        ("import pathlib; pathlib.Path('made').touch()", "opens a file for writing"),
        ("import socket; socket.socket().close()", "uses a socket"),
        ("import threading; threading.Thread(target=int).start()", "starts a thread"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', ''])", "starts a child"),
        ("import tempfile; tempfile.mkdtemp()", "makes a folder"),
    ],
)
def test_a_module_body_that_acts_is_found(tmp_path: Path, body: str, act: str) -> None:
    _source(tmp_path, "loud.py", f'"""Loud."""\n{body}\n')
    found = silence.check_silence(tmp_path, ["python_core.loud"], tmp_path / "home")
    assert any(act in sentence and "loud.py:2" in sentence for sentence in found), found


def test_a_module_body_that_only_defines_is_silent(tmp_path: Path) -> None:
    text = "import socket, threading\nLOCK = threading.Lock()\ndef f():\n    open('x', 'w')\n"
    _source(tmp_path, "quiet.py", text)
    assert silence.check_silence(tmp_path, ["python_core.quiet"], tmp_path / "home") == []


def test_a_module_that_cannot_be_imported_is_told(tmp_path: Path) -> None:
    _source(tmp_path, "broken.py", "import no_such_package\n")
    [sentence] = silence.check_silence(tmp_path, ["python_core.broken"], tmp_path / "home")
    assert "no_such_package" in sentence


def test_a_long_def_and_a_long_file_are_found(tmp_path: Path) -> None:
    def_of_61 = "def f():\n" + "    x = 1\n" * 60
    sources = _write(tmp_path, {"python_core/a.py": def_of_61, "python_core/b.py": "x = 1\n" * 401})
    assert [sentence.split()[0] for sentence in shape.check_sizes(sources)] == [
        "python_core/b.py:",
        "python_core/a.py:1",
    ]


def test_a_def_and_a_file_at_the_limit_pass(tmp_path: Path) -> None:
    def_of_60 = "def f():\n" + "    x = 1\n" * 59
    assert shape.check_sizes(_source(tmp_path, "a.py", def_of_60 + "x = 1\n" * 340)) == []


def test_more_long_defs_and_files_than_stated_are_found(tmp_path: Path) -> None:
    sources = _source(tmp_path, "a.py", "def f():\n" + "    x = 1\n" * 40 + "x = 1\n" * 210)
    assert len(shape.check_budget(sources, max_long_defs=0, max_long_files=0)) == 2
    assert shape.check_budget(sources, max_long_defs=1, max_long_files=1) == []


@pytest.mark.parametrize("text", ["", "x = 1\n", '""" """\n'])
def test_a_module_without_docstring_is_found(tmp_path: Path, text: str) -> None:
    assert len(shape.check_docstrings(_source(tmp_path, "a.py", text))) == 1


def test_a_new_util_is_found(tmp_path: Path) -> None:
    _source(tmp_path, "utils/ids.py", "")
    [sentence] = shape.check_utils(_source(tmp_path, "utils/strings.py", ""))
    assert sentence.startswith("python_core/utils/strings.py")


@pytest.mark.parametrize("name", ["store/queue.py", "net/http.py", "email/parsing.py"])
def test_a_standard_library_name_is_found(tmp_path: Path, name: str) -> None:
    assert len(shape.check_stdlib_names(_source(tmp_path, name, ""))) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("store/clip_manager.py", ""),
        ("store/clips.py", "class ClipHelper: ...\n"),
        ("store/clips.py", "class C:\n    def get_data(self): ...\n"),
        ("net/gate.py", "def handle_request(): ...\n"),
        ("net/gate.py", "def do_it(): ...\n"),
    ],
)
def test_a_name_that_says_nothing_is_found(tmp_path: Path, name: str, text: str) -> None:
    [sentence] = shape.check_words(_source(tmp_path, name, text))
    assert sentence.startswith(f"python_core/{name}")


@pytest.mark.parametrize(
    "text",
    [
        "def handle_tab_info(): ...\n",
        "def post_tab_info(): ...\n",
        "class Database: ...\n",
        "def domain_of(): ...\n",
    ],
)
def test_a_name_that_the_specification_fixes_passes(tmp_path: Path, text: str) -> None:
    assert shape.check_words(_source(tmp_path, "smrtdetect/websource.py", text)) == []


@pytest.mark.parametrize("place", ["work/main", "root/.cache", "opt/pypi/simple"])
def test_the_path_of_one_machine_is_found(tmp_path: Path, place: str) -> None:
    (tmp_path / "page.md").write_text(f"fine\nsee /{place}/x\n", encoding="utf-8")
    [sentence] = texts.check_places(tmp_path)
    assert sentence.startswith("page.md:2")


def test_a_package_index_is_found(tmp_path: Path) -> None:
    (tmp_path / "lock.txt").write_text(
        "--index-url https://" + ".".join(["pypi", "org"]) + "/simple\n", encoding="utf-8"
    )
    assert len(texts.check_places(tmp_path)) == 1


def test_ordinary_paths_pass(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("/api/config/workspace ./work/x ~/root/x /roots/x\n", encoding="utf-8")
    assert texts.check_places(tmp_path) == []
