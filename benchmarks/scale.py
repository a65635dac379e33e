"""What the hub costs as it fills, with made texts and with real documents: post, list, get, search, status, start, memory, file.

Run: python benchmarks/scale.py FOLDER [--sizes 1000 100000 1000000] [--texts made real] [--calls 200]. Stores are made in FOLDER
unless they are there (``made_history``, with a quarter as many visits; a million takes some 5 GB and 15 minutes;
``search_scale.py`` shares them) and measured as a copy, so that the next run finds them as they were made. Real documents are
pieces of what is on this machine (``real_documents``), each once; there are some hundred thousand, and sizes beyond that are left
out and said so. One client makes one call after the other; after each table the growth from the smallest store to the largest.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import made_history, processes, real_documents
from benchmarks.made_words import Words

#: Calls that are not counted: the first ones of a connection and of a route.
WARM_UP = 10
#: Ranks of the words that are searched for.
MIDDLING = slice(300, 3_000)
SEED = 1
Call = tuple[str, str, Any]
Figures = dict[str, tuple[float, ...]]


class Corpus(NamedTuple):
    """Texts to post and words to search for, such as a store has that so many ``texts`` fill, or made-up ones without."""

    posts: Iterator[str]
    words: list[str]
    texts: Callable[[int], Iterator[made_history.Text]] | None


class Client:
    """One connection of the owner's; ``took_ms`` has the time of each call, from the request to the whole answer."""

    def __init__(self, facts: dict[str, Any], took_ms: list[float] | None = None) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(facts["url"]).netloc, timeout=60)
        self._headers = {"Authorization": f"Bearer {facts['token']}", "Content-Type": "application/json"}
        self.took_ms = [] if took_ms is None else took_ms

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Make one call and return what it answers."""
        content = json.dumps(body) if body is not None else None
        began = time.perf_counter()
        self._connection.request(method, path, content, self._headers)
        reply = self._connection.getresponse()
        answer = reply.read()
        self.took_ms.append((time.perf_counter() - began) * 1e3)
        if reply.status >= 300:
            raise SystemExit(f"{method} {path} was answered {reply.status}: nothing was measured.")
        return json.loads(answer)

    def times_ms(self, make: Callable[[], Call], calls: int) -> list[float]:
        """Time calls one after the other, sorted."""
        for _ in range(calls + WARM_UP):
            self.ask(*make())
        return sorted(self.took_ms[-calls:])


def made_corpus() -> Corpus:
    """Make texts up, by Zipf's law."""
    words = Words(SEED)
    return Corpus(iter(lambda: words.prose(150), ""), words.vocabulary[MIDDLING], None)


def real_corpus() -> Corpus:
    """Take real documents: what is posted are some of them again, with a number."""
    sample = [text for _, text in islice(real_documents.find_pieces(SEED), 4_000)]
    if not sample:
        raise SystemExit("There are no documents on this machine to measure on.")
    counted = Counter(word for text in sample for word in set(re.findall(r"[^\W\d_]{3,}", text.lower())))
    words = [word for word, _ in counted.most_common(MIDDLING.stop)[MIDDLING]]
    chance = Random(SEED)
    return Corpus(iter(lambda: chance.choice(sample), ""), words, _real_texts)


def _real_texts(count: int) -> Iterator[made_history.Text]:
    texts = list(islice(real_documents.find_pieces(SEED), count))
    if len(texts) < count:
        raise LookupError(f"the documents of this machine make {len(texts):,} pieces")
    yield from texts


CORPORA = {"made": made_corpus, "real": real_corpus}


def measure(home: Path, corpus: Corpus, calls: int) -> Figures:
    """Return the figures of one store: p50 and p99 in ms of each call, then single ones; what is posted stays in it."""
    figures: Figures = {"file MB": ((made_history.paths_in(home).stored() / "hub.db").stat().st_size / 1e6,)}
    figures["start s"] = (median(processes.time_hub_start(home) for _ in range(3)),)
    with processes.hub(home) as (process, facts):
        figures["memory MB"] = (processes.resident_mb(process),)
        client, chance = Client(facts["bridge"]), Random(7)
        ids = _some_ids(client, corpus)

        def clip() -> Call:
            text = f"{next(corpus.posts)} {chance.random()}"
            return "POST", "/clipboard", {"fragments": [{"type": "text", "content": text}]}

        asked: dict[str, Callable[[], Call]] = {
            "GET /clipboard": lambda: ("GET", "/clipboard?limit=50", None),
            "GET /clipboard/{id}": lambda: ("GET", f"/clipboard/{chance.choice(ids)}", None),
            "GET /search": lambda: ("GET", f"/search?q={quote(chance.choice(corpus.words))}", None),
            "GET /status": lambda: ("GET", "/status", None),
            "POST /clipboard": clip,
        }
        for name, make in asked.items():
            times = client.times_ms(make, calls)
            figures[name] = (times[len(times) // 2], times[len(times) * 99 // 100])
        figures["memory after MB"] = (processes.resident_mb(process),)
    return figures


def _some_ids(client: Client, corpus: Corpus) -> list[str]:
    """Take ids from the newest pages and, by search, from all over the store."""
    found = [item["id"] for item in client.ask("GET", "/clipboard?limit=200")["items"]]
    for word in corpus.words[::70]:
        found += [hit["id"] for hit in client.ask("GET", f"/search?q={quote(word)}&kind=clip&limit=20")["items"]]
    return found


def main() -> None:
    """Make what is missing, measure each size with each kind of texts, print the tables and the growth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--texts", nargs="+", choices=list(CORPORA), default=list(CORPORA))
    parser.add_argument("--calls", type=int, default=200, help="of each kind")
    asked = parser.parse_args()
    for kind in asked.texts:
        columns, corpus = dict[int, Figures](), CORPORA[kind]()
        for size in asked.sizes:
            home = asked.folder / (f"{size}" if corpus.texts is None else f"{kind}-{size}")
            try:
                made_history.make_home(home, size, texts=corpus.texts and corpus.texts(size))
            except LookupError as fault:
                print(f"{size:,} are left out: {fault}", file=sys.stderr)
                continue
            with tempfile.TemporaryDirectory(dir=asked.folder) as name:
                columns[size] = measure(made_history.copy_home(home, Path(name, "home")), corpus, asked.calls)
        if columns:
            _print(kind, columns)
    print("\nCalls: p50 / p99 in ms at one client.")


def _print(kind: str, columns: dict[int, Figures]) -> None:
    first, last = min(columns), max(columns)
    print(f"\n{f'clips, {kind} texts':<20}" + "".join(f"{size:>18,}" for size in columns) + f"{last / first:>10,.0f}×")
    for name in columns[first]:
        cells = (" / ".join(f"{each:,.2f}" for each in figures[name]) for figures in columns.values())
        growth = columns[last][name][0] / columns[first][name][0]
        print(f"{name:<20}" + "".join(f"{cell:>18}" for cell in cells) + f"{growth:>10.1f}×", flush=True)


if __name__ == "__main__":
    main()
