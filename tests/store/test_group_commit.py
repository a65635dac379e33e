"""Writes that arrive together share a commit; each caller gets its own outcome, whatever becomes of the others."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from python_core.errors import NotFound
from python_core.store import Connection, Store, meta
from python_core.store.events import add_event
from tests.hubs import run_python

INTERRUPTED = """
import signal, sys, threading
from pathlib import Path
from python_core.store import meta, open_store
from python_core.errors import Busy

signal.signal(signal.SIGINT, signal.default_int_handler)
store = open_store(Path(sys.argv[1]))
busy, go_on, outcomes = threading.Event(), threading.Event(), []
main = threading.main_thread().ident

def slow(conn):
    busy.set()
    go_on.wait()
    meta.set_value(conn, "slow", "done")

def other(conn):
    meta.set_value(conn, "other", "done")

def interrupt():
    while not store.waiting:
        pass
    signal.pthread_kill(main, signal.SIGINT)

leader = threading.Thread(target=store.write, args=(slow,))
leader.start()
busy.wait()
threading.Thread(target=interrupt).start()
try:
    store.write(lambda conn: meta.set_value(conn, "waiting", "done"))
except KeyboardInterrupt:
    print("interrupted")
go_on.set()
leader.join()

def interrupted_act(conn):
    raise KeyboardInterrupt

busy.clear(), go_on.clear()
leader = threading.Thread(target=store.write, args=(slow,))
leader.start()
busy.wait()

def follow(act):
    try:
        store.write(act)
    except BaseException as fault:
        outcomes.append(type(fault).__name__)

followers = [threading.Thread(target=follow, args=(act,)) for act in (interrupted_act, other)]
for n, follower in enumerate(followers, 1):
    follower.start()
    while store.waiting < n:
        pass
go_on.set()
for thread in [leader, *followers]:
    thread.join()
print(sorted(outcomes))
store.write(lambda conn: meta.set_value(conn, "after", "done"))
with store.reading() as conn:
    print([key for key in ("slow", "waiting", "other", "after") if meta.get_value(conn, key)])
"""


class Together:
    """Makes acts arrive together: the first holds the transaction until all others wait."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits = 0
        self.outcomes: dict[str, Any] = {}
        self.acts_at_once: dict[str, Callable[[Connection], Any]] = {}
        self._held = threading.Event()
        self._all_wait = threading.Event()

    def _first(self, conn: Connection) -> str:
        conn.set_commit_hook(self._count)
        self._held.set()
        assert self._all_wait.wait(30)
        return "first"

    def _count(self) -> bool:
        self.commits += 1
        return False

    def _write(self, name: str, act: Callable[[Connection], Any]) -> None:
        try:
            self.outcomes[name] = self._store.write(act, self.acts_at_once.get(name))
        except Exception as fault:  # noqa: BLE001  # each outcome is looked at
            self.outcomes[name] = fault

    def run(self, acts: dict[str, Callable[[Connection], Any]]) -> dict[str, Any]:
        first = threading.Thread(target=self._write, args=("first", self._first))
        first.start()
        assert self._held.wait(30)
        others = [threading.Thread(target=self._write, args=each) for each in acts.items()]
        for n, other in enumerate(others, 1):
            other.start()
            while self._store.waiting < n:  # they arrive in the order given
                pass
        self._all_wait.set()
        for thread in (first, *others):
            thread.join()
        return self.outcomes


def setting(key: str, value: str = "done") -> Callable[[Connection], str]:
    def act(conn: Connection) -> str:
        meta.set_value(conn, key, value)
        return key

    return act


def failing(key: str, fault: Exception) -> Callable[[Connection], str]:
    def act(conn: Connection) -> str:
        meta.set_value(conn, key, "must not stay")
        raise fault

    return act


def stored(store: Store, *keys: str) -> list[str]:
    with store.reading() as conn:
        return [key for key in keys if meta.get_value(conn, key) is not None]


def test_acts_that_arrive_together_share_one_commit(store: Store) -> None:
    together = Together(store)
    outcomes = together.run({str(n): setting(str(n)) for n in range(10)})
    assert outcomes == {"first": "first"} | {str(n): str(n) for n in range(10)}
    assert together.commits == 2  # the first's own, and one for all that came meanwhile


def test_a_group_is_bounded_and_the_rest_follow_in_order(store: Store) -> None:
    order: list[int] = []
    together = Together(store)
    together.run({str(n): lambda _, n=n: order.append(n) for n in range(70)})
    assert together.commits == 3  # 1 + 64 + 6
    assert order == list(range(70))


def test_an_act_that_fails_takes_nothing_of_its_group_with_it(store: Store) -> None:
    finding = NotFound("There is none.")
    outcomes = Together(store).run({"a": setting("a"), "b": failing("b", finding), "c": setting("c")})
    assert outcomes == {"first": "first", "a": "a", "b": finding, "c": "c"}
    assert stored(store, "a", "b", "c") == ["a", "c"]


def test_what_an_act_wrote_before_it_failed_is_not_stored(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        store.write(failing("a", ZeroDivisionError()))
    assert stored(store, "a") == []


def test_what_is_written_at_once_leaves_the_act_out(store: Store) -> None:
    assert store.write(setting("act"), setting("once")) == "once"
    assert store.write(setting("other"), lambda conn: None) == "other"
    assert stored(store, "act", "once", "other") == ["once", "other"]


def test_one_statement_that_fails_at_once_fails_for_its_own_caller_alone(store: Store) -> None:
    def break_off(conn: Connection) -> str:
        conn.execute("INSERT INTO meta SELECT 'twice', value FROM (VALUES (1)) CROSS JOIN json_each('[1, 2]')")
        return "never"

    together = Together(store)
    together.acts_at_once = {"b": break_off}
    outcomes = together.run({"a": setting("a"), "b": setting("b"), "c": setting("c")})
    assert isinstance(outcomes.pop("b"), Exception)
    assert outcomes == {"first": "first", "a": "a", "c": "c"}
    assert stored(store, "a", "b", "c", "twice") == ["a", "c"]


def test_a_commit_that_fails_fails_every_act_of_the_group(store: Store) -> None:
    def refuse_commit(conn: Connection) -> None:
        conn.set_commit_hook(lambda: True)  # SQLite turns COMMIT into ROLLBACK

    outcomes = Together(store).run({"a": setting("a"), "b": refuse_commit, "c": setting("c")})
    assert outcomes.pop("first") == "first"
    assert all(isinstance(fault, Exception) for fault in outcomes.values()), outcomes
    assert stored(store, "a", "c") == []


def test_an_act_that_writes_again_is_told_at_once_instead_of_waiting_for_itself(store: Store) -> None:
    with pytest.raises(RuntimeError, match="may not begin another"):
        store.write(lambda _: store.write(setting("inner")))
    assert store.write(setting("after")) == "after"


def test_each_caller_gets_its_own_result_under_many_threads(store: Store) -> None:
    wrong: list[object] = []

    def work(name: int) -> None:
        for turn in range(40):
            told = store.write(lambda conn, turn=turn: (add_event(conn, "heartbeat", "bridge", 0, "", {}), name, turn))
            if told[1:] != (name, turn):
                wrong.append(told)
            ids.append(told[0])

    ids: list[int] = []
    threads = [threading.Thread(target=work, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sorted(ids) == list(range(1, 32 * 40 + 1))


def test_what_a_thread_gathers_shares_its_commit_and_each_gets_its_own_outcome(store: Store) -> None:
    outcomes: list[object] = []
    acts = {"b": failing("b", NotFound("There is none.")), "c": setting("c"), "d": setting("d")}

    def gather() -> None:
        if not acts:
            return
        name = next(iter(acts))
        try:
            outcomes.append(store.write(acts.pop(name)))
        except NotFound:
            outcomes.append("refused")

    def work() -> None:
        store.gather_by(gather)
        outcomes.append(store.write(setting("a")))

    before = store.commits.total
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert outcomes == ["d", "c", "refused", "a"]  # from the innermost out
    assert store.commits.total == before + 1
    assert stored(store, "a", "b", "c", "d") == ["a", "c", "d"]
    assert store.write(setting("e")) == "e"  # threads that do not gather are as before


def test_nobody_waits_for_a_thread_that_gathers(store: Store) -> None:
    """Who leads hands on to a caller that waits, and takes the act of one that still gathers along."""
    gathers, go_on, begun, others_wait = (threading.Event() for _ in range(4))
    outcomes: list[str] = []

    def gather() -> None:
        gathers.set()
        assert go_on.wait(30)

    def work() -> None:
        store.gather_by(gather)
        outcomes.append(store.write(setting("gathered")))

    def first(_: Connection) -> None:
        begun.set()
        assert others_wait.wait(30)

    leader = threading.Thread(target=store.write, args=(first,))
    leader.start()
    assert begun.wait(30)
    gatherer = threading.Thread(target=work)
    gatherer.start()
    assert gathers.wait(30)
    waiter = threading.Thread(target=store.write, args=(setting("waited"),))
    waiter.start()
    while store.waiting < 2:
        pass
    others_wait.set()
    waiter.join(30)
    assert not waiter.is_alive()
    assert stored(store, "gathered", "waited") == ["gathered", "waited"]
    go_on.set()
    gatherer.join(30)
    leader.join(30)
    assert outcomes == ["gathered"]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this system interrupts no single thread")
def test_a_writer_that_is_interrupted_leaves_nobody_waiting(tmp_path: Path) -> None:
    told = run_python(INTERRUPTED, str(tmp_path / "stored")).splitlines()
    assert told == ["interrupted", "['Busy', 'KeyboardInterrupt']", "['slow', 'after']"]
