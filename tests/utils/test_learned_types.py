"""A type is learned by one thread at a time: where several decode into it first, at once, msgspec would end the process."""

from __future__ import annotations

import subprocess
import sys

#: In a process of its own, which dies where a type is not learned: sixty types, each decoded into first by eight threads at once.
FIRST_AT_ONCE = """
import sys, threading
import msgspec
from python_core.utils.learned_types import learned
sys.setswitchinterval(1e-6)
for number in range(60):
    inner = msgspec.defstruct(f"Inner{number}", [(f"a{n}", int | None, None) for n in range(6)])
    outer = msgspec.defstruct(f"Outer{number}", [("items", list[inner]), *((f"b{n}", str | None, None) for n in range(10))])
    start = threading.Barrier(8)
    def decode():
        start.wait()
        msgspec.convert({"items": [{"a0": 1}], "b0": "x"}, SHAPE)
    threads = [threading.Thread(target=decode) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
print("done")
"""


def _run(shape: str) -> int:
    return subprocess.run(
        [sys.executable, "-c", FIRST_AT_ONCE.replace("SHAPE", shape)], capture_output=True, timeout=60, check=False
    ).returncode


def test_a_learned_type_is_decoded_into_by_many_threads_at_once() -> None:
    assert _run("learned(outer)") == 0


def test_msgspec_still_needs_that() -> None:
    """When this fails the module can go."""
    assert any(_run("outer") != 0 for _ in range(5))
