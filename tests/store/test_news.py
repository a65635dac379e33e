"""Who waits for the event log to grow is woken, whichever process wrote; by nobody else; and nothing is left of the waiting."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from python_core.errors import Conflict
from python_core.store import Connection, Store
from python_core.store.bells import BellRow, list_bells, set_bell
from python_core.store.events import add_event
from python_core.store.news import News
from python_core.utils.timestamps import now_ms
from tests.hubs import run_python, start_python

PATIENCE_S = 60.0
HOURS = 36_000.0
WRITE = """
import sys
from pathlib import Path
from python_core.store import open_store
from python_core.store.events import add_event
store = open_store(Path(sys.argv[1]))
store.write(lambda conn: add_event(conn, "heartbeat", "bridge", 0, "", {}))
"""
FOLLOW = """
import os, sys
from pathlib import Path
from python_core.store import open_store
from python_core.store.news import News
store = open_store(Path(sys.argv[1]))
news = News(store.reading, store.write, look_s=36_000)
while news.rings == 0:
    news.wait(0, 60)
print("begun", flush=True)
while True:
    news.wait(1, 60)
"""


def write(store: Store) -> None:
    store.write(lambda conn: add_event(conn, "heartbeat", "bridge", 0, "", {}))


def bells(store: Store) -> list[BellRow]:
    with store.reading() as conn:
        return list_bells(conn)


@contextmanager
def listening(store: Store, look_s: float = HOURS) -> Iterator[News]:
    """News of another process on the store, which finds nothing by itself; it listens."""
    news = News(store.reading, store.write, look_s)
    try:
        until(news, lambda: news.rings == 1)  # the first look
        yield news
    finally:
        news.end()


def until(news: News, is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "it was never told"
        news.wait(news.rings, 0.05)


def test_who_waits_is_told_of_what_its_own_process_writes(store: Store) -> None:
    rings = store.news.rings
    told = threading.Timer(0.1, write, [store])
    told.start()
    until(store.news, lambda: store.news.rings > rings)
    told.join()


def test_a_write_without_events_and_one_that_fails_tell_nothing(store: Store) -> None:
    def fail(conn: Connection) -> None:
        conn.execute("DELETE FROM no_table")

    rings = store.news.rings
    store.write(lambda conn: conn.execute("DELETE FROM bells"))
    with pytest.raises(Exception, match="no_table"):
        store.write(fail)
    assert store.news.rings == rings


def test_another_process_rings(store: Store) -> None:
    with listening(store) as news:
        run_python(WRITE, str(store.folder))
        until(news, lambda: news.rings == 2)


def test_a_process_that_begins_to_follow_between_two_writes_is_rung(store: Store) -> None:
    for _ in range(3):
        write(store)  # which bells there are is known from then on
    hearing = start_python(
        FOLLOW.replace("while True:\n    news.wait(1, 60)", "news.wait(1, 60)\nprint('heard')"), str(store.folder)
    )
    assert hearing.stdout is not None
    assert hearing.stdout.readline() == "begun\n"
    for _ in range(3):
        write(store)
    assert hearing.stdout.readline() == "heard\n"
    hearing.communicate(timeout=PATIENCE_S)


def test_what_no_ring_tells_of_is_found_by_looking(store: Store) -> None:
    with listening(store, look_s=0.1) as news:
        store.write(lambda conn: conn.execute("DELETE FROM bells"))
        run_python(WRITE, str(store.folder))
        until(news, lambda: news.rings > 1)


def test_who_listens_looks_for_those_who_wait_whether_they_go_on(store: Store) -> None:
    is_over, asked_by = threading.Event(), set[str]()

    def goes_on() -> bool:
        asked_by.add(threading.current_thread().name)
        return not is_over.is_set()

    with listening(store, look_s=0.05) as news:
        ending = threading.Timer(0.3, is_over.set)
        ending.start()
        news.wait(news.rings, HOURS, goes_on)
        ending.join()
    assert asked_by == {"smrthub-doorbell"}


def test_it_listens_for_as_long_as_somebody_waits_and_again_for_who_comes_later(store: Store) -> None:
    news = News(store.reading, store.write, look_s=0.05, linger_s=0.0)
    for _ in range(3):
        ends_at = time.monotonic() + 0.3
        while time.monotonic() < ends_at:  # it is told of the first look, too
            news.wait(news.rings, HOURS, lambda ends_at=ends_at: time.monotonic() < ends_at)  # type: ignore[misc]
    news.end()


def test_a_stranger_wakes_nobody_and_cannot_keep_a_ring_out_for_long(store: Store) -> None:
    with listening(store) as news, closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        [bell] = bells(store)
        for content in (b"", b"end", bell.secret[:-1], bell.secret + b"x", b"x" * 60_000, *[b"flood"] * 50):
            stranger.sendto(content, ("127.0.0.1", bell.port))
        write(store)
        until(news, lambda: news.rings == 2)
        time.sleep(0.2)
        assert news.rings == 2


def test_bells_of_processes_that_are_no_more_are_dropped(store: Store) -> None:
    ended = start_python(FOLLOW, str(store.folder))
    assert ended.stdout is not None
    assert ended.stdout.readline() == "begun\n"
    ended.kill()
    ended.communicate()
    [left] = bells(store)
    write(store)  # rings where nobody is
    store.write(lambda conn: set_bell(conn, left._replace(until_ms=now_ms() - 1), 0))
    with listening(store):
        [bell] = bells(store)
        assert bell.secret != left.secret


def test_nothing_is_left_when_it_is_over(store: Store) -> None:
    before = set(threading.enumerate())
    write(store)
    assert set(threading.enumerate()) == before  # no thread without somebody who waits
    with listening(store) as news:
        assert len(set(threading.enumerate()) - before) == 1
    news.wait(news.rings, PATIENCE_S)  # does not wait
    assert set(threading.enumerate()) == before
    assert bells(store) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_is_told_by_itself_and_by_its_parent(store: Store) -> None:
    until(store.news, lambda: store.news.rings == 1)  # its thread is in no call to SQLite by then
    child_tells, parent_lets = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.alarm(int(PATIENCE_S))
            news = store.news
            while news.rings == 0:
                news.wait(0, 1)
            os.write(child_tells[1], b"w")
            os.read(parent_lets[0], 1)
            rings = news.rings
            write(store)
            code = 0 if news.rings > rings else 2
        finally:
            os._exit(code)
    os.close(child_tells[1])
    assert os.read(child_tells[0], 1) == b"w"
    assert len(bells(store)) == 2
    os.write(parent_lets[1], b"w")
    assert os.waitpid(pid, 0)[1] == 0
    for end in (child_tells[0], *parent_lets):
        os.close(end)


def test_an_act_that_cannot_be_done_takes_back_its_news(store: Store) -> None:
    def fail(conn: Connection) -> None:
        add_event(conn, "heartbeat", "bridge", 0, "", {})
        raise Conflict("after all")

    with pytest.raises(Conflict):
        store.write(fail)
    with store.reading() as conn:
        assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)
