"""A tiny project with the real commands, real pip and nothing to download, so that setups can be broken and timed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "Tools"
# An in-tree build backend: what pip needs for an editable install, and a place to be slow or to fail on demand.
BACKEND = """
import os, time, zipfile
from pathlib import Path

WHEEL = {
    "tiny.pth": str(Path.cwd()),
    "tiny-1.dist-info/METADATA": "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n",
    "tiny-1.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}

def get_requires_for_build_editable(config_settings=None):
    return []

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    if os.environ.get("BUILD_FAILS"):
        raise SystemExit("the build fails as it was told to")
    if os.environ.get("BUILD_HANGS"):
        Path(os.environ["BUILD_HANGS"]).touch()
        time.sleep(60)
    with Path("builds.txt").open("a") as builds:
        builds.write("built\\n")
    name = "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w") as wheel:
        for member, text in WHEEL.items():
            wheel.writestr(member, text)
        wheel.writestr("tiny-1.dist-info/RECORD", "".join(f"{member},,\\n" for member in WHEEL))
    return name
"""
HUB = """
import signal, sys, time
print("hub", sys.argv[1:], flush=True)
if "--stay" in sys.argv:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    print("staying", flush=True)
    time.sleep(60)
"""


@dataclass(frozen=True)
class Clone:
    """A project folder as a person has it after cloning."""

    root: Path

    def start(self, command: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start one of the two commands from another folder; its output lines come together."""
        elsewhere = self.root.parent
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SMRTHUB_")}
        return subprocess.Popen(
            [sys.executable, str(self.root / "Tools" / command), *arguments],
            cwd=elsewhere,
            env={**inherited, "PIP_NO_INDEX": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run it to its end; exit code and output."""
        with self.start(command, *arguments, **environment) as running:
            output = running.communicate(timeout=120)[0]
        return running.returncode, output

    @property
    def builds(self) -> int:
        """Count how often the project was installed."""
        told = self.root / "builds.txt"
        return len(told.read_text().splitlines()) if told.exists() else 0

    def list_files(self) -> set[str]:
        return {
            path.relative_to(self.root).as_posix() for path in self.root.rglob("*") if "__pycache__" not in str(path)
        }


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A fresh clone whose pins are empty."""
    return _make_clone(tmp_path / "a clone")


@dataclass(frozen=True)
class Ready(Clone):
    """A clone after its first start, and what that start said."""

    first_output: str


@pytest.fixture(scope="session")
def _first_started(tmp_path_factory: pytest.TempPathFactory) -> Ready:
    clone = _make_clone(tmp_path_factory.mktemp("ready") / "a clone")
    code, output = clone.run("run.py", "--", "--port", "0")
    assert (code, clone.builds) == (0, 1), output
    return Ready(clone.root, output)


@pytest.fixture
def ready(_first_started: Ready) -> Iterator[Ready]:
    """The one clone that is set up once for all the tests that only need some that is."""
    yield _first_started
    code, output = _first_started.run("run.py")
    assert code == 0, output


def _make_clone(root: Path) -> Clone:
    shutil.copytree(TOOLS, root / "Tools", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "python_core").mkdir()
    (root / "python_core/__main__.py").write_text(HUB)
    (root / "requirements").mkdir()
    for name in ("build", "run", "test"):
        (root / f"requirements/{name}.txt").write_text("# nothing pinned\n")
    (root / "tiny_backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "tiny_backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tiny"\nversion = "1"\n'
    )
    return Clone(root)
