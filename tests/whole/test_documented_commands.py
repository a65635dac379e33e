"""Every command and script that the documentation shows is run as it stands there, against a hub; what cannot be has its reason."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whole.hub_home import PATIENCE_S, ROOT, Home, Served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a POSIX shell")

#: A line that holds this is not run here, and why.
LEFT_OUT = {
    "python3 Tools/run.py": "it is run by tests/tools/test_run.py, on a clone of its own",
    "python3 Tools/test.py": "it is what runs this",
    "git clone": "there is nothing to clone here",
    'export PATH="$PWD/.venv/bin': "the test has a path of its own",
    "pipx install": "it needs the network; tests/whole/test_packages.py installs the same package without",
    "smrthub-env": "it needs the network",
    "SOURCE_DATE_EPOCH": "it is run by tests/whole/test_packages.py, in a copy of the sources",
    "smrthub serve": "the test has started it",
    "smrthub service": "it would change this user's services; tests/support has them with a made-up system",
    "smrthub pair": "it waits for a browser; tests/browser pairs one",
    "with the older version": "there is none here; tests/store/test_upgrades.py opens that copy's form",
    "/wsgi.py": "it is run by tests/whole/test_hosts.py",
    "python_core.net.wsgi": "it is run by tests/whole/test_hosts.py",
    "smrthub forget --site shop.example.com": "it asks a person; first-run.md forgets with --yes",
    "smrthub retention preview": "it is run without a number of its own in use.md",
}
#: What goes on until it is ended: it has to be at it after this long.
ENDLESS, ENDLESS_S = ("smrthub logs --follow", "curl -N", "hub.follow("), 3.0
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples_of(page: str) -> Iterator[tuple[str, str]]:
    """List what a page shows to be run: the language, and the lines that are run here."""
    for kind, text in FENCE.findall((ROOT / page).read_text("utf-8")):
        lines = text.splitlines()
        if kind == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        if kind in ("sh", "console"):
            lines = [line for line in lines if not any(each in line for each in LEFT_OUT)]
        if kind in ("sh", "console", "python") and lines:
            yield kind, "\n".join(lines)


RUN = [page for page in PAGES if list(examples_of(page))]


def test_what_is_left_out_stands_somewhere_in_the_documentation() -> None:
    shown = "".join(text for page in PAGES for _, text in FENCE.findall((ROOT / page).read_text("utf-8")))
    assert [each for each in LEFT_OUT if each not in shown] == []


class Reader:
    """Somebody who does what a page says, in a folder and with a hub of their own."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.folder = home.root / "reader"
        self.folder.mkdir()
        (home.root / "disk").mkdir()
        bins = home.root / "bin"
        bins.mkdir()
        self._put(bins / "smrthub", "-c 'from python_core.cli import main; main()'")
        for name in ("python", "python3"):
            self._put(bins / name, "")
        self.environ = home.environ | {"PATH": f"{bins}:{home.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        self._hub: Served | None = None
        self._client = ""
        self._clip = ""

    @staticmethod
    def _put(path: Path, arguments: str) -> None:
        path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n', "utf-8")
        path.chmod(0o700)

    def have_a_hub(self) -> None:
        """Start it where it does not run (any more), with something in it."""
        if self._hub is None or not self._hub.is_up():
            self._hub = self.home.start_hub(SMRTHUB_BRIDGE_UNIX_SOCKET="true")
            caller = self.home.caller()
            self._clip = caller.copy("The lamp turns, and a page tells of the sea.")["id"]
            self._client = caller.post("/clients", {"name": "any", "kind": "script", "scopes": ["status:read"]})[
                "client"
            ]["id"]

    def adapt(self, text: str) -> str:
        """Put in what is another with each reader: the port, folders, ids."""
        text = text.replace("http://127.0.0.1:5001", str(self.home.facts()["url"]))
        text = text.replace("/media/disk", str(self.home.root / "disk"))
        text = text.replace("~/.local/state/SmrtHub", str(self.home.paths.local))
        return re.sub(r"\bID\b", self._client, UUID.sub(self._clip, text))

    def run(self, kind: str, text: str) -> None:
        """Run an example; what has no end is ended."""
        shell = [sys.executable, "-c"] if kind == "python" else ["sh", "-euc"]
        lines = text.splitlines()
        endless = [n for n, line in enumerate(lines) if any(sign in line for sign in ENDLESS)]
        if endless and kind == "python":
            self._run_endless([*shell, text])
            return
        for n in endless:
            names = [line for line in lines[:n] if re.match(r"\w+=", line)]
            self._run_endless([*shell, "\n".join([*names, f"exec {lines[n]}"])])
        self._run_once([*shell, "\n".join(line for n, line in enumerate(lines) if n not in endless)])

    def _run_once(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        assert '"status":"error"' not in done.stdout, f"{command[-1]}\n{done.stdout[-2000:]}"

    def _run_endless(self, command: list[str]) -> None:
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(ENDLESS_S)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@pytest.mark.parametrize("page", RUN)
def test_a_page_does_what_it_says(home: Home, page: str) -> None:
    reader = Reader(home)
    for kind, text in FENCE.findall((ROOT / page).read_text("utf-8")):
        if kind == "json" and '"rules"' in text:
            (reader.folder / "draft.json").write_text(text, "utf-8")
    for kind, text in examples_of(page):
        reader.have_a_hub()
        reader.run(kind, reader.adapt(text))
