"""The support bundle of a hub that runs: confirmed, made beside its work, downloaded, whole; nothing that was captured in it."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import psutil
import pytest

from python_core.support.bundle_verifying import verify_bundle
from tests.whole.hub_home import PATIENCE_S, Answer, Caller, Home, at_once, wait_for


def confirm(caller: Caller, body: dict[str, Any]) -> None:
    """Ask for a bundle, and allow it once, as the user does."""
    refused = caller.call("POST", "/support-bundle", body)
    assert (refused.status, refused.json["error"]["code"]) == (403, "confirmation_required")
    caller.post(f"/confirmations/{refused.json['error']['confirmationId']}", {"decision": "once"})


def bundle_of(caller: Caller, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Have a bundle made, and return what became of it."""
    confirm(caller, body or {})
    assert caller.post("/support-bundle", body or {})["state"] == "making"
    return ended(caller)


def ended(caller: Caller) -> dict[str, Any]:
    view: dict[str, Any] = wait_for(lambda: (view := caller.get("/support-bundle"))["state"] != "making" and view)
    return view


def test_a_bundle_is_made_downloaded_and_whole(home: Home, tmp_path: Path) -> None:
    home.start_hub()
    caller = home.caller()
    assert caller.get("/support-bundle") == {"status": "ok", "state": "none"}
    caller.copy("indexedgrandmother quiche")
    view = bundle_of(caller, {"components": ["health", "system"]})
    assert view["state"] == "made", view
    answer = caller.call("GET", "/support-bundle/file")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="smrthub-bundle-2')
    target = tmp_path / "bundle.zip"
    target.write_bytes(answer.body)
    manifest, report = verify_bundle(target), view["report"]
    assert {part["component"] for part in report["parts"]} == {"health", "system"}
    assert [part for part in report["parts"] if part["state"] != "included"] == []  # the hub's own status, too
    told = {each["name"]: (each["bytes"], each["sha256"]) for each in report["files"]}
    assert told == {name: (each.bytes, each.sha256) for name, each in manifest.files.items()}
    assert report["bytes"] == len(answer.body)
    caller.call("DELETE", "/support-bundle")
    assert caller.call("GET", "/support-bundle/file").status == 404


def test_of_many_at_once_one_is_made_and_the_hub_goes_on(home: Home) -> None:
    hub = home.start_hub()
    callers = [home.caller() for _ in range(4)]
    bodies = [{"since": f"2026-01-01T00:00:0{n}.000Z"} for n in range(len(callers))]
    for caller, body in zip(callers, bodies, strict=True):
        confirm(caller, body)

    def ask(n: int) -> Answer:
        return callers[n].call("POST", "/support-bundle", bodies[n])

    answers = at_once([lambda n=n: ask(n) for n in range(4)], hub.says)  # type: ignore[misc]
    assert sorted(answer.status for answer in answers) == [202, 409, 409, 409]
    posted = 0
    while callers[0].get("/support-bundle")["state"] == "making":
        callers[0].copy(f"meanwhile {posted}")
        posted += 1
    assert posted
    assert ended(callers[0])["state"] == "made"


def test_where_a_captured_word_would_get_through_there_is_no_bundle(home: Home) -> None:
    """Names of triggers are the hub's own and not masked: a row with another name stands for a hole in the masking."""
    home.start_hub()
    caller = home.caller()
    caller.copy("the quichegrandmother")
    row = "INSERT INTO runs(id, trigger, args, client, trace_id, state, queued_at) VALUES ('x', ?, '', 'x', 'x', 'failed', 1)"
    with closing(apsw.Connection(str(home.paths.stored() / "hub.db"))) as conn:
        conn.execute(row, ("quichegrandmother",))
    view = bundle_of(caller)
    assert (view["state"], view["failure"]["code"]) == ("failed", "leak_found")
    assert "a word of what was captured stood in store/triggers.json" in view["failure"]["message"]
    assert "quiche" not in str(view)
    assert caller.call("GET", "/support-bundle/file").status == 404
    assert [*(home.paths.stored() / "bundle").glob("*zip*")] == []
    assert b"quiche" not in b"".join(path.read_bytes() for path in home.paths.logs().parent.rglob("*.*"))
    assert bundle_of(caller, {"components": ["health", "logs"]})["state"] == "made"


def test_a_hub_that_ends_meanwhile_leaves_no_process_and_says_so(home: Home) -> None:
    hub = home.start_hub()
    caller = home.caller()
    confirm(caller, {})
    caller.post("/support-bundle", {})
    making = wait_for(psutil.Process(hub.pid).children)
    assert hub.end() == 0
    assert psutil.wait_procs(making, PATIENCE_S)[1] == []
    home.start_hub()
    view = ended(home.caller())
    assert view["state"] == "made" or view["failure"]["code"] in ("interrupted", "internal")  # it may have been quicker
    assert bundle_of(home.caller(), {"components": ["system"]})["state"] == "made"


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run there")
def test_every_worker_of_a_host_tells_and_gives_the_same(home: Home) -> None:
    host = home.start_gunicorn()
    url = host.url("Listening at")
    home.anyone(url).call("GET", "/ping")
    view = bundle_of(home.caller(url), {"components": ["health", "system"]})
    assert {part["name"]: part["state"] for part in view["report"]["parts"]}["status"] == "included"
    contents = {home.caller(url).call("GET", "/support-bundle/file").body for _ in range(12)}
    assert {len(content) for content in contents} == {view["report"]["bytes"]}
    assert len(contents) == 1
