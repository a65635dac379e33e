"""Wheel and source package: the same bytes twice, all that is needed and nothing else, and a hub that starts from them alone."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.hub_home import PATIENCE_S, ROOT, Home

pytest.importorskip("flit_core", reason="requirements/build.txt has it")
pytest.importorskip("pip")
BUILD = """
import sys
from flit_core import buildapi
buildapi.build_wheel(sys.argv[1]), buildapi.build_sdist(sys.argv[1])
"""
NAME = "smrthub-0.1.0"
#: What is in a package beside Python: settings and their schemas, pages, the vendored Swagger UI with its notices.
BESIDES = {
    "python_core/config/defaults": {".json"},
    "python_core/config/schema": {".json"},
    "python_core/net": {".md"},
    "python_core/net/assets/apidocs": {".css", ".js", ".svg"},
    "python_core/net/assets/swagger": {".css", ".js", ".md", ".txt", ""},
    "python_core/net/templates/flasgger": {".html"},
    "python_core/support": {".html"},
}


def build(folder: Path, clone: Path, umask: int) -> dict[str, bytes]:
    """Build both from a copy of the sources made just now, and return their bytes by name."""
    shutil.copytree(
        ROOT / "python_core",
        clone / "python_core",
        ignore=shutil.ignore_patterns("__pycache__"),
        copy_function=shutil.copy,
    )
    for name in ("LICENSE", "README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, clone / name)
    folder.mkdir()
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=clone, env=environ, check=True, timeout=PATIENCE_S, umask=umask
    )
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages")
    build(folder / "first", folder / "clone", 0o022)
    return folder / "first"


def test_they_are_the_same_bytes_whenever_and_wherever_they_are_built(built: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "second", tmp_path / "clone", 0o077)
    assert set(again) == {f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz"}
    assert again == {path.name: path.read_bytes() for path in built.iterdir()}


def wanted() -> Iterator[str]:
    """Name what the history has of the package; a clone without it has nothing to compare with."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "python_core"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("no history here")
    return (name for name in listed.stdout.splitlines() if (ROOT / name).is_file())


def test_they_hold_the_package_with_its_notices_and_nothing_else(built: Path) -> None:
    files = sorted(wanted())
    strange = [
        name
        for name in files
        if not name.endswith(".py") and Path(name).suffix not in BESIDES.get(Path(name).parent.as_posix(), set())
    ]
    assert strange == []
    with zipfile.ZipFile(built / f"{NAME}-py3-none-any.whl") as wheel:
        own = [name for name in wheel.namelist() if not name.startswith(f"{NAME}.dist-info/")]
        about = [name for name in wheel.namelist() if name.startswith(f"{NAME}.dist-info/")]
        told = wheel.read(f"{NAME}.dist-info/METADATA").decode()
    assert sorted(own) == files
    notices = [name for name in files if Path(name).name.endswith(("LICENSE", "NOTICE", "LICENSE.txt"))]
    kept = {name.removeprefix(f"{NAME}.dist-info/licenses/") for name in about if "/licenses/" in name}
    assert kept == {"LICENSE", *notices}
    assert "License-Expression: MIT AND Apache-2.0" in told
    with tarfile.open(built / f"{NAME}.tar.gz") as source:
        packed = sorted(name.removeprefix(f"{NAME}/") for name in source.getnames())
    assert packed == sorted([*files, "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"])


def test_a_hub_starts_from_the_wheel_alone(built: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=PATIENCE_S)
    scripts = venv / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    wheel = built / f"{NAME}-py3-none-any.whl"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", "-q", str(wheel)]
    subprocess.run(pip, check=True, timeout=PATIENCE_S)
    # What it needs is installed here already, and is not fetched again; nothing of the clone is among it.
    found = [
        path for path in {*site.getsitepackages(), *sys.path} if "site-packages" in path or Path(path, "flask").is_dir()
    ]
    own = next(venv.rglob("site-packages")) / "needed.pth"
    own.write_text("\n".join(found), encoding="utf-8")

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    home = Home(tmp_path)
    try:
        hub = home.start("-m", "python_core", python=python, cwd=elsewhere)
        caller = home.caller(hub.url())
        for path in ("/ping", "/status", "/apispec.json", "/apidocs/", "/assets/swagger/swagger-ui-bundle.js"):
            assert caller.call("GET", path).status == 200, path
        caller.copy("from a wheel")
        told = subprocess.run(
            [str(scripts / "smrthub"), "status", "--json"],
            cwd=elsewhere,
            env=home.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        assert '"clips"' in told.stdout
        where = subprocess.run(
            [str(python), "-c", "import python_core; print(python_core.__file__)"],
            *(),
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(venv) in where.stdout
        if sys.platform != "win32":
            assert hub.end() == 0
    finally:
        home.end_all()
