"""How the peers' programs are put into a folder of ours: packages of npm, PyPI and Debian, in versions that we name.

Nothing is installed outside the folder. What cannot be had or built is a ``LookupError`` that says what is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

#: The newest of which npm has every part; from 3.6 on one of its own packages is missing there.
JOPLIN = "joplin@3.5.1"


def put_joplin(folder: Path) -> list[str]:
    """Put Joplin's terminal program into a folder with npm, once, and return its command.

    Its packages' own scripts are left out, but for sqlite3's: that fetches its library where it can, else it compiles it.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise LookupError("it wants node and npm (apt-get install nodejs npm)")
    packages = folder / "node_modules"
    into = ("--prefix", str(folder), "--no-audit", "--no-fund")
    if not (packages / "joplin" / "main.js").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}', "utf-8")
        _run(npm, "install", "--ignore-scripts", *into, "--loglevel=error", "--save-exact", JOPLIN)
    if not list((packages / "sqlite3").glob("lib/binding/**/*.node")):
        try:
            _run(npm, "rebuild", "sqlite3", *into, "--loglevel=silent", environ=_headers(Path(node), folder))
        except subprocess.CalledProcessError as fault:
            raise LookupError(
                "its sqlite3 could be neither fetched nor built, npm's log says why: a build wants make, a C++ compiler "
                "and Python (apt-get install build-essential python3)"
            ) from fault
    return [node, str(packages / "joplin" / "main.js")]


def _headers(node: Path, folder: Path) -> dict[str, str]:
    """Name Node's headers, of this machine or out of Debian's packages, so that the build need not fetch them."""
    prefix = node.resolve().parents[1]
    inside = Path("include", "node", "node_api.h")
    if (prefix / inside).exists():
        return {"npm_config_nodedir": str(prefix)}
    if shutil.which("apt-get") is None:
        return {}
    headers = put_debian(folder / "headers", "libnode-dev", "usr" / inside).parents[2]
    uv = put_debian(folder / "headers", "libuv1-dev", Path("usr", "include", "uv.h"))
    return {"npm_config_nodedir": str(headers), "CPATH": str(uv.parent)}


def put_python(folder: Path, package: str) -> Path:
    """Put a package of PyPI (``name==version``) into an environment of its own, once, and return its Python."""
    home = folder / package.replace("==", "-")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        unfinished = home.with_name(f"{home.name}-unfinished")
        venv.create(unfinished, with_pip=True, clear=True)
        _run(str(unfinished / python.relative_to(home)), "-m", "pip", "install", "-qq", package)
        unfinished.rename(home)
    return python


def put_debian(folder: Path, package: str, wanted: Path) -> Path:
    """Unpack a Debian package into a folder, once, and return the path of what is wanted of it; nothing is installed."""
    if not (folder / wanted).exists():
        if shutil.which("apt-get") is None:
            raise LookupError(f"{package} is not here, and there is no apt-get to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            _run("apt-get", "download", package, folder=folder)
        except subprocess.CalledProcessError:  # its lists may be missing or old
            _run("apt-get", "update")
            _run("apt-get", "download", package, folder=folder)
        _run("dpkg", "-x", str(next(folder.glob(f"{package}_*.deb"))), str(folder))
    return folder / wanted


def _run(*command: str, folder: Path | None = None, environ: dict[str, str] | None = None) -> None:
    print(f"  {' '.join([Path(command[0]).name, *command[1:]])} …", file=sys.stderr, flush=True)
    subprocess.run(command, cwd=folder, env=os.environ | (environ or {}), check=True, stdout=subprocess.DEVNULL)
