"""A browser that a hub can open: it notes the address and then stays open until it is told to go on."""

from __future__ import annotations

from pathlib import Path


class SlowBrowser:
    """The browser of a session with a display; ``environ`` makes a hub use it."""

    def __init__(self, folder: Path) -> None:
        self._opened, self._go = folder / "opened.txt", folder / "go"
        program = folder / "browser.sh"
        wait = f"while [ -d '{folder}' ] && [ ! -e '{self._go}' ]; do sleep 0.05; done"
        program.write_text(f"#!/bin/sh\necho \"$1\" >> '{self._opened}'\n{wait}\n", "utf-8")
        program.chmod(0o700)
        self.environ = {"BROWSER": str(program), "DISPLAY": ":tests"}

    @property
    def opened(self) -> list[str]:
        """The addresses that it was opened with, in order."""
        return self._opened.read_text("utf-8").splitlines() if self._opened.exists() else []

    def go_on(self) -> None:
        """Let all that are open end, and those to come at once."""
        self._go.touch()
