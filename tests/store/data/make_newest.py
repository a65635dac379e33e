"""Make the store of the newest schema, with rows in every table, by the hub's own verbs: step-N.db beside this file.

python -m tests.store.data.make_newest

It belongs to the commit that adds a step. A file that is there is never made anew: it is what users have. (While nobody has
the step yet, remove its file first.)
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import apsw
import msgspec

from python_core.config import PrivacyRules
from python_core.runtime.capture import Pause, pause_capture
from python_core.runtime.clients import NewClient, make_client, revoke_client
from python_core.runtime.confirmation import ConfirmationRequired, need_confirmation
from python_core.runtime.forgetting import ForgetRequest, carry_out, forget, selection_of
from python_core.runtime.hub import Hub
from python_core.runtime.hub_window import HubCommand, HubWindowChange, change_hub_window, send_command
from python_core.runtime.indexing import index_new
from python_core.runtime.ledger import note_outcome, note_reads, write_notes
from python_core.runtime.output_schemas import put_schema
from python_core.runtime.owner_session import begin_owner_session
from python_core.runtime.pairing import PairingAsked, WindowWanted, ask_pairing, open_window
from python_core.runtime.privacy import LiveRules
from python_core.runtime.status import record_beat
from python_core.runtime.structured_output import NewOutput, put_output
from python_core.runtime.triggers import NewRun, queue_run, run_next
from python_core.store import open_store
from python_core.store.bells import BellRow, set_bell
from python_core.store.blobs import doom_blobs
from python_core.store.steps import STEPS
from tests.hubs import Clock, caller, make_hub
from tests.support.kept import OWN_SCHEMA, image, put, text, visit

TARGET = Path(__file__).with_name(f"step-{len(STEPS)}.db")
CLIP, FORGOTTEN = "An albatross sleeps while it flies.", "An albatross that was to be forgotten."
RULES = {"rules": [{"name": "birds", "action": "mark", "on": {"contents": ["albatross"]}}]}


def main() -> None:
    """Write the file."""
    if TARGET.exists():
        raise SystemExit(f"{TARGET} is there: nobody's store changes afterwards.")
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        hub = make_hub(store, Clock(), {"min_free_disk_mib": 0})
        object.__setattr__(hub, "rules", LiveRules(msgspec.convert(RULES, PrivacyRules)))
        begin_owner_session(hub, None)
        fill_captured(hub)
        fill_rest(hub)
        leave_unfinished(hub)
        path = store.path
        store.close()
        pack(path)
        shutil.copyfile(path, TARGET)


def fill_captured(hub: Hub) -> None:
    """Put in a visit, a clip of text and picture, an output that cites it, and who has read it; and forget another."""
    visit(hub, "https://example.org/sea", "Birds of the sea")
    clip = put(hub, text(CLIP), image(), url="https://example.org/sea", title="Birds of the sea")
    put_schema(hub, "own", 1, OWN_SCHEMA)
    note = {"schema": "note/1", "payload": {"text": "Petrels too"}, "title": "A note", "sources": [{"clip": clip}]}
    put_output(hub, caller(), msgspec.convert(note, NewOutput), "key")
    forget(hub, caller(), ForgetRequest(ids=[put(hub, text("forgotten in order"))]))
    index_new(hub)
    note_reads(hub, "somebody", [clip])
    note_outcome(hub, "bridge", "unauthorized")
    write_notes(hub)


def fill_rest(hub: Hub) -> None:
    """Put in clients, a program that wants to be one, a run, a window's state, and what processes tell each other."""
    agent = make_client(hub, caller(), NewClient(name="Notes", kind="agent", scopes=["clipboard:read", "trigger:run"]))
    revoked = make_client(hub, caller(), NewClient(name="Old", kind="script", scopes=["status:read"]))
    revoke_client(hub, caller(), revoked.client.id)
    with contextlib.suppress(ConfirmationRequired):
        need_confirmation(hub, caller(agent.client.id), "post_trigger", "/trigger", b"{}")
    open_window(hub, WindowWanted(seconds=120))
    ask_pairing(hub, PairingAsked(name="Paired", kind="script", scopes=["status:read"]), None)
    queue_run(hub, caller(), NewRun(trigger="smrtsearch", args={"query": "petrel", "open": False}), None)
    run_next(hub)
    badge = {"indicators": {"save": {"level": "ok", "text": "Saved"}}}
    change_hub_window(hub, caller(), msgspec.convert(badge, HubWindowChange), None)
    send_command(hub, caller(), HubCommand(command="show"), None)
    record_beat(hub, "save_worker", 30, "healthy", "")
    hub.store.write(lambda conn: set_bell(conn, BellRow(50_001, b"secret", hub.now() + 1), hub.now()))
    hub.store.write(lambda conn: doom_blobs(conn, ["sha256:" + "cd" * 32]))


def leave_unfinished(hub: Hub) -> None:
    """Ask to forget a clip and stop right then, as when the power goes; and leave the capture paused."""
    chosen = selection_of(hub, ForgetRequest(ids=[put(hub, text(FORGOTTEN))]))
    with hub.forgetting:
        carry_out(hub, caller(), chosen, "asked", answer_within_s=0)
    pause_capture(hub, caller(), Pause())


def pack(path: Path) -> None:
    """Make the database one small file."""
    conn = apsw.Connection(str(path))
    conn.pragma("journal_mode", "delete")
    conn.pragma("page_size", 1024)
    conn.execute("VACUUM")
    conn.close()


if __name__ == "__main__":
    main()
