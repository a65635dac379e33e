"""Every command and script that the documentation shows is run as it stands there, against a hub, and shows what stands there.

What cannot be run has its reason in tests/docs/left_out.py; what it is said to show has to stand in the code.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.left_out import is_left_out
from tests.docs.pages import PAGES, blocks
from tests.whole.hub_home import PATIENCE_S, ROOT, Home, Served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the examples are for a POSIX shell")

#: What goes on until it is ended: it has to be at it after this long.
ENDLESS, ENDLESS_S = ("smrthub logs --follow", "curl -N", "hub.follow("), 3.0
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b")
#: What is another each time: ids, moments, ports and other numbers, folders, and how much room it takes in a table.
ANOTHER = [
    (UUID, "ID"),
    (re.compile(r"(?:\d+ \w+ (?:before|after|later)|then)$", re.MULTILINE), "THEN"),
    (re.compile(r"\d+(?:[.:,-]\d+)*"), "N"),
    (re.compile(r"(?:…|/)\S*/(?=SmrtHub/|\.venv)"), "…/"),
    (re.compile(r"  +"), "  "),
]


class Step(NamedTuple):
    """What is run at once, and the lines that it is said to show; none say nothing of them."""

    kind: str
    text: str
    shown: tuple[str, ...] = ()


def steps_of(page: str) -> Iterator[Step]:
    """List what a page shows to be run, in order."""
    for block in blocks(page):
        if block.kind in ("sh", "python"):
            yield Step(block.kind, block.text.rstrip("\n"))
        elif block.kind == "console":
            calls = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
            for call in calls[1:]:
                command, *shown = call.splitlines()
                yield Step("sh", command, tuple(shown))
            if calls[0]:  # what the command of the block before goes on to show
                yield Step("sh", "", tuple(calls[0].splitlines()))


def masked(lines: Iterable[str]) -> list[str]:
    """Give the lines without what is another each time."""
    text = "\n".join(lines)
    for pattern, sign in ANOTHER:
        text = pattern.sub(sign, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


RUN = [page for page in PAGES if any(not is_left_out(step.text) for step in steps_of(page))]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_said_to_be_shown_and_not_run_stands_in_the_code(page: str) -> None:
    files = [path for folder in ("python_core", "Tools") for path in (ROOT / folder).rglob("*.py")]
    code = "".join(path.read_text("utf-8") for path in files)
    for step in steps_of(page):
        for line in step.shown if is_left_out(step.text) else ():
            pieces = re.split(
                r"\d[\d.:-]*|[A-Z]{4}-[A-Z]{4}|  +|,|…|because|My agent|http\S+|chrome-\S+|\[y/N\]: y", line
            )
            assert [piece for piece in pieces if len(piece.split()) > 2 and piece.strip(" .") not in code] == []


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A home in a folder of a short name: the path of a Unix socket may have 107 bytes."""
    home = Home(tmp_path_factory.mktemp("h"))
    yield home
    home.end_all()


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

    def have_a_hub(self, *, browsed: bool) -> None:
        """Start it where it does not run (any more), with something in it: a clip, or pages that were looked at."""
        if self._hub is None or not self._hub.is_up():
            self._hub = self.home.start_hub(SMRTHUB_BRIDGE_UNIX_SOCKET="true")
            caller = self.home.caller()
            if browsed:
                self._browse()
            else:
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

    def _browse(self) -> None:
        """Look at three pages, as first-run.md tells, and come back to one of them."""
        listener = self.home.caller(str(self.home.facts("web-listener")["url"]))
        now = dt.datetime.now(dt.UTC)
        for seconds, tab, name in ((8, 1, "harbour"), (6, 2, "lighthouse"), (4, 3, "estuary"), (2, 2, "lighthouse")):
            page = {"url": f"http://127.0.0.1:44953/{name}.html", "title": f"Page {name}", "tabId": tab, "windowId": 1}
            told = {"event": "activated", "focused": True, "browser": "Chromium"}
            at = (now - dt.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
            listener.post("/tab-info", page | told | {"observedAt": at})

    def run(self, step: Step) -> None:
        """Run a step, but for the lines that are left out; what has no end is ended."""
        shell = [sys.executable, "-c"] if step.kind == "python" else ["sh", "-euc"]
        whole = [step.text] if step.kind == "python" else step.text.splitlines()
        lines = [line for line in whole if not is_left_out(line)]
        endless = [n for n, line in enumerate(lines) if any(sign in line for sign in ENDLESS)]
        for n in endless:
            names = [line for line in lines[:n] if re.match(r"\w+=", line)]
            last = lines[n] if step.kind == "python" else f"exec {lines[n]}"
            self._run_endless([*shell, self.adapt("\n".join([*names, last]))])
        rest = "\n".join(line for n, line in enumerate(lines) if n not in endless)
        if not rest:
            return
        said = self._run_once([*shell, self.adapt(rest)])
        if step.shown:
            assert masked(said.splitlines()) == masked(step.shown), step.text
        if stored := re.search(rf"Stored as ({UUID.pattern})", said):
            self._clip = stored[1]

    def _run_once(self, command: list[str]) -> str:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=2 * PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout[-3000:]}"
        assert '"status":"error"' not in done.stdout, f"{command[-1]}\n{done.stdout[-2000:]}"
        return done.stdout

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
def test_a_page_does_and_shows_what_it_says(home: Home, page: str) -> None:
    reader = Reader(home)
    for block in blocks(page):
        if block.kind == "json" and '"rules"' in block.text:
            (reader.folder / "draft.json").write_text(block.text, "utf-8")
    for step in steps_of(page):
        reader.have_a_hub(browsed=page == "docs/first-run.md")
        reader.run(step)


def test_the_start_shows_what_the_pages_say(home: Home) -> None:
    said = masked(home.start_hub().output.splitlines())
    starts = [step.shown for page in PAGES for step in steps_of(page) if "SmrtHub is running." in step.shown]
    assert len(starts) == 2
    for shown in starts:
        lines = masked(shown[shown.index("SmrtHub is running.") :])
        assert [line for line in lines if "Command" not in line] == [line for line in said if "Command" not in line]
        assert any("Command" in line for line in lines)
