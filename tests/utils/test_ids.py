from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.utils import ids
from python_core.utils.ids import digest_of, is_id, new_id
from python_core.utils.timestamps import now_ms

ROOT = Path(__file__).resolve().parents[2]

# Settings of hypothesis for a busy machine, where how long one example takes says nothing.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FORKS = """
import os, sys
from python_core.utils.ids import new_id
own = [new_id() for _ in range(200)]
read, write = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.write(write, " ".join(new_id() for _ in range(50)).encode() + b"\\n")
        os._exit(0)
own += [new_id() for _ in range(200)]
for _ in range(4):
    os.wait()
os.close(write)
told = os.fdopen(read).read().split()
assert len(told) == 200
assert len(set(own + told)) == 600, "an id came twice"
"""

FORK_UNDER_LOCK = """
import os, signal
from python_core.utils import ids
with ids._sequence._lock:
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)  # a child that waits for the parent's lock would wait for ever
        os._exit(0 if ids.is_id(ids.new_id()) else 1)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
"""


def test_an_id_is_a_lower_case_uuid_of_version_7_that_holds_the_time():
    before = now_ms()
    text = new_id()
    parsed = uuid.UUID(text)
    assert (str(parsed), parsed.version, parsed.variant) == (text, 7, uuid.RFC_4122)
    assert before <= parsed.int >> 80 <= now_ms() + 1


def test_ids_of_one_millisecond_rise():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_threads_never_get_the_same_id_and_each_sees_its_own_rise():
    made: list[list[str]] = [[] for _ in range(8)]
    start = threading.Barrier(8)

    def make(own: list[str]) -> None:
        start.wait()
        own.extend(new_id() for _ in range(2_000))

    threads = [threading.Thread(target=make, args=(own,)) for own in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in made)
    assert len({each for own in made for each in own}) == 16_000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.parametrize("script", [FORKS, FORK_UNDER_LOCK], ids=["no-duplicates", "no-deadlock"])
def test_a_forked_child_goes_on_by_itself(script: str):
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


@patient
@given(st.lists(st.integers(1, 2**47), min_size=1, max_size=50))
def test_ids_rise_whatever_the_clock_does(readings: list[int]):
    clock = iter(readings)
    sequence = ids._Sequence(lambda: next(clock))
    made = [ids._as_text(sequence.next()) for _ in readings]
    assert made == sorted(set(made))
    assert all(is_id(each) for each in made)
    assert uuid.UUID(made[-1]).int >> 80 >= max(readings)


@patient
@given(st.uuids())
def test_only_version_7_is_one_of_our_ids(value: uuid.UUID):
    assert is_id(str(value)) == (value.version == 7)


@patient
@given(st.text())
def test_any_text_can_be_asked_about(text: str):
    assert not is_id(text)


@pytest.mark.parametrize("form", ["{}\n", "{{{}}}", "urn:uuid:{}", " {}"])
def test_other_ways_to_write_a_uuid_are_no_ids(form: str):
    text = new_id()
    assert is_id(text)
    assert not is_id(form.format(text))
    assert not is_id(text.replace("-", ""))
    assert not is_id(text[:-1] + "F")


@patient
@given(st.binary())
def test_a_digest_names_its_algorithm(content: bytes):
    assert digest_of(content) == "sha256:" + hashlib.new("sha256", content).hexdigest()
