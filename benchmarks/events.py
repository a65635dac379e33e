"""How long after a clip is posted a subscriber has its event, and what open streams cost while nothing happens.

Measured from before the request is sent to the event at the client, beside the request's own answer: subscribers of the process
that stores, and of another one on the same store.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import ROOT, await_200, environ_of, free_ports, hub, idle_cpu_percent, running

#: Ratios to the request's own answer at most, by where the subscriber is; the share of a processor (README.md, "Events").
GOALS = {"same process": 1.3, "other process": 1.5}
IDLE_GOAL_PERCENT = 0.2
SUBSCRIBERS = (1, 4)
PAUSE_S = 0.005
AT_MOST_S = 30.0


class Subscriber(threading.Thread):
    """Reads a stream and notes when each clip was told."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=AT_MOST_S)
        connection.connect()
        self._socket = connection.sock  # the connection forgets it once it knows that the reply ends with it
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        connection.request("GET", "/events?kinds=clipboard_processed", headers=headers)
        self.reply = connection.getresponse()
        if self.reply.status != 200:
            raise RuntimeError(f"a stream was answered {self.reply.status}")
        while self.reply.readline() != b"\n":
            continue
        self.seen: list[float] = []
        self.start()

    def run(self) -> None:
        """Read until the connection is closed."""
        try:
            while line := self.reply.readline():
                if line.startswith(b"data: "):
                    self.seen.append(time.perf_counter())
        except (OSError, http.client.HTTPException):
            return

    def end(self) -> None:
        """Close the connection."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self.join(AT_MOST_S)
        self.reply.close()


class Poster:
    """Posts a clip at a time, each with a text that was not there before."""

    def __init__(self, url: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=AT_MOST_S)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._count = 0

    def post(self) -> tuple[float, float]:
        """Return when the request began and how long its answer took."""
        self._count += 1
        text = f"{time.time_ns()} {self._count} ".ljust(1024, "x")
        body = json.dumps({"fragments": [{"type": "text", "content": text}]}).encode()
        began = time.perf_counter()
        self._connection.request("POST", "/clipboard", body, self._headers)
        reply = self._connection.getresponse()
        reply.read()
        if reply.status != 201:
            raise RuntimeError(f"a clip was answered {reply.status}")
        return began, time.perf_counter() - began


def time_events(poster: Poster, url: str, token: str, subscribers: int, posts: int) -> dict[str, list[float]]:
    """Return milliseconds: of the answers, and of the events at the last subscriber that had them."""
    answers, events = [], []
    reading = [Subscriber(url, token) for _ in range(subscribers)]
    for n in range(posts):
        began, took = poster.post()
        end = began + AT_MOST_S
        while any(len(each.seen) <= n for each in reading):
            if time.perf_counter() > end:
                raise RuntimeError("an event did not come")
            time.sleep(0.0002)
        answers.append(took * 1e3)
        events.append((max(each.seen[n] for each in reading) - began) * 1e3)
        time.sleep(PAUSE_S)
    for each in reading:
        each.end()
    time.sleep(1.0)  # their places are free again
    return {"answer_ms": answers, "event_ms": events}


def time_idle(pids: list[int], urls: list[str], token: str, seconds: float) -> float:
    """Return a process's share of a processor in percent, each with four streams open."""
    reading = [Subscriber(url, token) for url in urls for _ in range(4)]
    percent = idle_cpu_percent(pids, seconds)
    for each in reading:
        each.end()
    return percent


@contextmanager
def _two_processes(home: Path) -> Iterator[tuple[list[int], dict[str, str], str]]:
    """Run the hub, and a bridge alone beside it on the same store."""
    [port] = free_ports(1)
    with ExitStack() as stack:
        process, facts = stack.enter_context(hub(home))
        environ = environ_of(home, [port, port])
        other = stack.enter_context(running([sys.executable, str(ROOT / "python_core" / "net" / "wsgi.py")], environ))
        url = f"http://127.0.0.1:{port}"
        await_200([f"{url}/ping"])
        urls = {"same process": facts["bridge"]["url"], "other process": url}
        yield [process.pid, other.pid], urls, facts["bridge"]["token"]


def main() -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--posts", type=int, default=200, help="a round and row")
    parser.add_argument("--idle-seconds", type=float, default=30.0)
    options = parser.parse_args()
    found: dict[tuple[str, int], list[dict[str, list[float]]]] = {}
    with tempfile.TemporaryDirectory() as folder, _two_processes(Path(folder)) as (pids, urls, token):
        Poster(urls["same process"], token).post()
        before = time_idle(pids, [], token, options.idle_seconds)
        poster = Poster(urls["same process"], token)  # the hub has ended the connection of the first, which was idle
        for _ in range(options.rounds):
            for where, url in urls.items():
                for count in SUBSCRIBERS:
                    round_of = time_events(poster, url, token, count, options.posts)
                    found.setdefault((where, count), []).append(round_of)
        idle = time_idle(pids, list(urls.values()), token, options.idle_seconds)
    print(_told(found))
    print(
        f"processor idle, four streams open in each of two processes: {idle:.2f} % a process ({before:.2f} without), "
        f"goal ≤ {IDLE_GOAL_PERCENT:g}{'' if idle <= IDLE_GOAL_PERCENT else '  missed'}"
    )
    return 0


def _told(found: dict[tuple[str, int], list[dict[str, list[Any]]]]) -> str:
    lines = [
        f"{'POST to event, ms':<28}{'answer p50':>11}{'p99':>7}{'event p50':>11}{'p99':>7}{'ratio of p50':>20}{'goal':>8}"
    ]
    for (where, count), rounds in found.items():
        ratios = [median(each["event_ms"]) / median(each["answer_ms"]) for each in rounds]
        answers, events = (sorted(ms for each in rounds for ms in each[name]) for name in ("answer_ms", "event_ms"))
        spread = f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        missed = "" if median(ratios) <= GOALS[where] else "  missed"
        lines.append(
            f"{f'{where}, {count} of them':<28}{median(answers):>11.2f}{answers[int(len(answers) * 0.99)]:>7.1f}"
            f"{median(events):>11.2f}{events[int(len(events) * 0.99)]:>7.1f}{spread:>20}{f'≤ {GOALS[where]}':>8}{missed}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
