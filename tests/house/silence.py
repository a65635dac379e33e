"""The rule that a module body defines and does not act, asked of real imports in a clean process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

# Runs in the clean process: argv[1] is the project's root, argv[2:] the modules to import.
WATCH = r"""
import importlib, json, os, sys, threading

root, modules = sys.argv[1], sys.argv[2:]
sys.path.insert(0, root)
MAKES_FOLDER = {"os.mkdir", "tempfile.mkdtemp"}
MAKES_FILE = {"os.link", "os.symlink", "tempfile.mkstemp", "sqlite3.connect"}
CHANGES_FILE = {"os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.utime"}
STARTS_CHILD = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn"}
USES_SOCKET = {"socket.__new__", "socket.bind", "socket.connect", "socket.getaddrinfo"}
ACTS = {
    **dict.fromkeys(MAKES_FOLDER, "makes a folder"),
    **dict.fromkeys(MAKES_FILE, "makes a file"),
    **dict.fromkeys(CHANGES_FILE, "changes a file"),
    **dict.fromkeys(STARTS_CHILD, "starts a child"),
    **dict.fromkeys(USES_SOCKET, "uses a socket"),
    "_thread.start_new_thread": "starts a thread",
    "_thread.start_joinable_thread": "starts a thread",
    "signal.signal": "takes a signal",
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
acts, importing, watching = [], "", True


def tell(act, what):
    frame, place = sys._getframe(), importing
    while frame:
        file = frame.f_code.co_filename
        if file.startswith(root + os.sep):
            place = f"{os.path.relpath(file, root)}:{frame.f_lineno}"
            break
        frame = frame.f_back
    acts.append([importing, place, act, what])


def watch(event, args):
    if not watching:
        return
    if event == "open" and (args[2] or 0) & WRITES:
        tell("opens a file for writing", str(args[0]))
    elif event in ACTS:
        tell(ACTS[event], str(args[0]) if args else "")


def start(thread, original=threading.Thread.start):  # not every Python has an audit event for it
    tell("starts a thread", thread.name)
    original(thread)


threading.Thread.start = start
sys.addaudithook(watch)
for importing in modules:
    importlib.import_module(importing)
watching = False
json.dump(acts, sys.stdout)
"""


def check_silence(root: Path, modules: list[str], home: Path) -> list[str]:
    """Import ``modules`` in one clean process and tell every act; ``home`` has to stay empty."""
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SMRTHUB_", "PYTHON"))}
    places = (
        "HOME",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "TMPDIR",
        "TEMP",
        "TMP",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
    )
    environment |= dict.fromkeys(places, str(home))
    child = subprocess.run(
        # -I: nothing of the caller's; -B: compiled files are the interpreter's business, not the module's.
        [sys.executable, "-I", "-B", "-c", WATCH, str(root), *modules],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if child.returncode != 0:
        return [f"Importing every module in a clean process failed:\n{child.stderr}"]
    found = [
        f"{place} {act} ({what}) while {module} is imported. A module body defines; only hosts act. "
        f"Move it into the function that needs it, or make it a lazy attribute."
        for module, place, act, what in json.loads(child.stdout)
    ]
    found += [f"Importing python_core left {path.name} in the user's folders." for path in home.iterdir()]
    return found
