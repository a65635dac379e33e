"""A row never names a file that is gone, and no content outlives its last row."""

from __future__ import annotations

import os
import stat
import threading
import time
from pathlib import Path

import pytest

from python_core.errors import NotFound
from python_core.store import Connection, Store, open_store
from python_core.store.blobs import blob_path, doom_blobs, get_blob, put_blob, recover_blobs, sweep_blobs
from python_core.store.clips import ClipRow, FragmentRow, Source, add_clip, get_clip, remove_clip
from python_core.store.connection import connect
from python_core.utils.ids import digest_of, new_id

CONTENT = b"\x89PNG\r\n\x1a\n the picture"
DIGEST = digest_of(CONTENT)
NOWHERE = Source(None, None, None, None, None)


def clip_of(digest: str, clip_id: str) -> ClipRow:
    fragment = FragmentRow(0, "image", "image/png", digest, len(CONTENT), None, None, None, None, None, None)
    return ClipRow(clip_id, "owner", 0, 0, 1, NOWHERE, fragments=[fragment])


def add(store: Store, digest: str = DIGEST, content: bytes = CONTENT) -> str:
    clip_id = new_id()
    put_blob(store.folder, digest, content)

    def act(conn: Connection) -> None:
        put_blob(store.folder, digest, content)
        add_clip(conn, clip_of(digest, clip_id))

    store.write(act)
    return clip_id


def remove(conn: Connection, clip_id: str) -> None:
    clip = get_clip(conn, clip_id)
    assert clip is not None
    doom_blobs(conn, [fragment.digest for fragment in clip.fragments])
    remove_clip(conn, clip)


def doomed(store: Store) -> list[tuple[str]]:
    with store.reading() as conn:
        return conn.execute("SELECT digest FROM doomed_blobs").fetchall()


def files(store: Store) -> list[Path]:
    return [path for path in (store.folder / "blobs").rglob("*") if path.is_file()]


def test_a_content_is_read_back_as_it_was(store: Store) -> None:
    put_blob(store.folder, DIGEST, CONTENT)
    assert get_blob(store.folder, DIGEST) == CONTENT


def test_a_content_that_is_there_is_not_written_again(store: Store) -> None:
    put_blob(store.folder, DIGEST, CONTENT)
    before = blob_path(store.folder, DIGEST).stat().st_ino
    put_blob(store.folder, DIGEST, CONTENT)
    assert blob_path(store.folder, DIGEST).stat().st_ino == before


def test_threads_that_put_the_same_content_at_once_leave_one_whole_file(store: Store) -> None:
    large = os.urandom(1_000_000)
    threads = [threading.Thread(target=put_blob, args=(store.folder, digest_of(large), large)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() for path in files(store)] == [large]


def test_a_content_that_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        get_blob(store.folder, DIGEST)


def test_the_file_goes_with_the_last_row_that_names_it(store: Store) -> None:
    first, second = add(store), add(store)
    store.write(lambda conn: remove(conn, first))
    assert sweep_blobs(store) == 0
    assert get_blob(store.folder, DIGEST) == CONTENT
    store.write(lambda conn: remove(conn, second))
    assert sweep_blobs(store) == 1
    assert files(store) == []
    assert doomed(store) == []


def test_a_removal_that_is_rolled_back_keeps_the_file(store: Store) -> None:
    clip_id = add(store)

    def fail(conn: Connection) -> None:
        remove(conn, clip_id)
        raise NotFound("after all")

    with pytest.raises(NotFound):
        store.write(fail)
    assert sweep_blobs(store) == 0
    assert get_blob(store.folder, DIGEST) == CONTENT


def test_a_sweep_after_a_crash_removes_what_the_removed_row_left(store: Store) -> None:
    clip_id = add(store)
    store.write(lambda conn: remove(conn, clip_id))
    store.close()  # here the process ends before it sweeps
    again = open_store(store.folder)
    recover_blobs(again)
    assert files(again) == []
    again.close()


def test_a_file_is_not_removed_before_the_transaction_that_took_its_row_away_is_on_disk(store: Store) -> None:
    # The sweep of one caller and the removal of another share a commit, and it fails.
    kept, swept = add(store), add(store, digest_of(b"other"), b"other")
    store.write(lambda conn: remove(conn, swept))
    leads, all_wait = threading.Event(), threading.Event()

    def lead(_: Connection) -> None:
        leads.set()
        assert all_wait.wait(30)

    def fail_commit(conn: Connection) -> None:
        conn.set_commit_hook(lambda: True)

    def swallow(act: object) -> None:
        with pytest.raises(Exception, match="constraint"):
            store.write(act)  # type: ignore[arg-type]

    def sweep() -> None:
        with pytest.raises(Exception, match="constraint"):
            sweep_blobs(store)

    threads = [threading.Thread(target=store.write, args=(lead,))]
    threads[0].start()
    assert leads.wait(30)
    for n, thread in enumerate(
        [
            threading.Thread(target=swallow, args=(lambda conn: remove(conn, kept),)),
            threading.Thread(target=sweep),
            threading.Thread(target=swallow, args=(fail_commit,)),
        ],
        1,
    ):
        threads.append(thread)
        thread.start()
        while store.waiting < n:
            pass
    all_wait.set()
    for thread in threads:
        thread.join()
    store.close()
    with store.reading() as conn:
        assert get_clip(conn, kept) is not None
    assert get_blob(store.folder, DIGEST) == CONTENT


def test_a_clip_that_comes_while_its_twin_goes_keeps_its_file(store: Store) -> None:
    def come_and_go() -> None:
        for _ in range(20):
            clip_id = add(store)
            with store.reading() as conn:
                assert get_clip(conn, clip_id) is not None
            assert get_blob(store.folder, DIGEST) == CONTENT
            store.write(lambda conn, clip_id=clip_id: remove(conn, clip_id))
            sweep_blobs(store)

    faults: list[BaseException] = []

    def run() -> None:
        try:
            come_and_go()
        except BaseException as fault:  # noqa: BLE001  # told by the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert files(store) == []


def test_what_a_crash_left_before_its_row_was_stored_is_removed_at_the_next_start(store: Store) -> None:
    kept = add(store)
    stray = digest_of(b"never stored")
    put_blob(store.folder, stray, b"never stored")
    stale, fresh = (blob_path(store.folder, stray).with_name(f"{new_id()}.tmp") for _ in range(2))
    for draft in (stale, fresh):
        draft.write_bytes(b"half a pict")
    long_ago = time.time() - 86_400
    os.utime(stale, (long_ago, long_ago))
    recover_blobs(store)
    assert set(files(store)) == {blob_path(store.folder, DIGEST), fresh}  # somebody may be writing the fresh one
    with store.reading() as conn:
        assert get_clip(conn, kept) is not None


def test_a_stranger_among_the_blobs_is_left_alone(store: Store) -> None:
    add(store)
    stranger = blob_path(store.folder, DIGEST).with_name("README")
    stranger.write_text("not ours")
    recover_blobs(store)
    assert stranger.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no modes")
def test_a_blob_is_the_users_alone(store: Store) -> None:
    put_blob(store.folder, DIGEST, CONTENT)
    assert [stat.S_IMODE(path.stat().st_mode) for path in files(store)] == [0o600]


def test_a_sweep_sees_what_is_committed_through_a_connection_of_its_own(store: Store) -> None:
    clip_id = add(store)
    store.write(lambda conn: remove(conn, clip_id))
    with store.reading() as conn:  # as when a caller writes while it reads
        assert conn.execute("SELECT count(*) FROM doomed_blobs").fetchone() == (1,)
        other = connect(store.path)
        other.close()
        thread = threading.Thread(target=sweep_blobs, args=(store,))
        thread.start()
        thread.join()
    assert files(store) == []
