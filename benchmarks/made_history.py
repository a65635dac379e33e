"""Make a history: a store of so many clips and visits over years, written by the store's own acts in large groups.

Run: python benchmarks/made_history.py HOME --clips 100000 --visits 100000 [--seed 1] [--years 5] [--words 150]. HOME is what
``APPDATA`` and ``LOCALAPPDATA`` are to point into (``HOME/roaming``, ``HOME/local``), as ``processes.hub`` has it. The same seed
makes the same history, ids included. It writes no events: the log of so long a time is pruned. A store that exists is
added to.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.made_words import Page, Words
from python_core.store import Connection, Store, clips, document_index, documents, open_store, visits
from python_core.store.clips import ClipRow, FragmentRow, Source
from python_core.store.visits import VisitRow
from python_core.utils.config_path_resolver import Paths, resolve_paths
from python_core.utils.ids import digest_of

#: When the history ends: 2026-11-01T00:00:00Z.
END_MS = 1_793_491_200_000
YEAR_MS = 31_557_600_000
#: Items of one transaction.
GROUP = 2_000
#: A text and what it was taken for: ``text``, ``url``, ``python`` …
Text = tuple[str, str]
APPS = ("Firefox", "Code", "Word", "Terminal", "Slack", "Excel", "Preview", "Mail")


def main() -> None:
    """Fill the store under a home and say what it is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path)
    parser.add_argument("--clips", type=int, default=100_000)
    parser.add_argument("--visits", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--years", type=float, default=5.0)
    parser.add_argument("--words", type=int, default=150, help="of a clip, on average (150: about 1 KB)")
    asked = parser.parse_args()
    store = open_store(paths_in(asked.home).stored())
    began = time.perf_counter()

    def tell(done: int) -> None:
        total = asked.clips + asked.visits
        print(f"\r{done:>10,} of {total:,} in {time.perf_counter() - began:.0f} s", end="", file=sys.stderr, flush=True)

    fill(
        store, clips=asked.clips, visits=asked.visits, seed=asked.seed, years=asked.years, words=asked.words, tell=tell
    )
    store.close()
    print(file=sys.stderr)
    print(f"{store.path}: {store.path.stat().st_size / 1e6:,.0f} MB in {time.perf_counter() - began:.0f} s")


def paths_in(home: Path) -> Paths:
    """Name the folders of a hub whose home this is."""
    return resolve_paths({"APPDATA": str(home / "roaming"), "LOCALAPPDATA": str(home / "local")})


def make_home(home: Path, clips: int, visits: int | None = None, texts: Iterator[Text] | None = None) -> None:
    """Make the home of a hub with so many clips and a quarter as many visits, unless it is there."""
    folder = paths_in(home).stored()
    if not (folder / "hub.db").exists():
        unfinished = folder.with_name(f"{folder.name}-unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        store = open_store(unfinished)
        try:
            fill(store, clips=clips, visits=clips // 4 if visits is None else visits, texts=texts)
            join_index(store)
        finally:
            store.close()
        unfinished.rename(folder)


def join_index(store: Store) -> None:
    """Join the pieces of the search index, as the save worker of an idle hub does."""
    while store.write(lambda conn: document_index.merge_index(conn, begin=False)):
        pass


def copy_home(home: Path, copy: Path) -> Path:
    """Copy a home to a path that is not there yet and return it; what was written is on the disk, and in nobody's way."""
    shutil.copytree(home, copy)
    with (paths_in(copy).stored() / "hub.db").open("r+b") as file:
        os.fsync(file.fileno())
    return copy


def fill(
    store: Store,
    *,
    clips: int,
    visits: int,
    seed: int = 1,
    years: float = 5.0,
    words: int = 150,
    texts: Iterator[Text] | None = None,
    tell: Callable[[int], None] = lambda done: None,
) -> None:
    """Add so many clips and visits, spread over the years before ``END_MS`` in the order of their times.

    ``texts`` are those of the clips, one each; without them they are made up.
    """
    items = History(seed, years, words, texts).items(clips, visits)
    done = 0
    while group := [item for _, item in zip(range(GROUP), items, strict=False)]:
        store.write(lambda conn, group=group: [add(conn) for add in group])  # type: ignore[misc]
        store.write(lambda conn: document_index.index_documents(conn, GROUP))
        done += len(group)
        tell(done)


class History:
    """What somebody did: opened pages, copied from them and from elsewhere, came back, copied the same again."""

    def __init__(self, seed: int, years: float, words: int, texts: Iterator[Text] | None = None) -> None:
        self._words = Words(seed)
        self._random: Random = self._words.random
        self._years = years
        self._usual = words
        self._texts = texts
        self._pages: list[Page] = []
        self._copied: list[str] = []
        self._visit: VisitRow | None = None

    def items(self, clips: int, visits: int) -> Iterator[Callable[[Connection], None]]:
        """Yield what adds each item, oldest first."""
        total = clips + visits
        step_ms = self._years * YEAR_MS / max(1, total)
        left = {"clip": clips, "visit": visits}
        for n in range(total):
            at_ms = int(END_MS - (total - n) * step_ms + self._random.random() * step_ms)
            is_clip = self._random.randrange(left["clip"] + left["visit"]) < left["clip"]
            left["clip" if is_clip else "visit"] -= 1
            yield self._clip(at_ms) if is_clip else self._open(at_ms)

    def _open(self, at_ms: int) -> Callable[[Connection], None]:
        """Visit a page, one time in three one of the last."""
        if self._pages and self._random.random() < 0.33:
            page = self._random.choice(self._pages)
        else:
            page = self._words.page()
            self._pages = [*self._pages[-40:], page]
        until_ms = at_ms + int(self._random.expovariate(1 / 60_000))
        visit = VisitRow(
            id=self._id(at_ms), client="made", tab="Firefox/1", browser="Firefox", url=page.url, site=page.site,
            title=page.title, started_at_ms=at_ms, last_seen_at_ms=until_ms, closed_at_ms=None,
        )  # fmt: skip
        self._visit = visit
        return lambda conn: add_visit(conn, visit)

    def _clip(self, at_ms: int) -> Callable[[Connection], None]:
        """Copy a text: two times in three from the page in front, one time in 30 the same as before."""
        kind, text = self._text()
        source = Source(self._random.choice(APPS), None, None, None, None)
        if self._visit is not None and self._random.random() < 0.66:
            visit = self._visit
            source = Source("Firefox", None, visit.url, visit.site, visit.title, visit.id, 0.9, ("in_front",))
        content = text.encode()
        fragment = FragmentRow(
            0, "text", "text/plain", digest_of(content), len(content), content, None, kind, "text", 0.9, "txt"
        )
        fingerprint = int(fragment.digest[7:22], 16)
        clip = ClipRow(self._id(at_ms), "made", at_ms, at_ms, fingerprint, source, fragments=[fragment])
        return lambda conn: add_clip(conn, clip, text)

    def _text(self) -> Text:
        if self._texts is not None:
            return next(self._texts)
        drawn = self._random.random()
        if drawn < 0.03 and self._copied:
            return "text", self._random.choice(self._copied)
        count = self._words.length(self._usual)
        if drawn < 0.11:
            return "url", self._words.page().url
        if drawn < 0.23:
            return "python", self._words.code(count)
        if drawn < 0.25:
            return "text", self._words.han(count)
        text = self._words.prose(count)
        self._copied = [*self._copied[-50:], text]
        return "text", text

    def _id(self, at_ms: int) -> str:
        """Make a UUIDv7 of a time, which the seed decides."""
        high, low = self._random.getrandbits(12), self._random.getrandbits(62)
        text = f"{at_ms << 16 | 0x7000 | high:016x}{1 << 63 | low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def add_clip(conn: Connection, clip: ClipRow, words: str) -> None:
    """Add a clip and its document, as the verb does that takes one in."""
    source = clip.source
    document = documents.add_document(
        conn, "clip", clip.id, clip.captured_at_ms, source.site, source.app, source.title or "", words
    )
    clips.add_clip(conn, replace(clip, document=document))


def add_visit(conn: Connection, visit: VisitRow) -> None:
    """Add a visit, its document, and that it was in front."""
    at_ms = visit.started_at_ms
    document = documents.add_document(conn, "visit", visit.id, at_ms, visit.site, None, visit.title, visit.url)
    seq = visits.add_visit(conn, replace(visit, document=document)).seq
    visits.add_sighting(conn, visit.client, visit.browser, seq, at_ms, True)


if __name__ == "__main__":
    main()
