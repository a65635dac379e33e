"""How long a search takes at the HTTP client, by the kind of query, with 1,000, 100,000 and 1,000,000 clips stored.

Run: python benchmarks/search_scale.py FOLDER [--sizes 1000 100000] [--queries 200] [--only NAME …] [--cold]. Stores are made in
FOLDER (``made_history``, seed 1, with a quarter as many visits) unless they are there; a million takes some 6 GB and 15 minutes.
Its search index is left as an idle hub leaves it: joined. One client asks one query after the other, no two the same; p50 and p99
of all, goal: p50 ≤ 5 ms, p99 ≤ 50 ms. Before each kind of query the store's file is read once, so that the system has it in memory,
as after use; with ``--cold`` (Linux) it is told to have none of it there, so that the disk is measured too. ``cpu`` is what the
hub's process takes of a processor for one query: where it is much less than p50, others keep the machine busy, and the time of
``/ping`` says how much. ``partial`` is the share of replies that say that there can be more than was looked at.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import apsw

from benchmarks import made_history, processes
from benchmarks.made_words import Words
from python_core.store import open_store
from python_core.utils.timestamps import to_rfc3339

#: Draws the parameters of a query.
Make = Callable[[Words, Random], dict[str, str]]
P50_GOAL_MS, P99_GOAL_MS = 5.0, 50.0
#: Ranks of the words that count as common, middling and rare.
COMMON, MIDDLING, RARE = (0, 60), (300, 3_000), (20_000, 110_000)
DAY_MS = 86_400_000


def main() -> None:
    """Measure each size and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--only", nargs="+", help="kinds of queries")
    parser.add_argument("--cold", action="store_true", help="with nothing of the store in the system's memory")
    asked = parser.parse_args()
    for size in asked.sizes:
        home = asked.folder / f"{size}"
        made_history.make_home(home, size)
        _join_index(home)
        print(f"\n{size:,} clips and {size // 4:,} visits: {_sizes_of(home)}")
        with processes.hub(home) as (process, facts):
            path = made_history.paths_in(home).stored() / "hub.db"
            prepare = partial(_put_out_of_memory if asked.cold else _bring_into_memory, path)
            kinds = {name: make for name, make in QUERIES.items() if not asked.only or name in asked.only}
            _measure(facts["bridge"], process.pid, asked.queries, kinds, prepare)


def _bring_into_memory(path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 24):
            pass


def _put_out_of_memory(path: Path) -> None:
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _join_index(home: Path) -> None:
    """Join the pieces of the search index, as the save worker of an idle hub does."""
    store = open_store(made_history.paths_in(home).stored())
    made_history.join_index(store)
    store.close()


def _sizes_of(home: Path) -> str:
    path = made_history.paths_in(home).stored() / "hub.db"
    conn = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    told = [f"file {path.stat().st_size / 1e6:,.0f} MB"]
    for name, index in (("index of words", "index"), ("of pairs", "pairs"), ("of pieces", "pieces")):
        size: Any = conn.execute(f"SELECT sum(length(block)) FROM documents_{index}_data").fetchone()  # noqa: S608  # ours
        told.append(f"{name} {size[0] / 1e6:,.0f} MB")
    conn.close()
    return ", ".join(told)


def _measure(facts: dict[str, Any], pid: int, count: int, kinds: dict[str, Make], prepare: Callable[[], None]) -> None:
    print(f"{'query':24} {'p50 ms':>8} {'p99 ms':>8} {'most':>8} {'cpu ms':>7} {'hits':>6} {'partial':>8}")
    connection = http.client.HTTPConnection(urlsplit(facts["url"]).netloc, timeout=60)
    headers = {"Authorization": f"Bearer {facts['token']}"}
    words, chance = Words(1), Random(7)
    for name, make in kinds.items():
        prepare()
        times, hits, cut, spent = list[float](), 0, 0, processes.cpu_s(pid)
        for n in range(count + 10):
            path = f"/{name}" if name in ("context", "ping") else "/search"
            target = f"{path}?{urlencode(make(words, chance))}"
            began = time.perf_counter()
            connection.request("GET", target, headers=headers)
            reply = connection.getresponse()
            content = reply.read()
            if n >= 10:  # the first ones warm up
                times.append((time.perf_counter() - began) * 1e3)
                page = json.loads(content)
                hits += len(page.get("items") or page.get("around", ()))
                cut += page.get("partial", False)
        cpu_ms = (processes.cpu_s(pid) - spent) / (count + 10) * 1e3
        times.sort()
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        missed = "   missed" if p50 > P50_GOAL_MS or p99 > P99_GOAL_MS else ""
        print(
            f"{name:24} {p50:8.2f} {p99:8.2f} {times[-1]:8.2f} {cpu_ms:7.2f} {hits / count:6.1f} {cut / count:8.0%}{missed}",
            flush=True,
        )
    connection.close()


def _word(words: Words, chance: Random, ranks: tuple[int, int]) -> str:
    return words.vocabulary[chance.randrange(*ranks)]


def _plain(*ranks: tuple[int, int], form: str = "{}") -> Make:
    return lambda words, chance: {"q": form.format(*(_word(words, chance, each) for each in ranks))}


def _narrowed(words: Words, chance: Random, **scope: str) -> dict[str, str]:
    return {"q": _word(words, chance, chance.choice((COMMON, MIDDLING))), **scope}


def _site(words: Words, chance: Random) -> dict[str, str]:
    return _narrowed(words, chance, site=words.page().site)


def _kind(words: Words, chance: Random) -> dict[str, str]:
    return _narrowed(words, chance, kind=chance.choice(("clip", "visit", "output", "visit,output")))


def _app(words: Words, chance: Random) -> dict[str, str]:
    return _narrowed(words, chance, app=chance.choice(made_history.APPS))


def _span(words: Words, chance: Random) -> dict[str, str]:
    days = chance.choice((1, 30, 365))
    from_ms = made_history.END_MS - chance.randrange(days, 1_800) * DAY_MS
    return _narrowed(words, chance, **{"from": to_rfc3339(from_ms), "to": to_rfc3339(from_ms + days * DAY_MS)})


def _prefix(least: int, most: int) -> Make:
    def make(words: Words, chance: Random) -> dict[str, str]:
        word = _word(words, chance, chance.choice((COMMON, MIDDLING, RARE)))
        return {"q": f"{word.ljust(least, 'a')[: chance.randint(least, most)]}*"}

    return make


def _piece(words: Words, chance: Random) -> dict[str, str]:
    return {"q": _word(words, chance, RARE)[1:-1]}


def _address(words: Words, chance: Random) -> dict[str, str]:
    return {"q": words.page().url[12 : chance.randint(20, 40)]}


def _han(words: Words, chance: Random) -> dict[str, str]:
    return {"q": words.han(4)[: chance.randint(1, 3)]}


def _moment(_words: Words, chance: Random) -> dict[str, str]:
    return {"at": to_rfc3339(made_history.END_MS - chance.randrange(1_800 * DAY_MS)), "window": "3600"}


QUERIES: dict[str, Make] = {
    "ping": lambda words, chance: {},
    "common": _plain(COMMON),
    "two common": _plain(COMMON, COMMON, form="{} {}"),
    "three common": _plain(COMMON, COMMON, COMMON, form="{} {} {}"),
    "middling": _plain(MIDDLING),
    "two middling": _plain(MIDDLING, MIDDLING, form="{} {}"),
    "common and rare": _plain(COMMON, RARE, form="{} {}"),
    "rare": _plain(RARE),
    "phrase, common": _plain(COMMON, COMMON, form='"{} {}"'),
    "phrase, three common": _plain(COMMON, COMMON, COMMON, form='"{} {} {}"'),
    "phrase, middling": _plain(COMMON, MIDDLING, form='"{} {}"'),
    "one letter*": _prefix(1, 1),
    "two letters*": _prefix(2, 2),
    "three letters*": _prefix(3, 3),
    "four letters and more*": _prefix(4, 7),
    "a word and two letters*": lambda words, chance: {"q": f"{_word(words, chance, MIDDLING)} {_word(words, chance, RARE)[:2]}*"},
    "excluded": _plain(COMMON, MIDDLING, form="{} -{}"),
    "only excluded": _plain(COMMON, form="-{}"),
    "by kind": _kind,
    "by site": _site,
    "by program": _app,
    "by time": _span,
    "piece of a word": _piece,
    "piece of an address": _address,
    "Chinese": _han,
    "context": _moment,
}  # fmt: skip

if __name__ == "__main__":
    main()
