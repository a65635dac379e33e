"""A bundle holds its allow-list, tells what is not in it, fails closed, and is checked byte by byte."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from python_core.config import load_or_seed_privacy_rules, load_or_seed_settings
from python_core.errors import BadInput, Conflict
from python_core.runtime.indexing import index_new
from python_core.support.bundle_format import BundleManifest, Gathering, Part, files_told
from python_core.support.bundle_logs import build_logs
from python_core.support.bundle_parts import parts
from python_core.support.bundle_verifying import verify_bundle
from python_core.support.bundling import write_bundle
from python_core.support.hops import Hop
from python_core.support.leak_scan import LeakFound
from python_core.support.machine import Machine
from python_core.support.masking import Masker
from python_core.support.review_page import doctor_page, review_of
from python_core.utils.config_path_resolver import Paths, make_private
from tests.support.kept import filled, put, text

CARD, KEY = "4111 1111 1111 1111", "ghp_" + "a1B2" * 9
BUILT = {
    "config/bridge-settings.json",
    "config/web-listener-settings.json",
    "health/doctor.json",
    "logs/python-net-log.json",
    "logs/python-net-log.txt",
    "review/index.html",
    "store/event-kinds.json",
    "store/schema.json",
    "store/triggers.json",
    "system/files.json",
    "system/versions.json",
}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A hub that does not run and has stored something; it has one log."""
    paths = Paths(roaming=tmp_path / "roaming" / "SmrtHub", local=tmp_path / "local" / "SmrtHub")
    load_or_seed_settings(paths, {})
    hub = filled(paths.stored())
    put(hub, text("indexedgrandmother quiche"))
    index_new(hub)
    put(hub, text("unindexedgrandfather"))
    hub.store.close()
    record = {"level": "Warning", "component": "gate", "pid": 7, "message": "", "renderedMessage": "refused"}
    (make_private(paths.logs()) / "python-net-log.json").write_text(
        "".join(json.dumps({"ts": f"20{year}-01-01T00:00:00.000Z", **record}) + "\n" for year in (20, 30)), "utf-8"
    )
    return Machine(paths, {"SMRTHUB_SESSION_TOKEN": "supervisors own token of 32 characters"}, instances=lambda _: [])


def bundle(machine: Machine, **changed: object) -> Path:
    target = machine.paths.local.parent / "bundle.zip"
    write_bundle(machine, None, target, 1_700_000_000_000, **changed)  # type: ignore[arg-type]
    return target


def letting_through(content: bytes) -> list[Part]:
    """Return the parts with one more that does not mask."""
    return [*parts(), Part("system", "hole", lambda _: {"system/hole.txt": content})]


def test_a_bundle_holds_its_allow_list_and_is_whole(machine: Machine) -> None:
    manifest = verify_bundle(bundle(machine))
    assert set(manifest.files) == BUILT
    told = {part.name: (part.state, part.reason) for part in manifest.parts}
    assert told["status"] == ("failed", "not_found")
    assert told["python-runtime"] == ("empty", "")
    assert all(state == "included" for name, (state, _) in told.items() if name not in ("status", "python-runtime"))


def test_both_forms_of_a_log_hold_the_records_of_the_span_alone(machine: Machine) -> None:
    with zipfile.ZipFile(bundle(machine)) as archive:
        assert archive.read("logs/python-net-log.txt") == b"2030-01-01T00:00:00.000Z WRN gate        refused\n"
        [line] = archive.read("logs/python-net-log.json").splitlines()
    assert json.loads(line)["renderedMessage"] == "refused"


def test_of_a_large_log_the_newest_records_are_kept_and_the_others_counted(machine: Machine) -> None:
    log = machine.paths.logs() / "python-net-log.json"
    [_, line] = log.read_text("utf-8").splitlines(keepends=True)
    log.write_text("".join(line.replace("refused", f"refused {n}") for n in range(100)), "utf-8")
    gathering = Gathering(machine, None, 0, Masker(frozenset(), lambda _: False))
    built = build_logs(gathering, "python-net", most_bytes=10 * len(line))
    texts = built["logs/python-net-log.txt"].decode().splitlines()
    assert [text.rpartition(" ")[2] for text in texts] == [str(n) for n in range(100 - len(texts), 100)]
    assert 9 <= len(texts) <= 11
    assert gathering.notes == [
        f"logs/python-net: the oldest {100 - len(texts)} records of the span are left out: too large"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"a clip of indexedgrandmother",
        b"INDEXEDGRANDMOTHER",
        b"what waits: unindexedgrandfather",
        f"paid by {CARD}".encode(),
        f"key {KEY}".encode(),
        b"shb_owner_" + b"0" * 64,
        b"-----BEGIN PRIVATE KEY-----",
        b"password=correcthorse",
        b"somebody@example.org",
        b"supervisors own token of 32 characters",
        "na\u00efve".encode(),
        b"\xff\xfe\x00",
    ],
    ids=lambda content: content[:20].decode("latin-1"),
)
def test_what_a_part_lets_through_ends_it_and_nothing_is_written(machine: Machine, content: bytes) -> None:
    with pytest.raises(LeakFound) as told:
        bundle(machine, listed=letting_through(content))
    assert "system/hole.txt" in told.value.message
    assert content.decode("latin-1") not in told.value.message
    assert [path.name for path in machine.paths.local.parent.iterdir() if "bundle" in path.name] == []


def test_the_home_folder_in_a_file_ends_it(machine: Machine) -> None:
    with pytest.raises(LeakFound):
        bundle(machine, listed=letting_through(str(machine.paths.local).encode()))


def test_a_word_of_the_hubs_own_is_no_leak_though_it_was_copied(machine: Machine) -> None:
    bundle(machine, listed=letting_through(b"the bridge listens, settings in force, 482913"))


def test_a_part_that_breaks_is_told_and_is_no_end(machine: Machine) -> None:
    def breaks(_: Gathering) -> Mapping[str, bytes]:
        raise OSError(13, "indexedgrandmother")

    manifest = verify_bundle(bundle(machine, listed=[*parts(), Part("system", "breaks", breaks)]))
    [told] = [part for part in manifest.parts if part.name == "breaks"]
    assert (told.state, told.reason) == ("failed", "PermissionError")


@pytest.mark.parametrize("damaged", ["bridge-settings.json", "privacy-rules.json"])
def test_settings_that_cannot_be_taken_do_not_keep_the_others_out(machine: Machine, damaged: str) -> None:
    load_or_seed_privacy_rules(machine.paths, {})
    (machine.paths.config() / damaged).write_text('{"port": "indexedgrandmother"', "utf-8")
    manifest = verify_bundle(bundle(machine))
    told = {name for name in manifest.files if name.startswith("config/")}
    every = {"bridge-settings.json", "web-listener-settings.json", "privacy-rules.json"}
    assert told == {f"config/{name}" for name in every - {damaged}}
    assert f"config/{damaged} cannot be taken: smrthub doctor says what to do" in manifest.notes


def test_what_is_too_large_is_left_out_and_told(machine: Machine) -> None:
    big = Part("logs", "big", lambda _: {"logs/big.txt": b"x " * 50_000})
    manifest = verify_bundle(bundle(machine, listed=[big, *parts()], max_bytes=60_000))
    [told] = [part for part in manifest.parts if part.name == "big"]
    assert told.state == "left out"
    assert "logs/big.txt" not in manifest.files


def test_components_are_chosen(machine: Machine) -> None:
    manifest = verify_bundle(bundle(machine, components=["store"]))
    assert {name.partition("/")[0] for name in manifest.files} == {"store", "review"}


def test_where_the_store_cannot_be_read_every_foreign_word_is_masked(machine: Machine) -> None:
    (machine.paths.stored() / "hub.db").write_bytes(b"no database " * 1000)
    log = machine.paths.logs() / "python-net-log.json"
    log.write_text(log.read_text("utf-8").replace("refused", "refused indexedgrandmother"), "utf-8")
    manifest = verify_bundle(bundle(machine))
    assert manifest.redactions["captured words"] >= 1
    assert {part.name for part in manifest.parts if part.state == "failed"} == {"status", "store"}
    with zipfile.ZipFile(machine.paths.local.parent / "bundle.zip") as archive:
        assert b"refused [captured]" in archive.read("logs/python-net-log.txt")


def test_nothing_is_overwritten(machine: Machine) -> None:
    bundle(machine)
    with pytest.raises(Conflict):
        bundle(machine)


def change_byte(contents: dict[str, bytes]) -> None:
    contents["system/versions.json"] = contents["system/versions.json"].replace(b"python", b"pithon")


def add_file(contents: dict[str, bytes]) -> None:
    contents["system/more.txt"] = b"more"


def take_file(contents: dict[str, bytes]) -> None:
    del contents["store/schema.json"]


def take_manifest(contents: dict[str, bytes]) -> None:
    del contents["manifest.json"]


def spoil_manifest(contents: dict[str, bytes]) -> None:
    contents["manifest.json"] = b"[]"


@pytest.mark.parametrize("change", [change_byte, add_file, take_file, take_manifest, spoil_manifest])
def test_verify_finds_what_was_changed(machine: Machine, change: Callable[[dict[str, bytes]], None]) -> None:
    target = bundle(machine)
    with zipfile.ZipFile(target) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    change(contents)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    with pytest.raises(BadInput):
        verify_bundle(target)


def comment(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b"more"


def comment_on_a_file(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.infolist()[0].comment = b"more"
        archive.comment = b""
        archive._didModify = True  # type: ignore[attr-defined]  # else it writes nothing


HIDDEN: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(path.read_bytes() + b"more"),
    lambda path: path.write_bytes(b"more" + path.read_bytes()),
    comment,
    comment_on_a_file,
]


@pytest.mark.parametrize("hide", HIDDEN, ids=["behind", "before", "a comment", "a comment on a file"])
def test_verify_finds_what_stands_beside_the_files(machine: Machine, hide: Callable[[Path], object]) -> None:
    target = bundle(machine)
    hide(target)
    with pytest.raises(BadInput):
        verify_bundle(target)


@pytest.mark.parametrize("seed", range(3))
def test_verify_tells_of_any_damage_as_such(machine: Machine, seed: int) -> None:
    """A byte that is another in the list of files, of which zipfile reads what it likes: whole or told, and never a crash."""
    target = bundle(machine, components=["system"])
    content = bytearray(target.read_bytes())
    chance = Random(seed)
    for _ in range(200):
        at = chance.randrange(content.index(b"PK\1\2"), len(content))
        kept, content[at] = content[at], chance.randrange(256)
        target.write_bytes(content)
        with suppress(BadInput):
            verify_bundle(target)
        content[at] = kept


def test_verify_unpacks_no_more_than_a_bound_though_each_file_keeps_it(machine: Machine) -> None:
    target = bundle(machine)
    sizes = [told.bytes for told in verify_bundle(target).files.values()]
    assert verify_bundle(target, max_bytes=sum(sizes)).files
    with pytest.raises(BadInput, match="unpacks to more"):
        verify_bundle(target, max_bytes=sum(sizes) - 1)


def test_verify_refuses_what_is_no_bundle(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(BadInput):
        verify_bundle(path)
    with pytest.raises(BadInput):
        verify_bundle(tmp_path / "none.zip")


def test_the_review_page_shows_every_file_and_runs_nothing(machine: Machine) -> None:
    with zipfile.ZipFile(bundle(machine)) as archive:
        page = archive.read("review/index.html").decode("ascii")
        names = [name for name in archive.namelist() if name not in ("review/index.html", "manifest.json")]
    assert all(name in page for name in names)
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "http://" not in page
    assert "https://" not in page.replace("https://duckduckgo.com/?q={query}", "")


def test_the_review_page_shows_what_is_in_a_file_whatever_its_form() -> None:
    contents = {
        "a/list.json": b'[{"check": "one", "age": null}, {"check": "two", "code": "of two"}]',
        "a/parts.json": b'{"bridge": {"level": "well"}, "queue": {"detail": "waits"}}',
        "a/mixed.json": b'{"schema": 2, "rows": {"clips": 3}, "empty": {}, "list": ["four", 5]}',
        "a/number.json": b"678",
        "a/torn.json": b'{"torn": ',
        "a/text.txt": b"a text <b>",
    }
    at = "2026-01-01T00:00:00.000Z"
    manifest = BundleManifest(
        format="smrthub-bundle", format_version=1, made_at=at, since=at, hub_version="1", parts=[], notes=[],
        redactions={}, compared_with="nothing", files=files_told(contents),
    )  # fmt: skip
    page = review_of(manifest, contents).decode()
    cells = ("check", "one", "two", "of two", "bridge", "well", "detail", "waits", "clips", "3", "{}", "678")
    for cell in cells:
        assert re.search(rf"[>]{cell}[<]", page), cell
    assert '["four", 5]' in page
    assert '<pre>{"torn": </pre>' in page
    assert "<pre>a text &lt;b&gt;</pre>" in page


def test_the_page_of_the_doctor_says_first_what_to_do() -> None:
    hops = [
        Hop("folders", "ok", "all there", "", "", None, 1),
        Hop("extension", "warning", "silent", "extension_silent", "open it", 700_000, 2),
        Hop("clock", "failed", "wrong", "clock_wrong", "set it", None, 3),
    ]
    todo, _, steps = doctor_page(hops, "now").decode().partition("Step by step")
    assert todo.index("set it") < todo.index("open it")
    assert "all there" not in todo
    assert steps.index("all there") < steps.index("open it") < steps.index("set it")
    assert "8 days" in steps


def test_a_masked_text_is_not_masked_again() -> None:
    masker = Masker(frozenset(), lambda _: False, ("/home/person",), ("person",))
    texts = [
        "cookie: sid=1; x=2",
        "Authorization: Bearer abcdefghijk",
        "password: 'a b'",
        "/home/person/x",
        "a@b.c",
        KEY,
    ]
    once = [masker.text(each) for each in texts]
    assert [masker.text(each) for each in once] == once
    assert "person" not in "".join(once)


def test_settings_are_told_by_number_and_choice_and_what_names_something_is_masked(machine: Machine) -> None:
    environ = {
        **machine.environ,
        "SMRTHUB_BRIDGE_SEARCH_URL": "https://private.example/?q={query}",
        "SMRTHUB_BRIDGE_THREADS": "9",
    }
    with zipfile.ZipFile(bundle(replace(machine, environ=environ))) as archive:
        told = json.loads(archive.read("config/bridge-settings.json"))
    assert told["threads"] == {"value": 9, "source": "environment"}
    assert told["searchUrl"]["value"] == "[masked: 34 characters]"
    assert told["logLevel"]["value"] == "Information"
