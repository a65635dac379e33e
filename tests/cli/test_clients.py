"""``smrthub token``, ``pair`` and ``confirm``: who may call the hub, and who decides."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.cli.terminals import Terminal
from tests.whole.hub_home import wait_for

SCOPES = "search:read,clipboard:write"


def test_a_token_works_until_it_is_revoked(smrthub: Terminal) -> None:
    done = smrthub("token", "create", "--name", "script of mine", "--scopes", SCOPES)
    token = done.out.strip()
    assert token.startswith("shb_")
    assert token not in done.err
    caller = smrthub.home.caller(token=token)
    assert caller.call("GET", "/search?q=x").status == 200
    client_id = token.split("_")[1]
    listed = smrthub("token", "list").out
    assert f"{client_id}  script  script of mine\n" in listed
    assert token not in listed
    assert smrthub("token", "revoke", client_id).out == f"Revoked {client_id}\n"
    assert caller.call("GET", "/search?q=x").status == 401
    assert ", revoked " in smrthub("token", "list").out


def test_an_exchanged_token_is_another_for_the_same_client(smrthub: Terminal) -> None:
    old = smrthub("token", "create", "--name", "exchanged", "--scopes", SCOPES).out.strip()
    client_id = old.split("_")[1]
    assert "last used never" in smrthub("token", "show", client_id).out
    done = smrthub("token", "rotate", client_id)
    new = done.out.strip()
    assert "not shown again" in done.err
    assert smrthub.home.caller(token=old).call("GET", "/search?q=x").status == 401
    assert smrthub.home.caller(token=new).call("GET", "/search?q=x").status == 200
    shown = smrthub("token", "show", client_id)
    assert "exchanged" in shown.out
    assert "last used 20" in shown.out
    assert smrthub("token", "show", client_id, "--json").json["lastUsedAt"]
    assert new not in shown.out
    smrthub("token", "revoke", client_id)
    assert "make a new one" in smrthub("token", "rotate", client_id).err
    assert smrthub("token", "show", "nobody").code == 1


def test_an_extension_has_to_be_told_of_its_new_token(smrthub: Terminal) -> None:
    made = smrthub("token", "create", "--name", "browser", "--kind", "extension", "--json").json
    assert "pair it again" in smrthub("token", "rotate", made["client"]["id"]).err
    assert smrthub("token", "rotate", made["client"]["id"], "--json").json["token"] != made["token"]


def test_a_token_can_end_by_itself(smrthub: Terminal) -> None:
    made = smrthub("token", "create", "--name", "short", "--scopes", SCOPES, "--days", "1", "--json").json
    assert made["client"]["expiresAt"] > made["client"]["createdAt"]


def test_an_extension_has_its_usual_scope(smrthub: Terminal) -> None:
    made = smrthub("token", "create", "--name", "browser", "--kind", "extension", "--json").json
    assert made["client"]["scopes"] == ["tabs:write"]


def test_ones_own_token_is_shown_with_a_warning_beside_it(smrthub: Terminal) -> None:
    done = smrthub("token", "show")
    assert done.out.strip() == smrthub.home.facts()["token"]
    assert "Whoever has this" in done.err
    assert smrthub("token", "show", SMRTHUB_SESSION_TOKEN="wrong").code == 1


def test_a_name_cannot_do_anything_to_the_terminal(smrthub: Terminal) -> None:
    refused = smrthub("token", "create", "--name", "evil\x9b31m", "--scopes", SCOPES)
    assert (refused.code, "\x9b" in refused.err) == (1, False)
    turned = smrthub("token", "create", "--name", "\u202eevil", "--scopes", SCOPES)
    assert (turned.code, "\u202e" in turned.err) == (1, False)
    assert "none that cannot be seen" in turned.err


def answered(process: subprocess.Popen[bytes], answer: str) -> tuple[int, str, str]:
    out, err = process.communicate(answer.encode(), timeout=60)
    return process.returncode, out.decode(), err.decode()


def asked_to_pair(smrthub: Terminal, name: str = "A program") -> tuple[dict[str, Any], Any]:
    """Ask for a token as a program does; wait until the window is open."""
    listener = smrthub.home.anyone(smrthub.home.facts("web-listener")["url"])
    owner = smrthub.home.caller()
    wait_for(lambda: owner.get("/pairing")["open"])
    return listener.post("/pair", {"name": name, "kind": "agent", "scopes": ["search:read"]}), listener


def test_pairing_shows_who_asks_and_gives_the_token_to_who_was_allowed(idle: Terminal) -> None:
    idle.home.start_hub()
    with idle.start("pair") as pairing:
        begun, program = asked_to_pair(idle, "Program (extension)")
        assert pairing.stdin is not None
        pairing.stdin.write(b"y\n")
        pairing.stdin.flush()
        device = {"deviceCode": begun["deviceCode"]}
        made = wait_for(lambda: (reply := program.call("POST", "/pair/token", device)).status == 200 and reply.json)
        code, out, _ = answered(pairing, "")
    assert (code, made["client"]["scopes"]) == (0, ["search:read"])
    assert begun["userCode"] in out
    assert "  Who     Program (extension)\n  Is      agent\n" in out
    owner = idle.home.caller()
    assert owner.get("/pairing")["open"] is False


def test_who_is_denied_gets_nothing_and_others_may_still_ask(idle: Terminal) -> None:
    idle.home.start_hub()
    owner = idle.home.caller()
    with idle.start("pair") as pairing:
        begun, program = asked_to_pair(idle)
        assert pairing.stdin is not None
        pairing.stdin.write(b"n\n")
        pairing.stdin.flush()
        wait_for(lambda: [item["state"] for item in owner.get("/pairing")["items"]] == ["denied"])
        owner.post("/pairing/window", {"seconds": 0})
        code, _, err = answered(pairing, "")
        assert program.call("POST", "/pair/token", {"deviceCode": begun["deviceCode"]}).status == 403
    assert code == 1
    assert "Denied." in err
    assert "Nobody asked." in err


def test_a_terminal_that_ends_allows_nobody_and_closes_the_window(idle: Terminal) -> None:
    idle.home.start_hub()
    with idle.start("pair") as pairing:
        begun, program = asked_to_pair(idle)
        code, _, _ = answered(pairing, "")
        device = {"deviceCode": begun["deviceCode"]}
        assert program.call("POST", "/pair/token", device).json["error"]["code"] == "authorization_pending"
    assert code == 1
    assert idle.home.caller().get("/pairing")["open"] is False


@pytest.mark.parametrize(("answer", "status"), [("once\n", 202), ("always\n", 202), ("deny\n", 403), ("\n", 403)])
def test_what_a_reading_client_does_is_decided_by_the_user(smrthub: Terminal, answer: str, status: int) -> None:
    scopes = "search:read,trigger:run"
    token = smrthub("token", "create", "--name", "agent", "--kind", "agent", "--scopes", scopes).out.strip()
    agent = smrthub.home.caller(token=token)
    wanted = {"trigger": "smrtsearch", "args": {"query": f"dugong \u202e\x1b {answer}", "open": False}}
    assert agent.call("POST", "/trigger", wanted).json["error"]["code"] == "confirmation_required"
    waiting = smrthub("confirm", "--json").json["items"]
    mine = [item["client"] == token.split("_")[1] for item in waiting]
    done = smrthub("confirm", stdin="".join(answer if own else "later\n" for own in mine))
    assert done.code == 0
    assert "dugong" in done.out
    assert not set("\x1b\u202e") & set(done.out)
    assert agent.call("POST", "/trigger", wanted).status == status
    for item in smrthub("confirm", "--json").json["items"]:
        owner = smrthub.home.caller()
        owner.post(f"/confirmations/{item['id']}", {"decision": "deny"})


def test_nothing_to_confirm_is_told(idle: Terminal) -> None:
    idle.home.start_hub()
    assert idle("confirm").out == "Nothing waits for you.\n"
    assert idle("confirm", "--json").json == {"items": []}


def test_what_the_owner_asks_for_is_allowed_once_or_denied(idle: Terminal) -> None:
    idle.home.start_hub()
    owner = idle.home.caller()
    wanted = {"components": ["system"]}
    assert owner.call("POST", "/support-bundle", wanted).json["error"]["code"] == "confirmation_required"
    done = idle("confirm", stdin="always\nonce\n")
    assert done.code == 0, done
    assert "the user (owner)" in done.out
    assert "'always' is not one of 'once', 'deny', 'later'" in done.err
    assert owner.call("POST", "/support-bundle", wanted).status == 202
