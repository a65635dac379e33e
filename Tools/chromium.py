"""Find the Chromium that the browser tests drive, install it where that is ours to do, else say how."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ELSEWHERE = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "{PROGRAMFILES}/Chromium/Application/chrome.exe",
    "{PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
    "{LOCALAPPDATA}/Chromium/Application/chrome.exe",
)
HOW_TO_INSTALL = """The browser tests need Chromium, and none was found. Install it, then run this again:
  Debian           sudo apt install chromium
  Ubuntu           sudo snap install chromium
  Fedora           sudo dnf install chromium
  macOS            brew install --cask chromium
  Windows          winget install Hibbiki.Chromium
or name one in SMRTHUB_CHROMIUM. To leave these tests out: python3 Tools/test.py --no-browser"""


def find_chromium() -> str | None:
    """Find an installed Chromium: ``SMRTHUB_CHROMIUM``, else on PATH, else where systems keep it."""
    named = os.environ.get("SMRTHUB_CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = next((found for found in map(shutil.which, NAMES) if found), None)
    return on_path or next((place for place in map(_expand, ELSEWHERE) if place and Path(place).is_file()), None)


def install_chromium(say: Callable[[str], None]) -> str | None:
    """Install Debian's package when run there as root; the path of what is there afterwards."""
    if not may_install():
        return None
    say("Installing chromium with apt-get ...")
    apt = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            [*apt, *step],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            say(done.stdout.rstrip())
            return None
    return find_chromium()


def may_install() -> bool:
    """Say whether this is a Debian on which we are root."""
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _expand(place: str) -> str | None:
    """Fill in a folder that Windows names in the environment; ``None`` where it names none."""
    try:
        return place.format_map(os.environ)
    except KeyError:
        return None
