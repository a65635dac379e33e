"""Each peer, and the hub, in a process of its own with the same texts in it; what to ask of it that is nearest to the others."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import apsw
import psutil

from benchmarks import made_history, processes
from benchmarks.load import NUMBER, Request
from benchmarks.made_words import Words
from benchmarks.peer_packages import put_debian, put_joplin, put_python

TEXT_WORDS = 150
#: Hits that each search is to answer.
HITS = 20
#: What the hub's search does, as far as a query of Datasette's can: the best first, with the words in a piece of the text.
RANKED = (
    "SELECT rowid, snippet(texts_fts, 0, '[', ']', '…', 40) AS piece FROM texts_fts "
    "WHERE texts_fts MATCH :word ORDER BY bm25(texts_fts) LIMIT :hits"
)
JSON = {"Content-Type": "application/json"}


class Peer(NamedTuple):
    """One that runs: how long it took to its first answer, and what can be asked, by ``peers.KINDS``."""

    process: psutil.Process
    start_s: float
    url: str
    asked: dict[str, Request]

    def memory_mb(self) -> float:
        """Return what it and its children hold at this moment."""
        return sum(float(each.memory_info().rss) for each in self._family()) / 1e6

    def cpu_s(self) -> float:
        """Return what it and its children have taken of a processor so far."""
        return sum(float(sum(each.cpu_times()[:2])) for each in self._family())

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def call(self, request: Request) -> Any:
        """Make one call and return what it answers."""
        parts = urlsplit(request.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=60)
        connection.request(request.method, f"{parts.path}?{parts.query}", request.body or None, request.headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        if reply.status != 200:
            raise LookupError(f"{request.method} {request.url} was answered {reply.status}")
        return json.loads(content)


def texts(count: int) -> list[str]:
    """Make the texts that every peer holds."""
    words = Words(1)
    return [words.prose(TEXT_WORDS) for _ in range(count)]


def query() -> str:
    """Return a word that is neither common nor rare: one text in a hundred or so has it."""
    return Words(1).vocabulary[1_500]


@contextmanager
def the_hub(folder: Path, rows: int) -> Iterator[Peer]:
    """Run the hub on a history of the texts."""
    made = folder / f"hub-{rows}"
    made_history.make_home(made, rows, visits=0, texts=iter([("text", text) for text in texts(rows)]))
    with tempfile.TemporaryDirectory(dir=folder) as name:
        home, began = made_history.copy_home(made, Path(name, "home")), time.perf_counter()
        with processes.hub(home) as (process, facts):
            url, token = facts["bridge"]["url"], {"Authorization": f"Bearer {facts['bridge']['token']}"}
            peer = Peer(psutil.Process(process.pid), time.perf_counter() - began, url, {})
            body = json.dumps({"fragments": [{"type": "text", "content": f"{NUMBER} {texts(1)[0]}"}]})
            peer.asked["store"] = Request("POST", f"{url}/clipboard", token | JSON, body)
            peer.asked["search"] = Request("GET", f"{url}/search?q={query()}&limit={HITS}", token)
            peer.asked["ranked"] = peer.asked["search"]
            peer.asked["status"] = Request("GET", f"{url}/status", token)
            peer.asked["ping"] = Request("GET", f"{url}/ping")
            yield peer


@contextmanager
def joplin(folder: Path, rows: int) -> Iterator[Peer]:
    """Run Joplin's terminal program with its web clipper service."""
    command = put_joplin(folder / "joplin")
    made = folder / f"joplin-{rows}"
    if not made.exists():
        unfinished = folder / f"joplin-{rows}-unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        with _joplin_on(command, unfinished) as (peer, token):
            _fill_joplin(peer, token, rows)
        unfinished.rename(made)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        profile = shutil.copytree(made, Path(name, "profile"))
        with _joplin_on(command, profile) as (peer, token):
            [notebook] = peer.call(Request("GET", f"{peer.url}/folders?{token}"))["items"]
            # Without a field it would search for all words that begin so; with the body, as Datasette's page has it.
            found = f"query=body:{query()}&limit={HITS}&fields=id,title,body"
            peer.asked["store"] = _note(peer, token, notebook["id"], f"{NUMBER} {texts(1)[0]}")
            peer.asked["search"] = Request("GET", f"{peer.url}/search?{token}&{found}")
            peer.asked["ranked"] = peer.asked["search"]
            peer.asked["ping"] = Request("GET", f"{peer.url}/ping")
            yield peer


@contextmanager
def _joplin_on(command: list[str], profile: Path) -> Iterator[tuple[Peer, str]]:
    """Serve a profile, a new one if it is not there; yield the token, too, as it stands in a query."""
    [port], token = processes.free_ports(1), "t" * 64
    profile.mkdir(exist_ok=True)
    (profile / "settings.json").write_text(json.dumps({"api.token": token, "api.port": port}), "utf-8")
    served = [*command, "--profile", str(profile), "server", "start"]
    with _started(served, f"http://127.0.0.1:{port}", "/ping") as peer:
        yield peer, f"token={token}"


def _note(peer: Peer, token: str, notebook: str, text: str) -> Request:
    note = {"title": text[: len(NUMBER)], "body": text, "parent_id": notebook}
    return Request("POST", f"{peer.url}/notes?{token}", JSON, json.dumps(note))


def _fill_joplin(peer: Peer, token: str, rows: int) -> None:
    """Store the texts one by one, which is its only way, and wait until its index has them all."""
    notebook = peer.call(Request("POST", f"{peer.url}/folders?{token}", JSON, '{"title": "texts"}'))["id"]
    began, all_texts = time.monotonic(), texts(rows)
    for done, text in enumerate(all_texts, 1):
        peer.call(_note(peer, token, notebook, text))
        if done % 2_500 == 0 or done == rows:
            print(f"  {done:,} of {rows:,} notes in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print("  its index is being made …", file=sys.stderr, flush=True)
    of_the_last = all_texts[-1].split()[8]  # stands nowhere else
    while not peer.call(Request("GET", f"{peer.url}/search?{token}&query={of_the_last}"))["items"]:
        if time.monotonic() - began > 1_800:
            raise TimeoutError("its index does not come to an end")
        time.sleep(1)


@contextmanager
def datasette(folder: Path, rows: int) -> Iterator[Peer]:
    """Serve the texts with a full-text index by Datasette."""
    python = put_python(folder, "datasette==0.65.5")
    path = folder / f"datasette-{rows}.db"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        conn = apsw.Connection(str(unfinished))
        with conn:
            conn.execute("CREATE TABLE texts(id INTEGER PRIMARY KEY, body TEXT)")
            conn.executemany("INSERT INTO texts(body) VALUES (?)", [(text,) for text in texts(rows)])
            # Datasette takes it for the table's index with these quotes alone; without an index it lists all rows.
            conn.execute("CREATE VIRTUAL TABLE texts_fts USING fts5(body, content=\"texts\", content_rowid='id')")
            conn.execute("INSERT INTO texts_fts(texts_fts) VALUES ('rebuild'), ('optimize')")
        conn.close()
        unfinished.rename(path)
    [port] = processes.free_ports(1)
    command = [str(python), "-m", "datasette", "serve", str(path), "-p", str(port)]
    with _started(command, f"http://127.0.0.1:{port}", "/-/versions.json") as peer:
        store = f"{peer.url}/{quote(path.stem)}"
        found = f"_search={query()}&_size={HITS}&_shape=array&_nocount=1"
        peer.asked["search"] = Request("GET", f"{store}/texts.json?{found}")
        peer.asked["ranked"] = Request(
            "GET", f"{store}.json?sql={quote(RANKED)}&word={query()}&hits={HITS}&_shape=array"
        )
        peer.asked["status"] = Request("GET", f"{peer.url}/-/versions.json")
        yield peer


@contextmanager
def jupyter(folder: Path, _rows: int) -> Iterator[Peer]:
    """Run Jupyter Server, whose nearest store is a file of its contents API."""
    python = put_python(folder, "jupyter_server==2.17.0")
    with tempfile.TemporaryDirectory(dir=folder) as root:
        token, [port] = "t" * 48, processes.free_ports(1)
        options = [f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}"]
        options += ["--no-browser", "--allow-root", "--ServerApp.disable_check_xsrf=True"]
        environ = {"JUPYTER_CONFIG_DIR": root, "JUPYTER_DATA_DIR": root, "JUPYTER_RUNTIME_DIR": root}
        command = [str(python), "-m", "jupyter_server", *options]
        with _started(command, f"http://127.0.0.1:{port}", "/api", environ) as peer:
            headers = {"Authorization": f"token {token}"}
            body = json.dumps({"type": "file", "format": "text", "content": f"{NUMBER} {texts(1)[0]}"})
            peer.asked["store"] = Request("PUT", f"{peer.url}/api/contents/note.txt", headers | JSON, body)
            peer.asked["status"] = Request("GET", f"{peer.url}/api/status", headers)
            peer.asked["ping"] = Request("GET", f"{peer.url}/api")
            yield peer


@contextmanager
def syncthing(folder: Path, _rows: int) -> Iterator[Peer]:
    """Run Syncthing, which stores and finds nothing."""
    program = shutil.which("syncthing") or str(put_debian(folder / "syncthing", "syncthing", Path("usr/bin/syncthing")))
    with tempfile.TemporaryDirectory(dir=folder) as home:
        [port], key = processes.free_ports(1), "k" * 32
        options = ["serve", f"--home={home}", "--no-browser", f"--gui-address=127.0.0.1:{port}", f"--gui-apikey={key}"]
        environ = {"STNODEFAULTFOLDER": "1", "STNOUPGRADE": "1"}
        # Its page tells that it is up: older ones have no /rest/noauth/health.
        with _started([program, *options], f"http://127.0.0.1:{port}", "/", environ) as peer:
            peer.asked["status"] = Request("GET", f"{peer.url}/rest/system/status", {"X-API-Key": key})
            peer.asked["ping"] = Request("GET", f"{peer.url}/rest/system/ping", {"X-API-Key": key})
            yield peer


@contextmanager
def _started(command: list[str], url: str, path: str, environ: dict[str, str] | None = None) -> Iterator[Peer]:
    """Run a program until it answers 200 at a path, and as long as it is needed."""
    began = time.perf_counter()
    with processes.running(command, os.environ | (environ or {})) as process:
        processes.await_200([f"{url}{path}"])
        yield Peer(psutil.Process(process.pid), time.perf_counter() - began, url, {})
