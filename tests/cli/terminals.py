"""``smrthub`` as a person types it: in this process for most tests, as a process where it matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from python_core.cli import main
from tests.whole.hub_home import ROOT, Home

COMMAND = "import sys; from python_core.cli import main; sys.exit(main(prog_name='smrthub'))"


@dataclass(frozen=True)
class Typed:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self
        return json.loads(self.out)


class Terminal:
    """Where a person types commands; ``home`` is theirs."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def __call__(self, *arguments: str, stdin: str | bytes | None = None, **environ: str) -> Typed:
        """Run a command in this process; its output goes into a pipe."""
        runner = CliRunner(env={**self.home.environ, **environ})
        done = runner.invoke(main, arguments, input=stdin, catch_exceptions=False, prog_name="smrthub")
        return Typed(done.exit_code, done.stdout, done.stderr)

    def doctor(self, *, canary: bool = False) -> dict[str, tuple[str, str]]:
        """Return what the doctor names: of each check that has a reason code, the state and the code."""
        done = self("doctor", "--json", *(() if canary else ("--no-canary",)))
        return {hop["check"]: (hop["state"], hop["code"]) for hop in json.loads(done.out)["checks"] if hop["code"]}

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        """Start a command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            env={**self.home.environ, "PYTHONPATH": str(ROOT), **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def copy(self, text: str, **source: str) -> str:
        """Put a clip in as another program would, and return its id."""
        caller = self.home.caller()
        made: str = caller.copy(text, source={"app": "Editor", **source})["id"]
        caller.close()
        return made


def see(home: Home, columns: int, *arguments: str, **more: str) -> str:
    """Run a command in a terminal of so many columns and return all that the terminal was sent; not on Windows."""
    import pty

    leader, follower = pty.openpty()
    environ = {
        **home.environ,
        "PYTHONPATH": str(ROOT),
        "COLUMNS": str(columns),
        "LINES": "40",
        "TERM": "xterm-256color",
        **more,
    }
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], env=environ, stdin=follower, stdout=follower, stderr=follower
    ) as shown:
        os.close(follower)
        received = b""
        while True:
            try:
                received += (piece := os.read(leader, 65536))
            except OSError:  # how Linux says that nobody writes any more
                break
            if not piece:
                break
        shown.wait(60)
    os.close(leader)
    return received.decode()


def write(path: Path, text: str) -> str:
    """Write a file and return its name."""
    path.write_text(text, encoding="utf-8")
    return str(path)
