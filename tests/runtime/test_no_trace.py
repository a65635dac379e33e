"""What was forgotten is in no byte of any file of the hub's folders: planted in every column that can hold captured text."""

from __future__ import annotations

import base64
import os
import random
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from python_core.runtime.clip_views import ClipReceipt
from python_core.runtime.clipboard import NewClip, put_clip, remove_clip
from python_core.runtime.confirmation import ConfirmationRequired, need_confirmation
from python_core.runtime.forgetting import ForgetRequest, carry_out, forget, get_receipt, go_on_forgetting, selection_of
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import HubCommand, HubWindowChange, change_hub_window, send_command
from python_core.runtime.indexing import index_new
from python_core.runtime.search import SearchScope, search
from python_core.runtime.structured_output import NewOutput, put_output, remove_output
from python_core.runtime.tabs import TabInfo, record_tabs
from python_core.runtime.triggers import NewRun, queue_run, run_next
from python_core.store.connection import connect
from python_core.store.copying import copy_database
from tests.hubs import Clock, caller, start_python

CANARY = "canaryqxzj"
MANY = 200
#: Every column that can hold a text, and how nothing of what is forgotten stays in it:
#: ``row``: the row goes · ``clear``: it is emptied, or its row goes, where it came since the oldest forgotten item ·
#: ``digest``: only a digest of it is kept · ``own``: nothing that was captured gets into it · ``end``: emptied with the receipt.
COLUMNS = {
    "row": "visits.id visits.client visits.tab visits.browser visits.url visits.site visits.title clips.id clips.client "
    "clips.app clips.window_title clips.url clips.site clips.title clips.visit clips.evidence fragments.type fragments.mime "
    "fragments.digest fragments.content fragments.type_id fragments.type_group fragments.type_extension doomed_blobs.digest "
    "documents.kind documents.item documents.site documents.app documents.title documents.body documents_index.title "
    "documents_index.body documents_index.terms documents_pieces.head documents_pairs.pairs document_terms.terms marks.item "
    "marks.rule outputs.id outputs.schema outputs.title outputs.producer outputs.client outputs.payload reads.item "
    "reads.client",
    "clear": "runs.args runs.result runs.error indicators.text hub_commands.args confirmations.asked output_sources.seen",
    "digest": "answered.key confirmations.digest",
    "end": "forgettings.ids forgettings.site",
    "own": "meta.key meta.value tallies.kind clients.id clients.kind clients.name clients.secret_hash clients.scopes "
    "clients.origin pairings.user_code pairings.device_hash pairings.name pairings.kind pairings.scopes pairings.origin "
    "pairings.state outcomes.day outcomes.service outcomes.code confirmations.id confirmations.client "
    "confirmations.operation confirmations.state events.kind events.source events.trace_id events.data answered.client "
    "answered.kind answered.item sightings.client sightings.browser runs.id runs.trigger runs.client runs.trace_id "
    "runs.state indicators.name indicators.level hub_commands.id hub_commands.command output_schemas.name "
    "output_schemas.body output_sources.kind output_sources.item beats.module beats.level beats.detail bells.secret "
    "forgettings.id forgettings.cause forgettings.client forgettings.trace_id forgettings.state forgettings.gone "
    "forgettings.detail",
}
#: Those that the canary is planted in, and is there before.
PLANTED = (
    "visits.tab visits.url visits.site visits.title clips.window_title clips.url clips.site clips.title fragments.content "
    "documents.site documents.title documents.body document_terms.terms "
    "outputs.title outputs.producer outputs.payload runs.args runs.result "
    "indicators.text hub_commands.args confirmations.asked"
)


def files_with(folder: Path, content: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


def text_columns(conn: apsw.Connection) -> set[str]:
    tables = conn.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')"
    ).fetchall()
    return {
        f"{table}.{column[1]}"
        for (table,) in tables
        for column in conn.execute(f"PRAGMA main.table_info({table})")
        if column[2] not in ("INTEGER", "REAL")
    }


def test_of_each_column_it_is_said_how_nothing_forgotten_stays_in_it(hub: Hub) -> None:
    """A new column: say here which it is; where captured text gets into it, ``store/removal.py`` must take it out."""
    said = [column for columns in COLUMNS.values() for column in columns.split()]
    with hub.store.reading() as conn:
        assert text_columns(conn) - set(said) == set(), "new columns: say in COLUMNS which kind they are"
        assert set(said) - text_columns(conn) == set(), "columns that are no more"
    assert len(said) == len(set(said))


def put(hub: Hub, *fragments: dict[str, Any], key: str | None = None, **source: str) -> str:
    wanted = {"fragments": list(fragments), "encounter": {"source": source}}
    receipt = put_clip(hub, caller(), msgspec.convert(wanted, NewClip), key)
    assert isinstance(receipt, ClipReceipt)
    return receipt.id


def text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}


def picture(content: bytes) -> dict[str, Any]:
    return {"type": "image", "content": base64.b64encode(b"\x89PNG\r\n\x1a\n" + content).decode()}


def plant(hub: Hub, clock: Clock) -> dict[str, list[str]]:
    """Have the canary in everything that can hold it, among much else; return the ids of what holds it."""
    word, site = CANARY, f"https://{CANARY}.example.com/{CANARY}?q={CANARY}"
    noise(hub, 60)
    clock.pass_s(60)
    visit = TabInfo(
        id=f"report {word}", tab_id=word, browser="chrome", url=site, title=f"Page {word}", selection=word, focused=True
    )
    [seen] = record_tabs(hub, caller(), visit).results
    assert seen.visit_id
    joined = put(hub, text(f"joined {word}"), app="chrome", windowTitle=f"Page {word} - Google Chrome")
    clips = [
        put(
            hub,
            text(f"{word} " * n),
            {"type": "html", "content": f"<b>{word}</b>"},
            key=f"{word}{n}",
            url=site,
            title=word,
        )
        for n in (1, 50, 5_000)
    ]
    clips.append(
        put(hub, picture(word.encode() * 2_000), {"type": "files", "paths": [f"/home/{word}"]}, windowTitle=word)
    )
    index_new(hub)
    made = {
        "schema": "note/1",
        "payload": {"text": word},
        "title": word,
        "producer": word,
        "sources": [{"clip": clips[0]}, {"visit": seen.visit_id}],
    }
    output = put_output(hub, caller(), msgspec.convert(made, NewOutput), word).id
    queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"query": word, "open": False}), word)
    queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"open": False}), None)
    while run_next(hub):
        pass
    queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"query": word, "open": False}), None)
    badge = {"indicators": {"copied": {"level": "ok", "text": word}}}
    change_hub_window(hub, caller(), msgspec.convert(badge, HubWindowChange), None)
    send_command(hub, caller(), HubCommand(command="notify", args={"text": word}), word)
    with pytest.raises(ConfirmationRequired):
        need_confirmation(hub, caller("agent"), "post_trigger", "/trigger", f'{{"query":"{word}"}}'.encode())
    clock.pass_s(60)
    noise(hub, 60)
    index_new(hub)
    return {"clip": [*clips, joined], "visit": [seen.visit_id], "output": [output]}


def noise(hub: Hub, count: int) -> None:
    chance = random.Random(count)
    for n in range(count):
        put(hub, text(f"neighbour {n} " * chance.randrange(1, 200)), url=f"https://example.org/{n}", title=f"title {n}")


def planted_in(hub: Hub) -> set[str]:
    with hub.store.reading() as conn:
        return {
            column
            for column in text_columns(conn)
            if not column.startswith(("documents_index.", "documents_pieces.", "documents_pairs."))
            and conn.execute(
                f"SELECT 1 FROM main.{column.split('.')[0]} WHERE instr({column.split('.')[1]}, ?)", (CANARY,)
            ).fetchone()
        }


def test_the_canary_is_planted_in_every_column_that_can_hold_it(hub: Hub, clock: Clock) -> None:
    plant(hub, clock)
    assert planted_in(hub) == set(PLANTED.split())


def by_ids(ids: dict[str, list[str]]) -> dict[str, Any]:
    return {"ids": [item for items in ids.values() for item in items]}


@pytest.mark.parametrize(
    "wanted", [by_ids, lambda ids: {"last": "90s", "kinds": ["clip", "visit", "output"]}], ids=["by ids", "by time"]
)
def test_no_byte_is_left_in_any_file(hub: Hub, clock: Clock, wanted: Callable[..., dict[str, Any]]) -> None:
    planted = plant(hub, clock)
    before = hub.store.path.stat().st_size
    receipt = forget(hub, caller(), msgspec.convert(wanted(planted), ForgetRequest))
    assert not receipt.pending
    assert files_with(hub.store.folder, CANARY.encode()) == []
    assert files_with(hub.store.folder, CANARY[1:-1].encode()) == []  # nor a part of it in the index
    assert files_with(hub.store.folder, CANARY.encode().hex().encode()) == []  # nor as the index writes a site
    assert hub.store.path.stat().st_size >= before  # freed pages were overwritten, not cut off
    conn = connect(hub.store.path)  # a new one: FTS5 checks by what a connection last read of the index's structure
    assert conn.pragma("integrity_check") == "ok"
    conn.close()
    with hub.store.reading() as conn:
        conn.execute("SELECT count(*) FROM main.documents_index WHERE documents_index MATCH 'neighbour'").fetchone()


def test_a_forgotten_site_leaves_not_even_its_name(hub: Hub) -> None:
    site = f"https://{CANARY}.example.com/"
    put(hub, text("other"), url="https://example.org/")
    put(hub, text("a"), url=site, title=CANARY)
    record_tabs(hub, caller(), TabInfo(url=site, title=CANARY, focused=True, browser="chrome"))
    put(hub, text("b"), app="chrome", windowTitle=f"{CANARY} - Google Chrome")
    assert not forget(hub, caller(), ForgetRequest(site=f"{CANARY}.example.com")).pending
    assert files_with(hub.store.folder, CANARY.encode()) == []


def test_no_byte_is_left_of_what_was_removed_one_by_one(hub: Hub, clock: Clock) -> None:
    planted = plant(hub, clock)
    for clip in planted["clip"]:
        remove_clip(hub, caller(), clip)
    for output in planted["output"]:
        remove_output(hub, caller(), output)
    forget(hub, caller(), ForgetRequest(ids=planted["visit"]))
    assert go_on_forgetting(hub) == "done"
    assert files_with(hub.store.folder, CANARY.encode()) == []


def test_very_many_leave_no_byte_either(hub: Hub) -> None:
    """Then the search index is written anew."""
    for n in range(MANY):
        put(hub, text(f"{CANARY}{n} word{n} {CANARY}"), url=f"https://{CANARY}.example.com/{n}")
        if n % 2 == 0:
            put(hub, text(f"neighbour {n}"), url="https://example.org/")
        if n % 20 == 0:
            index_new(hub)
    copy_of(hub, "hub-daily.db")
    receipt = forget(hub, caller(), ForgetRequest(site=f"{CANARY}.example.com"))
    assert go_on_forgetting(hub) == "done"
    assert get_receipt(hub, receipt.id).counts["clips"] == MANY
    assert files_with(hub.store.folder, CANARY.encode()) == []
    assert files_with(hub.store.folder, CANARY[1:-1].encode()) == []
    assert len(search(hub, "neighbour", SearchScope(), 200, None).items) > 50
    put(hub, text("after"))
    with hub.store.reading() as conn:
        assert conn.execute("SELECT v FROM main.documents_index_config WHERE k = 'secure-delete'").fetchall() == [(1,)]
        conn.execute("INSERT INTO main.documents_index(documents_index) VALUES ('integrity-check')")


READER = """
import sys, apsw
conn = apsw.Connection(sys.argv[1])
conn.execute("BEGIN")
print(conn.execute("SELECT count(*) FROM clips").fetchall()[0][0], flush=True)
sys.stdin.readline()
conn.execute("END")
print("ended", flush=True)
sys.stdin.readline()
"""


def test_a_process_that_still_reads_holds_the_end_up_and_the_receipt_says_so(hub: Hub, clock: Clock) -> None:
    planted = plant(hub, clock)
    reader = start_python(READER, str(hub.store.path))
    assert reader.stdin is not None
    assert reader.stdout is not None
    try:
        reader.stdout.readline()
        chosen = selection_of(hub, msgspec.convert(by_ids(planted), ForgetRequest))
        receipt = carry_out(hub, caller(), chosen, "asked", answer_within_s=3)
        assert (receipt.pending, receipt.state, receipt.waits_for) == (True, "overwriting", "readers")
        noise(hub, 3)  # nobody who writes has to wait for it
        reader.stdin.write("\n")
        reader.stdin.flush()
        assert reader.stdout.readline() == "ended\n"
        assert go_on_forgetting(hub) == "done"
        assert files_with(hub.store.folder, CANARY.encode()) == []
        assert not get_receipt(hub, receipt.id).pending
    finally:
        reader.communicate("\n")


def copy_of(hub: Hub, name: str) -> Path:
    target = hub.store.folder / "backups" / name
    target.parent.mkdir(exist_ok=True)
    copy_database(hub.store.path, target, lambda _done, _total: None)
    return target


def test_the_copies_of_the_database_are_rid_of_it_too(hub: Hub, clock: Clock) -> None:
    copy_of(hub, "hub-empty.db")
    planted = plant(hub, clock)
    copy_of(hub, "hub-daily.db")
    older = copy_of(hub, "hub-before-step-2.db")
    conn = apsw.Connection(str(older))
    conn.execute("PRAGMA user_version = 1")
    conn.close()
    damaged = older.with_name("hub-damaged.db")
    shutil.copy(older, damaged)
    with damaged.open("r+b") as file:
        file.write(os.urandom(100))
    receipt = forget(hub, caller(), msgspec.convert(by_ids(planted), ForgetRequest))
    assert receipt.copies == {
        "hub-before-step-2.db": "removed",
        "hub-daily.db": "cleaned",
        "hub-damaged.db": "removed",
        "hub-empty.db": "unchanged",
    }
    assert files_with(hub.store.folder, CANARY.encode()) == []
    daily = apsw.Connection(str(older.with_name("hub-daily.db")))
    assert daily.pragma("integrity_check") == "ok"
    assert daily.execute("SELECT n FROM tallies WHERE kind = 'clips'").fetchall() == [(120,)]
    daily.close()
    assert sorted(path.name for path in older.parent.iterdir()) == ["hub-daily.db", "hub-empty.db"]


def test_a_copy_made_while_it_was_under_way_holds_nothing_of_it(hub: Hub) -> None:
    put(hub, text("a"), url=f"https://{CANARY}.example.com/")
    hub.forgetting.acquire()
    chosen = selection_of(hub, ForgetRequest(site=f"{CANARY}.example.com"))
    receipt = carry_out(hub, caller(), chosen, "asked", answer_within_s=0)
    copy_of(hub, "hub-early.db")
    hub.forgetting.release()
    with hub.store.reading() as conn:
        conn.execute("SELECT 1 FROM clips").fetchone()
        run_in_thread(lambda: put(hub, text("b")))  # the reader's moment is an older one
        assert run_in_thread(lambda: go_on_forgetting(hub, time.monotonic() + 1)) == "waits"
    copy_of(hub, "hub-late.db")
    assert get_receipt(hub, receipt.id).state == "overwriting"
    assert go_on_forgetting(hub) == "done"
    assert get_receipt(hub, receipt.id).copies == {"hub-early.db": "cleaned", "hub-late.db": "cleaned"}
    assert files_with(hub.store.folder, CANARY.encode()) == []


def test_a_copy_that_cannot_be_written_is_removed_and_a_folder_holds_nothing_up(hub: Hub) -> None:
    clip = put(hub, text(CANARY))
    copy_of(hub, "hub-fixed.db")
    fixed = hub.store.folder / "backups" / "hub-fixed.db"
    header = bytearray(fixed.read_bytes())
    header[18] = 3  # SQLite only reads what is of a newer format
    fixed.write_bytes(header)
    (fixed.parent / "folder.db").mkdir()
    receipt = forget(hub, caller(), ForgetRequest(ids=[clip]))
    assert (receipt.pending, receipt.copies) == (False, {"hub-fixed.db": "removed"})
    assert files_with(hub.store.folder, CANARY.encode()) == []


def run_in_thread(act: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def test_a_copy_that_is_being_made_meanwhile_is_begun_again(hub: Hub, clock: Clock) -> None:
    planted = plant(hub, clock)
    copy_of(hub, ".hub-2026-01-01.db.draft.tmp")
    forget(hub, caller(), msgspec.convert(by_ids(planted), ForgetRequest))
    assert files_with(hub.store.folder, CANARY.encode()) == []


KILLED = """
import os, sys
from pathlib import Path
from python_core.runtime.forgetting import ForgetRequest, forget
from python_core.store import Store
from tests.hubs import Clock, caller, make_hub
class Deadly(Store):
    left = int(sys.argv[3])
    def write(self, act):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), 9)
        return super().write(act)
hub = make_hub(Deadly(Path(sys.argv[1])), Clock(int(sys.argv[2])))
forget(hub, caller(), ForgetRequest(last="90s", kinds=["clip", "visit", "output"]))
"""


@pytest.mark.parametrize("write", [2, 3, 4, 5, 6, 7, 8])
def test_a_forgetting_whose_process_was_killed_is_finished_by_the_next(hub: Hub, clock: Clock, write: int) -> None:
    plant(hub, clock)
    ended = start_python(KILLED, str(hub.store.folder), str(clock()), str(write))
    ended.communicate(timeout=120)
    assert ended.returncode in (-9, 0)
    assert go_on_forgetting(hub) == "done"
    assert files_with(hub.store.folder, CANARY.encode()) == []
    with hub.store.reading() as conn:
        assert conn.execute(
            "SELECT kind, n FROM tallies WHERE kind IN ('clips', 'visits') ORDER BY kind"
        ).fetchall() == [
            ("clips", 60),
            ("visits", 0),
        ]
