"""What forgetting costs: one clip, one clip in a hundred while others post; and how often a forgotten word is left by each measure.

Run: python benchmarks/forgetting.py [--clips 20000] [--folder FOLDER]. The history is made by ``made_history``, in the temporary
folder unless another is named. There is no goal in time for it: what must not suffer is who posts meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import apsw
import msgspec

from benchmarks.made_history import fill
from python_core.config import BridgeSettings, Settings, WebListenerSettings
from python_core.runtime.clipboard import ClipSearch, NewClip, list_clips, put_clip, remove_clip
from python_core.runtime.forgetting import ForgetRequest, forget, go_on_forgetting
from python_core.runtime.hub import Caller, Hub
from python_core.runtime.indexing import index_new
from python_core.store import open_store
from python_core.store.overwriting import fold_log, overwrite_slack

OWNER = Caller("owner", "bridge", "0" * 32)
#: A person waits for the removal of one thing; a program that posts gives up after five seconds.
ONE_GOAL_MS, ONE_LIMIT_MS, POST_LIMIT_MS = 100, 1_000, 5_000
MARK = "qxzcan"


def main() -> None:
    """Measure and say it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        cost(Path(folder) / "stored", asked.clips)
        for secure, slack in ((False, False), (True, False), (True, True)):
            left = left_behind(Path(folder) / f"left-{secure}-{slack}", secure=secure, slack=slack)
            what = "secure-delete and slack overwritten" if slack else ("secure-delete" if secure else "plain DELETE")
            print(f"{'a forgotten word left in the file, of 800':<52}{left:>10}  {what}{'  goal 0' if slack else ''}")


def cost(folder: Path, clips: int) -> None:
    """Measure on a made history how long forgetting takes, and how long posts take meanwhile."""
    store = open_store(folder)
    hub = Hub(Settings(bridge=BridgeSettings(), web_listener=WebListenerSettings()), store)
    fill(store, clips=clips, visits=clips, seed=1, years=2.0, words=150, tell=lambda _done: None)
    index_new(hub)
    took = []
    for clip in list_clips(hub, ClipSearch(), 20, None).items:
        began = time.perf_counter()
        remove_clip(hub, OWNER, clip.id)
        took.append((time.perf_counter() - began) * 1000)
    go_on_forgetting(hub)
    print(f"{'DELETE /clipboard/{id}, p50 ms':<52}{median(took):>10.1f}  limit {ONE_LIMIT_MS:,}  goal {ONE_GOAL_MS}")
    ids = [clip.id for clip in list_clips(hub, ClipSearch(), max(200, clips // 100), None).items]
    alone = posts(hub, lambda: time.sleep(2))
    began = time.perf_counter()
    meanwhile = posts(hub, lambda: _forget(hub, ids))
    print(f"{f'forgetting {len(ids):,} of {clips:,} clips, s':<52}{time.perf_counter() - began:>10.1f}")
    for what, times in (("alone", alone), ("meanwhile", meanwhile)):
        p99 = quantiles(times, n=100)[98]
        shown = f"p50 {median(times):.1f}, p99 {p99:.1f}, worst {max(times):.1f}"
        print(f"{f'POST /clipboard {what}, ms':<52}{shown}  limit {POST_LIMIT_MS:,}")
    store.close()


def _forget(hub: Hub, ids: list[str]) -> None:
    forget(hub, OWNER, ForgetRequest(ids=ids[:1000]))
    while go_on_forgetting(hub) != "done":
        time.sleep(0.05)


def posts(hub: Hub, act: object) -> list[float]:
    """Post one clip after the other while ``act`` runs; return their times in ms."""
    times, over, chance = list[float](), threading.Event(), Random(1)

    def post() -> None:
        while not over.is_set():
            clip = {"fragments": [{"type": "text", "content": f"{chance.random()} " * 60}]}
            began = time.perf_counter()
            put_clip(hub, OWNER, msgspec.convert(clip, NewClip), None)
            times.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)

    poster = threading.Thread(target=post)
    poster.start()
    act()  # type: ignore[operator]
    over.set()
    poster.join()
    return times


def left_behind(folder: Path, *, secure: bool, slack: bool) -> int:
    """Delete 800 rows of 8,000 with a mark in each, whose rows had grown and moved; return how many marks the file still has."""
    store = open_store(folder)
    chance = Random(2)

    def fill_and_delete(conn: apsw.Connection) -> None:
        conn.execute("CREATE TABLE t(seq INTEGER PRIMARY KEY, a TEXT, b TEXT)")
        conn.execute("CREATE VIRTUAL TABLE words USING fts5(a, content='t', content_rowid='seq')")
        conn.execute("INSERT INTO words(words, rank) VALUES ('secure-delete', ?)", (int(secure),))
        texts = [f"{MARK if n % 10 == 0 else 'plain'}{n} {chance.random()}" for n in range(8_000)]
        for n, text in enumerate(texts):
            conn.execute("INSERT INTO t VALUES (?, ?, '')", (n, text))
            conn.execute("INSERT INTO words(rowid, a) VALUES (?, ?)", (n, text))
            conn.execute(
                "UPDATE t SET b = ? WHERE seq = ?", ("x" * chance.randrange(2_000), max(0, n - chance.randrange(20)))
            )
        for n in range(0, 8_000, 10):
            conn.execute("INSERT INTO words(words, rowid, a) VALUES ('delete', ?, ?)", (n, texts[n]))
            conn.execute("DELETE FROM t WHERE seq = ?", (n,))

    def act(conn: apsw.Connection) -> None:
        conn.execute(f"PRAGMA secure_delete = {int(secure)}")
        fill_and_delete(conn)
        conn.execute("PRAGMA secure_delete = 1")

    store.write(act)
    fold_log(store.path)
    page: int | None = 0
    while slack and page is not None:
        page = overwrite_slack(store.path, page)
    fold_log(store.path)
    store.close()
    return store.path.read_bytes().count(MARK.encode())


if __name__ == "__main__":
    main()
