"""Make ``.venv`` hold exactly what ``requirements/`` pins, and the project itself.

It runs before anything is installed: standard library only.

``.venv/smrthub-setup.json`` says what was made and is the only thing read when nothing changed. It is written
before anything else, without any installed set, so a setup that was killed half-way is told from a whole one:
pip takes a package whose files are half there for an installed one, hence such a ``.venv`` is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from setup_lock import one_at_a_time

Wanted: TypeAlias = Literal["run", "test"]
STAMP = "smrthub-setup.json"
INPUTS: dict[Wanted, tuple[str, ...]] = {
    "run": ("pyproject.toml", "requirements/build.txt", "requirements/run.txt"),
    "test": ("pyproject.toml", "requirements/build.txt", "requirements/run.txt", "requirements/test.txt"),
}


class SetupFailed(Exception):
    """The environment cannot be made; the message says why and what to do."""


def venv_python(root: Path) -> Path:
    """Name the interpreter of the project's ``.venv``, whether or not it is there."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_ready(root: Path, wanted: Wanted) -> bool:
    """Say whether ``.venv`` is whole, of this Python, of this folder, and holds what is pinned now."""
    stamp = read_stamp(root)
    whole = stamp.get("made") == _identity(root) and stamp.get("installed", {}).get(wanted) == fingerprint(root, wanted)
    return whole and venv_python(root).exists()


def make_ready(root: Path, wanted: Wanted, say: Callable[[str], None]) -> None:
    """Bring ``.venv`` to what is pinned; of several at once, one works and the others wait.

    :raises SetupFailed: it cannot be done; nothing half-made is taken for whole later.
    """
    if is_ready(root, wanted):
        return
    with one_at_a_time(root / ".venv.lock", say) as lock_fd:
        if is_ready(root, wanted):
            return
        reason = why_anew(root)
        if reason:
            _make_venv(root, reason, say, lock_fd)
        _install(root, wanted, say, lock_fd)


def plan(root: Path, wanted: Wanted) -> list[str]:
    """Tell in sentences what :func:`make_ready` would do; changes nothing."""
    if is_ready(root, wanted):
        return [f"{root / '.venv'} is ready: nothing to install"]
    reason = why_anew(root)
    made = [f"make {root / '.venv'} with Python {sys.version.split()[0]}, because {reason}"] if reason else []
    return [
        *made,
        f"install what requirements/build.txt and requirements/{wanted}.txt pin, checking every hash",
        "install the project itself, editable",
    ]


def why_anew(root: Path) -> str | None:
    """Say why ``.venv`` has to be made from nothing, or ``None`` where installing into it is enough."""
    venv = root / ".venv"
    if not venv.exists():
        return "there is none"
    stamp = read_stamp(root)
    if not stamp:
        _insist_usable(root)
        return None
    if stamp.get("made") != _identity(root):
        return "it is of another Python or was moved"
    if not stamp.get("installed") or not venv_python(root).exists():
        return "an earlier setup did not end"
    return None


def fingerprint(root: Path, wanted: Wanted) -> str:
    """Digest everything that decides what ``wanted`` installs."""
    digest = hashlib.sha256()
    for name in INPUTS[wanted]:
        digest.update(hashlib.sha256((root / name).read_bytes()).digest())
    return digest.hexdigest()


def read_stamp(root: Path) -> dict[str, Any]:
    """Read what an earlier setup wrote; ``{}`` where there is nothing or nothing whole."""
    try:
        stamp = json.loads((root / ".venv" / STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _identity(root: Path) -> dict[str, str]:
    """Say for which Python and which folder; scripts and the editable install hold absolute paths."""
    return {"python": f"{sys.implementation.cache_tag} {sys.platform}", "root": str(root)}


def _write_stamp(root: Path, installed: Mapping[Wanted, str]) -> None:
    """Replace the stamp in one step, so that a reader never sees half of it."""
    stamp = root / ".venv" / STAMP
    new = stamp.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"made": _identity(root), "installed": installed}), encoding="utf-8")
    new.replace(stamp)


def _insist_usable(root: Path) -> None:
    """Refuse a ``.venv`` that somebody else made for another Python: it is not ours to delete."""
    question = "import sys, pip; print(sys.implementation.cache_tag, sys.platform, sys.prefix != sys.base_prefix)"
    import subprocess  # late: a start with nothing to set up goes without it

    try:
        answer = subprocess.run(
            [venv_python(root), "-I", "-c", question], capture_output=True, text=True, timeout=60, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        answer = "no working Python with pip"
    if answer != f"{_identity(root)['python']} True":
        raise SetupFailed(
            f"{root / '.venv'} was not made by this command and has {answer}, where Python "
            f"{sys.version.split()[0]} is wanted. Move or delete that folder, then run this again."
        )


def _make_venv(root: Path, reason: str, say: Callable[[str], None], lock_fd: int) -> None:
    """Make an empty environment with pip in place of whatever is there."""
    import importlib.util
    import shutil

    venv = root / ".venv"
    if Path(sys.prefix) == venv:
        base = getattr(sys, "_base_executable", "python3")
        raise SetupFailed(
            f"{venv} has to be made anew ({reason}), and this runs from it. Start it so: {base} {sys.argv[0]}"
        )
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise SetupFailed(
            f"This Python {version} comes without venv and ensurepip. On Debian and Ubuntu: "
            f"sudo apt install python3-venv   (or python{version}-venv). Then run this again."
        )
    say(f"Making .venv with Python {sys.version.split()[0]}, because {reason} ...")
    started = time.monotonic()
    try:
        if venv.exists():
            shutil.rmtree(venv)
        venv.mkdir()
    except OSError as failure:
        raise SetupFailed(f"{failure}. Stop what runs from {venv}, a hub too, then run this again.") from None
    _write_stamp(root, {})
    _run([sys.executable, "-I", "-m", "venv", str(venv)], "making .venv", lock_fd)
    say(f"  made in {time.monotonic() - started:.1f} s")


def _install(root: Path, wanted: Wanted, say: Callable[[str], None], lock_fd: int) -> None:
    """Install the pinned packages, then the project; the stamp says so only afterwards."""
    pins = (root / f"requirements/{wanted}.txt").read_text(encoding="utf-8")
    packages = sum(line[:1].isalnum() for line in pins.splitlines())
    prints = {name: fingerprint(root, name) for name in INPUTS if wanted in ("test", name)}
    say(f"Installing {packages} pinned packages; the first time this takes up to a minute ...")
    started = time.monotonic()
    _write_stamp(root, {})
    # -I: a PYTHONPATH or user folder with the same packages would make pip skip them.
    pip = [str(venv_python(root)), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]
    install = [*pip, "install", "--no-warn-script-location", "--no-build-isolation"]
    for name in ("build", wanted):
        pins_file = f"requirements/{name}.txt"
        _run([*install, "--require-hashes", "-r", str(root / pins_file)], f"installing {pins_file}", lock_fd)
    _run([*install, "--no-index", "--no-deps", "-e", str(root)], "installing the project itself", lock_fd)
    _write_stamp(root, prints)
    say(f"  installed in {time.monotonic() - started:.1f} s")


def _run(command: list[str], doing: str, lock_fd: int) -> None:
    """Run one step; its output is shown only when it fails."""
    import subprocess

    # PIP_USER and the like of a person's own setup would send the packages elsewhere.
    elsewhere = {"PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    environment = {name: value for name, value in os.environ.items() if name not in elsewhere}
    # The step keeps the lock while it lives, even when this process is killed.
    kept_open = (lock_fd,) if os.name != "nt" else ()
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=kept_open,
        check=False,
    )
    if done.returncode != 0:
        hint = "If the lines above speak of the network: the first setup has to reach pip's package index."
        raise SetupFailed(
            f"{done.stdout.rstrip()}\n\nSetup stopped while {doing} (exit code {done.returncode}). {hint}"
        )
