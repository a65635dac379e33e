"""A backup is the whole store of one moment; a restored hub is the hub as it was; nothing goes wrong half way."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from python_core.errors import BadInput, Busy, Conflict, HubError
from python_core.runtime.clients import NewClient, client_of, make_client, revoke_client, rotate_token
from python_core.runtime.clipboard import get_fragment, remove_clip
from python_core.runtime.followers import Reader, Reset, Still, follow
from python_core.runtime.forgetting import ForgetRequest, forget
from python_core.runtime.hub import Hub
from python_core.runtime.owner_session import begin_owner_session
from python_core.runtime.pairing import PairingAsked, WindowWanted, ask_pairing, list_pairings, open_window
from python_core.runtime.status import get_status
from python_core.runtime.upkeep import tidy
from python_core.store import open_store
from python_core.store.blobs import blob_path
from python_core.store.clients import is_trusted, set_trusted
from python_core.store.copying import RESTORING, has_replaced, remove_replaced
from python_core.store.meta import get_value
from python_core.store.walking import Wanted
from python_core.support.backing_up import back_up
from python_core.support.exporting import export_items
from python_core.support.importing import import_items
from python_core.support.restoring import restore
from python_core.support.store_checks import Examination, examine_store
from python_core.support.verifying import verify_export
from python_core.utils.config_path_resolver import Paths, make_private
from python_core.utils.file_lock import FileLock
from python_core.utils.ids import digest_of
from tests.hubs import Clock, caller, make_hub, page_of_events
from tests.support.kept import PICTURE, filled, image, lines_of, put, text
from tests.whole.hub_home import wait_for


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(roaming=tmp_path / "roaming", local=tmp_path / "local")


@pytest.fixture
def full(paths: Paths) -> Hub:
    return filled(paths.stored())


def open_hub(paths: Paths) -> Hub:
    return make_hub(open_store(paths.stored()), Clock())


@pytest.mark.parametrize("name", ["backup", "backup.zip"])
def test_a_restored_hub_is_the_hub_as_it_was(full: Hub, tmp_path: Path, name: str) -> None:
    identity, counts = full.identity, get_status(full, "bridge").counts
    before = export_items(full.store.folder, tmp_path / "before", Wanted())
    manifest = back_up(full.store.folder, tmp_path / name)
    assert manifest.counts == {"blobs": 2}
    assert verify_export(tmp_path / name) == manifest
    full.store.close()
    elsewhere = Paths(roaming=tmp_path / "r2", local=tmp_path / "l2")
    assert restore(elsewhere, tmp_path / name).missing == 0
    hub = open_hub(elsewhere)
    assert (hub.identity, get_status(hub, "bridge").counts) == (identity, counts)
    assert export_items(hub.store.folder, tmp_path / "after", Wanted()).files == before.files
    put(hub, text("and goes on"))


def test_the_store_before_is_kept_with_its_pictures_until_a_start_has_succeeded(
    paths: Paths, full: Hub, tmp_path: Path
) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    later = put(full, image(PICTURE + b"later"))
    full.store.close()
    aside = restore(paths, tmp_path / "backup").aside
    assert aside is not None
    hub = open_hub(paths)
    tidy(hub)
    assert blob_path(hub.store.folder, digest_of(PICTURE + b"later")).exists()
    hub.store.close()
    shutil.copyfile(aside, tmp_path / "wrong-one.db")
    restore(paths, tmp_path / "wrong-one.db")  # back again
    hub = open_hub(paths)
    assert get_fragment(hub, later, 0)[1] == PICTURE + b"later"
    remove_replaced(hub.store.folder)
    assert not has_replaced(hub.store.folder)
    assert not (hub.store.folder / RESTORING).exists()


def test_the_owners_token_cannot_be_made_from_a_copy(full: Hub, tmp_path: Path) -> None:
    token = begin_owner_session(full, None)
    with full.store.reading() as conn:
        session = get_value(conn, "session")
    assert session is not None
    back_up(full.store.folder, tmp_path / "backup")
    copy = (tmp_path / "backup" / "hub.db").read_bytes()
    assert session.encode() not in copy
    assert token.rpartition("_")[2].encode() not in copy
    assert client_of(full, token)


def test_a_token_that_was_revoked_or_exchanged_since_does_not_come_back(
    paths: Paths, full: Hub, tmp_path: Path
) -> None:
    names = ["kept", "revoked", "exchanged", "trusted"]
    made = {
        name: make_client(full, caller(), NewClient(name=name, kind="script", scopes=["status:read"])) for name in names
    }
    full.store.write(lambda conn: set_trusted(conn, made["trusted"].client.id))
    back_up(full.store.folder, tmp_path / "backup")
    revoke_client(full, caller(), made["revoked"].client.id)
    new = rotate_token(full, caller(), made["exchanged"].client.id).token
    later = make_client(full, caller(), NewClient(name="later", kind="script", scopes=["status:read"])).token
    full.store.close()
    assert restore(paths, tmp_path / "backup").knows_access
    hub = open_hub(paths)
    works = {name: client_of(hub, each.token) is not None for name, each in made.items()}
    assert works == {"kept": True, "revoked": False, "exchanged": False, "trusted": True}
    assert client_of(hub, new)
    assert client_of(hub, later) is None
    with hub.store.reading() as conn:
        assert is_trusted(conn, made["trusted"].client.id)


@pytest.mark.parametrize("spoil", ["gone", "damaged"])
def test_where_the_store_cannot_be_read_it_is_told_that_revoked_tokens_work_again(
    paths: Paths, full: Hub, tmp_path: Path, spoil: str
) -> None:
    made = make_client(full, caller(), NewClient(name="revoked", kind="script", scopes=["status:read"]))
    back_up(full.store.folder, tmp_path / "backup")
    revoke_client(full, caller(), made.client.id)
    full.store.close()
    database = full.store.folder / "hub.db"
    database.write_bytes(b"no database " * 1000) if spoil == "damaged" else database.unlink()
    assert not restore(paths, tmp_path / "backup").knows_access
    assert client_of(open_hub(paths), made.token)


def test_what_waited_for_the_users_word_is_not_restored(paths: Paths, full: Hub, tmp_path: Path) -> None:
    open_window(full, WindowWanted(seconds=600))
    ask_pairing(full, PairingAsked(name="asks", kind="agent", scopes=["status:read"]), None)
    back_up(full.store.folder, tmp_path / "backup")
    full.store.close()
    restore(paths, tmp_path / "backup")
    assert list_pairings(open_hub(paths)).items == []


@pytest.mark.parametrize("again", [False, True])
def test_what_was_forgotten_since_the_backup_stays_so_unless_it_is_wanted(
    paths: Paths, full: Hub, tmp_path: Path, *, again: bool
) -> None:
    clip = put(full, text("canaryqxzj"), image(PICTURE + b"canary"))
    back_up(full.store.folder, tmp_path / "backup")
    remove_clip(full, caller(), clip)
    forget(full, caller(), ForgetRequest(site="example.org"))
    full.store.close()
    found = restore(paths, tmp_path / "backup", include_forgotten=again)
    hub = open_hub(paths)
    counts = get_status(hub, "bridge").counts
    if again:
        assert found.forgotten is None
        assert counts == {"clips": 5, "visits": 2, "outputs": 2}
        return
    assert found.forgotten is not None
    assert counts == {"clips": 5 - 2, "visits": 1, "outputs": 2}
    assert found.forgotten == 3
    checks = examine_store(paths, Examination(full=True))
    assert [found.check for found in checks if found.state == "failed" and found.check != "disk"] == []
    hub.store.close()
    assert b"canaryqxzj" not in (hub.store.folder / "hub.db").read_bytes()


def test_on_another_machine_it_is_not_known_what_was_forgotten(full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    elsewhere = Paths(roaming=tmp_path / "r2", local=tmp_path / "l2")
    assert restore(elsewhere, tmp_path / "backup").forgotten is None


def test_a_single_database_file_is_restored_as_it_is(paths: Paths, full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    put(full, text("later"))
    full.store.close()
    blob_path(full.store.folder, digest_of(PICTURE)).unlink()
    assert restore(paths, tmp_path / "backup" / "hub.db").missing == 1
    assert get_status(open_hub(paths), "bridge").counts["clips"] == 4


def test_a_copy_is_one_plain_file(full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    copy = sqlite3.connect(tmp_path / "backup" / "hub.db")
    assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert copy.execute("SELECT count(*) FROM clips").fetchone() == (4,)
    copy.close()


def test_writes_go_on_and_none_is_lost(full: Hub, tmp_path: Path) -> None:
    stop, posted = threading.Event(), list[str]()

    def post() -> None:
        while not stop.is_set():
            posted.append(put(full, text(f"meanwhile {len(posted)}"), image(PICTURE + str(len(posted)).encode())))

    thread = threading.Thread(target=post)
    thread.start()
    try:
        for n in range(3):
            behind = len(posted) + 5
            wait_for(lambda behind=behind: len(posted) > behind, thread.is_alive)
            back_up(full.store.folder, tmp_path / str(n))
    finally:
        stop.set()
        thread.join()
    assert get_status(full, "bridge").counts["clips"] == 4 + len(posted)
    for n in range(3):
        manifest = verify_export(tmp_path / str(n))
        copy = sqlite3.connect(tmp_path / str(n) / "hub.db")
        [kept] = copy.execute("SELECT count(*) FROM clips").fetchone()
        copy.close()
        assert manifest.counts == {"blobs": 2 + kept - 4}
        assert 0 < kept - 4 <= len(posted)


def test_nothing_is_restored_while_the_hub_runs_or_another_process_uses_the_store(
    paths: Paths, full: Hub, tmp_path: Path
) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    put(full, text("later"))
    with pytest.raises(Busy, match="Another process uses the store"):
        restore(paths, tmp_path / "backup")
    assert get_status(full, "bridge").counts["clips"] == 5
    full.store.close()
    with FileLock(make_private(paths.runtime()) / "hub.lock"), pytest.raises(Busy, match="smrthub stop"):
        restore(paths, tmp_path / "backup")
    assert get_status(open_hub(paths), "bridge").counts["clips"] == 5


def _spoil_database(backup: Path) -> None:
    content = bytearray((backup / "hub.db").read_bytes())
    content[len(content) // 2] ^= 1
    (backup / "hub.db").write_bytes(content)


def _lose_picture(backup: Path) -> None:
    next(backup.glob("blobs/??/*")).unlink()


def _forge_version(backup: Path) -> None:
    copy = sqlite3.connect(backup / "hub.db")
    copy.execute("PRAGMA user_version=99")
    copy.close()


@pytest.mark.parametrize("harm", [_spoil_database, _lose_picture, _forge_version])
def test_a_damaged_backup_changes_nothing(paths: Paths, full: Hub, tmp_path: Path, harm: object) -> None:
    assert callable(harm)
    back_up(full.store.folder, tmp_path / "backup")
    put(full, text("later"))
    full.store.close()
    harm(tmp_path / "backup")
    with pytest.raises(BadInput):
        restore(paths, tmp_path / "backup")
    hub = open_hub(paths)
    assert get_status(hub, "bridge").counts["clips"] == 5
    assert not has_replaced(hub.store.folder)
    with hub.store.reading() as conn:
        assert conn.pragma("journal_mode") == "wal"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "schema 0"),
        (b"no database" * 500, "damaged"),
        (b"SQLite format 3\0" + b"\0" * 9000, "damaged"),
    ],
    ids=["empty", "text", "torn"],
)
def test_what_is_no_database_changes_nothing(
    paths: Paths, full: Hub, tmp_path: Path, content: bytes, told: str
) -> None:
    full.store.close()
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(BadInput, match=told):
        restore(paths, tmp_path / "x.db")
    assert get_status(open_hub(paths), "bridge").counts["clips"] == 4


def test_a_damaged_store_is_put_aside_and_its_log_is_not_played_into_the_new_one(
    paths: Paths, full: Hub, tmp_path: Path
) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    full.store.close()
    path = full.store.path
    path.write_bytes(b"x" * 5000)
    path.with_name("hub.db-wal").write_bytes(b"y" * 5000)
    aside = restore(paths, tmp_path / "backup").aside
    assert aside is not None
    assert aside.read_bytes() == b"x" * 5000
    assert not path.with_name("hub.db-wal").exists()
    assert get_status(open_hub(paths), "bridge").counts["clips"] == 4


def test_a_damaged_database_makes_no_backup(full: Hub, tmp_path: Path) -> None:
    for n in range(200):
        put(full, text(f"more {n} " * 50))
    full.store.close()
    content = bytearray(full.store.path.read_bytes())
    for page in range(20, 30):
        content[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    full.store.path.write_bytes(content)
    with pytest.raises(HubError, match="damaged"):
        back_up(full.store.folder, tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_an_export_and_a_backup_are_not_taken_for_each_other(paths: Paths, full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    export_items(full.store.folder, tmp_path / "export", Wanted())
    full.store.close()
    with pytest.raises(BadInput, match="--restore"):
        import_items(full.store.folder, tmp_path / "backup")
    with pytest.raises(BadInput, match="without --restore"):
        restore(paths, tmp_path / "export")


def test_a_picture_that_is_missing_is_listed(full: Hub, tmp_path: Path) -> None:
    blob_path(full.store.folder, digest_of(PICTURE)).unlink()
    assert back_up(full.store.folder, tmp_path / "backup").counts == {"blobs": 1, "unreadable": 1}
    assert lines_of(tmp_path / "backup", "unreadable") == [{"kind": "fragment", "id": digest_of(PICTURE)}]
    verify_export(tmp_path / "backup")


def test_no_backup_is_overwritten(full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    with pytest.raises(Conflict):
        back_up(full.store.folder, tmp_path / "backup")


def test_who_followed_the_events_learns_that_another_store_is_there(paths: Paths, full: Hub, tmp_path: Path) -> None:
    back_up(full.store.folder, tmp_path / "backup")
    put(full, text("after the backup"))
    before = page_of_events(full, None, 1, None).newest
    full.store.close()
    restore(paths, tmp_path / "backup")
    again = open_hub(paths)
    place = page_of_events(again, before, 50, None)
    assert (place.items, place.oldest, place.newest) == ([], before + 2, before + 1)
    told = follow(again, Reader(), before, None)
    assert [next(told), next(told)] == [Still(before), Reset(oldest=before + 2, newest=before + 1)]
    put(again, text("with the other store"))
    assert next(iter(page_of_events(again, before + 1, 1, None).items)).id == before + 2
    again.store.close()
