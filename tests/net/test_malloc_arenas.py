"""All threads of a host share one heap of the C library's, unless the environment says otherwise."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

#: Threads that are there at once allocate what is too large for Python's own allocator; then glibc tells its heaps.
COUNT = """
import ctypes, sys, threading
from python_core.net.malloc_arenas import share_one_arena
share_one_arena()
kept, together = [], threading.Barrier(12)
def allocate():
    together.wait()
    kept.append([bytearray(2_000) for _ in range(200)])
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize("given", [None, "3"])
def test_threads_share_one_heap_unless_the_environment_says_how_many(tmp_path: Path, given: str | None) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    environ |= {} if given is None else {"MALLOC_ARENA_MAX": given}
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", COUNT, str(told)], env=environ, check=True, timeout=60)
    heaps = told.read_text().count("<heap nr=")
    assert heaps == 1 if given is None else 1 < heaps <= 3
