from __future__ import annotations

import errno
import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from python_core.errors import HubError, SettingsInvalid
from python_core.utils.atomic_json import bak_of, read_json, seed_json, write_json

ROOT = Path(__file__).resolve().parents[2]

WRITE_ON = """
import itertools, sys
from pathlib import Path
from python_core.utils.atomic_json import write_json
path = Path(sys.argv[1])
for number in itertools.count(int(sys.argv[2])):
    write_json(path, {"number": number, "filler": str(number % 10) * 300_000})
    print(number, flush=True)
"""

SEED = """
import sys, time
from pathlib import Path
from python_core.utils.atomic_json import read_json, seed_json
folder, mark = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
while not (folder / "go").exists():
    time.sleep(0.001)
seeded = seed_json(folder / "fresh" / "f.json", {"by": mark, "filler": mark * 8_000_000})
print(seeded, read_json(folder / "fresh" / "f.json")["by"])
"""

# The same folder serves every example, and on a busy machine an example may take its time.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

# A file may grow to 1,000 bytes and no further: as a disk that is full in the middle of a write.
FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from python_core.utils import atomic_json
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    getattr(atomic_json, sys.argv[2])(Path(sys.argv[1]), "x" * 100_000)
except OSError as error:
    print(error.strerror)
"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} - {".atomic-json.lock"}


def is_whole(version: dict[str, Any]) -> bool:
    return bool(version["filler"] == str(version["number"] % 10) * 300_000)


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_a_file_is_utf8_indented_in_the_order_given_and_ends_its_line(tmp_path: Path):
    path = tmp_path / "f.json"
    write_json(path, {"z": "ü", "a": [1]})
    assert path.read_bytes() == '{\n  "z": "ü",\n  "a": [\n    1\n  ]\n}\n'.encode()
    assert read_json(path) == {"z": "ü", "a": [1]}
    assert names_in(tmp_path) == {"f.json"}


def test_exactly_one_bak_holds_the_version_before(tmp_path: Path):
    path = tmp_path / "f.json"
    for number in range(4):
        write_json(path, {"n": number})
    assert (read_json(path), read_json(bak_of(path))) == ({"n": 3}, {"n": 2})
    write_json(path, {"n": 3})
    assert read_json(bak_of(path)) == {"n": 2}
    assert names_in(tmp_path) == {"f.json", "f.json.bak"}


def test_a_file_with_a_secret_leaves_no_bak(tmp_path: Path):
    for number in range(3):
        write_json(tmp_path / "f.json", {"n": number}, keep_bak=False)
    assert names_in(tmp_path) == {"f.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps access lists, not modes")
@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_all_of_it_is_private_whatever_the_umask(tmp_path: Path, mask: int):
    path = tmp_path / "folder" / "f.json"
    before = os.umask(mask)
    try:
        seed_json(path, {"n": 0})
        write_json(path, {"n": 1})
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {
        "f.json": 0o600,
        "f.json.bak": 0o600,
        ".atomic-json.lock": 0o600,
    }


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}])
def test_what_json_cannot_hold_is_refused_before_anything_is_written(tmp_path: Path, value: object):
    path = tmp_path / "f.json"
    write_json(path, "before")
    with pytest.raises(ValueError):  # noqa: PT011 - the codec's own messages differ
        write_json(path, value)
    assert read_json(path) == "before"
    assert names_in(tmp_path) == {"f.json"}


@patient
@given(value=JSON)
def test_every_json_value_reads_back_the_same(tmp_path: Path, value: object):
    write_json(tmp_path / "f.json", value)
    assert read_json(tmp_path / "f.json") == value


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_version(tmp_path: Path):
    path = tmp_path / "f.json"
    write_json(path, {"number": 0, "filler": "0" * 300_000})
    pauses = random.Random(5)
    for _ in range(12):
        last = read_json(path)["number"]
        with started(WRITE_ON, path, last + 1) as writer:
            assert writer.stdout is not None
            last = int(writer.stdout.readline())
            give_up_at = time.monotonic() + pauses.uniform(0.0, 0.05)
            while time.monotonic() < give_up_at:
                assert is_whole(read_json(path))
            writer.kill()
            last = max([last, *map(int, writer.stdout.read().split())])
        found = read_json(path)
        assert found["number"] in (last, last + 1), "an acknowledged version is gone"
        assert is_whole(found)
        assert read_json(bak_of(path))["number"] in (found["number"] - 1, found["number"])
    write_json(path, "last")
    assert names_in(tmp_path) == {"f.json", "f.json.bak"}, "a dead writer's file was left"


def test_of_many_simultaneous_seeds_exactly_one_wins_and_all_read_it(tmp_path: Path):
    seeders = [started(SEED, tmp_path, chr(ord("a") + number)) for number in range(12)]
    for seeder in seeders:
        assert seeder.stdout is not None
        assert seeder.stdout.readline() == "ready\n"
    (tmp_path / "go").touch()
    told = []
    for seeder in seeders:
        with seeder:
            told.append(seeder.communicate(timeout=120)[0].split())
        assert seeder.returncode == 0
    winners = [by for seeded, by in told if seeded == "True"]
    assert len(winners) == 1
    assert {by for _, by in told} == set(winners)
    assert names_in(tmp_path / "fresh") == {"f.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sets no limit on a file's size")
@pytest.mark.parametrize("call", ["seed_json", "write_json"])
@pytest.mark.parametrize("before", [None, {"n": 1}], ids=["new", "there"])
def test_a_write_that_fails_in_the_middle_changes_nothing_and_leaves_nothing(tmp_path: Path, call: str, before: object):
    path = tmp_path / "f.json"
    if before is not None:
        write_json(path, before)
    with started(FULL_DISK, path, call) as writer:
        told = writer.communicate(timeout=60)[0]
    assert writer.returncode == 0
    seeds_nothing = before is not None and call == "seed_json"
    assert told == ("" if seeds_nothing else "File too large\n")
    assert {name for name in names_in(tmp_path) if name != "f.json.bak"} == ({"f.json"} if before else set())
    assert before is None or read_json(path) == before


def test_what_stands_there_is_never_seeded_over(tmp_path: Path):
    for name, content in (("empty", ""), ("damaged", "{"), ("fine", "1")):
        (tmp_path / name).write_text(content)
        assert seed_json(tmp_path / name, {}) is False
        assert (tmp_path / name).read_text() == content
    assert names_in(tmp_path) == {"empty", "damaged", "fine"}


def test_seeding_works_where_the_file_system_has_no_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert seed_json(tmp_path / "f.json", {"n": 1}) is True
    assert seed_json(tmp_path / "f.json", {"n": 2}) is False
    assert read_json(tmp_path / "f.json") == {"n": 1}
    assert names_in(tmp_path) == {"f.json"}


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a privilege there")
def test_a_folder_that_is_a_link_is_not_written_into(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HubError, match="is a link"):
        write_json(tmp_path / "link" / "f.json", {})
    assert names_in(tmp_path / "elsewhere") == set()


DAMAGED = {
    "truncated": (b'{\n  "port": 5001,\n  "ho', r"line 3, column 3: Unterminated string"),
    "cut after the comma": (b'{\n  "port": 5001,\n', r"line 3, column 1: "),
    "trailing comma": (b'{"port": 5001,}', r"line 1, column 1[45]: "),
    "comment": (b"// mine\n{}", r"line 1, column 1: "),
    "two values": (b"{}\n{}", r"line 2, column 1: Extra data"),
    "empty": (b"", r"is empty"),
    "blank": (b" \n", r"is empty"),
    "byte order mark": (b"\xef\xbb\xbf{}", r"byte order mark; save it as UTF-8 without one"),
    "UTF-16": ("{}".encode("utf-16"), r"is UTF-16; save it as UTF-8"),
    "Latin-1": (b'{\n"a": "\xfc"}', r"line 2: is not UTF-8"),
    "NUL": (b"\0" * 40, r"holds NUL bytes"),
    "NaN": (b'{"port": NaN}', r"NaN is no JSON number"),
    "infinity": (b'{"port": -Infinity}', r"-Infinity is no JSON number"),
    "key twice": (b'{"port": 1,\n"host": "port",\n"port": 2, "x": "port"}', r'line 3: the key "port" stands twice'),
    "escaped key twice": (rb'{"port": 1, "\u0070ort": 2}', r'the key "port" stands twice'),
    "half a pair": (rb'{"a": "\ud800"}', r"half of a surrogate pair"),
    "deep": (b"[" * 100_000, r"nested too deeply"),
    "endless number": (b"1" * 5000, r"digits"),
}


@pytest.mark.parametrize("bak", [False, True], ids=["no bak", "bak"])
@pytest.mark.parametrize(("raw", "cause"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damage_is_told_with_file_place_cause_and_the_way_back(tmp_path: Path, raw: bytes, cause: str, bak: bool):
    path = tmp_path / "f.json"
    path.write_bytes(raw)
    if bak:
        bak_of(path).write_text("{}")
    with pytest.raises(SettingsInvalid, match=cause) as found:
        read_json(path)
    assert found.value.message.startswith(f"{path}: ")
    assert ("go back to " + str(bak_of(path)) in found.value.message) is bak
    assert ("move it away" in found.value.message) is not bak
    assert path.read_bytes() == raw


def test_what_is_not_there_is_not_damaged(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_json(tmp_path / "none.json")
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        read_json(tmp_path)


@patient
@given(raw=st.binary() | st.text(alphabet='{}[]",:1eE.-+ \\untfalse\n').map(str.encode))
def test_any_bytes_are_read_as_json_reads_them_or_refused(tmp_path: Path, raw: bytes):
    path = tmp_path / "f.json"
    path.write_bytes(raw)
    try:
        value = read_json(path)
    except SettingsInvalid:
        return
    assert value == json.loads(raw)
