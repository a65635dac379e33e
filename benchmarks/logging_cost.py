"""What one log record costs, beside logging.RotatingFileHandler with a JSON formatter, in interleaved rounds.

Run: python benchmarks/logging_cost.py [--rounds N]. Only the ratios count: the same loop varies from minute to minute.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from python_core.utils.config_path_resolver import Paths
from python_core.utils.log_writer import LogWriter
from python_core.utils.logger import Logger, trace

RECORDS = 5000
MAX_BYTES = 5 * 1024 * 1024
TRACE = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
REFERENCE = "RotatingFileHandler, JSON, one file"
# Mode: the highest ratio to the reference that is good.
GOALS = {
    "below the level": 0.01,
    "at once, both files": 1.0,
    "gathered, on the caller": 0.1,
    "gathered, in all, both files": 0.5,
}

Lap = Callable[[], float]


class JsonFormatter(logging.Formatter):
    """Write what our JSON line holds, the way it is usually done."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        props = record.__dict__["props"]
        return json.dumps(
            {
                "ts": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
                "level": record.levelname,
                "message": record.msg,
                "renderedMessage": record.msg.format(**props),
                "props": props,
                "traceId": TRACE[0],
                "spanId": TRACE[1],
            }
        )


def timed(act: Callable[[int], object]) -> Lap:
    """Make a lap of a call: microseconds a record, of the processor, so that the disk's mood stays out."""

    def lap() -> float:
        started = time.process_time()
        for number in range(RECORDS):
            act(number)
        return (time.process_time() - started) / RECORDS * 1e6

    return lap


def of_stdlib(folder: Path) -> dict[str, Lap]:
    """Make the laps of the standard library's handlers."""
    log = logging.getLogger("one")
    both = logging.getLogger("both")
    for number, (owner, formatter) in enumerate(
        [(log, JsonFormatter()), (both, JsonFormatter()), (both, logging.Formatter("%(asctime)s %(message)s"))]
    ):
        owner.setLevel(logging.INFO)
        owner.propagate = False
        handler = RotatingFileHandler(folder / f"{number}.log", maxBytes=MAX_BYTES, backupCount=5)
        handler.setFormatter(formatter)
        owner.addHandler(handler)

    def write(owner: logging.Logger, number: int) -> None:
        props = {"method": "POST", "route": "/clipboard", "status": 201, "duration_ms": number}
        owner.info("{method} {route} answered {status} in {duration_ms} ms", extra={"props": props})

    return {
        REFERENCE: timed(lambda number: write(log, number)),
        "RotatingFileHandler, JSON and text": timed(lambda number: write(both, number)),
    }


def of_hub(folder: Path) -> dict[str, Lap]:
    """Make the laps of our logger."""
    writer = LogWriter()
    log = Logger(writer, "python-net")
    writer.configure(Paths(roaming=folder, local=folder), max_bytes=MAX_BYTES)

    def write(number: int) -> None:
        log.information(
            "{method} {route} answered {status} in {duration_ms} ms",
            method="POST",
            route="/clipboard",
            status=201,
            duration_ms=number,
        )

    def gathered(*, count_flush: bool) -> float:
        writer.options.gathering = True
        try:
            started = time.process_time()
            spent = timed(write)()
            writer.flush()
            return (time.process_time() - started) / RECORDS * 1e6 if count_flush else spent
        finally:
            writer.options.gathering = False

    return {
        "below the level": timed(lambda number: log.debug("{count}", count=number)),
        "at once, both files": timed(write),
        "gathered, on the caller": lambda: gathered(count_flush=False),
        "gathered, in all, both files": lambda: gathered(count_flush=True),
    }


def main() -> None:
    """Print one line a mode: microseconds, ratio, goal."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15, help="interleaved rounds (15)")
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, trace(*TRACE):
        laps = of_stdlib(Path(name)) | of_hub(Path(name))
        spent: dict[str, list[float]] = {mode: [] for mode in laps}
        for _ in range(rounds):
            for mode, lap in laps.items():
                spent[mode].append(lap())
        logging.shutdown()
    reference = median(spent[REFERENCE])
    print(f"{'mode':<38}{'µs a record':>12}{'ratio':>9}{'goal':>9}")
    for mode, times in spent.items():
        ratio = median(times) / reference
        goal = f"≤ {GOALS[mode]:g}" if mode in GOALS else ""
        missed = "  missed" if mode in GOALS and ratio > GOALS[mode] else ""
        print(f"{mode:<38}{median(times):>12.2f}{ratio:>9.3f}{goal:>9}{missed}")


if __name__ == "__main__":
    main()
