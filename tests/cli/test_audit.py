"""``smrthub audit``: one table of who got access, who used it, and who was turned away."""

from __future__ import annotations

import re
import sys

import pytest

from tests.cli.terminals import Terminal, see


def test_who_got_access_who_used_it_and_who_was_turned_away_is_in_one_table(idle: Terminal) -> None:
    idle.home.start_hub()
    token = idle("token", "create", "--name", "Reader", "--kind", "agent", "--scopes", "clipboard:read").out.strip()
    clip = idle.copy("a canary")
    caller = idle.home.caller(token=token)
    caller.get(f"/clipboard/{clip}")
    caller.get(f"/clipboard/{clip}")
    assert caller.call("GET", "/clients").status == 403
    idle("token", "rotate", token.split("_")[1])
    for _ in range(2):
        assert caller.call("GET", "/status").status == 401
    shown = idle("audit").out
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["When", "Who", "What", "Times"]
    assert [line[2:] for line in lines if line and line[2] == "Reader"] == [
        ["Reader", "got", "another", "token"],
        ["Reader", "got", "a", "token"],
        ["Reader", "read", "1", "item", "2"],
    ]
    assert "at the bridge  refused: no valid token" in shown
    assert "at the bridge  refused: not in its scopes" in shown
    assert "canary" not in shown


def test_the_audit_is_told_in_json_and_since_a_time(smrthub: Terminal) -> None:
    smrthub("token", "create", "--name", "audited", "--scopes", "status:read")
    told = smrthub("audit", "--json").json
    assert set(told) == {"outcomes", "changes", "clients"}
    assert "audited" in [change["clientName"] for change in told["changes"]]
    assert smrthub("audit", "--since", "1h", "--json").json["changes"]
    assert smrthub("audit", "--since", "2999-01-01", "--json").json == {"outcomes": [], "changes": [], "clients": []}
    assert smrthub("audit", "--since", "yesterday").code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_time_stays_whole_where_the_terminal_is_narrow(smrthub: Terminal) -> None:
    smrthub("search", "anything")
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", see(smrthub.home, 50, "audit"))
