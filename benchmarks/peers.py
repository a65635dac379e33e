"""The hub beside its peers, in the same run: Joplin, Datasette, Jupyter Server and Syncthing.

Run: python benchmarks/peers.py FOLDER [--rows 20000] [--rounds 3] [--seconds 2] [--only NAME …]. FOLDER is where the peers are
put (npm for Joplin, PyPI for Datasette and Jupyter Server, Debian's package for Syncthing), once; nothing else is touched. Each
peer does what it has that is nearest to the hub's: store a text of about 1 KB, find words among the same texts, tell how it is.
Turns are interleaved; of each the median of requests a second at 16 clients and of p50 at one. Datasette and the hub hold
``--rows`` texts, Joplin, which takes them one by one over HTTP, a tenth of them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import apsw

from benchmarks import made_history, processes
from benchmarks.load import NUMBER, Request, put_load
from benchmarks.made_words import Words

#: One thing that can be asked of a peer, by its kind: ``store``, ``search`` or ``status``.
Asked = dict[str, Request]
TEXT_WORDS = 150
JSON = {"Content-Type": "application/json"}


def texts(count: int) -> list[str]:
    """Make the texts that every peer holds."""
    words = Words(1)
    return [words.prose(TEXT_WORDS) for _ in range(count)]


def query() -> str:
    """Return a word that is neither common nor rare."""
    return Words(1).vocabulary[1_500]


@contextmanager
def the_hub(folder: Path, rows: int) -> Iterator[Asked]:
    """Run the hub on a made history."""
    home = folder / f"hub-{rows}"
    made_history.make_home(home, rows)
    with processes.hub(home) as (_, facts):
        url, token = facts["bridge"]["url"], {"Authorization": f"Bearer {facts['bridge']['token']}"}
        body = json.dumps({"fragments": [{"type": "text", "content": f"{NUMBER} {texts(1)[0]}"}]})
        yield {
            "store": Request("POST", f"{url}/clipboard", token | JSON, body),
            "search": Request("GET", f"{url}/search?q={query()}", token),
            "status": Request("GET", f"{url}/status", token),
        }


@contextmanager
def joplin(folder: Path, rows: int) -> Iterator[Asked]:
    """Run Joplin's terminal program with its web clipper service; its nearest status is ``/ping``."""
    program = folder / "joplin" / "node_modules" / ".bin" / "joplin"
    if not program.exists():
        _run("npm", "install", "--prefix", str(folder / "joplin"), "--no-audit", "--no-fund", "joplin@3")
    with tempfile.TemporaryDirectory(dir=folder) as profile:
        command, token, [port] = [str(program), "--profile", profile], "t" * 64, processes.free_ports(1)
        for setting in (("api.token", token), ("api.port", str(port))):
            _run(*command, "config", *setting)
        with processes.running([*command, "server", "start"], dict(os.environ)):
            url = f"http://127.0.0.1:{port}"
            processes.await_200([f"{url}/ping"])
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for text in texts(rows // 10):
                connection.request(
                    "POST", f"/notes?token={token}", json.dumps({"title": text[:60], "body": text}), JSON
                )
                connection.getresponse().read()
            body = json.dumps({"title": NUMBER, "body": texts(1)[0]})
            yield {
                "store": Request("POST", f"{url}/notes?token={token}", JSON, body),
                "search": Request("GET", f"{url}/search?token={token}&query={query()}"),
                "status": Request("GET", f"{url}/ping"),
            }


@contextmanager
def datasette(folder: Path, rows: int) -> Iterator[Asked]:
    """Serve the texts with a full-text index by Datasette."""
    python = _venv(folder / "datasette", "datasette")
    path = folder / f"datasette-{rows}.db"
    if not path.exists():
        conn = apsw.Connection(str(path))
        with conn:
            conn.execute("CREATE TABLE texts(id INTEGER PRIMARY KEY, body TEXT)")
            conn.executemany("INSERT INTO texts(body) VALUES (?)", [(text,) for text in texts(rows)])
            conn.execute("CREATE VIRTUAL TABLE texts_fts USING fts5(body, content='texts', content_rowid='id')")
            conn.execute("INSERT INTO texts_fts(texts_fts) VALUES ('rebuild')")
        conn.close()
    [port] = processes.free_ports(1)
    with processes.running([str(python), "-m", "datasette", "serve", str(path), "-p", str(port)], dict(os.environ)):
        url = f"http://127.0.0.1:{port}"
        processes.await_200([f"{url}/-/versions.json"])
        found = f"{url}/{quote(path.stem)}/texts.json?_search={query()}&_size=20&_shape=array&_nocount=1"
        yield {"search": Request("GET", found), "status": Request("GET", f"{url}/-/versions.json")}


@contextmanager
def jupyter(folder: Path, _rows: int) -> Iterator[Asked]:
    """Run Jupyter Server, whose nearest store is a file of its contents API."""
    python = _venv(folder / "jupyter", "jupyter_server")
    with tempfile.TemporaryDirectory(dir=folder) as root:
        token, [port] = "t" * 48, processes.free_ports(1)
        options = [f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
        options += ["--no-browser", "--allow-root", "--ServerApp.disable_check_xsrf=True"]
        environ = os.environ | {"JUPYTER_CONFIG_DIR": root, "JUPYTER_DATA_DIR": root, "JUPYTER_RUNTIME_DIR": root}
        with processes.running([str(python), "-m", "jupyter_server", *options], environ):
            url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"token {token}"}
            processes.await_200([f"{url}/api"])
            body = json.dumps({"type": "file", "format": "text", "content": f"{NUMBER} {texts(1)[0]}"})
            yield {
                "store": Request("PUT", f"{url}/api/contents/note.txt", headers | JSON, body),
                "status": Request("GET", f"{url}/api/status", headers),
            }


@contextmanager
def syncthing(folder: Path, _rows: int) -> Iterator[Asked]:
    """Run Syncthing, which has a status alone."""
    program = shutil.which("syncthing") or _debian(folder / "syncthing", "syncthing")
    with tempfile.TemporaryDirectory(dir=folder) as home:
        [port] = processes.free_ports(1)
        key, environ = "k" * 32, os.environ | {"STNODEFAULTFOLDER": "1", "STNOUPGRADE": "1"}
        options = ["serve", f"--home={home}", "--no-browser", f"--gui-address=127.0.0.1:{port}", f"--gui-apikey={key}"]
        with processes.running([program, *options], environ):
            processes.await_200([f"http://127.0.0.1:{port}/"])  # its page: older ones have no /rest/noauth/health
            yield {"status": Request("GET", f"http://127.0.0.1:{port}/rest/system/status", {"X-API-Key": key})}


Peer = Callable[[Path, int], AbstractContextManager[Asked]]
PEERS: dict[str, Peer] = {
    "hub": the_hub, "joplin": joplin, "datasette": datasette, "jupyter": jupyter, "syncthing": syncthing
}  # fmt: skip


def _venv(folder: Path, package: str) -> Path:
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
        _run(str(python), "-m", "pip", "install", "--quiet", package)
    return python


def _debian(folder: Path, package: str) -> str:
    """Unpack a Debian package into a folder and return its program; nothing is installed."""
    program = folder / "usr" / "bin" / package
    if not program.exists():
        if shutil.which("apt-get") is None:
            raise LookupError(f"{package} is not installed, and there is no apt-get to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        _run("apt-get", "download", package, folder=folder)
        _run("dpkg", "-x", str(next(folder.glob("*.deb"))), str(folder))
    return str(program)


def _run(*command: str, folder: Path | None = None) -> None:
    print(f"  {' '.join(command[:4])} …", file=sys.stderr, flush=True)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def measure(running: dict[str, Asked], rounds: int, seconds: float) -> dict[tuple[str, str], tuple[float, float]]:
    """Return requests a second at 16 clients and p50 in ms at one, by kind and peer; all peers take turns."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for kind in ("store", "search", "status"):
            for name, asked in running.items():
                if kind in asked:
                    many, one = (put_load(asked[kind], clients, seconds) for clients in (16, 1))
                    if many.refused or one.refused:
                        print(f"  {name}, {kind}: {many.refused + one.refused} were refused", file=sys.stderr)
                    found.setdefault((kind, name), []).append((many.per_s, one.p50_ms))
    return {key: (median(per_s for per_s, _ in laps), median(p50 for _, p50 in laps)) for key, laps in found.items()}


def main() -> None:
    """Install what is missing, start the peers, measure them in turns and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--only", nargs="+", choices=list(PEERS), default=list(PEERS))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        running: dict[str, Asked] = {}
        for name in asked.only:
            try:
                running[name] = stack.enter_context(PEERS[name](asked.folder.resolve(), asked.rows))
            except (LookupError, OSError, subprocess.CalledProcessError) as fault:
                print(f"{name} is left out: {fault}", file=sys.stderr)
        figures = measure(running, asked.rounds, asked.seconds)
    print(f"{'':<10}{'':<12}{'req/s at 16':>12}{'p50 ms at 1':>13}{'hub, times as many':>20}")
    for (kind, name), (per_s, p50) in figures.items():
        ratio = f"{figures[kind, 'hub'][0] / per_s:.1f}" if (kind, "hub") in figures else ""
        print(f"{kind:<10}{name:<12}{per_s:>12,.0f}{p50:>13.2f}{ratio:>20}")


if __name__ == "__main__":
    main()
