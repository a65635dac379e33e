"""How well search finds a thing that somebody knows: real documents of this machine, queries made from one of them each.

Run: python benchmarks/relevance.py [--documents 6000] [--queries 100] [--half tune|report] [--seed 1]. For each kind of query: the
mean reciprocal rank of the document it was made from and the share of queries that have it among the first ten, beside
plain FTS5 (all words, ``ORDER BY bm25``) and ``LIKE`` (all words anywhere, newest first) over the same texts. Documents fall by
their digest into two halves: what is tuned is tuned on the one, figures come from the other.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import tempfile
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.real_documents import Document, find_documents
from python_core.config import BridgeSettings, Settings, WebListenerSettings
from python_core.runtime.hub import Hub
from python_core.runtime.search import SearchScope, search
from python_core.store import Connection, Store, document_index, documents, open_store

WORD = re.compile(r"[^\W\d_]{3,}")
HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]{2,}")
NAME = re.compile(r"\b(?:[a-z]+[A-Z][A-Za-z]+|[a-z]{2,}_[a-z]{3,}[a-z_]*)\b")
END_MS, DAY_MS = 1_793_491_200_000, 86_400_000
AT_MOST = 10

Maker = Callable[[Document, Random, Counter[str]], str | None]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=int, default=6_000)
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument("--half", choices=["tune", "report"], default="report")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = find_documents(asked.documents, asked.seed)
    if not found:
        raise SystemExit("There are no documents on this machine to measure on.")
    print(f"{len(found)} documents:", ", ".join(f"{n} {kind}" for kind, n in Counter(d.kind for d in found).items()))
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "store")
        _fill(store, found, Random(asked.seed))
        chosen = [n for n, each in enumerate(found) if _half_of(each) == asked.half]
        print(f"Queries from the half {asked.half!r}; hub's MRR / recall@10, plain bm25, LIKE:")
        _measure(store, found, chosen, asked.queries, Random(asked.seed))
        store.close()


def _fill(store: Store, found: list[Document], chance: Random) -> None:
    """Store them as clips over two years, and once more in a plain index."""

    def act(conn: Connection) -> None:
        conn.execute("CREATE VIRTUAL TABLE plain USING fts5(title, body)")
        for n, each in enumerate(found):
            at_ms = END_MS - int((len(found) - n + chance.random()) * 730 * DAY_MS / len(found))
            seq = documents.add_document(conn, "clip", f"d{n}", at_ms, None, None, each.title, each.body)
            conn.execute("INSERT INTO plain(rowid, title, body) VALUES (?, ?, ?)", (seq, each.title, each.body))

    store.write(act)
    while store.write(lambda conn: document_index.index_documents(conn, 500)):
        pass


def _measure(store: Store, found: list[Document], chosen: list[int], count: int, chance: Random) -> None:
    frequency: Counter[str] = Counter()
    for each in found:
        frequency.update({word.lower() for word in WORD.findall(f"{each.title} {each.body}")})
    hub = Hub(Settings(bridge=BridgeSettings(), web_listener=WebListenerSettings()), store, now=lambda: END_MS)
    whole: dict[str, list[float]] = defaultdict(list)
    for kind, make in MAKERS.items():
        ranks: dict[str, list[float]] = defaultdict(list)
        chance.shuffle(chosen)
        for n in chosen:
            query = make(found[n], chance, frequency)
            if query is not None:
                for name, ask in (("hub", _ask_hub), ("bm25", _ask_bm25), ("LIKE", _ask_like)):
                    ids = ask(hub, query)
                    ranks[name].append(1 / (ids.index(f"d{n}") + 1) if f"d{n}" in ids else 0.0)
            if len(ranks["hub"]) >= count:
                break
        if ranks["hub"]:
            told = "   ".join(f"{name} {fmean(r):.2f} / {fmean(x > 0 for x in r):.2f}" for name, r in ranks.items())
            print(f"  {kind:28} {len(ranks['hub']):4} queries   {told}")
        for name, values in ranks.items():
            whole[name].append(fmean(values or [0.0]))
    print(
        f"  {'mean MRR over the kinds':43}", "   ".join(f"{name} {fmean(values):.3f}" for name, values in whole.items())
    )


def _ask_hub(hub: Hub, query: str) -> list[str]:
    """Return the ids of hits; what was folded into a hit stands where the hit does."""
    hits = search(hub, query, SearchScope(), AT_MOST, None).items
    return [item for hit in hits for item in (hit.id, *hit.folded_ids)]


def _ask_bm25(hub: Hub, query: str) -> list[str]:
    parts = re.findall(r'"[^"]*"|\S+', query)
    match = " ".join(
        part if part.startswith('"') else f'"{part.rstrip("*")}"{"*" if part.endswith("*") else ""}' for part in parts
    )
    sql = "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY bm25(plain) LIMIT ?"
    with hub.store.reading() as conn:
        return [f"d{row[0] - 1}" for row in conn.execute(sql, (match, AT_MOST))]  # type: ignore[operator]


def _ask_like(hub: Hub, query: str) -> list[str]:
    parts = [part.strip('"').rstrip("*") for part in re.findall(r'"[^"]*"|\S+', query)]
    where = " AND ".join("title || ' ' || body LIKE ?" for _ in parts)
    sql = f"SELECT rowid FROM plain WHERE {where} ORDER BY rowid DESC LIMIT {AT_MOST}"  # noqa: S608  # values are bound
    with hub.store.reading() as conn:
        return [f"d{row[0] - 1}" for row in conn.execute(sql, tuple(f"%{part}%" for part in parts))]  # type: ignore[operator]


def _half_of(document: Document) -> str:
    return ("tune", "report")[hashlib.sha256(document.body.encode()).digest()[0] % 2]


def _words(text: str, chance: Random, count: int, fits: Callable[[str], bool] = lambda word: True) -> str | None:
    words = sorted({word for word in WORD.findall(text) if fits(word.lower())})
    return " ".join(chance.sample(words, count)) if len(words) >= count else None


def _of_title(each: Document, chance: Random, _frequency: Counter[str]) -> str | None:
    return _words(each.title, chance, 2)


def _rare(each: Document, chance: Random, frequency: Counter[str]) -> str | None:
    return _words(each.body, chance, 2, lambda word: frequency[word] <= 20)


def _usual(each: Document, chance: Random, frequency: Counter[str]) -> str | None:
    return _words(each.body, chance, 3, lambda word: 60 <= frequency[word] <= 900)


def _mixed(each: Document, chance: Random, frequency: Counter[str]) -> str | None:
    title = _words(each.title, chance, 1)
    text = _words(each.body, chance, 1, lambda word: frequency[word] <= 300)
    return f"{title} {text}" if title and text else None


def _phrase(each: Document, chance: Random, _frequency: Counter[str]) -> str | None:
    found = re.findall(r"\b[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}\b", each.body)
    return f'"{chance.choice(found)}"' if found else None


def _beginning(each: Document, chance: Random, frequency: Counter[str]) -> str | None:
    words = _words(each.body, chance, 2, lambda word: len(word) >= 7 and frequency[word] <= 60)
    return " ".join(f"{word[:5]}*" for word in words.split()) if words else None


def _inside(each: Document, chance: Random, frequency: Counter[str]) -> str | None:
    """Take a piece out of the middle of a name or long word."""
    words = [word for word in re.findall(r"\w{10,}", each.title + " " + each.body) if frequency[word.lower()] <= 10]
    word = chance.choice(words) if words else None
    return word[2:-2] if word else None


def _name_parts(each: Document, chance: Random, _frequency: Counter[str]) -> str | None:
    names = NAME.findall(each.body)
    if not names:
        return None
    parts = re.findall(r"[A-Z]?[a-z]+", chance.choice(names))[:3]
    return " ".join(part.lower() for part in parts) if len(parts) >= 2 else None


def _otherwise(each: Document, chance: Random, _frequency: Counter[str]) -> str | None:
    """Write words with accents without them, all in capitals."""
    words = _words(
        each.body, chance, 2, lambda word: not word.isascii() and len(word) >= 5 and HAN.search(word) is None
    )
    if words is None:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFD", words) if not unicodedata.combining(c))
    return plain.upper() if plain != words else None


def _dense(each: Document, chance: Random, _frequency: Counter[str]) -> str | None:
    """Take some characters out of a run of Chinese or Japanese."""
    runs = [run for run in HAN.findall(each.body) if len(run) >= 4]
    if not runs:
        return None
    pieces = [run[at : at + 3] for run in chance.choices(runs, k=2) for at in [chance.randrange(len(run) - 2)]]
    return " ".join(pieces)


MAKERS: dict[str, Maker] = {
    "two words of the title": _of_title,
    "two rare words": _rare,
    "three usual words": _usual,
    "one of the title, one other": _mixed,
    "a phrase of four words": _phrase,
    "two beginnings of words": _beginning,
    "a piece inside a word": _inside,
    "parts of a name in a program": _name_parts,
    "capitals, accents left out": _otherwise,
    "Chinese, Japanese": _dense,
}

if __name__ == "__main__":
    main()
