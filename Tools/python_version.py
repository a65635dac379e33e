"""Continue on a Python that the hub runs on, or say which one to install.

Python 3.6 has to be able to read this file and its callers: an old Python is exactly who is spoken to.
"""

import os
import subprocess
import sys

NEEDED = (3, 11)
NEWER = ("python3.14", "python3.13", "python3.12", "python3.11", "py -3", "python3", "python")
HOW_TO_INSTALL = """Install one, then run this again:
  Debian, Ubuntu   sudo apt install python3 python3-venv   (older releases: python3.11 python3.11-venv)
  Fedora           sudo dnf install python3.13
  macOS            brew install python@3.13
  Windows          winget install Python.Python.3.13"""


def need_supported_python() -> None:
    """Return on a supported Python; otherwise go on as one found on PATH, or end with exit code 2."""
    if sys.version_info >= NEEDED:
        return
    this = f"Python {sys.version.split()[0]} ({sys.executable})"
    newer = find_newer()
    if newer is None:
        print(f"SmrtHub needs Python 3.11 or newer; this is {this} and PATH has no newer one.", file=sys.stderr)
        print(HOW_TO_INSTALL, file=sys.stderr)
        sys.exit(2)
    print(f"This is {this}; going on with {' '.join(newer)}.", file=sys.stderr, flush=True)
    if os.name != "nt":
        os.execvp(newer[0], [*newer, *sys.argv])  # noqa: S606
    sys.exit(subprocess.call([*newer, *sys.argv]))


def find_newer() -> "list[str] | None":
    """Find a command on PATH that starts a supported Python; a version manager's stub may not start any."""
    for command in map(str.split, NEWER):
        question = [*command, "-c", f"import sys; print(sys.version_info >= {NEEDED})"]
        try:
            answer = subprocess.check_output(question, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
        except (OSError, subprocess.SubprocessError):
            continue
        if answer.strip() == b"True":
            return command
    return None
